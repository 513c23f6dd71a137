package io.portcullis.ec2.transfer.export;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** A valid configuration with groups, lists and ACLs at random. */
final class RandomText {
    private static final List<String> NAMES =
            List.of("web", "db", "\"ops team\"", "\"1 {#}\"", "\"\u00e9t\u00e9\"", "sg-like");
    private static final List<String> V4 = List.of("0.0.0.0/0", "10.0.0.0/8", "192.0.2.7", "198.51.100.0/24");
    private static final List<String> V6 = List.of("\"::/0\"", "\"2001:db8::/32\"", "\"fd00::5\"");
    private static final List<String> TEXTS = List.of(
            "\"\"",
            "office",
            "\"two words\"",
            "\"\u2014 ${x} \\\" \\\\ %{y}\"",
            "\"line\\nbreak\\t\\u0001\"",
            "\"\ud83d\udd25\"");
    private static final List<String> LISTS = List.of("both", "v4", "v6", "none");

    private final Random random;
    private final StringBuilder text = new StringBuilder();

    RandomText(Random random) {
        this.random = random;
    }

    String yaml() {
        List<String> groups = NAMES.subList(0, 1 + random.nextInt(NAMES.size()));
        boolean hasAcl = random.nextBoolean();
        text.append("version: 1\ninterfaces:\n");
        int interfaces = 1 + random.nextInt(2);
        for (int i = 0; i < interfaces; i++) {
            text.append("  web").append(i).append(": {mode: host, nic: eth").append(i);
            text.append(", security-groups: ").append(some(groups));
            text.append(hasAcl && random.nextBoolean() ? ", network-acl: edge" : "");
            text.append(random.nextInt(4) == 0 ? ", id: eni-0000000" + i : "");
            text.append(random.nextInt(4) == 0 ? ", timeouts: {tcp-established: 350s, udp: 60s}" : "");
            text.append("}\n");
        }
        text.append("security-groups:\n");
        groups.forEach(name -> group(name, groups));
        text.append("prefix-lists:\n  both: [10.0.0.0/8, \"fd00::/8\", 192.0.2.0/24]\n  v4: [10.0.0.0/8]\n");
        text.append("  v6: {id: pl-12345678, entries: [\"2001:db8::/48\"]}\n  none: []\n");
        if (hasAcl) {
            text.append("network-acls:\n  edge:\n    ingress: [");
            entries("from");
            text.append("]\n    egress: [");
            entries("to");
            text.append("]\n");
        }
        return text.toString();
    }

    private void group(String name, List<String> groups) {
        text.append("  ")
                .append(name)
                .append(":\n    description: ")
                .append(pick(TEXTS))
                .append('\n');
        text.append(random.nextInt(3) == 0 ? "    id: sg-" + String.format("%08x", groups.indexOf(name)) + "\n" : "");
        text.append(random.nextInt(4) == 0 ? "    members: [10.9.9.9]\n" : "");
        if (random.nextInt(4) > 0) {
            text.append("    ingress: [");
            rules("from", groups);
            text.append("]\n");
        }
        if (random.nextBoolean()) {
            text.append("    egress: [");
            rules("to", groups);
            text.append("]\n");
        }
    }

    private void rules(String peer, List<String> groups) {
        int count = random.nextInt(5);
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "{" : ", {");
            List<String> peers = packets();
            groups.forEach(name -> peers.add("{group: " + name + "}"));
            LISTS.forEach(name -> peers.add("{prefix-list: " + name + "}"));
            text.append(", ").append(peer).append(": ").append(some(peers));
            text.append(random.nextBoolean() ? ", description: " + pick(TEXTS) : "")
                    .append('}');
        }
    }

    private void entries(String peer) {
        int count = random.nextInt(5);
        int number = 1 + random.nextInt(100);
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "{" : ", {").append("rule: ").append(number);
            text.append(", action: ")
                    .append(random.nextBoolean() ? "allow" : "deny")
                    .append(", ");
            List<String> peers = packets();
            LISTS.forEach(name -> peers.add("{prefix-list: " + name + "}"));
            text.append(", ").append(peer).append(": ").append(some(peers)).append('}');
            number += 1 + random.nextInt(20);
        }
    }

    /** Writes protocol, ports and types; the peers that fit them. */
    private List<String> packets() {
        String protocol = pick(List.of("all", "tcp", "udp", "sctp", "icmp", "icmpv6", "gre", "0", "255", "41"));
        text.append("protocol: ").append(protocol);
        if (List.of("tcp", "udp", "sctp").contains(protocol) && random.nextInt(3) > 0) {
            text.append(", ports: ").append(some(List.of("80", "443", "8000-8100", "0-65535", "1-65535", "65535")));
        }
        if (protocol.startsWith("icmp") && random.nextBoolean()) {
            text.append(", type: ").append(pick(List.of("0", "8", "255")));
            text.append(random.nextBoolean() ? ", code: " + pick(List.of("0", "255")) : "");
        }
        List<String> peers = new ArrayList<>(List.of("any"));
        if (!protocol.equals("icmpv6")) {
            peers.addAll(V4);
        }
        if (!protocol.equals("icmp")) {
            peers.addAll(V6);
        }
        return peers;
    }

    private <T> T pick(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    /** One, or a list of one to three. */
    private String some(List<String> all) {
        Set<String> some = new LinkedHashSet<>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            some.add(pick(all));
        }
        return some.toString();
    }
}
