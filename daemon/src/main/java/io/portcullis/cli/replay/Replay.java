package io.portcullis.cli.replay;

import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.ChecksumState;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts the frames of a capture through an engine, one by one, at the time at which they were captured. The engine begins without
 * flows.
 */
final class Replay {
    /** The datapath expires flows more often; a flow that is over admits nothing in any case. */
    private static final long EXPIRY_PERIOD_NS = 100_000_000;

    private static final int EXPIRED_AT_ONCE = 4_096;

    /** Longer than fragments wait. */
    private static final long AFTER_THE_END_NS = 31L * 24 * 3_600 * 1_000_000_000L;

    private final Engine engine;
    private final Sides sides;
    private final boolean trustsEgress;
    private final FrameSink sink;
    private final FrameMemory memory = new FrameMemory();
    private final Batch batch = new Batch(memory.memory(), true);
    private final WaitingFragments waitingIn = new WaitingFragments();
    private final WaitingFragments waitingOut = new WaitingFragments();

    private long firstNs = -1;
    private long nowNs = 1;
    private long expiryDueNs;
    private long cut;
    private long cutInHeaders;
    private long unfinished;
    private long backInTime;

    /**
     * A replay.
     *
     * @param trustsEgress true: checksums of TCP and UDP in egress frames count as right, as this host's NIC makes them
     */
    Replay(Policy policy, Sides sides, boolean trustsEgress, FrameSink sink) {
        // The keys only spread the flows: the same file has the same verdicts each time.
        engine = new Engine(policy, Shard.ALL, 1, 2);
        engine.startedAt(nowNs);
        this.sides = sides;
        this.trustsEgress = trustsEgress;
        this.sink = sink;
    }

    /** Judges the next frame of the file. */
    void judge(CapturedFrame captured, EthernetFrame frame) throws IOException {
        advance(captured.epochNs());
        boolean doubtful = memory.place(frame);
        Direction direction = sides.of(frame, memory.packet());
        if (direction == null) {
            emit(captured.number(), captured.epochNs(), null, Verdict.SKIP, Reason.NONE, Batch.NO_RULE, frame);
            return;
        }
        cut += frame.isCut() ? 1 : 0;
        cutInHeaders += doubtful ? 1 : 0;
        batch.clear();
        batch.add(0, frame.length());
        if (trustsEgress && direction == Direction.EGRESS) {
            unfinished += frame.isCut() || isFinished(memory.packet()) ? 0 : 1;
            batch.verified();
        }
        engine.decide(batch, direction, nowNs);
        if (batch.isHeld(0)) {
            hold(captured, frame, direction);
        } else {
            emit(
                    captured.number(),
                    captured.epochNs(),
                    direction,
                    verdict(batch, 0),
                    Reason.of(batch.reason(0)),
                    batch.rule(0),
                    frame);
        }
        release();
    }

    /** Judges the fragments that still wait: their datagrams have no first one in this capture. */
    void end() throws IOException {
        nowNs += AFTER_THE_END_NS;
        expire();
    }

    private static boolean isFinished(Packet packet) {
        boolean hasChecksum = packet.isIp()
                && packet.hasTransport()
                && !packet.isFragment()
                && (packet.protocol() == IpProtocol.TCP || packet.protocol() == IpProtocol.UDP);
        return !hasChecksum || packet.verifyChecksum() == ChecksumState.RIGHT;
    }

    private void advance(long epochNs) throws IOException {
        firstNs = firstNs < 0 ? epochNs : firstNs;
        long next = epochNs - firstNs + 1;
        backInTime += next < nowNs ? 1 : 0;
        nowNs = Math.max(nowNs, next);
        if (nowNs >= expiryDueNs) {
            expire();
            expiryDueNs = nowNs + EXPIRY_PERIOD_NS;
        }
    }

    private void expire() throws IOException {
        int expired = EXPIRED_AT_ONCE;
        while (expired >= EXPIRED_AT_ONCE) {
            expired = engine.expire(nowNs, EXPIRED_AT_ONCE);
            release();
        }
    }

    private void hold(CapturedFrame captured, EthernetFrame frame, Direction direction) {
        waiting(direction)
                .add(
                        memory.memory().asSlice(0, frame.length()),
                        new WaitingFragments.Waiting(
                                captured.number(),
                                captured.epochNs(),
                                Subject.of(memory.packet()),
                                frame.present(),
                                frame.length()));
    }

    private WaitingFragments waiting(Direction direction) {
        return direction == Direction.INGRESS ? waitingIn : waitingOut;
    }

    private void release() throws IOException {
        for (Direction direction : Direction.values()) {
            for (Batch held = engine.released(direction); held != null; held = engine.released(direction)) {
                for (int i = 0; i < held.size(); i++) {
                    emitReleased(held, i, direction);
                }
            }
        }
    }

    private void emitReleased(Batch held, int i, Direction direction) throws IOException {
        MemorySegment frame = held.memory().asSlice(held.offset(i), held.length(i));
        WaitingFragments.Waiting waited = waiting(direction).remove(frame);
        if (waited == null) {
            throw new IllegalStateException("a fragment was released that was never held");
        }
        sink.take(new JudgedFrame(
                waited.number(),
                waited.epochNs(),
                direction,
                waited::subject,
                verdict(held, i),
                Reason.of(held.reason(i)),
                held.rule(i),
                frame.asSlice(0, waited.present()),
                waited.length()));
    }

    private void emit(
            long number,
            long epochNs,
            @Nullable Direction direction,
            Verdict verdict,
            Reason reason,
            int rule,
            EthernetFrame frame)
            throws IOException {
        sink.take(new JudgedFrame(
                number,
                epochNs,
                direction,
                () -> Subject.of(memory.packet()),
                verdict,
                reason,
                rule,
                frame.bytes(),
                frame.length()));
    }

    private static Verdict verdict(Batch batch, int i) {
        return !batch.isAccepted(i) ? Verdict.DROP : batch.reason(i) == 0 ? Verdict.PASS : Verdict.WOULD_DROP;
    }

    /** What the verdicts depend on, in sentences. */
    List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (cut > 0) {
            notes.add("frames cut by the capture (snap length): " + cut
                    + "; zeros stand for the missing bytes, and checksums over them count as right");
        }
        if (cutInHeaders > 0) {
            notes.add("frames cut in their headers: " + cutInHeaders
                    + "; their verdicts may be wrong: capture with a longer snap length (tcpdump -s 0)");
        }
        if (unfinished > 0) {
            notes.add("egress frames captured before the NIC had made their checksums (offload): " + unfinished
                    + "; these checksums count as right");
        }
        if (backInTime > 0) {
            notes.add(
                    "frames older than one before them in the file: " + backInTime + "; they were judged at its time");
        }
        return notes;
    }
}
