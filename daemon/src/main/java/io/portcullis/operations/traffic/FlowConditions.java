package io.portcullis.operations.traffic;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which flows are wanted: those that meet all conditions. An empty condition is met by all.
 *
 * @param interfaceName of the guarded interface
 * @param direction of the first packet, {@code ingress} or {@code egress}
 * @param peer block with the source or the destination
 * @param port source or destination port
 * @param protocol number
 * @param state name of a timeout of {@code conntrack.timeouts}, such as {@code tcp-established}; also without {@code tcp-}
 * @param rule id of a rule in force, such as {@code web/ingress[1]}; a group, such as {@code web} or {@code failsafe}; {@code gone}: a
 *     rule that is not in force any longer; {@code none}: no rule has admitted it
 * @param tuple both ends of one connection
 */
public record FlowConditions(
        Optional<String> interfaceName,
        Optional<String> direction,
        Optional<Cidr> peer,
        OptionalInt port,
        OptionalInt protocol,
        Optional<String> state,
        Optional<String> rule,
        Optional<Ends> tuple) {
    /** All flows. */
    public static final FlowConditions ALL = new FlowConditions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            OptionalInt.empty(),
            OptionalInt.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());

    private static final int MOST_PORT = 65_535;
    private static final int MOST_PROTOCOL = 255;

    /**
     * Both ends of a connection, in either order.
     *
     * @param protocol number
     * @param onePort 0: none
     * @param otherPort 0: none
     */
    public record Ends(int protocol, Address one, int onePort, Address other, int otherPort) {
        /** Checks the families. */
        public Ends {
            if (one.isV6() != other.isV6()) {
                throw new IllegalArgumentException(
                        "tuple must have two addresses of one family, not " + one + " and " + other);
            }
        }

        /** {@code 6 203.0.113.9 51544 10.0.5.10 443}. */
        @Override
        public String toString() {
            return protocol + " " + one + " " + onePort + " " + other + " " + otherPort;
        }

        static Ends of(String text) {
            String[] words = text.split(" ", -1);
            try {
                if (words.length == 5) {
                    return new Ends(
                            number(words[0], MOST_PROTOCOL),
                            Address.parse(words[1]),
                            number(words[2], MOST_PORT),
                            Address.parse(words[3]),
                            number(words[4], MOST_PORT));
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(misuse(text), e);
            }
            throw new IllegalArgumentException(misuse(text));
        }

        private static String misuse(String text) {
            return "tuple must be a protocol number, then address and port of both ends, not " + text;
        }

        private static int number(String word, int most) {
            if (!word.matches("[0-9]{1,5}") || Integer.parseInt(word) > most) {
                throw new IllegalArgumentException(word + " is no number up to " + most);
            }
            return Integer.parseInt(word);
        }
    }

    /** True: there is no condition. */
    public boolean isAll() {
        return equals(ALL);
    }

    /** The conditions as a query. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        interfaceName.ifPresent(name -> query.put("interface", name));
        direction.ifPresent(way -> query.put("direction", way));
        peer.ifPresent(block -> query.put("peer", block.toString()));
        port.ifPresent(number -> query.put("port", Integer.toString(number)));
        protocol.ifPresent(number -> query.put("protocol", Integer.toString(number)));
        state.ifPresent(name -> query.put("state", name));
        rule.ifPresent(id -> query.put("rule", id));
        tuple.ifPresent(ends -> query.put("tuple", ends.toString()));
        return query;
    }

    /**
     * Reads the conditions of a query.
     *
     * @throws IllegalArgumentException if a value is out of range; the message is a sentence
     */
    public static FlowConditions of(Map<String, String> query) {
        return new FlowConditions(
                Optional.ofNullable(query.get("interface")),
                QueryValues.direction(query),
                Optional.ofNullable(query.get("peer")).map(QueryValues::block),
                QueryValues.integer(query, "port", MOST_PORT),
                QueryValues.integer(query, "protocol", MOST_PROTOCOL),
                Optional.ofNullable(query.get("state")),
                Optional.ofNullable(query.get("rule")),
                Optional.ofNullable(query.get("tuple")).map(Ends::of));
    }
}
