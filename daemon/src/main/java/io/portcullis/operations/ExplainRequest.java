package io.portcullis.operations;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code GET /v1/explain}: a packet that opens a flow.
 *
 * @param ingress false: egress
 * @param protocol 0 to 255
 * @param from source address
 * @param fromPort source port of tcp, udp and sctp; else 0
 * @param to destination address
 * @param type of icmp and icmpv6; else 0
 * @param vlans VLAN ids: the inner one in bits 0 to 11, the outer one in bits 12 to 23; 0: no tag
 */
public record ExplainRequest(
        String interfaceName,
        boolean ingress,
        int protocol,
        String from,
        int fromPort,
        String to,
        int toPort,
        int type,
        int code,
        int vlans) {
    private static final int VLANS_BITS = 24;

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        query.put("interface", interfaceName);
        query.put("direction", ingress ? "ingress" : "egress");
        query.put("protocol", Integer.toString(protocol));
        query.put("from", from);
        query.put("from-port", Integer.toString(fromPort));
        query.put("to", to);
        query.put("to-port", Integer.toString(toPort));
        query.put("type", Integer.toString(type));
        query.put("code", Integer.toString(code));
        query.put("vlans", Integer.toString(vlans));
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is missing or out of range; the message is a sentence
     */
    public static ExplainRequest of(Map<String, String> query) {
        String direction = required(query, "direction");
        if (!direction.equals("ingress") && !direction.equals("egress")) {
            throw new IllegalArgumentException("direction must be ingress or egress, not " + direction);
        }
        return new ExplainRequest(
                required(query, "interface"),
                direction.equals("ingress"),
                number(query, "protocol", 8),
                required(query, "from"),
                number(query, "from-port", 16),
                required(query, "to"),
                number(query, "to-port", 16),
                number(query, "type", 8),
                number(query, "code", 8),
                number(query, "vlans", VLANS_BITS));
    }

    private static String required(Map<String, String> query, String key) {
        String value = query.get(key);
        if (value == null || value.isEmpty()) {
            throw new IllegalArgumentException(key + " is missing");
        }
        return value;
    }

    private static int number(Map<String, String> query, String key, int bits) {
        String value = query.getOrDefault(key, "0");
        if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) >= 1 << bits) {
            throw new IllegalArgumentException(key + " must be a number below " + (1 << bits) + ", not " + value);
        }
        return Integer.parseInt(value);
    }
}
