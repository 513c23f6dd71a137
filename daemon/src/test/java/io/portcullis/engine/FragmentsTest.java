package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine's verdicts on fragments, at every limit of security-groups.md section 5. */
final class FragmentsTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String A6 = "2001:db8:9::7";
    private static final String B6 = "2001:db8:1::1";
    private static final String DNS = "security-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}]}}\n";
    private static final String OPEN = "security-groups: {web: {ingress: [{protocol: all, from: any}]}}\n";
    private static final int DENIED = 54;

    private final EngineBench bench;

    FragmentsTest() throws ConfigException {
        bench = new EngineBench(DNS);
    }

    private static Frame first(int id, int length) {
        return first(false, id, 53, length);
    }

    private static Frame first(boolean v6, int id, int port, int length) {
        return Frame.udp(v6 ? A6 : A, 1, v6 ? B6 : B, port)
                .datagramId(id)
                .payload(length - 8)
                .fragment(0, true);
    }

    private static Frame next(int id, int offset, int length, boolean more) {
        return next(false, id, offset, length, more);
    }

    private static Frame next(boolean v6, int id, int offset, int length, boolean more) {
        return Frame.udp(v6 ? A6 : A, 1, v6 ? B6 : B, 53)
                .datagramId(id)
                .payload(length)
                .fragment(offset, more);
    }

    private void holds(Frame frame) {
        assertTrue(bench.holds(frame, Direction.INGRESS), "is not held");
    }

    private static void assertFrames(List<Frame> expected, List<byte[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < actual.size(); i++) {
            assertArrayEquals(expected.get(i).bytes(), actual.get(i), "frame " + i);
        }
    }

    private long total(Counters.Total total) {
        return bench.engine().counters().total(total);
    }

    private void assertNothingIsKept() {
        assertEquals(0, total(Counters.Total.FRAGMENTED_DATAGRAMS));
        assertEquals(0, total(Counters.Total.FRAGMENTS_HELD));
        assertEquals(0, total(Counters.Total.FRAGMENTS_HELD_BYTES));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fragmentsBeforeTheFirstFollowItInTheOrderOfTheirArrival(boolean v6) {
        List<Frame> early = List.of(
                next(v6, 1, 400, 200, true),
                next(v6, 1, 1400, 33, false),
                next(v6, 1, 600, 800, true).padding(5));
        early.forEach(this::holds);
        assertEquals(0, bench.released(Direction.INGRESS).size());
        assertEquals(3, total(Counters.Total.FRAGMENTS_HELD));
        assertEquals(
                early.stream().mapToLong(frame -> frame.bytes().length).sum(),
                total(Counters.Total.FRAGMENTS_HELD_BYTES));
        assertEquals(0, bench.engine().counters().packets(Direction.INGRESS, Reason.NONE), "not decided about yet");
        assertEquals(Reason.NONE, bench.in(first(v6, 1, 53, 400)));
        assertFrames(early, bench.released(Direction.INGRESS));
        assertEquals(4, bench.engine().counters().packets(Direction.INGRESS, Reason.NONE));
        assertNothingIsKept();
    }

    @Test
    void fragmentsBeforeARefusedFirstAreDroppedAndReported() {
        holds(next(1, 400, 200, true));
        holds(next(1, 600, 200, true));
        assertEquals(Reason.NO_RULE, bench.in(first(false, 1, DENIED, 400)));
        assertEquals(0, bench.released(Direction.INGRESS).size());
        assertEquals(3, bench.dropped(Direction.INGRESS, Reason.NO_RULE));
        assertEquals(
                bench.engine().counters().bytes(Direction.INGRESS, Reason.NO_RULE),
                3 * 34 + 400 + 200 + 200,
                "their bytes");
        assertEquals(0, total(Counters.Total.FRAGMENTS_HELD));
        DropSamples.Taken told = bench.engine().dropSamples().take(1);
        assertEquals(3, told.drops().getFirst().count() + told.others());
        assertEquals(Reason.NO_RULE, bench.in(next(1, 800, 8, false)));
        assertNothingIsKept();
    }

    @Test
    void repliesMayBeFragmentedToo() {
        assertEquals(Reason.NONE, bench.in(Frame.udp(A, 1, B, 53)));
        Frame later = Frame.udp(B, 53, A, 1).datagramId(9).payload(100).fragment(16, false);
        assertTrue(bench.holds(later, Direction.EGRESS));
        assertEquals(
                Reason.NONE,
                bench.out(Frame.udp(B, 53, A, 1).datagramId(9).payload(8).fragment(0, true)));
        assertEquals(0, bench.released(Direction.INGRESS).size());
        assertFrames(List.of(later), bench.released(Direction.EGRESS));
        assertNothingIsKept();
    }

    /** Each differs from the datagram that passes in one part of the key. */
    @Test
    void datagramsAreDistinguished() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        assertEquals(Reason.NONE, open.in(first(1, 400)));
        assertFalse(open.holds(next(1, 400, 8, true), Direction.INGRESS), "the same");
        List<Frame> others = List.of(
                next(2, 400, 8, true),
                Frame.udp("198.51.100.8", 1, B, 53).datagramId(1).payload(8).fragment(400, true),
                Frame.udp(A, 1, "10.0.0.2", 53).datagramId(1).payload(8).fragment(400, true),
                Frame.sctp(A, 1, B, 53).datagramId(1).payload(8).fragment(400, true),
                next(1, 400, 8, true).vlan(5),
                next(true, 1, 400, 8, true));
        for (int i = 0; i < others.size(); i++) {
            assertTrue(open.holds(others.get(i), Direction.INGRESS), "frame " + i);
        }
        assertTrue(open.holds(next(1, 400, 8, true), Direction.EGRESS), "the other direction");
        assertFalse(open.holds(next(1, 408, 8, true).vlan(0), Direction.INGRESS), "a priority tag is none");
        assertEquals(1 + others.size() + 1, open.engine().counters().total(Counters.Total.FRAGMENTED_DATAGRAMS));
    }

    /** An IPv4 address and the IPv6 address that is the same number. */
    @Test
    void familiesAreDistinguished() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        assertEquals(Reason.NONE, open.in(first(1, 400)));
        Frame other = Frame.udp("::c633:6407", 1, "::a00:1", 53)
                .datagramId(1)
                .payload(8)
                .fragment(400, true);
        assertTrue(open.holds(other, Direction.INGRESS));
    }

    @Test
    void anIpv6DatagramIsIdentifiedByItsFragmentHeader() throws ConfigException {
        Frame first = Frame.udp(A6, 1, B6, 53)
                .fragment(0, true)
                .extension(IpProtocol.DESTINATION_OPTIONS, 8)
                .payload(16);
        assertEquals(Reason.NONE, bench.in(first));
        Frame later =
                Frame.ip(IpProtocol.DESTINATION_OPTIONS, A6, B6).payload(8).fragment(32, false);
        assertEquals(Reason.NONE, bench.in(later));
        assertNothingIsKept();
    }

    @ParameterizedTest
    @CsvSource({
        "16, 16, true, FRAGMENT_OVERLAP, lies within what has been seen",
        "0, 24, true, FRAGMENT_OVERLAP, another first one",
        "32, 16, true, FRAGMENT_OVERLAP, begins within it",
        "8, 24, true, FRAGMENT_OVERLAP, begins before what came later and ends where it does",
        "32, 9, false, FRAGMENT_OVERLAP, its first byte",
        "72, 9, false, FRAGMENT_OVERLAP, its last byte",
        "80, 8, true, NONE, ends where the next begins",
        "88, 25, false, FRAGMENT_OVERLAP, it all and more",
        "104, 8, true, NONE, begins where the last ends",
    })
    void aByteSeenTwiceCondemnsTheDatagram(int offset, int length, boolean more, Reason expected, String what) {
        bench.in(first(1, 40));
        bench.in(next(1, 56, 24, true));
        bench.in(next(1, 88, 16, true));
        Frame frame = offset == 0 ? first(1, length) : next(1, offset, length, more);
        assertEquals(expected, bench.in(frame), what);
        assertEquals(expected, bench.in(next(1, 4000, 8, true)), "what comes after: " + what);
    }

    /** Only a last fragment has a length that eight does not divide. */
    @Test
    void oneByteIsEnoughOnEitherSide() {
        bench.in(first(1, 16));
        bench.in(next(1, 24, 9, false));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 32, 8, true)), "the last one's last byte");
        bench.in(first(2, 16));
        bench.in(next(2, 24, 8, true));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(2, 16, 9, false)), "a later one's first byte");
        bench.in(first(3, 16));
        bench.in(next(3, 24, 8, true));
        assertEquals(Reason.NONE, bench.in(next(3, 32, 1, false)));
        assertEquals(Reason.NONE, bench.in(next(3, 16, 8, true)));
        assertEquals(2, total(Counters.Total.FRAGMENTED_DATAGRAMS), "those that are condemned");
    }

    @ParameterizedTest
    @CsvSource({
        "408, 8, true, data past the end",
        "400, 8, true, data right after the end",
        "480, 3, false, another end behind it",
        "64, 8, false, another end before it",
    })
    void theEndIsSetOnce(int offset, int length, boolean more, String what) {
        bench.in(first(1, 16));
        bench.in(next(1, 320, 80, false));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, offset, length, more)), what);
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 16, 8, true)), "condemned");
    }

    @Test
    void anEndBeforeAnEarlierFragmentCondemns() {
        bench.in(first(1, 16));
        bench.in(next(1, 320, 80, true));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 64, 80, false)));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 16, 8, true)));
    }

    @Test
    void anExactRepeatIsDroppedAlone() {
        holds(next(1, 40, 8, true));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 40, 8, true)), "of one that waits");
        bench.in(first(1, 40));
        assertEquals(1, bench.released(Direction.INGRESS).size());
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(first(1, 40)));
        assertEquals(Reason.NONE, bench.in(next(1, 56, 9, false)));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 56, 9, false)));
        assertEquals(Reason.NONE, bench.in(next(1, 48, 8, true)), "not condemned");
        assertNothingIsKept();
    }

    @Test
    void aRepeatWithAnotherMoreFlagIsNoRepeat() {
        bench.in(first(1, 40));
        bench.in(next(1, 48, 8, false));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 48, 8, true)));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 40, 8, true)), "condemned");
        holds(next(2, 40, 8, true));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(2, 40, 8, false)));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(first(2, 40)), "condemned");
    }

    @Test
    void theSixtyFifthFragmentCondemns() {
        bench.in(first(1, 16));
        for (int i = 2; i <= 64; i++) {
            assertEquals(Reason.NONE, bench.in(next(1, 16 * i, 8, true)), "fragment " + i);
            assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 16 * i, 8, true)), "a repeat is not counted");
        }
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(next(1, 16, 8, true)));
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(next(1, 16 * 65, 8, true)));
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(next(1, 16 * 64, 8, true)), "a repeat of what passed, too");
    }

    @Test
    void sixtyFourHeldFragmentsLeaveNoPlaceForTheFirst() {
        for (int i = 1; i <= 64; i++) {
            holds(next(1, 16 * i, 8, true));
        }
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(first(1, 16)));
        assertEquals(0, bench.released(Direction.INGRESS).size());
        assertEquals(65, bench.dropped(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(0, total(Counters.Total.FRAGMENTS_HELD));
    }

    @Test
    void anOverlapIsNamedBeforeTheLimit() {
        bench.in(first(1, 16));
        for (int i = 2; i <= 64; i++) {
            bench.in(next(1, 16 * i, 8, true));
        }
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 16 * 64, 16, true)));
    }

    @Test
    void aSixtyFourthThatCompletesIsNoneTooMany() {
        bench.in(first(1, 16));
        for (int i = 2; i <= 63; i++) {
            bench.in(next(1, 8 * i, 8, true));
        }
        assertEquals(Reason.NONE, bench.in(next(1, 8 * 64, 1, false)));
        assertNothingIsKept();
    }

    @Test
    void tinyFragmentsCondemn() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        Frame cut = Frame.ip(IpProtocol.TCP, A, B).payload(16).fragment(0, true);
        assertTrue(open.holds(Frame.ip(IpProtocol.TCP, A, B).payload(8).fragment(24, true), Direction.INGRESS));
        assertEquals(Reason.FRAGMENT_TINY, open.in(cut));
        assertEquals(0, open.released(Direction.INGRESS).size());
        assertEquals(2, open.dropped(Direction.INGRESS, Reason.FRAGMENT_TINY), "what waited, too");
        assertEquals(
                Reason.FRAGMENT_TINY,
                open.in(Frame.ip(IpProtocol.TCP, A, B).payload(8).fragment(32, false)));
        Frame syn =
                Frame.tcp(A, 1, B, 80, TcpFlags.SYN).datagramId(8).payload(4).fragment(0, true);
        assertEquals(Reason.NONE, open.in(syn));
        Frame within =
                Frame.tcp(A, 1, B, 80, TcpFlags.SYN).datagramId(8).payload(8).fragment(16, true);
        assertEquals(Reason.FRAGMENT_TINY, open.in(within), "though it overlaps as well");
        Frame after =
                Frame.tcp(A, 1, B, 80, TcpFlags.SYN).datagramId(8).payload(8).fragment(24, false);
        assertEquals(Reason.FRAGMENT_TINY, open.in(after));
    }

    @ParameterizedTest
    @CsvSource({"6, 16, 24", "132, 8, 16", "58, 0, 8", "47, 0, 8"})
    void theFirstFragmentHoldsTheWholeHeaderOfItsProtocol(int protocol, int within, int after) throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        if (within > 0) {
            Frame tiny = Frame.ip(protocol, A6, B6).payload(8).fragment(within, true);
            assertEquals(Reason.FRAGMENT_TINY, open.in(tiny));
        }
        Frame later = Frame.ip(protocol, A6, B6).datagramId(8).payload(8).fragment(after, true);
        assertTrue(open.holds(later, Direction.INGRESS));
    }

    @Test
    void anAtomicFragmentIsAPacketLikeAnyOther() {
        Frame atomic = Frame.udp(A6, 1, B6, 53).payload(8).fragment(0, false);
        assertEquals(Reason.NONE, bench.in(atomic));
        assertEquals(Reason.NONE, bench.in(atomic));
        assertEquals(
                Reason.BAD_CHECKSUM,
                bench.in(Frame.udp(A6, 1, B6, 53).payload(8).fragment(0, false).wrongChecksum(0x101)));
        assertNothingIsKept();
    }

    @Test
    void aDatagramThatHasBeenSeenIsForgotten() {
        bench.in(first(1, 16));
        bench.in(next(1, 16, 8, false));
        assertNothingIsKept();
        holds(next(1, 16, 8, false));
        assertEquals(Reason.NO_RULE, bench.in(first(false, 1, DENIED, 16)), "a new one is decided about anew");
        bench.released(Direction.INGRESS);
        assertNothingIsKept();
    }

    @Test
    void aDatagramIsRememberedFromItsFirstArrivalOnAndNotRenewed() {
        bench.in(first(1, 16));
        bench.sleepSeconds(29);
        assertEquals(Reason.NONE, bench.in(next(1, 24, 8, true)));
        bench.sleepSeconds(1);
        holds(next(1, 32, 8, true));
        assertEquals(1, total(Counters.Total.FRAGMENTED_DATAGRAMS));
    }

    @Test
    void aCondemnedOneIsRememberedThoughAllOfItHasBeenSeen() {
        bench.in(first(1, 16));
        bench.in(next(1, 8, 16, false));
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(next(1, 16, 8, false)));
        bench.sleepSeconds(29);
        assertEquals(Reason.FRAGMENT_OVERLAP, bench.in(first(1, 16)));
        bench.sleepSeconds(1);
        assertEquals(Reason.NONE, bench.in(first(1, 16)));
    }

    @Test
    void fragmentsThatWaitInVainAreDropped() {
        holds(next(1, 16, 104, true));
        bench.sleepSeconds(10);
        holds(next(2, 16, 104, true));
        bench.sleepSeconds(10);
        holds(next(1, 200, 8, false));
        bench.sleepSeconds(10);
        assertEquals(3, bench.expire(), "the first, with its two fragments");
        assertEquals(0, bench.released(Direction.INGRESS).size());
        assertEquals(2, bench.dropped(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(34 + 104 + 34 + 8, bench.engine().counters().bytes(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(Reason.NONE, bench.in(first(2, 16)), "the second waits for ten seconds more");
        assertEquals(1, bench.released(Direction.INGRESS).size());
        assertEquals(Reason.NONE, bench.in(first(1, 16)));
        assertEquals(0, bench.released(Direction.INGRESS).size());
    }

    @Test
    void anExpiredDatagramHasNoEffectBeforeItsRemoval() {
        holds(next(1, 16, 8, true));
        holds(next(2, 16, 8, true));
        bench.sleepSeconds(30);
        assertEquals(Reason.NONE, bench.in(first(2, 16)));
        assertEquals(0, bench.released(Direction.INGRESS).size());
        assertEquals(2, bench.dropped(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(1, total(Counters.Total.FRAGMENTED_DATAGRAMS));
    }

    @Test
    void forgettingIsBounded() {
        for (int id = 0; id < 10; id++) {
            holds(next(id, 16, 8, true));
        }
        bench.sleepSeconds(30);
        assertEquals(4, bench.engine().expire(Long.MAX_VALUE / 2, 4), "two datagrams and their fragments");
        assertEquals(8, total(Counters.Total.FRAGMENTED_DATAGRAMS));
        assertEquals(0, bench.engine().expire(Long.MAX_VALUE / 2, 0));
    }

    @Test
    void anotherTimeoutAppliesToExistingDatagrams() throws ConfigException {
        holds(next(1, 16, 8, true));
        String shorter = DNS + "conntrack: {timeouts: {fragment: 5s}}\n";
        bench.install(EngineBench.policy("", shorter, 2));
        bench.sleepSeconds(5);
        assertEquals(2, bench.expire());
    }

    @Test
    void aLongerTimeoutBringsNoneBackWhoseTimeIsOver() throws ConfigException {
        bench.install(EngineBench.policy("", DNS + "conntrack: {timeouts: {fragment: 5s}}\n", 2));
        holds(next(1, 16, 8, false));
        bench.sleepSeconds(1);
        holds(next(2, 16, 8, false));
        bench.sleepSeconds(4);
        bench.install(EngineBench.policy("", DNS, 3));
        assertEquals(Reason.NONE, bench.in(first(1, 16)));
        assertEquals(0, bench.released(Direction.INGRESS).size(), "what waited too long is dropped");
        assertEquals(1, bench.dropped(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(Reason.NONE, bench.in(first(2, 16)));
        assertEquals(1, bench.released(Direction.INGRESS).size(), "the other was not over");
    }

    @Test
    void theNumberOfDatagramsIsBounded() {
        for (int id = 0; id < Fragments.MOST_DATAGRAMS; id++) {
            assertEquals(Reason.NONE, bench.in(first(id, 16)));
        }
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(first(5000, 16)));
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(next(5000, 16, 8, false)));
        assertEquals(
                Reason.FRAGMENT_TINY,
                bench.in(Frame.ip(IpProtocol.TCP, A, B)
                        .datagramId(5000)
                        .payload(8)
                        .fragment(0, true)));
        assertEquals(Reason.NONE, bench.in(next(77, 16, 8, false)), "the others go on");
        assertEquals(Reason.NONE, bench.in(first(5000, 16)), "one was complete");
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(first(5001, 16)));
        bench.sleepSeconds(30);
        for (int id = 0; id < Fragments.MOST_DATAGRAMS; id++) {
            assertEquals(Reason.NONE, bench.in(first(id, 16)), "expired datagrams free their places by themselves");
        }
    }

    @Test
    void theMemoryOfHeldFragmentsIsBoundedAndReleased() {
        int frames = 0;
        while (bench.holds(next(frames / 40, 1480 * (1 + frames % 40), 1480, true), Direction.INGRESS)) {
            frames++;
        }
        assertEquals(Reason.FRAGMENT_LIMIT, bench.in(next(4000, 1480, 1480, true)));
        long held = total(Counters.Total.FRAGMENTS_HELD_BYTES);
        assertEquals(frames * 1514L, held);
        assertTrue(held <= Fragments.MOST_HELD && held > Fragments.MOST_HELD * 95 / 100, held + " bytes");
        holds(next(4001, 1480, 8, true));
        assertEquals(Reason.NONE, bench.in(first(1, 1480)));
        assertEquals(40, bench.released(Direction.INGRESS).size());
        holds(next(4002, 1480, 1480, true));
        bench.sleepSeconds(30);
        bench.expire();
        bench.released(Direction.INGRESS);
        assertNothingIsKept();
    }

    @Test
    void laterFragmentsOfTcpAdvanceTheEndOfTheirSender() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0));
        open.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001));
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 9001));
        Frame segment = Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 9001);
        assertEquals(Reason.NONE, open.in(segment.payload(60).fragment(0, true)));
        Frame ack = Frame.tcp(B, 80, A, 1, TcpFlags.ACK);
        assertEquals(Reason.NONE, open.out(ack.numbers(9001, 1061)));
        assertEquals(Reason.TCP_WINDOW, open.out(ack.numbers(9001, 1062)), "data not yet seen");
        Frame later = Frame.tcp(A, 1, B, 80, TcpFlags.ACK).payload(100).fragment(80, false);
        assertEquals(Reason.NONE, open.in(later));
        assertEquals(Reason.NONE, open.out(ack.numbers(9001, 1161)));
        assertEquals(Reason.TCP_WINDOW, open.out(ack.numbers(9001, 1162)));
        Frame early =
                Frame.tcp(A, 1, B, 80, TcpFlags.ACK).datagramId(8).payload(100).fragment(80, false);
        assertTrue(open.holds(early, Direction.INGRESS));
        assertEquals(Reason.TCP_WINDOW, open.out(ack.numbers(9001, 1162)), "what waits has not been sent");
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK)
                .datagramId(8)
                .numbers(1161, 9001)
                .payload(60)
                .fragment(0, true));
        assertEquals(Reason.NONE, open.out(ack.numbers(9001, 1321)));
    }

    @Test
    void fragmentsOfOtherProtocolsAdvanceNothing() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0));
        open.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001));
        Frame segment = Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 9001);
        assertEquals(Reason.NONE, open.in(segment.payload(60).fragment(0, true)));
        assertEquals(
                Reason.NONE,
                open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).payload(20).fragment(80, false)));
        open.in(first(1, 24));
        open.in(next(1, 24, 1000, false));
        assertEquals(
                Reason.TCP_WINDOW, open.out(Frame.tcp(B, 80, A, 1, TcpFlags.ACK).numbers(9001, 1082)));
        assertEquals(Reason.NONE, open.out(Frame.tcp(B, 80, A, 1, TcpFlags.ACK).numbers(9001, 1081)));
    }

    /** A new connection of the same ports opens before the last fragment of the old one arrives. */
    @Test
    void aLaterConnectionIsNotAdvanced() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0));
        open.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001));
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 9001));
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK)
                .numbers(1001, 9001)
                .payload(60)
                .fragment(0, true));
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.RST).numbers(1061, 0));
        int start = -500_000;
        assertEquals(Reason.NONE, open.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(start, 0)));
        open.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(700, start + 1));
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(start + 1, 701));
        assertEquals(
                Reason.NONE,
                open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).payload(100).fragment(80, false)));
        Frame ack = Frame.tcp(B, 80, A, 1, TcpFlags.ACK);
        assertEquals(Reason.TCP_WINDOW, open.out(ack.numbers(701, start + 2)));
        assertEquals(Reason.NONE, open.out(ack.numbers(701, start + 1)));
    }

    @Test
    void aSegmentThatPassesUntrackedAdvancesNothing() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN).numbers(1000, 0));
        open.out(Frame.tcp(B, 80, A, 1, TcpFlags.SYN | TcpFlags.ACK).numbers(900_000, 1001));
        open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 900_001));
        Frame old = Frame.tcp(A, 1, B, 80, TcpFlags.ACK).numbers(1001, 800_000);
        assertEquals(Reason.NONE, open.in(old.payload(4).fragment(0, true)), "an overly old ACK");
        assertEquals(
                Reason.NONE,
                open.in(Frame.tcp(A, 1, B, 80, TcpFlags.ACK).payload(100).fragment(24, false)));
        assertEquals(
                Reason.TCP_WINDOW, open.out(Frame.tcp(B, 80, A, 1, TcpFlags.ACK).numbers(900_001, 1002)));
    }

    @Test
    void anEarlierCheckThatRefusesTheFirstRefusesAll() throws ConfigException {
        EngineBench open = new EngineBench(OPEN);
        assertTrue(open.holds(next(1, 24, 8, true), Direction.INGRESS));
        assertEquals(Reason.MALFORMED_L4, open.in(first(1, 24).udpLength(7)));
        assertEquals(0, open.released(Direction.INGRESS).size());
        assertEquals(Reason.MALFORMED_L4, open.in(next(1, 32, 8, true)));
        Frame solicitation = Frame.icmp(A6, B6, 135, 0, 0).payload(24).fragment(0, true);
        assertEquals(Reason.LINK_CLASS, open.in(solicitation));
        assertEquals(
                Reason.LINK_CLASS,
                open.in(Frame.icmp(A6, B6, 135, 0, 0).payload(8).fragment(32, true)));
    }

    @Test
    void theAclIsAskedOfTheFirst() throws ConfigException {
        String acl = OPEN + "network-acls: {edge: {ingress: [{rule: 1, action: allow, protocol: udp, ports: 53,"
                + " from: 0.0.0.0/0}]}}\n";
        EngineBench guarded = new EngineBench("network-acl: edge", acl, false);
        assertTrue(guarded.holds(next(1, 24, 8, true), Direction.INGRESS));
        assertEquals(Reason.ACL_DEFAULT, guarded.in(first(false, 1, DENIED, 24)));
        assertEquals(0, guarded.released(Direction.INGRESS).size());
        assertEquals(2, guarded.dropped(Direction.INGRESS, Reason.ACL_DEFAULT));
        assertEquals(Reason.NONE, guarded.in(first(2, 24)));
        guarded.install(EngineBench.policy("network-acl: edge", acl.replace("allow", "deny"), 2));
        assertEquals(Reason.NONE, guarded.in(next(2, 24, 8, true)), "the verdict does not change");
    }

    @Test
    void auditHoldsAndLetsEverythingPassInTheEnd() throws ConfigException {
        EngineBench audit = new EngineBench("enforce: audit", DNS, false);
        Frame early = next(1, 24, 8, true);
        assertTrue(audit.holds(early, Direction.INGRESS));
        Batch batch = audit.decide(List.of(first(false, 1, DENIED, 24).bytes()), Direction.INGRESS);
        assertTrue(batch.isAccepted(0));
        assertFrames(List.of(early), audit.released(Direction.INGRESS));
        assertEquals(2, audit.engine().counters().auditedPackets(Direction.INGRESS, Reason.NO_RULE));
        List<Frame> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            many.add(next(2 + i / 50, 24 + 8 * (i % 50), 8, true));
            assertTrue(audit.holds(many.get(i), Direction.INGRESS));
        }
        audit.sleepSeconds(30);
        audit.expire();
        assertFrames(many, audit.released(Direction.INGRESS));
        assertEquals(100, audit.engine().counters().auditedPackets(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
        assertEquals(0, audit.dropped(Direction.INGRESS, Reason.FRAGMENT_LIMIT));
    }

    @Test
    void explainKeepsNothing() throws ConfigException {
        Explained first = bench.engine().explain(first(1, 16).bytes(), Direction.INGRESS, 1);
        assertEquals(Reason.NONE, first.reason());
        assertNothingIsKept();
    }
}
