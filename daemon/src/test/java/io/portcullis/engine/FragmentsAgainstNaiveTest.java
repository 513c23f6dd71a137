package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.reference.NaiveFragments;
import io.portcullis.reference.NaiveFragments.Left;
import io.portcullis.reference.NaiveFragments.Piece;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Fragments of random datagrams, in random order, some of them wrong, get the same verdicts as from {@link NaiveFragments}. */
@Tag("property")
final class FragmentsAgainstNaiveTest {
    private static final int WORLDS = 600;
    private static final int ARRIVALS = 400;
    private static final int UDP = 17;
    private static final int TCP = 6;
    private static final long TIMEOUT_NS = 30;

    /** The seed is the day: two runs of one day are the same. A failure names its seed. */
    private static final long FIRST_SEED = System.currentTimeMillis() / 86_400_000 * WORLDS;

    private static final Map<String, Integer> SEEN = new TreeMap<>();

    private static final class World {
        private final Random random;
        private final Packet packet = new Packet();
        private final int mostDatagrams;
        private final int cells;
        private final Fragments fragments;
        private final NaiveFragments naive;
        private final List<Piece> underWay = new ArrayList<>();
        private int held;
        private int released;
        private long nowNs = 1;

        World(long seed) {
            random = new Random(seed);
            mostDatagrams = 1 + random.nextInt(12);
            cells = random.nextInt(4) == 0 ? random.nextInt(20) : 4_000;
            fragments = new Fragments(seed, ~seed, mostDatagrams, (long) cells * HeldFrames.CELL, TIMEOUT_NS);
            naive = new NaiveFragments(mostDatagrams, cells, HeldFrames.CELL, TIMEOUT_NS);
        }

        /** Cuts a datagram into fragments, and reorders, repeats or damages them as attackers and networks do. */
        private void send() {
            boolean v6 = random.nextBoolean();
            Direction direction = random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS;
            int source = random.nextInt(2);
            int protocol = random.nextInt(4) == 0 ? TCP : UDP;
            int id = random.nextInt(3);
            int vlan = random.nextInt(5) == 0 ? 9 : 0;
            boolean admitted = random.nextInt(3) > 0;
            int fragments = random.nextInt(12) == 0 ? 60 + random.nextInt(8) : 1 + random.nextInt(5);
            List<Piece> pieces = new ArrayList<>();
            int offset = 0;
            for (int i = 1; i <= fragments; i++) {
                boolean more = i < fragments || offset == 0;
                int length =
                        i == 1 ? 24 + 8 * random.nextInt(3) : 8 * (1 + random.nextInt(random.nextInt(9) == 0 ? 60 : 4));
                length += more ? 0 : random.nextInt(8);
                pieces.add(new Piece(
                        direction, v6, source, protocol, id, vlan, offset, length, more, offset > 0 || admitted));
                offset += length;
            }
            if (random.nextInt(3) == 0) {
                Piece piece = pieces.get(random.nextInt(pieces.size()));
                pieces.add(random.nextBoolean() ? piece : bent(piece));
            }
            if (random.nextInt(8) == 0) {
                pieces.remove(random.nextInt(pieces.size()));
            }
            underWay.addAll(pieces);
        }

        private Piece bent(Piece piece) {
            boolean more = random.nextInt(3) == 0 ? !piece.more() : piece.more();
            int from = Math.max(0, piece.offset() + 8 * (random.nextInt(5) - 2));
            int length = Math.max(8, piece.length() + 8 * (random.nextInt(5) - 2)) / 8 * 8;
            length += more || from == 0 ? 0 : random.nextInt(8);
            return new Piece(
                    piece.direction(),
                    piece.v6(),
                    piece.source(),
                    piece.protocol(),
                    piece.id(),
                    piece.vlan(),
                    from,
                    length,
                    more || from == 0,
                    piece.admitted());
        }

        private byte[] frame(Piece piece) {
            byte[] data = new byte[piece.length()];
            random.nextBytes(data);
            if (piece.offset() == 0) {
                // Ports, and a valid length or data offset.
                byte[] header = HexFormat.of()
                        .parseHex(
                                piece.protocol() == UDP
                                        ? "00010035ffff0000"
                                        : "0001003500000000000000005002ffff00000000");
                System.arraycopy(header, 0, data, 0, Math.min(header.length, data.length));
            }
            String source = piece.v6() ? "2001:db8:9::" + (1 + piece.source()) : "198.51.100." + (1 + piece.source());
            Frame frame = Frame.ip(piece.protocol(), source, piece.v6() ? "2001:db8:1::1" : "10.0.0.1")
                    .datagramId(piece.id())
                    .payload(data)
                    .fragment(piece.offset(), piece.more());
            return (piece.vlan() == 0 ? frame : frame.vlan(piece.vlan())).bytes();
        }

        void run() {
            for (int arrival = 0; arrival < ARRIVALS; arrival++) {
                while (underWay.size() < 20) {
                    send();
                }
                Collections.shuffle(underWay.subList(underWay.size() / 2, underWay.size()), random);
                Piece piece = underWay.remove(random.nextInt(Math.min(8, underWay.size())));
                nowNs += random.nextInt(10) == 0 ? random.nextInt(20) : 0;
                fragments.expire(nowNs, Integer.MAX_VALUE);
                naive.expire(nowNs);
                compareWhatLeft();
                byte[] frame = frame(piece);
                Reason expected = naive.arrive(piece, frame, nowNs);
                assertEquals(String.valueOf(expected), String.valueOf(arrive(piece, frame)), piece.toString());
                compareWhatLeft();
                assertEquals(naive.size(), fragments.datagrams(), piece.toString());
                SEEN.merge(expected == null ? "held" : expected.name(), 1, Integer::sum);
            }
            nowNs += TIMEOUT_NS;
            fragments.expire(nowNs, Integer.MAX_VALUE);
            naive.expire(nowNs);
            compareWhatLeft();
            assertEquals(0, fragments.datagrams());
            assertEquals(0, fragments.heldFrames());
            assertEquals(held, released, "each that was held has left");
        }

        @Nullable
        private Reason arrive(Piece piece, byte[] frame) {
            MemorySegment memory = MemorySegment.ofArray(frame);
            assertEquals(Packet.Fault.NONE, packet.parse(memory, 0, frame.length), piece.toString());
            Fragments.Step step = fragments.arrive(packet, piece.direction(), nowNs);
            Reason reason = switch (step) {
                case FIRST -> piece.admitted() ? Reason.NONE : Reason.NO_RULE;
                case FOLLOWS -> fragments.verdict();
                case WAITS -> {
                    Batch batch = new Batch(memory, true);
                    batch.add(0, frame.length);
                    boolean fits = fragments.hold(batch, 0);
                    held += fits ? 1 : 0;
                    yield fits ? null : Reason.FRAGMENT_LIMIT;
                }
            };
            if (step == Fragments.Step.FIRST && reason != null) {
                fragments.decided(reason);
            }
            fragments.done();
            return reason;
        }

        private void compareWhatLeft() {
            for (Direction direction : Direction.values()) {
                List<String> actual = new ArrayList<>();
                for (Batch batch = fragments.take(direction); batch != null; batch = fragments.take(direction)) {
                    for (int i = 0; i < batch.size(); i++) {
                        byte[] frame = batch.memory()
                                .asSlice(batch.offset(i), batch.length(i))
                                .toArray(ValueLayout.JAVA_BYTE);
                        actual.add(Reason.of(batch.reason(i)) + " "
                                + HexFormat.of().formatHex(frame));
                        assertEquals(batch.reason(i) == 0, batch.isAccepted(i));
                        released++;
                    }
                }
                List<String> expected = new ArrayList<>();
                for (Left each : naive.left(direction)) {
                    expected.add(each.reason() + " " + each.hex());
                }
                if (expected.stream().allMatch(text -> text.startsWith(Reason.FRAGMENT_LIMIT.name()))) {
                    // The naive one has no order for several datagrams that expire at once.
                    Collections.sort(actual);
                    Collections.sort(expected);
                }
                assertEquals(expected, actual);
            }
        }
    }

    @Test
    void eachFragmentGetsTheSameVerdict() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
            try {
                new World(seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
        for (String outcome :
                List.of("held", "NONE", "NO_RULE", "FRAGMENT_TINY", "FRAGMENT_OVERLAP", "FRAGMENT_LIMIT")) {
            int count = SEEN.getOrDefault(outcome, 0);
            assertTrue(count > WORLDS / 2, outcome + " came up " + count + " times");
        }
    }
}
