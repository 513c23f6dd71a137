package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The effect of {@code panic} and {@code bypass} on the rules, and that flows go on afterwards. */
final class EnforcementTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String RULES = """
            security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: udp, from: any},
                                              {protocol: icmp, type: echo-request, from: any}]}}
            failsafe: {ingress: [{protocol: tcp, ports: 22, from: 198.51.100.0/24}]}
            """;
    private static final String PASS =
            "pass-through: [arp, ndp, dhcp, lldp, eapol, pppoe, other], ethertypes: [0x88f7]";
    private static final byte[] ARP = Frame.ethernet(
            "ffffffffffff",
            0x0806,
            new Frame.Octets()
                    .hex("0001080006040001020000000001")
                    .hex("c63364070000000000000a000001")
                    .toBytes());

    private Policy policy = policy(PASS, RULES);
    private final EngineBench bench = bench(PASS, RULES);

    private static Policy policy(String attributes, String rules) {
        try {
            return EngineBench.policy(attributes, rules, 1);
        } catch (ConfigException fault) {
            throw new IllegalArgumentException(fault);
        }
    }

    private static EngineBench bench(String attributes, String rules) {
        try {
            return new EngineBench(attributes, rules, false);
        } catch (ConfigException fault) {
            throw new IllegalArgumentException(fault);
        }
    }

    private void enforce(Enforcement next) {
        bench.install(policy.under(next));
    }

    private static Frame toServer(int port, int flags, int sequence, int acknowledged) {
        return Frame.tcp(A, 40_000, B, port, flags).numbers(sequence, acknowledged);
    }

    private static Frame toClient(int port, int flags, int sequence, int acknowledged) {
        return Frame.tcp(B, port, A, 40_000, flags).numbers(sequence, acknowledged);
    }

    private void connect(int port) {
        assertEquals(Reason.NONE, bench.in(toServer(port, TcpFlags.SYN, 1000, 0)));
        assertEquals(Reason.NONE, bench.out(toClient(port, TcpFlags.SYN | TcpFlags.ACK, 9000, 1001)));
        assertEquals(Reason.NONE, bench.in(toServer(port, TcpFlags.ACK, 1001, 9001)));
    }

    private static Frame request(int port) {
        return toServer(port, TcpFlags.ACK, 1001, 9001).payload(10);
    }

    private static Frame reset(int port) {
        return toServer(port, TcpFlags.RST, 1001, 0);
    }

    private static List<byte[]> everyKind() {
        return List.of(
                request(80).bytes(),
                request(22).bytes(),
                ARP,
                Frame.ethernet("0180c200000e", 0x88cc, new byte[46]),
                Frame.ethernet("020000000001", 0x8864, new byte[46]),
                Frame.ethernet("020000000001", 0x88f7, new byte[46]),
                new byte[13],
                Frame.udp(A, 1, B, 53).payload(8).bytes(),
                Frame.udp(A, 67, B, 68).payload(240).bytes(),
                Frame.udp(A, 1, B, 53).payload(16).fragment(0, true).bytes(),
                Frame.udp(A, 1, B, 53).payload(16).fragment(24, false).bytes(),
                Frame.udp(A, 1, B, 2).udpLength(7).bytes(),
                Frame.udp(A, 1, B, 2).wrongChecksum(0x101).bytes(),
                Frame.tcp("127.0.0.1", 1, B, 2, TcpFlags.SYN).bytes(),
                Frame.tcp(A, 1, B, 2, TcpFlags.FIN | TcpFlags.SYN).bytes(),
                Frame.ip(47, A, B).payload(40).bytes(),
                Frame.udp(A, 4789, B, 4789).payload(60).bytes(),
                Frame.icmp(A, B, 3, 3, 0).payload(request(80).ip()).bytes());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "enforce: audit, "})
    void noFramePassesInPanic(String audit) {
        policy = policy(audit + PASS, RULES);
        connect(80);
        connect(22);
        enforce(Enforcement.PANIC);
        int frames = 0;
        for (Direction direction : Direction.values()) {
            for (byte[] frame : everyKind()) {
                assertEquals(Reason.PANIC, bench.decide(frame, direction));
                frames++;
            }
            assertEquals(List.of(), bench.released(direction));
        }
        assertEquals(
                frames, bench.dropped(Direction.INGRESS, Reason.PANIC) + bench.dropped(Direction.EGRESS, Reason.PANIC));
        assertEquals(0, bench.decide(everyKind(), Direction.INGRESS).accepted());
    }

    @ParameterizedTest
    @EnumSource(
            value = Enforcement.class,
            names = {"PANIC", "FAILSAFE_ONLY"})
    void aConnectionGoesOnAfterwards(Enforcement panic) {
        connect(80);
        bench.in(Frame.udp(A, 1, B, 53));
        enforce(panic);
        assertEquals(Reason.PANIC, bench.in(request(80)));
        assertEquals(Reason.PANIC, bench.in(reset(80)));
        assertEquals(Reason.PANIC, bench.out(toClient(80, TcpFlags.FIN | TcpFlags.ACK, 9001, 1001)));
        assertEquals(Reason.PANIC, bench.out(Frame.udp(B, 53, A, 1)));
        enforce(Enforcement.RULES);
        assertEquals(Reason.NONE, bench.in(request(80)));
        assertEquals(
                Reason.NONE, bench.out(toClient(80, TcpFlags.ACK, 9001, 1011).payload(100)));
        assertEquals(Reason.NONE, bench.out(Frame.udp(B, 53, A, 1)));
        assertEquals(Reason.TCP_NO_SYN, bench.in(request(81)));
    }

    @Test
    void aFlowThatIsIdleForItsTimeoutExpiresInPanicToo() {
        bench.out(Frame.udp(B, 1, A, 53));
        enforce(Enforcement.PANIC);
        bench.sleepSeconds(1_000);
        bench.expire();
        bench.out(Frame.udp(B, 1, A, 53));
        enforce(Enforcement.RULES);
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS));
    }

    @Test
    void failsafeFlowsPassAndNothingElse() {
        connect(80);
        connect(22);
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(Reason.NONE, bench.in(request(22)));
        assertEquals(
                Reason.NONE, bench.out(toClient(22, TcpFlags.ACK, 9001, 1011).payload(5)));
        assertEquals(
                Reason.NONE,
                bench.out(Frame.icmp(B, A, 3, 3, 0).payload(request(22).ip())),
                "an error about a flow that passes");
        assertEquals(
                Reason.PANIC,
                bench.out(Frame.icmp(B, A, 3, 3, 0).payload(request(80).ip())));
        assertEquals(Reason.NONE, bench.in(Frame.tcp(A, 2, B, 22, TcpFlags.SYN)));
        assertEquals(
                Reason.NONE,
                bench.out(Frame.tcp(B, 22, A, 2, TcpFlags.SYN | TcpFlags.ACK).numbers(1, 1)));
        for (Frame refused : List.of(
                request(80),
                Frame.tcp(A, 2, B, 80, TcpFlags.SYN),
                Frame.tcp(A, 3, B, 22, TcpFlags.ACK),
                Frame.tcp("203.0.113.1", 2, B, 22, TcpFlags.SYN),
                Frame.udp(A, 1, B, 53),
                Frame.icmp(A, B, 8, 0, 1))) {
            assertEquals(Reason.PANIC, bench.in(refused));
        }
        assertEquals(Reason.PANIC, bench.out(Frame.udp(B, 1, A, 53)));
    }

    @Test
    void linkTrafficThatFailsafeFlowsNeedPassesAsTheConfigurationSays() {
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(Reason.NONE, bench.in(ARP));
        assertEquals(
                Reason.NONE,
                bench.in(Frame.icmp("fe80::1", "ff02::1", 135, 0, 0)
                        .hopLimit(255)
                        .payload(16)));
        assertEquals(Reason.NONE, bench.in(Frame.udp("198.51.100.1", 67, B, 68).payload(240)));
        assertEquals(Reason.NONE, bench.in(Frame.ethernet("0180c2000003", 0x888e, new byte[46])));
        for (int type : new int[] {0x88cc, 0x8863, 0x8864, 0x88f7, 0x9000}) {
            assertEquals(Reason.PANIC, bench.in(Frame.ethernet("020000000001", type, new byte[46])));
        }
        policy = policy("pass-through: []", RULES);
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(Reason.PANIC, bench.in(ARP));
    }

    @Test
    void aFlowPassesIfAFailsafeRuleAdmitsItNowOrDidThen() {
        bench.install(policy("", "security-groups: {web: {ingress: [{protocol: tcp, from: any}]}}\n"));
        connect(22);
        policy = policy(PASS, RULES);
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(Reason.NONE, bench.in(request(22)), "a failsafe rule would admit it now");
        assertEquals(Reason.NONE, bench.in(Frame.tcp(A, 3, B, 22, TcpFlags.SYN).numbers(1, 0)));
        policy = policy("", "security-groups: {web: {ingress: []}}\n");
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(
                Reason.NONE,
                bench.out(Frame.tcp(B, 22, A, 3, TcpFlags.SYN | TcpFlags.ACK).numbers(1, 2)),
                "a failsafe rule admitted it then");
        assertEquals(Reason.PANIC, bench.in(request(22)), "neither");
    }

    @Test
    void failsafeFlowsPassWhateverTheNetworkAclDenies() {
        policy = policy(
                "network-acl: edge",
                RULES + "network-acls: {edge: {ingress: [{rule: 7, action: deny, protocol: all, from: 0.0.0.0/0}]}}\n");
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(Reason.NONE, bench.in(toServer(22, TcpFlags.SYN, 1000, 0)));
        assertEquals(Reason.PANIC, bench.in(toServer(80, TcpFlags.SYN, 1000, 0)));
        enforce(Enforcement.RULES);
        assertEquals(Reason.ACL_DENY, bench.in(toServer(80, TcpFlags.SYN, 1000, 0)));
    }

    /** A SYN of this host within an adopted connection, of which nobody knows who opened it. */
    @Test
    void aSynThatNoFailsafeRuleAdmitsStartsNoFlowInAFailsafeOne() {
        Address outside = Address.parse(A);
        Address inside = Address.parse(B);
        bench.adopt(
                new Adopted(false, 0, outside.low(), 40_000, 0, inside.low(), 22, Direction.INGRESS, 7, 7),
                new Adopted(false, 0, outside.low(), 40_000, 0, inside.low(), 80, Direction.INGRESS, 7, 7));
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(Reason.NONE, bench.in(request(22)), "a failsafe rule would admit it");
        assertEquals(Reason.PANIC, bench.in(request(80)));
        assertEquals(Reason.PANIC, bench.out(toClient(22, TcpFlags.SYN, 50_000, 0)));
        enforce(Enforcement.RULES);
        assertEquals(Reason.NONE, bench.out(toClient(22, TcpFlags.SYN, 50_000, 0)));
    }

    @Test
    void aDatagramWhoseFirstFragmentPassedBeforeDoesNotGoOn() {
        Frame first = Frame.udp(A, 1, B, 53).payload(16).fragment(0, true);
        Frame last = Frame.udp(A, 1, B, 53).payload(16).fragment(24, false);
        assertEquals(Reason.NONE, bench.in(first));
        enforce(Enforcement.FAILSAFE_ONLY);
        assertTrue(bench.holds(last, Direction.INGRESS));
        bench.sleepSeconds(100);
        bench.expire();
        assertEquals(List.of(), bench.released(Direction.INGRESS));
        assertEquals(Reason.PANIC, bench.in(first));
    }

    @Test
    void heldFragmentsAreDroppedAndCounted() {
        assertTrue(bench.holds(Frame.udp(A, 1, B, 53).payload(16).fragment(24, false), Direction.INGRESS));
        enforce(Enforcement.FAILSAFE_ONLY);
        assertEquals(List.of(), bench.released(Direction.INGRESS));
        assertEquals(1, bench.dropped(Direction.INGRESS, Reason.PANIC));
        assertEquals(0, bench.engine().counters().total(Counters.Total.FRAGMENTS_HELD));
    }

    @Test
    void everyFramePassesUnderBypassAndTheOnesRefusedAreCountedAsUnderAudit() {
        enforce(Enforcement.BYPASS);
        for (Direction direction : Direction.values()) {
            for (byte[] frame : everyKind()) {
                bench.decide(List.of(frame), direction);
                assertFalse(bench.decide(List.of(frame), direction).isHeld(0));
                assertTrue(bench.decide(List.of(frame), direction).isAccepted(0));
            }
            assertEquals(List.of(), bench.released(direction), "nothing passes twice");
        }
        assertEquals(0, bench.dropped(Direction.INGRESS, Reason.MALFORMED_L2));
        assertTrue(bench.engine().counters().auditedPackets(Direction.INGRESS, Reason.MALFORMED_L2) > 0);
    }

    @Test
    void aConnectionFromBeforeTheBypassGoesOnAndOneThatNoRuleAdmitsEndsWithIt() {
        connect(80);
        enforce(Enforcement.BYPASS);
        assertEquals(Reason.NONE, bench.in(request(80)));
        bench.in(toServer(81, TcpFlags.SYN, 1000, 0));
        bench.out(toClient(81, TcpFlags.SYN | TcpFlags.ACK, 9000, 1001));
        bench.in(request(81));
        enforce(Enforcement.RULES);
        assertEquals(
                Reason.NONE, bench.in(toServer(80, TcpFlags.ACK, 1011, 9001).payload(10)));
        assertEquals(
                Reason.TCP_NO_SYN,
                bench.in(toServer(81, TcpFlags.ACK, 1011, 9001).payload(10)));
        assertEquals(Reason.NO_RULE, bench.in(toServer(81, TcpFlags.SYN, 5000, 0)));
    }

    @Test
    void aPolicySharesItsCompiledParts() {
        Policy panic = policy.under(Enforcement.PANIC);
        assertTrue(panic.ingress() == policy.ingress() && panic.egress() == policy.egress());
        assertTrue(policy.under(Enforcement.RULES) == policy);
        assertFalse(panic.under(Enforcement.RULES).audits());
        assertTrue(panic.under(Enforcement.BYPASS).audits());
    }

    /** Two engines get the same frames at the same times; one of them is in panic for a while, and gets more frames in it. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void afterwardsVerdictsAreAsIfPanicHadNeverBeen(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        EngineBench other = bench(PASS, RULES);
        int compared = 0;
        int passed = 0;
        for (int turn = 0; turn < 400; turn++) {
            if (random.nextInt(20) == 0) {
                enforce(Enforcement.PANIC);
                for (int i = random.nextInt(10); i > 0; i--) {
                    assertEquals(
                            Reason.PANIC,
                            bench.decide(frame(random), random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS));
                }
                enforce(Enforcement.RULES);
            }
            boolean inward = random.nextBoolean();
            byte[] frame = frame(random);
            Direction way = inward ? Direction.INGRESS : Direction.EGRESS;
            List<Boolean> outcome = new ArrayList<>();
            for (EngineBench each : List.of(bench, other)) {
                outcome.add(each.decide(List.of(frame), way).isHeld(0));
            }
            assertEquals(outcome.getFirst(), outcome.getLast());
            Reason reason = bench.decide(frame, way);
            assertEquals(other.decide(frame, way), reason);
            assertEquals(other.released(way).size(), bench.released(way).size());
            compared++;
            passed += reason == Reason.NONE ? 1 : 0;
        }
        assertEquals(400, compared);
        assertTrue(passed > 20, passed + " passed");
    }

    private static byte[] frame(SplittableRandom random) {
        boolean toServer = random.nextBoolean();
        int port = random.nextBoolean() ? 80 : 22;
        int client = 1 + random.nextInt(3);
        int flags = new int[] {
                    TcpFlags.SYN,
                    TcpFlags.SYN | TcpFlags.ACK,
                    TcpFlags.ACK,
                    TcpFlags.ACK,
                    TcpFlags.RST,
                    TcpFlags.FIN | TcpFlags.ACK
                }
                [random.nextInt(6)];
        int step = random.nextInt(3);
        return switch (random.nextInt(8)) {
            case 0 ->
                toServer
                        ? Frame.udp(A, client, B, 53).bytes()
                        : Frame.udp(B, 53, A, client).bytes();
            case 1 ->
                Frame.udp(A, 9, B, 53)
                        .datagramId(random.nextInt(3))
                        .payload(16)
                        .fragment(random.nextBoolean() ? 0 : 24, random.nextBoolean())
                        .bytes();
            default ->
                toServer
                        ? Frame.tcp(A, client, B, port, flags)
                                .numbers(1000 + step, 9000 + step)
                                .bytes()
                        : Frame.tcp(B, port, A, client, flags)
                                .numbers(9000 + step, 1000 + step)
                                .bytes();
        };
    }
}
