package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** {@code enforce: audit} counts a refused flow once, and its later packets of both directions with the reason of the first. */
final class AuditTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String WEB =
            "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}], egress: []}}\n";

    private final EngineBench bench = bench("", WEB);

    private static EngineBench bench(String attributes, String rest) {
        try {
            return new EngineBench("enforce: audit" + attributes, rest, false);
        } catch (ConfigException fault) {
            throw new IllegalArgumentException(fault);
        }
    }

    private static Frame tcp(boolean in, int port, int flags) {
        return in ? Frame.tcp(A, port, B, 22, flags) : Frame.tcp(B, 22, A, port, flags);
    }

    private void connection(int port) {
        bench.in(tcp(true, port, TcpFlags.SYN));
        bench.out(tcp(false, port, TcpFlags.SYN | TcpFlags.ACK));
        for (int i = 0; i < 22; i++) {
            bench.in(tcp(true, port, TcpFlags.ACK));
            bench.out(tcp(false, port, TcpFlags.ACK));
        }
        bench.in(tcp(true, port, TcpFlags.FIN | TcpFlags.ACK));
    }

    private static String flows(EngineBench bench) {
        Map<String, Long> flows = new TreeMap<>();
        bench.engine().counters().forEachRefused((direction, reason, count) -> {
            if (count > 0) {
                flows.put(direction + " " + reason.label(), count);
            }
        });
        return flows.toString();
    }

    private static String packets(EngineBench bench) {
        Map<String, Long> packets = new TreeMap<>();
        bench.engine().counters().forEach((direction, reason, audited, count, bytes) -> {
            if (count > 0) {
                packets.put((audited ? "" : "not audited ") + direction + " " + reason.label(), count);
            }
        });
        return packets.toString();
    }

    @Test
    void aRefusedConnectionCountsOnceAndAllItsPacketsWithItsReason() {
        connection(40_000);
        assertEquals("{ingress no-rule=1}", flows(bench));
        assertEquals("{egress no-rule=23, ingress no-rule=24}", packets(bench));
        connection(40_001);
        assertEquals("{ingress no-rule=2}", flows(bench));
    }

    @Test
    void theLogHasTheFirstPacketOnly() {
        connection(40_000);
        DropSamples.Taken taken = bench.engine().dropSamples().take(10);
        assertEquals(
                List.of("ingress no-rule tcp " + A + ":40000 > " + B + ":22"),
                taken.drops().stream().map(Drop::toString).toList());
        assertEquals(0, taken.others());
    }

    @Test
    void theVerdictOfEachPacketStaysItsOwn() {
        assertEquals(Reason.NO_RULE, bench.in(tcp(true, 1, TcpFlags.SYN)));
        assertEquals(Reason.TCP_NO_SYN, bench.out(tcp(false, 1, TcpFlags.SYN | TcpFlags.ACK)));
    }

    @Test
    void aSynSentAgainIsTheSameConnectionUntilItHasGoneOn() {
        bench.in(tcp(true, 1, TcpFlags.SYN));
        bench.in(tcp(true, 1, TcpFlags.SYN));
        bench.out(tcp(false, 1, TcpFlags.SYN | TcpFlags.ACK));
        bench.in(tcp(true, 1, TcpFlags.SYN));
        assertEquals("{ingress no-rule=1}", flows(bench));
        bench.in(tcp(true, 1, TcpFlags.ACK));
        bench.in(tcp(true, 1, TcpFlags.SYN));
        assertEquals("{ingress no-rule=2}", flows(bench));
    }

    @Test
    void aTupleAfterAPauseIsANewConnection() {
        bench.in(Frame.udp(A, 1, B, 53));
        bench.sleepSeconds(599);
        bench.out(Frame.udp(B, 53, A, 1));
        bench.sleepSeconds(599);
        bench.in(Frame.udp(A, 1, B, 53));
        assertEquals("{ingress no-rule=1}", flows(bench));
        bench.sleepSeconds(600);
        bench.in(Frame.udp(A, 1, B, 53));
        assertEquals("{ingress no-rule=2}", flows(bench));
        assertEquals("{egress no-rule=1, ingress no-rule=3}", packets(bench));
    }

    @Test
    void aConnectionWithAnUnseenBeginningIsCountedOnceToo() {
        bench.in(tcp(true, 1, TcpFlags.ACK));
        bench.out(tcp(false, 1, TcpFlags.ACK));
        assertEquals("{ingress tcp-no-syn=1}", flows(bench));
        bench.in(tcp(true, 1, TcpFlags.SYN));
        bench.in(tcp(true, 1, TcpFlags.ACK));
        assertEquals("{ingress no-rule=1, ingress tcp-no-syn=1}", flows(bench));
        assertEquals("{egress tcp-no-syn=1, ingress no-rule=2, ingress tcp-no-syn=1}", packets(bench));
    }

    @Test
    void anIcmpErrorAboutARefusedFlowIsAPacketOfIt() {
        Frame query = Frame.udp(A, 1, B, 53).payload(8);
        bench.in(query);
        bench.out(Frame.icmp(B, A, 3, 3, 0).payload(query.ip()));
        assertEquals("{ingress no-rule=1}", flows(bench));
        assertEquals("{egress no-rule=1, ingress no-rule=1}", packets(bench));
        Frame unknown = Frame.udp(A, 2, B, 53).payload(8);
        bench.out(Frame.icmp(B, A, 3, 3, 0).payload(unknown.ip()));
        assertEquals("{ingress no-rule=1}", flows(bench));
        assertEquals("{egress icmp-unrelated=1, egress no-rule=1, ingress no-rule=1}", packets(bench));
    }

    @Test
    void aFaultOfOnePacketIsNotCountedForItsFlow() {
        bench.in(tcp(true, 1, TcpFlags.SYN));
        bench.in(tcp(true, 1, TcpFlags.SYN | TcpFlags.FIN));
        bench.in(Frame.ethernet("ffffffffffff", 0x88cc, new byte[28]));
        assertEquals("{ingress no-rule=1}", flows(bench));
        assertEquals("{ingress link-class=1, ingress no-rule=1, ingress tcp-flags=1}", packets(bench));
    }

    /** Network ACL and source check apply to each packet. A connection counts with the reason that refused its SYN. */
    @Test
    void theAclAndTheSourceCheckRefuseFlowsToo() {
        EngineBench acl = bench(", network-acl: edge", """
                security-groups: {web: {ingress: [{protocol: all, from: any}]}}
                network-acls: {edge: {ingress: [{rule: 1, action: deny, protocol: tcp, ports: 22, from: 0.0.0.0/0},
                  {rule: 2, action: allow, protocol: all, from: 0.0.0.0/0}]}}
                """);
        acl.in(tcp(true, 1, TcpFlags.SYN));
        acl.out(tcp(false, 1, TcpFlags.SYN | TcpFlags.ACK));
        acl.in(tcp(true, 1, TcpFlags.ACK));
        assertEquals("{ingress acl-deny=1}", flows(acl));
        assertEquals("{egress acl-deny=1, ingress acl-deny=2}", packets(acl));
        EngineBench checked = bench(", source-check: true", WEB);
        checked.out(Frame.tcp("10.0.0.9", 1, A, 80, TcpFlags.SYN));
        checked.in(Frame.tcp(A, 80, "10.0.0.9", 1, TcpFlags.SYN | TcpFlags.ACK));
        assertEquals("{egress source-check=1}", flows(checked));
        assertEquals("{egress source-check=1, ingress source-check=1}", packets(checked));
    }

    @Test
    void aFlowThatRecheckWouldEndCountsOnce() throws ConfigException {
        String recheck = "conntrack: {on-reload: recheck}\n";
        EngineBench rechecked = bench("", WEB + recheck);
        rechecked.in(Frame.udp(A, 1, B, 80));
        Frame syn = Frame.tcp(A, 2, B, 80, TcpFlags.SYN).numbers(1000, 0);
        assertEquals(Reason.NONE, rechecked.in(syn));
        String shut = "security-groups: {web: {ingress: [], egress: []}}\n" + recheck;
        rechecked.install(EngineBench.policy("enforce: audit", shut, 2));
        for (int i = 0; i < 5; i++) {
            rechecked.out(Frame.tcp(B, 80, A, 2, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001));
        }
        assertEquals("{egress recheck=1, ingress no-rule=1}", flows(rechecked));
    }

    @Test
    void aFloodOverwritesNotesAndNothingElse() {
        connection(40_000);
        for (int i = 0; i < 4 * RefusedTuples.PLACES; i++) {
            bench.in(Frame.udp("203.0.113." + i % 250, i / 250 + 1, B, 53));
        }
        assertEquals(
                4L * RefusedTuples.PLACES,
                bench.engine().counters().refusedFlows(Direction.INGRESS, Reason.NO_RULE) - 1);
        bench.in(tcp(true, 40_000, TcpFlags.ACK));
        assertEquals(1, bench.engine().counters().refusedFlows(Direction.INGRESS, Reason.TCP_NO_SYN));
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS));
    }

    @Test
    void enforcedNothingIsNoted() throws ConfigException {
        EngineBench enforced = new EngineBench(WEB);
        enforced.in(tcp(true, 1, TcpFlags.SYN));
        enforced.in(tcp(true, 1, TcpFlags.ACK));
        assertEquals("{}", flows(enforced));
        assertEquals(1, enforced.dropped(Direction.INGRESS, Reason.TCP_NO_SYN));
        enforced.install(EngineBench.policy("enforce: audit", WEB, 2));
        enforced.in(tcp(true, 1, TcpFlags.SYN));
        assertEquals("{ingress no-rule=1}", flows(enforced));
    }
}
