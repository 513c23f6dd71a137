package io.portcullis.config.read;

import io.portcullis.config.Rule;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Names;
import java.util.Optional;

/** Parses protocols, ports and ICMP types on the command line, by number or by the same names as in the configuration. */
public final class WellKnown {
    private WellKnown() {}

    /** A protocol by its name or number; empty: unknown. */
    public static Optional<Integer> protocol(String text) {
        return Value.numberIn(text, 0, 255).map(Long::intValue).or(() -> Names.PROTOCOLS.number("", text));
    }

    /** A port of a protocol that has ports, by its number or the name of a service; empty: unknown. */
    public static Optional<Integer> port(int protocol, String text) {
        return Value.numberIn(text, 0, 65_535)
                .map(Long::intValue)
                .or(() -> Names.SERVICES.number(Rule.protocolName(protocol), text));
    }

    /** A type of icmp or icmpv6, by its name or number; empty: unknown. */
    public static Optional<Integer> icmpType(int protocol, String text) {
        return Value.numberIn(text, 0, 255)
                .map(Long::intValue)
                .or(() -> Names.ICMP_TYPES.number(Rule.protocolName(protocol), text));
    }
}
