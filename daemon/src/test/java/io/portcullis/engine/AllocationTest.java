package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Enforcement;
import io.portcullis.recorder.Recordings;
import io.portcullis.testing.Allocation;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Frames of tracked flows and dropped frames allocate nothing (design section 5). */
final class AllocationTest {
    private static final int SLOT = 2048;
    private static final int FRAMES = 100_000;
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String A6 = "2001:db8:9::7";
    private static final String B6 = "2001:db8:1::1";

    @TempDir
    private Path directory;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Batches that are decided again and again. */
    private static final class Traffic {
        private final Engine engine;
        private final Batch inward;
        private final Batch outward;
        private long nowNs = 1;

        Traffic(Engine engine, Arena arena, List<byte[]> in, List<byte[]> out) {
            this.engine = engine;
            inward = batch(arena, in);
            outward = batch(arena, out);
        }

        private static Batch batch(Arena arena, List<byte[]> frames) {
            MemorySegment memory = arena.allocate((long) SLOT * frames.size());
            Batch batch = new Batch(memory, true);
            for (int i = 0; i < frames.size(); i++) {
                byte[] frame = frames.get(i);
                MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, (long) i * SLOT, frame.length);
                batch.add((long) i * SLOT, frame.length);
            }
            return batch;
        }

        private void release(Direction direction) {
            while (engine.released(direction) != null) {
                // On to the next.
            }
        }

        void decide(int frames) {
            for (int done = 0; done < frames; done += inward.size() + outward.size()) {
                nowNs += 1_000;
                engine.decide(inward, Direction.INGRESS, nowNs);
                release(Direction.INGRESS);
                engine.decide(outward, Direction.EGRESS, nowNs);
                release(Direction.EGRESS);
                engine.expire(nowNs, 16);
            }
        }
    }

    private void allocatesNothing(Traffic traffic) throws Exception {
        Allocation.nothingIn(() -> {
            long before = threads.getCurrentThreadAllocatedBytes();
            traffic.decide(FRAMES);
            return threads.getCurrentThreadAllocatedBytes() - before;
        });
    }

    private Engine engine() throws ConfigException {
        String open = """
                security-groups: {web: {ingress: [{protocol: all, from: any}], log: all}}
                log: {never-log: [203.0.113.0/24, '2001:db8:ffff::/48']}
                """;
        return recorded(new Engine(EngineBench.policy("", open, 1), Shard.ALL, 1, 2));
    }

    private Engine recorded(Engine engine) {
        engine.record(Recordings.open(directory, "web0", 1, Recordings.LEAST_MEMORY, 128)
                .recorder(0));
        return engine;
    }

    @Test
    void establishedFlows() throws Exception {
        List<byte[]> in = new ArrayList<>();
        List<byte[]> out = new ArrayList<>();
        List<byte[]> syns = new ArrayList<>();
        List<byte[]> synAcks = new ArrayList<>();
        byte[] sack = new Frame.Octets().hex("0101050a").u32(9001).u32(9001).toBytes();
        for (int i = 0; i < 16; i++) {
            boolean v6 = i % 2 == 1;
            String a = v6 ? A6 : A;
            String b = v6 ? B6 : B;
            syns.add(
                    Frame.tcp(a, 1000 + i, b, 80, TcpFlags.SYN).numbers(1000, 0).bytes());
            synAcks.add(Frame.tcp(b, 80, a, 1000 + i, TcpFlags.SYN | TcpFlags.ACK)
                    .numbers(9000, 1001)
                    .bytes());
            in.add(Frame.tcp(a, 1000 + i, b, 80, TcpFlags.ACK)
                    .numbers(1001, 9001)
                    .tcpOptions(sack)
                    .payload(200)
                    .bytes());
            in.add(Frame.udp(a, 1000 + i, b, 53).payload(100).bytes());
            in.add(Frame.icmp(a, b, v6 ? 128 : 8, 0, i).payload(56).bytes());
            in.add(Frame.ip(47, a, b).vlan(i + 1).payload(40).bytes());
            out.add(Frame.tcp(b, 80, a, 1000 + i, TcpFlags.ACK)
                    .numbers(9001, 1201)
                    .bytes());
            out.add(Frame.udp(b, 53, a, 1000 + i).payload(400).bytes());
            out.add(Frame.icmp(b, a, v6 ? 129 : 0, 0, i).payload(56).bytes());
            out.add(Frame.icmp(b, a, v6 ? 1 : 3, v6 ? 4 : 3, 0)
                    .payload(Frame.udp(a, 1000 + i, b, 53).payload(8).ip())
                    .bytes());
        }
        try (Arena arena = Arena.ofConfined()) {
            Engine engine = engine();
            new Traffic(engine, arena, syns, synAcks).decide(1);
            Traffic traffic = new Traffic(engine, arena, in, out);
            allocatesNothing(traffic);
            assertEquals(16 * 4, engine.counters().total(Counters.Total.FLOWS));
            for (Reason reason : Reason.values()) {
                long dropped = reason == Reason.NONE ? 0 : engine.counters().packets(Direction.INGRESS, reason);
                assertEquals(0, dropped, reason.label());
            }
        }
    }

    @Test
    void linkTrafficAndDrops() throws Exception {
        List<byte[]> in = List.of(
                Frame.ethernet("ffffffffffff", 0x0806, new byte[46]),
                Frame.ethernet("0180c200000e", 0x88cc, new byte[46]),
                Frame.icmp("fe80::1", "ff02::1", 135, 0, 0)
                        .hopLimit(255)
                        .payload(16)
                        .bytes(),
                Frame.tcp("127.0.0.1", 1, B, 2, TcpFlags.SYN).bytes(),
                Frame.tcp(A, 1, B, 2, 0).bytes(),
                Frame.tcp(A, 1, B, 2, TcpFlags.ACK).bytes(),
                Frame.tcp(A, 1, B, 2, TcpFlags.SYN).wrongChecksum(0x101).bytes(),
                Frame.udp(A, 1, B, 2).vlan(1).vlan(2).vlan(3).bytes(),
                Frame.udp(A, 1, B, 2).ipOptions("83030400").bytes(),
                Frame.udp(A, 1, B, 2).udpLength(7).bytes(),
                Frame.udp(A, 1, B, 2).payload(8).fragment(80, false).bytes(),
                Frame.icmp(A, B, 5, 0, 0).bytes());
        List<byte[]> out = List.of(
                Frame.udp("0.0.0.0", 68, "255.255.255.255", 67).payload(240).bytes());
        try (Arena arena = Arena.ofConfined()) {
            allocatesNothing(new Traffic(engine(), arena, in, out));
        }
    }

    /** Held and released, followed, overlapping, tiny, too many, and never complete, of both families. */
    @Test
    void fragments() throws Exception {
        List<byte[]> in = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String a = i % 2 == 0 ? A : A6;
            String b = i % 2 == 0 ? B : B6;
            in.add(Frame.udp(a, 1, b, 53)
                    .datagramId(i)
                    .payload(1000)
                    .fragment(1480, false)
                    .bytes());
            in.add(Frame.udp(a, 1, b, 53)
                    .datagramId(i)
                    .payload(i % 3 == 0 ? 1464 : 1472)
                    .fragment(0, true)
                    .bytes());
            in.add(Frame.udp(a, 1, b, 53)
                    .datagramId(100 + i / 4)
                    .payload(800)
                    .fragment(i * 792, true)
                    .bytes());
            in.add(Frame.ip(6, a, b).datagramId(i).payload(8).fragment(8, true).bytes());
        }
        List<byte[]> out = List.of(
                Frame.udp(B, 53, A, 1).payload(16).fragment(24, false).bytes(),
                Frame.udp(B, 53, A, 1).payload(16).fragment(0, true).bytes());
        try (Arena arena = Arena.ofConfined()) {
            Engine engine = engine();
            Traffic traffic = new Traffic(engine, arena, in, out);
            allocatesNothing(traffic);
            for (Reason reason : List.of(Reason.NONE, Reason.FRAGMENT_OVERLAP, Reason.FRAGMENT_TINY)) {
                assertTrue(engine.counters().packets(Direction.INGRESS, reason) > 1000, reason.label());
            }
            assertTrue(engine.counters().packets(Direction.EGRESS, Reason.NONE) > 1000);
        }
    }

    /** Flows that evict each other, change their classes, close and are opened again. */
    @Test
    void aFullTable() throws Exception {
        List<byte[]> in = new ArrayList<>();
        List<byte[]> out = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            in.add(Frame.tcp(A, 1000 + i, B, 80, TcpFlags.SYN).numbers(1000, 0).bytes());
            in.add(Frame.udp(A, 1000 + i, B, 53).payload(100).bytes());
            in.add(Frame.icmp(A, B, 8, 0, i).payload(56).bytes());
            in.add(Frame.tcp(A, 1000 + i, B, 80, TcpFlags.RST | TcpFlags.ACK)
                    .numbers(1001, 9001)
                    .bytes());
            out.add(Frame.tcp(B, 80, A, 1000 + i, TcpFlags.SYN | TcpFlags.ACK)
                    .numbers(9000, 1001)
                    .bytes());
            out.add(Frame.udp(B, 53, A, 1000 + i).payload(400).bytes());
        }
        try (Arena arena = Arena.ofConfined()) {
            String rules = "security-groups: {web: {ingress: [{protocol: all, from: any}], egress: []}}\n";
            String full = rules + "conntrack: {max-flows: 20}\n";
            Engine engine = recorded(new Engine(EngineBench.policy("", full, 1), Shard.ALL, 1, 2));
            allocatesNothing(new Traffic(engine, arena, in, out));
            assertTrue(engine.counters().total(Counters.Total.FLOWS) >= 19, "a reset may have ended one");
            assertTrue(engine.counters().total(Counters.Total.FLOWS_EVICTED) > FRAMES / 10);
        }
    }

    /** New flows are matched against ACL, failsafe and many rules. Refused ones allocate nothing either, enforced or audited. */
    @Test
    void refusalsOfRulesAndAcl() throws Exception {
        StringBuilder rules = new StringBuilder("security-groups: {web: {ingress: [{protocol: gre, from: any}");
        for (int i = 0; i < 500; i++) {
            rules.append(", {protocol: tcp, ports: ")
                    .append(i * 100)
                    .append("-")
                    .append(i * 100 + 50)
                    .append(", from: 10.")
                    .append(i / 4)
                    .append(".0.0/")
                    .append(16 + i % 16)
                    .append("}");
        }
        rules.append("], egress: []}}\nconntrack: {on-reload: recheck}\n")
                .append("failsafe: {ingress: [{protocol: tcp, ports: 22, from: 10.9.0.0/16}]}\n")
                .append(
                        "network-acls: {edge: {ingress: [{rule: 7, action: deny, protocol: udp, from: 198.51.100.0/24},")
                .append(" {rule: 9, action: allow, protocol: all, from: 0.0.0.0/0}]}}\n");
        List<byte[]> in = List.of(
                Frame.tcp("10.3.0.1", 1, B, 99, TcpFlags.SYN).bytes(),
                Frame.tcp(A, 1, B, 80, TcpFlags.SYN).bytes(),
                Frame.udp(A, 1, B, 53).payload(8).bytes(),
                Frame.tcp(A6, 1, B6, 80, TcpFlags.SYN).bytes(),
                Frame.icmp(A, B, 8, 0, 1).bytes(),
                Frame.icmp(A, B, 3, 3, 0)
                        .payload(Frame.udp(B, 1, A, 2).payload(8).ip())
                        .bytes());
        List<byte[]> out = List.of(
                Frame.udp(B, 1, A, 53).payload(8).bytes(),
                Frame.tcp(B, 22, "10.9.1.1", 1, TcpFlags.SYN).bytes());
        try (Arena arena = Arena.ofConfined()) {
            for (String enforce : List.of("true", "audit")) {
                String keys = "network-acl: edge, enforce: " + enforce;
                Engine engine = new Engine(EngineBench.policy(keys, rules.toString(), 1), Shard.ALL, 1, 2);
                allocatesNothing(new Traffic(engine, arena, in, out));
                assertEquals(0, engine.counters().packets(Direction.INGRESS, Reason.NONE));
                assertEquals(0, engine.counters().total(Counters.Total.FLOWS));
            }
        }
    }

    /** Under panic nothing passes, or failsafe flows alone; under bypass everything does. */
    @ParameterizedTest
    @EnumSource(Enforcement.class)
    void otherEnforcements(Enforcement enforcement) throws Exception {
        String rules = """
                security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}], egress: []}}
                failsafe: {ingress: [{protocol: tcp, ports: 22, from: any}]}
                """;
        List<byte[]> in = new ArrayList<>(List.of(
                Frame.ethernet("ffffffffffff", 0x0806, new byte[46]),
                Frame.udp(A, 1, B, 53).payload(16).fragment(24, false).bytes(),
                Frame.udp(A, 1, B, 53).payload(16).fragment(0, true).bytes(),
                Frame.udp(A, 1, B, 2).udpLength(7).bytes()));
        List<byte[]> out = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            int port = i % 3 == 0 ? 22 : i % 3 == 1 ? 80 : 81;
            in.add(Frame.tcp(A, i, B, port, TcpFlags.SYN).numbers(1000, 0).bytes());
            out.add(Frame.tcp(B, port, A, i, TcpFlags.SYN | TcpFlags.ACK)
                    .numbers(9000, 1001)
                    .bytes());
            in.add(Frame.tcp(A, i, B, port, TcpFlags.ACK).numbers(1001, 9001).bytes());
        }
        try (Arena arena = Arena.ofConfined()) {
            Engine engine = recorded(new Engine(EngineBench.policy("", rules, 1).under(enforcement), Shard.ALL, 1, 2));
            allocatesNothing(new Traffic(engine, arena, in, out));
        }
    }

    /** A refused connection goes on under audit. A network ACL counts every packet that it decides. */
    @Test
    void refusedConnectionsThatGoOnAndHitsOfAnAcl() throws Exception {
        String rules = "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}], egress: []}}\n"
                + "network-acls: {edge: {ingress: [{rule: 7, action: deny, protocol: udp, from: 198.51.100.0/24},"
                + " {rule: 9, action: allow, protocol: all, from: 0.0.0.0/0}],"
                + " egress: [{rule: 9, action: allow, protocol: all, to: 0.0.0.0/0}]}}\n";
        List<byte[]> in = new ArrayList<>();
        List<byte[]> out = new ArrayList<>();
        for (int port = 1; port <= 10; port++) {
            in.add(Frame.tcp(A, port, B, 22, TcpFlags.SYN).bytes());
            out.add(Frame.tcp(B, 22, A, port, TcpFlags.SYN | TcpFlags.ACK).bytes());
            in.add(Frame.tcp(A, port, B, 22, TcpFlags.ACK).bytes());
            in.add(Frame.udp(A, port, B, 53).payload(8).bytes());
        }
        out.add(Frame.icmp(B, A, 3, 3, 0)
                .payload(Frame.udp(A, 1, B, 53).payload(8).ip())
                .bytes());
        try (Arena arena = Arena.ofConfined()) {
            String keys = "network-acl: edge, enforce: audit";
            Engine engine = recorded(new Engine(EngineBench.policy(keys, rules, 1), Shard.ALL, 1, 2));
            allocatesNothing(new Traffic(engine, arena, in, out));
            assertEquals(0, engine.counters().packets(Direction.INGRESS, Reason.NONE));
            assertTrue(engine.ruleHits().ofAcl(2) > FRAMES / 10, "entry 9");
        }
    }
}
