package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Cases beside the numbered vectors: order of the checks, counters, capacity and changes of policy. */
final class EngineTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String CLOSED = "security-groups: {web: {egress: []}}\n";
    private static final String WEB = "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}]}}\n";
    private static final String OPEN = "security-groups: {web: {ingress: [{protocol: all, from: any}]}}\n";

    /** Each frame fails all remaining checks. The first of them names the reason. */
    @Test
    void theFirstCheckThatFailsNamesTheReason() throws ConfigException {
        EngineBench bench = new EngineBench(CLOSED);
        assertEquals(
                Reason.MALFORMED_L2,
                bench.in(Frame.tcp("127.0.0.1", 1, B, 2, 0)
                        .vlan(1)
                        .vlan(2)
                        .vlan(3)
                        .ipOptions("83030400")));
        assertEquals(
                Reason.MALFORMED_IP,
                bench.in(Frame.tcp("127.0.0.1", 1, B, 2, 0).wrongChecksum(0x101).ipOptions("83030400")));
        assertEquals(
                Reason.MALFORMED_L4, bench.in(Frame.udp("127.0.0.1", 1, B, 2).udpLength(7)));
        assertEquals(
                Reason.LINK_CLASS,
                bench.in(Frame.icmp("::1", "::1", 136, 1, 0).wrongChecksum(0x101)),
                "neighbour discovery from loopback");
        assertEquals(
                Reason.BAD_ADDRESS,
                bench.in(Frame.ip(6, "127.0.0.1", B).payload(8).fragment(8, true)));
        assertEquals(
                Reason.BAD_ADDRESS, bench.in(Frame.tcp("127.0.0.1", 1, B, 2, 0).wrongChecksum(0x101)));
        assertEquals(Reason.FRAGMENT_TINY, bench.in(Frame.ip(6, A, B).payload(8).fragment(0, true)));
        assertEquals(Reason.BAD_CHECKSUM, bench.in(Frame.tcp(A, 1, B, 2, 0).wrongChecksum(0x101)));
        assertEquals(Reason.TCP_FLAGS, bench.in(Frame.tcp(A, 1, B, 2, 0)));
        assertEquals(Reason.TCP_NO_SYN, bench.in(Frame.tcp(A, 1, B, 2, TcpFlags.ACK)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.tcp(A, 1, B, 2, TcpFlags.SYN)));
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS));
    }

    @Test
    void noRuleComesBeforeAFullTable() throws ConfigException {
        EngineBench bench = new EngineBench(WEB + "conntrack: {max-flows: 1}\n");
        assertEquals(Reason.NONE, bench.out(Frame.ip(47, B, A)));
        assertEquals(Reason.NONE, bench.in(Frame.ip(47, A, B)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.udp(A, 3, B, 1)));
        assertEquals(Reason.FLOW_LIMIT, bench.in(Frame.tcp(A, 3, B, 80, TcpFlags.SYN)));
        assertEquals(Reason.NONE, bench.in(Frame.ip(47, A, B)), "the flow that is there goes on");
    }

    @Test
    void onlyAdmittedPacketsEvict() throws ConfigException {
        EngineBench bench = new EngineBench(WEB + "conntrack: {max-flows: 1}\n");
        assertEquals(Reason.NONE, bench.out(Frame.udp(B, 1, A, 2)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.udp(A, 3, B, 1)));
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS_EVICTED));
        assertEquals(Reason.NONE, bench.out(Frame.udp(B, 5, A, 2)));
        assertEquals(1, bench.engine().counters().total(Counters.Total.FLOWS_EVICTED));
        assertEquals(Reason.NO_RULE, bench.in(Frame.udp(A, 2, B, 1)), "a reply to the evicted flow");
    }

    @Test
    void framesOfOneBatchAreDecidedInTheirOrder() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        byte[] syn = Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0).bytes();
        byte[] fin = Frame.tcp(A, 1, B, 80, TcpFlags.FIN | TcpFlags.ACK)
                .numbers(1001, 1)
                .bytes();
        byte[] strange = Frame.tcp(A, 1, B, 81, TcpFlags.SYN).bytes();
        Batch batch = bench.decide(List.of(fin, syn, strange, fin, syn), Direction.INGRESS);
        assertEquals(0b10010, batch.accepted());
        assertEquals(Reason.TCP_NO_SYN, Reason.of(batch.reason(0)));
        assertEquals(Reason.NO_RULE, Reason.of(batch.reason(2)));
        assertEquals(Reason.TCP_STATE, Reason.of(batch.reason(3)));
        assertEquals(
                "web/ingress[1]", bench.engine().policy().rule(batch.rule(1)).id());
        assertEquals(Batch.NO_RULE, batch.rule(4), "part of the flow");
    }

    @Test
    void packetsAndBytesAreCountedByDirectionAndReason() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        byte[] syn = Frame.tcp(A, 1, B, 80, TcpFlags.SYN).bytes();
        byte[] strange = Frame.udp(A, 1, B, 53).payload(100).bytes();
        bench.decide(List.of(syn, strange, strange), Direction.INGRESS);
        bench.out(Frame.tcp(B, 80, A, 1, TcpFlags.ACK).payload(1000).padding(4));
        Counters counters = bench.engine().counters();
        assertEquals(1, counters.packets(Direction.INGRESS, Reason.NONE));
        assertEquals(syn.length, counters.bytes(Direction.INGRESS, Reason.NONE));
        assertEquals(2, counters.packets(Direction.INGRESS, Reason.NO_RULE));
        assertEquals(2L * strange.length, counters.bytes(Direction.INGRESS, Reason.NO_RULE));
        assertEquals(1, counters.packets(Direction.EGRESS, Reason.NONE), "a lone ACK that answers a SYN");
        assertEquals(14 + 20 + 20 + 1000 + 4, counters.bytes(Direction.EGRESS, Reason.NONE));
        assertEquals(0, counters.packets(Direction.EGRESS, Reason.NO_RULE));
        long[] sum = new long[1];
        counters.forEach((direction, reason, audited, packets, bytes) -> sum[0] += packets);
        assertEquals(4, sum[0]);
    }

    @Test
    void flowsAreCounted() throws ConfigException {
        EngineBench bench = new EngineBench(OPEN);
        Counters counters = bench.engine().counters();
        for (int i = 1; i <= 5; i++) {
            bench.in(Frame.udp(A, i, B, 53));
            bench.in(Frame.udp(A, i, B, 53));
        }
        assertEquals(5, counters.total(Counters.Total.FLOWS));
        assertEquals(5, counters.total(Counters.Total.FLOWS_CREATED));
        bench.sleepSeconds(31);
        assertEquals(5, bench.expire());
        assertEquals(0, counters.total(Counters.Total.FLOWS));
        assertEquals(5, counters.total(Counters.Total.FLOWS_EXPIRED));
    }

    @Test
    void icmpThatMakesNoFlowIsCreditedPacketByPacket() throws ConfigException {
        EngineBench bench = new EngineBench(OPEN);
        for (int i = 0; i < 3; i++) {
            assertEquals(Reason.NONE, bench.in(Frame.icmp(A, B, 0, 0, 1)), "a reply that nobody asked for");
            assertEquals(Reason.NONE, bench.in(Frame.icmp(A, B, 5, 1, 0)), "a redirect");
            assertEquals(Reason.NONE, bench.in(Frame.icmp(A, B, 3, 3, 0)), "an error about nothing");
        }
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS));
        assertEquals(9, bench.engine().ruleHits().of(0));
    }

    @Test
    void anEchoReplyMustHaveTheRequestsCode() throws ConfigException {
        EngineBench bench = new EngineBench("security-groups: {web: {}}\n");
        assertEquals(Reason.NONE, bench.out(Frame.icmp(B, A, 8, 0, 7)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.icmp(A, B, 0, 1, 7)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.icmp(A, B, 14, 0, 7)));
        assertEquals(Reason.NONE, bench.in(Frame.icmp(A, B, 0, 0, 7)));
    }

    @Test
    void everyQueryTypeHasItsReply() throws ConfigException {
        EngineBench bench = new EngineBench("security-groups: {web: {}}\n");
        int[][] pairs = {{8, 0}, {13, 14}, {15, 16}, {17, 18}};
        for (int[] pair : pairs) {
            assertEquals(Reason.NO_RULE, bench.in(Frame.icmp(A, B, pair[1], 0, 7)));
            assertEquals(Reason.NONE, bench.out(Frame.icmp(B, A, pair[0], 0, 7)));
            assertEquals(Reason.NONE, bench.in(Frame.icmp(A, B, pair[1], 0, 7)));
        }
        assertEquals(Reason.NONE, bench.out(Frame.icmp("2001:db8::1", "2001:db8::2", 128, 0, 7)));
        assertEquals(Reason.NONE, bench.in(Frame.icmp("2001:db8::2", "2001:db8::1", 129, 0, 7)));
        assertEquals(Reason.NO_RULE, bench.in(Frame.icmp("2001:db8::2", "2001:db8::1", 139, 0, 7)));
    }

    @Test
    void onlyAPortWithoutMarksTakesUnfinishedChecksums() throws ConfigException {
        Frame syn = Frame.tcp(A, 1, B, 80, TcpFlags.SYN).unfinishedChecksum();
        assertEquals(Reason.BAD_CHECKSUM, new EngineBench("", WEB, false).in(syn));
        EngineBench pcap = new EngineBench("", WEB, true);
        assertEquals(Reason.NONE, pcap.in(syn));
        assertEquals(1, pcap.engine().counters().total(Counters.Total.CHECKSUMS_FINISHED));
        assertEquals(
                Reason.BAD_CHECKSUM,
                pcap.in(Frame.tcp(A, 2, B, 80, TcpFlags.SYN).wrongChecksum(0x101)));
        EngineBench trusting = new EngineBench("checksums: trust", WEB, false);
        assertEquals(
                Reason.NONE, trusting.in(Frame.tcp(A, 2, B, 80, TcpFlags.SYN).wrongChecksum(0x101)));
    }

    @Test
    void aRefusedSynLeavesTheClosedFlowThere() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        bench.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0));
        bench.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001));
        bench.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 9001));
        bench.in(Frame.tcp(A, 1, B, 80, TcpFlags.RST).numbers(1001, 0));
        bench.install(EngineBench.policy("", CLOSED, 2));
        assertEquals(
                Reason.NO_RULE, bench.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(500_000, 0)));
        assertEquals(
                Reason.NO_RULE, bench.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN).numbers(500_000, 0)));
        assertEquals(Reason.NONE, bench.out(Frame.tcp(B, 80, A, 1, TcpFlags.ACK).numbers(9001, 1001)));
        assertEquals(1, bench.engine().counters().total(Counters.Total.FLOWS));
    }

    @Test
    void aNewPolicyHoldsFromTheNextFrameAndKeepsFlowsAndHits() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        bench.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0));
        assertEquals(1, bench.engine().ruleHits().of(0));
        String more = "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any},"
                + " {protocol: udp, from: any}]}}\nconntrack: {timeouts: {tcp-syn-sent: 5s}}\n";
        bench.install(EngineBench.policy("pass-through: []", more, 2));
        assertEquals(2, bench.engine().policy().generation());
        assertEquals(1, bench.engine().ruleHits().of(0), "the rule is still there");
        assertEquals(Reason.NONE, bench.in(Frame.udp(A, 1, B, 53)));
        assertEquals(1, bench.engine().ruleHits().of(1));
        assertEquals(Reason.LINK_CLASS, bench.in(Frame.ethernet("ffffffffffff", 0x0806, new byte[28])));
        bench.sleepSeconds(5);
        assertEquals(
                Reason.TCP_NO_SYN,
                bench.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001)),
                "the new timeout holds for the old flow");
    }

    @Test
    void everyDropIsNotedForTheLogAndNothingThatPasses() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        bench.in(Frame.tcp(A, 40_000, B, 80, TcpFlags.SYN));
        bench.in(Frame.tcp(A, 40_000, B, 22, TcpFlags.SYN));
        bench.in(Frame.ethernet("ffffffffffff", 0x88cc, new byte[50]));
        bench.in(new byte[13]);
        List<String> texts = bench.engine().dropSamples().take(10).drops().stream()
                .map(Drop::toString)
                .toList();
        assertEquals(
                List.of(
                        "ingress malformed-l2 ethertype 0x0",
                        "ingress link-class ethertype 0x88cc",
                        "ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22"),
                texts);
    }

    @Test
    void sourcesThatASideCantHaveAreDropped() throws ConfigException {
        EngineBench bench = new EngineBench("source-check: true", OPEN, false);
        assertEquals(Reason.NONE, bench.in(Frame.udp(A, 1, B, 2)));
        assertEquals(Reason.SOURCE_CHECK, bench.in(Frame.udp(B, 1, "10.0.0.9", 2)), "our own address from outside");
        assertEquals(Reason.NONE, bench.out(Frame.udp(B, 1, A, 2)));
        assertEquals(Reason.SOURCE_CHECK, bench.out(Frame.udp("10.0.0.2", 1, A, 2)), "a stranger's from inside");
        assertEquals(Reason.SOURCE_CHECK, bench.out(Frame.udp("169.254.1.1", 1, A, 2)), "that speaks ARP only");
        assertEquals(Reason.BAD_ADDRESS, bench.out(Frame.udp("127.0.0.1", 1, A, 2)), "comes first");
        EngineBench without = new EngineBench("source-check: false", OPEN, false);
        assertEquals(Reason.NONE, without.out(Frame.udp("10.0.0.2", 1, A, 2)));
    }
}
