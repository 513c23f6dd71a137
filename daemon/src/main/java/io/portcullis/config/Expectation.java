package io.portcullis.config;

import org.jspecify.annotations.Nullable;

/**
 * An expected verdict for new flows, checked against every new configuration.
 *
 * @param interfaceName null: every interface
 * @param ingress false: egress
 * @param packets the new flows that it is about
 * @param allow true: every one of them must be admitted; false: none
 * @param why the reason; may be empty
 */
public record Expectation(
        @Nullable String interfaceName, boolean ingress, Rule packets, boolean allow, String why, Location location) {
    /** For one interface: {@code web0 ingress tcp 22 from 198.51.100.0/24: deny}. */
    public String text(String name) {
        return name + (ingress ? " ingress " : " egress ") + packets.text(ingress) + ": " + (allow ? "allow" : "deny");
    }
}
