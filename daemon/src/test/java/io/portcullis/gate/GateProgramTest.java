package io.portcullis.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.PacketMark;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.intercept.Gate;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.FilterMachine;
import io.portcullis.testing.Frame;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the gate's programs, run here, with an engine that has only failsafe rules. */
final class GateProgramTest {
    private static final PacketMark MARK = new PacketMark(0x100, 0x100);
    private static final String FILE = "security-groups: {web: {ingress: [], egress: []}}\nfailsafe: ";
    private static final String SSH =
            "{ingress: [{protocol: tcp, ports: 22, from: [192.0.2.0/24, '2001:db8::/32']}], egress: []}";
    private static final String OWN = "10.0.0.1";
    private static final String PEER = "192.0.2.7";
    private static final int FRAMES = 20_000;
    private static final int POLICIES = 25;
    private static final int LLC = 4;
    private static final long NOW = 1;

    private static Policy policy(String failsafe) throws ConfigException {
        return EngineBench.policy("", FILE + failsafe + "\n", 1);
    }

    /** A gate, and the engine beside it. */
    private static final class Pair {
        private final Engine engine;
        private final FilterMachine ingress;
        private final FilterMachine egress;

        Pair(Policy policy) {
            engine = Engine.alone(policy, NOW);
            GateFilters compiled = GateFilters.of(policy, MARK);
            assertTrue(compiled.complete());
            Gate.Filters filters = compiled.filters();
            ingress = new FilterMachine(filters.ingress());
            egress = new FilterMachine(filters.egress());
        }

        /** As the kernel runs it: the outer tag is removed and is in the metadata. */
        boolean gate(byte[] frame, Direction direction) {
            byte[] seen = frame;
            int type = ByteBuffer.wrap(frame).getShort(12) & 0xffff;
            if ((type == 0x8100 || type == 0x88a8) && frame.length >= 18) {
                seen = new byte[frame.length - 4];
                System.arraycopy(frame, 0, seen, 0, 12);
                System.arraycopy(frame, 16, seen, 12, seen.length - 12);
                type = ByteBuffer.wrap(seen).getShort(12) & 0xffff;
            }
            int result = (direction == Direction.INGRESS ? ingress : egress).run(seen, 0, type < 0x600 ? LLC : type, 0);
            assertTrue(
                    result == GateCode.PASS || result == GateCode.DROP,
                    () -> result + " for " + HexFormat.of().formatHex(frame));
            return result == GateCode.PASS;
        }

        boolean engine(byte[] frame, Direction direction) {
            return engine.explain(frame, direction, NOW).reason() == Reason.NONE;
        }
    }

    private static boolean gate(Pair pair, Frame frame, boolean inward) {
        return pair.gate(frame.bytes(), inward ? Direction.INGRESS : Direction.EGRESS);
    }

    @Test
    void sshComesInAndItsRepliesLeave() throws ConfigException {
        Pair pair = new Pair(policy(SSH));
        assertTrue(gate(pair, Frame.tcp(PEER, 5_000, OWN, 22, TcpFlags.SYN), true));
        assertTrue(gate(pair, Frame.tcp(PEER, 5_000, OWN, 22, TcpFlags.ACK).payload(100), true));
        assertTrue(gate(pair, Frame.tcp(OWN, 22, PEER, 5_000, TcpFlags.SYN | TcpFlags.ACK), false));
        assertFalse(gate(pair, Frame.tcp(OWN, 22, PEER, 5_000, TcpFlags.SYN), false), "a new connection from port 22");
        assertFalse(gate(pair, Frame.tcp(PEER, 22, OWN, 5_000, TcpFlags.ACK), true), "the way of the reply, inwards");
        assertFalse(gate(pair, Frame.tcp(PEER, 5_000, OWN, 80, TcpFlags.SYN), true));
        assertFalse(gate(pair, Frame.tcp("192.0.3.7", 5_000, OWN, 22, TcpFlags.SYN), true));
        assertFalse(gate(pair, Frame.icmp(PEER, OWN, 8, 0, 1), true), "ping");
        assertTrue(gate(pair, Frame.tcp("2001:db8::7", 5_000, "fd00::1", 22, TcpFlags.SYN), true));
        assertFalse(gate(pair, Frame.tcp("2001:db9::7", 5_000, "fd00::1", 22, TcpFlags.SYN), true));
    }

    @Test
    void optionsTagsAndExtensionHeadersAreSkipped() throws ConfigException {
        Pair pair = new Pair(policy(SSH));
        assertTrue(gate(pair, Frame.tcp(PEER, 5_000, OWN, 22, TcpFlags.SYN).ipOptions("94040000"), true));
        assertFalse(gate(pair, Frame.tcp(PEER, 5_000, OWN, 23, TcpFlags.SYN).ipOptions("94040000"), true));
        assertTrue(gate(pair, Frame.tcp(PEER, 5_000, OWN, 22, TcpFlags.SYN).vlan(7), true));
        assertTrue(
                gate(pair, Frame.tcp(PEER, 5_000, OWN, 22, TcpFlags.SYN).vlan(7).vlan(8), true));
        assertFalse(
                gate(pair, Frame.tcp(PEER, 5_000, OWN, 80, TcpFlags.SYN).vlan(7).vlan(8), true));
        for (int port : new int[] {22, 23}) {
            Frame frame = Frame.tcp("2001:db8::7", 5_000, "fd00::1", port, TcpFlags.SYN);
            for (int headers = 1; headers <= 6; headers++) {
                frame.extension(IpProtocol.DESTINATION_OPTIONS, 8 * headers);
                assertEquals(port == 22 && headers <= 4, gate(pair, frame, true), headers + " extension headers");
            }
        }
    }

    @Test
    void laterFragmentsPassWhereARuleHasTheirAddress() throws ConfigException {
        Pair pair = new Pair(policy(SSH));
        for (String peer : List.of(PEER, "192.0.3.7")) {
            assertEquals(
                    peer.equals(PEER),
                    gate(pair, Frame.udp(peer, 5_000, OWN, 53).fragment(64, true), true),
                    peer);
            assertFalse(gate(pair, Frame.udp(peer, 5_000, OWN, 53).fragment(0, true), true), peer);
        }
        Frame v6 = Frame.tcp("2001:db8::7", 5_000, "fd00::1", 99, TcpFlags.SYN).fragmentHeader(64, false);
        assertTrue(gate(pair, v6, true));
        assertFalse(gate(
                pair, Frame.tcp("2001:db9::7", 1, "fd00::1", 22, TcpFlags.SYN).fragmentHeader(64, false), true));
        assertTrue(gate(
                pair, Frame.tcp("2001:db8::7", 1, "fd00::1", 22, TcpFlags.SYN).fragmentHeader(0, true), true));
        assertFalse(gate(
                pair, Frame.tcp("2001:db8::7", 1, "fd00::1", 23, TcpFlags.SYN).fragmentHeader(0, true), true));
    }

    @Test
    void errorsPassWhereTheyQuoteAPacketOfAnAdmittedAddress() throws ConfigException {
        Pair pair = new Pair(policy(SSH));
        for (String peer : List.of(PEER, "192.0.3.7")) {
            byte[] quote = Frame.tcp(OWN, 22, peer, 5_000, TcpFlags.ACK).ip();
            Frame tooBig = Frame.icmp("198.51.100.1", OWN, 3, 4, 0).payload(quote);
            assertEquals(peer.equals(PEER), gate(pair, tooBig, true), peer);
            assertFalse(gate(pair, tooBig, false), "that quote did not come in");
            byte[] arrived = Frame.tcp(peer, 5_000, OWN, 22, TcpFlags.ACK).ip();
            assertEquals(
                    peer.equals(PEER), gate(pair, Frame.icmp(OWN, peer, 3, 3, 0).payload(arrived), false), peer);
        }
        byte[] quote =
                Frame.tcp("fd00::1", 22, "2001:db8::7", 5_000, TcpFlags.ACK).ip();
        assertTrue(gate(pair, Frame.icmp("2001:db9::1", "fd00::1", 2, 0, 0).payload(quote), true));
        assertFalse(gate(pair, Frame.icmp("2001:db9::1", "fd00::1", 2, 0, 0).payload(20), true), "a cut quote");
    }

    @Test
    void noRuleMeansLinkTrafficOnly() throws ConfigException {
        Pair pair = new Pair(policy("{}"));
        assertTrue(pair.gate(Frame.ethernet("ffffffffffff", 0x0806, new byte[46]), Direction.INGRESS));
        assertTrue(gate(pair, Frame.udp("0.0.0.0", 68, "255.255.255.255", 67), false));
        assertTrue(gate(pair, Frame.udp("10.0.0.9", 67, OWN, 68), true));
        assertFalse(gate(pair, Frame.udp("10.0.0.9", 68, OWN, 67), true), "a client outside");
        assertFalse(gate(pair, Frame.tcp(PEER, 1, OWN, 22, TcpFlags.SYN), true));
        assertFalse(pair.gate(Frame.ethernet("ffffffffffff", 0x88cc, new byte[46]), Direction.INGRESS));
    }

    @Test
    void tooManyRulesCloseTheInterface() throws ConfigException {
        String blocks = IntStream.range(0, 3_000)
                .mapToObj(i -> "10." + i / 256 + "." + i % 256 + ".0/24")
                .collect(Collectors.joining(", "));
        GateFilters compiled =
                GateFilters.of(policy("{ingress: [{protocol: tcp, ports: 22, from: [" + blocks + "]}]}"), MARK);
        assertFalse(compiled.complete());
        assertTrue(compiled.filters().isSame(GateFilters.SHUT));
        String fits = IntStream.range(0, 700)
                .mapToObj(i -> "10." + i / 256 + "." + i % 256 + ".0/24")
                .collect(Collectors.joining(", "));
        Pair pair = new Pair(policy("{ingress: [{protocol: tcp, ports: 22, from: [" + fits + "]}]}"));
        assertTrue(gate(pair, Frame.tcp("10.2.187.7", 1, OWN, 22, TcpFlags.SYN), true));
        assertFalse(gate(pair, Frame.tcp("10.2.188.7", 1, OWN, 22, TcpFlags.SYN), true));
    }

    /** A packet in both of its meanings: the first of a connection, and a reply. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Packet(byte[] sent, byte[] first, byte[] answered) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    @Tag("property")
    void programAndEngineAgree(long seed) throws ConfigException {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Integer> seen = new TreeMap<>();
        for (int i = 0; i < POLICIES; i++) {
            String rules = rules(random);
            Pair pair = new Pair(policy(rules));
            for (int n = 0; n < FRAMES / POLICIES; n++) {
                boolean inward = random.nextBoolean();
                Packet packet = packet(random, inward);
                Direction there = inward ? Direction.INGRESS : Direction.EGRESS;
                Direction back = inward ? Direction.EGRESS : Direction.INGRESS;
                boolean opens = pair.engine(packet.first(), there);
                boolean answers = packet.answered().length > 0 && pair.engine(packet.answered(), back);
                String what = "seed " + seed + " " + there + " " + rules + " "
                        + HexFormat.of().formatHex(packet.sent()) + " opens " + opens + ", answers " + answers;
                assertEquals(opens || answers, pair.gate(packet.sent(), there), what);
                seen.merge(opens ? "opens" : answers ? "answers" : "neither", 1, Integer::sum);
            }
        }
        assertEquals(3, seen.size(), seen::toString);
        seen.forEach((kind, count) -> assertTrue(count > FRAMES / 100, seen::toString));
    }

    /** Any bytes of any length end with a verdict: a return value of 0 would mean pass. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    @Tag("property")
    void cutAndDamagedFramesGetAVerdict(long seed) throws ConfigException {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < POLICIES; i++) {
            Pair pair = new Pair(policy(rules(random)));
            for (int n = 0; n < FRAMES / POLICIES; n++) {
                boolean inward = random.nextBoolean();
                byte[] frame = packet(random, inward).sent();
                for (int damaged = random.nextInt(4); damaged > 0; damaged--) {
                    int at = random.nextInt(14, Math.min(frame.length, 60));
                    frame[at] = (byte) random.nextInt(256);
                }
                byte[] cut = Arrays.copyOf(frame, random.nextInt(14, frame.length + 1));
                pair.gate(cut, inward ? Direction.INGRESS : Direction.EGRESS);
            }
        }
    }

    private static String rules(SplittableRandom random) {
        return "{ingress: [" + list(random, "from") + "], egress: [" + list(random, "to") + "]}";
    }

    private static String list(SplittableRandom random, String peers) {
        return IntStream.range(0, random.nextInt(4))
                .mapToObj(_ -> {
                    String rule = rule(random);
                    return "{" + rule + ", " + peers + ": [" + blocks(random, rule) + "]}";
                })
                .collect(Collectors.joining(", "));
    }

    private static String rule(SplittableRandom random) {
        return switch (random.nextInt(8)) {
            case 0 -> "protocol: all";
            case 1 -> "protocol: icmp, type: 8";
            case 2 -> "protocol: icmpv6";
            case 3 -> "protocol: udp, ports: [10-20, 40]";
            case 4 -> "protocol: sctp";
            case 5 -> "protocol: 47";
            case 6 -> "protocol: tcp, ports: " + random.nextInt(20) + "-" + random.nextInt(20, 60);
            default -> "protocol: tcp";
        };
    }

    /** Blocks that nest and overlap, of the families that the protocol has. */
    private static String blocks(SplittableRandom random, String rule) {
        if (random.nextInt(5) == 0) {
            return "any";
        }
        int length = random.nextInt(25, 33);
        int v4 = random.nextInt(256) & -1 << (32 - length);
        int bits = random.nextInt(110, 129);
        int v6 = random.nextInt(0x1000) & -1 << (128 - bits);
        String ofV4 = "192.0.2." + v4 + "/" + length + ", 192.0.2.64/27";
        String ofV6 = "'2001:db8::" + (bits > 111 ? random.nextInt(2) : 0) + ":" + Integer.toHexString(v6) + "/" + bits
                + "', '2001:db8::1:0/116'";
        return rule.contains("icmpv6") ? ofV6 : rule.contains("icmp") ? ofV4 : ofV4 + ", " + ofV6;
    }

    private static String address(SplittableRandom random, boolean v6) {
        return v6
                ? "2001:db8::" + random.nextInt(2) + ":" + Integer.toHexString(1 + random.nextInt(0xfff))
                : "192.0.2." + random.nextInt(2, 250);
    }

    private static Packet packet(SplittableRandom random, boolean inward) {
        boolean v6 = random.nextBoolean();
        String own = v6 ? "fd00::1" : OWN;
        String peer = address(random, v6);
        String from = inward ? peer : own;
        String to = inward ? own : peer;
        int source = random.nextInt(60);
        int destination = random.nextInt(60);
        return switch (random.nextInt(6)) {
            case 0 -> {
                byte[] first = Frame.udp(from, source, to, destination).bytes();
                yield new Packet(
                        first, first, Frame.udp(to, destination, from, source).bytes());
            }
            case 1 -> {
                byte[] first = Frame.sctp(from, source, to, destination).bytes();
                yield new Packet(
                        first, first, Frame.sctp(to, destination, from, source).bytes());
            }
            case 2 -> icmp(random, v6, from, to);
            case 3 -> {
                byte[] first = Frame.ip(47, from, to).payload(20).bytes();
                yield new Packet(
                        first, first, Frame.ip(47, to, from).payload(20).bytes());
            }
            case 4 -> {
                byte[] first =
                        Frame.tcp(from, source, to, destination, TcpFlags.SYN).bytes();
                yield new Packet(first, first, new byte[0]);
            }
            default ->
                new Packet(
                        Frame.tcp(from, source, to, destination, TcpFlags.ACK)
                                .payload(random.nextInt(40))
                                .bytes(),
                        Frame.tcp(from, source, to, destination, TcpFlags.SYN).bytes(),
                        Frame.tcp(to, destination, from, source, TcpFlags.SYN).bytes());
        };
    }

    private static Packet icmp(SplittableRandom random, boolean v6, String from, String to) {
        int[] types = v6 ? new int[] {128, 129, 200} : new int[] {8, 0, 13, 14, 5, 9};
        int type = types[random.nextInt(types.length)];
        byte[] first = Frame.icmp(from, to, type, 0, 7).payload(20).bytes();
        int request = Icmp.requestOf(v6, type);
        return new Packet(
                first,
                first,
                request == Icmp.NONE
                        ? new byte[0]
                        : Frame.icmp(to, from, request, 0, 7).payload(20).bytes());
    }
}
