package io.portcullis.config;

import org.jspecify.annotations.Nullable;

/**
 * A claim about new flows that must stay true.
 *
 * @param interfaceName null: every interface
 * @param ingress false: egress
 * @param packets all that it speaks about
 * @param allow true: every one of them is admitted; false: none
 * @param why empty where no reason was given
 */
public record Expectation(
        @Nullable String interfaceName, boolean ingress, Rule packets, boolean allow, String why, Location location) {
    /** As it is of one interface: {@code web0 ingress tcp 22 from 198.51.100.0/24: deny}. */
    public String text(String name) {
        return name + (ingress ? " ingress " : " egress ") + packets.text(ingress) + ": " + (allow ? "allow" : "deny");
    }
}
