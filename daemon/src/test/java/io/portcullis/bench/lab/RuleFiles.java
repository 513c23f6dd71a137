package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Numbers;
import java.util.List;

/**
 * The rules of the comparison, the same for each row. Open: web, iperf3, echo and discard at the server, and all that the server
 * begins. Closed: everything else.
 */
public final class RuleFiles {
    public static final String NFT = """
            table inet bench {
              chain forward {
                type filter hook forward priority filter; policy drop;
                ct state established,related accept
                ct state invalid drop
                ip saddr 198.18.2.2 ct state new accept
                ip daddr 198.18.2.2 tcp dport { 80, 5201 } ct state new accept
                ip daddr 198.18.2.2 udp dport { 7, 9 } ct state new accept
                ip daddr 198.18.2.2 icmp type echo-request ct state new accept
              }
            }
            """;

    private RuleFiles() {}

    /** {@code datapath} and, if there is one, {@code offload}, as keys of the interface. */
    public static String portcullis(String datapath) {
        return Numbers.format("""
                version: 1
                interfaces:
                  bench: {mode: bridge, outside: out0, inside: in0, security-groups: [bench], %s}
                security-groups:
                  bench:
                    ingress:
                      - {protocol: tcp, ports: [80, 5201], from: any}
                      - {protocol: udp, ports: [7, 9], from: any}
                      - {protocol: icmp, type: echo-request, from: any}
                """, datapath);
    }

    /** What matches no rule is dropped: the bridge is in fail mode secure. */
    public static String openVSwitch() {
        StringBuilder rules = new StringBuilder("""
                table=0,ip actions=ct(table=1)
                table=1,ip,in_port=out0,ct_state=+trk+est actions=output:in0
                table=1,ip,in_port=in0,ct_state=+trk+est actions=output:out0
                table=1,ip,in_port=out0,ct_state=+trk+rel actions=output:in0
                table=1,ip,in_port=in0,ct_state=+trk+rel actions=output:out0
                table=1,ip,in_port=in0,ct_state=+trk+new actions=ct(commit),output:out0
                """);
        for (String open :
                List.of("tcp,tp_dst=80", "tcp,tp_dst=5201", "udp,tp_dst=7", "udp,tp_dst=9", "icmp,icmp_type=8")) {
            rules.append("table=1,in_port=out0,ct_state=+trk+new,")
                    .append(open)
                    .append(" actions=ct(commit),output:in0\n");
        }
        return rules.toString();
    }

    private static String block(Drand48 random, int length) {
        int address = (int) random.next(1L << 32) & (-1 << (32 - length));
        return Numbers.format(
                "%d.%d.%d.%d/%d", address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255, length);
    }

    /** Lines of a list of address blocks, of 24 to 32 bits. */
    public static String blocks(int count) {
        Drand48 random = new Drand48(7);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            int length = 24 + (int) random.next(9);
            lines.append("    - ").append(block(random, length)).append('\n');
        }
        return lines.toString();
    }

    /** Lines of rules, with blocks of 8 to 32 bits and ranges of ports. */
    public static String rules(int count) {
        Drand48 random = new Drand48(7);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            int length = 8 + (int) random.next(25);
            String block = block(random, length);
            long low = random.next(60_000);
            lines.append(Numbers.format(
                    "      - {protocol: tcp, ports: %d-%d, from: %s}\n", low, low + random.next(5000), block));
        }
        return lines.toString();
    }
}
