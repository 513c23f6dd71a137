package io.portcullis.engine;

import io.portcullis.conntrack.FastPath;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.engine.review.Flusher;
import io.portcullis.engine.review.Reviewer;
import io.portcullis.hits.HitSlots;
import io.portcullis.hits.HitTable;
import io.portcullis.hits.RuleHits;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides about frames: {@link #decide} for a batch, {@code check} for one frame. One engine per worker, with its flow table and
 * its counters; used by that worker's thread alone.
 *
 * <p>Allocates nothing per frame. No I/O, no clock: the caller passes the time.
 */
public final class Engine {
    private static final int FLOWS_ALONE = 1;

    /** The key of the time for which fragments of a datagram wait for each other. */
    private static final String FRAGMENT_TIMEOUT = "fragment";

    private final Shard shard;
    private final FlowTable flows;
    private final HitTable hits;
    private final Fragments fragments;
    private final Counters counters = new Counters();
    private final Cursor cursor = new Cursor();
    private final RuleStep rules;
    private final FlowStep flowStep;
    private final Checksums checksums;
    private final Accounting accounting;
    private LinkTraffic linkTraffic;

    private @Nullable FastPath fastPath;

    /** What is made of the rules in force. */
    private Enforcement enforcement;

    /**
     * An engine without flows.
     *
     * @param policy to begin with
     * @param shard its part of the interface's flows
     * @param hashKey0 random: first half of the flow table's key
     * @param hashKey1 random: second half
     */
    public Engine(Policy policy, Shard shard, long hashKey0, long hashKey1) {
        this(
                policy,
                shard,
                FlowTable.inMemory(
                        hashKey0, hashKey1, shard.of(policy.maxFlows()), new FlowTimeouts(policy::timeoutNs), 0));
    }

    /**
     * An engine with the flows that are in a table.
     *
     * @param policy to begin with
     * @param shard its part of the interface's flows
     * @param flows has its limit and timeouts from the policy
     */
    public Engine(Policy policy, Shard shard, FlowTable flows) {
        this(policy, shard, flows, HitTable.inMemory(1), 0);
    }

    /**
     * An engine with the flows and the hits that are in tables.
     *
     * @param policy to begin with
     * @param shard its part of the interface's flows
     * @param flows has its limit and timeouts from the policy
     * @param hits of the interface
     * @param column of the hits, that no other engine writes
     */
    public Engine(Policy policy, Shard shard, FlowTable flows, HitTable hits, int column) {
        this(shard, flows, hits, hits.prepare(policy), column, Fragments.MOST_DATAGRAMS, shard.of(Fragments.MOST_HELD));
    }

    private Engine(
            Shard shard,
            FlowTable flows,
            HitTable hits,
            HitSlots slots,
            int column,
            int fragmentedDatagrams,
            long heldBytes) {
        Policy policy = slots.policy();
        this.shard = shard;
        this.hits = hits;
        this.flows = flows;
        fragments = new Fragments(
                flows.derivedKey(0),
                flows.derivedKey(1),
                fragmentedDatagrams,
                heldBytes,
                policy.timeoutNs(FRAGMENT_TIMEOUT));
        rules = new RuleStep(slots, column);
        flowStep = new FlowStep(flows, rules, shard, counters);
        checksums = new Checksums(counters, policy.verifiesChecksums());
        accounting = new Accounting(counters, rules, flows, fragments);
        linkTraffic = new LinkTraffic(policy);
        enforcement = policy.enforcement();
        counters.set(Counters.Total.FLOWS_RESTORED, flows.size());
        accounting.publish();
    }

    /**
     * An engine without traffic, for questions about a policy: it tracks one flow and holds no fragments.
     *
     * @param nowNs as {@link #decide}
     */
    public static Engine alone(Policy policy, long nowNs) {
        FlowTable one = FlowTable.inMemory(0, 0, FLOWS_ALONE, new FlowTimeouts(policy::timeoutNs), nowNs);
        return new Engine(Shard.ALL, one, HitTable.inMemory(1), HitTable.together(policy), 0, 1, 0);
    }

    /**
     * Another policy, from the next frame on. Tracked flows stay, and its timeouts apply to them.
     *
     * @param nowNs as {@link #decide}
     */
    public void install(Policy next, long nowNs) {
        install(prepare(next), nowNs);
    }

    /** Finds the counters of a policy's rules, for {@link #install(HitSlots, long)}. Another thread than the worker's, as it takes long. */
    public HitSlots prepare(Policy next) {
        return hits.prepare(next);
    }

    /** As {@link #install(Policy, long)}, prepared on another thread. */
    public void install(HitSlots prepared, long nowNs) {
        Policy next = prepared.policy();
        rules.install(prepared);
        flows.forgetAnswers();
        linkTraffic = new LinkTraffic(next);
        enforcement = next.enforcement();
        if (enforcement == Enforcement.FAILSAFE_ONLY) {
            // Fragments follow the verdict of a first one, which another policy may have let pass.
            fragments.forget(Reason.PANIC);
        }
        checksums.verify(next.verifiesChecksums());
        accounting.install(next);
        flows.configure(shard.of(next.maxFlows()), new FlowTimeouts(next::timeoutNs), nowNs);
        if (fastPath != null) {
            fastPath.review(rules::directions, !rules.offloads());
        }
        fragments.timeout(next.timeoutNs(FRAGMENT_TIMEOUT), nowNs);
    }

    /**
     * From now on the fast path forwards packets of the flows that the policy permits. Before the first batch.
     *
     * @param newFastPath of this engine's flow table, which folds its lines already ({@link FlowTable#offload})
     */
    public void offload(FastPath newFastPath) {
        fastPath = newFastPath;
        accounting.startCounting(newFastPath);
        newFastPath.review(rules::directions, !rules.offloads());
    }

    /** The fast path; null: there is none. For the worker's thread. */
    public @Nullable FastPath fastPath() {
        return fastPath;
    }

    /** Its part of the interface's flows. */
    public Shard shard() {
        return shard;
    }

    /** The policy in force. */
    public Policy policy() {
        return rules.policy();
    }

    /** The counters; readable from any thread. */
    public Counters counters() {
        return counters;
    }

    /** Credits of the rules in force; readable from any thread. */
    public RuleHits ruleHits() {
        return rules.hits();
    }

    /** Some of the dropped frames; for the worker's thread. */
    public DropSamples dropSamples() {
        return accounting.dropSamples();
    }

    /** Gives every frame that is dropped to a recorder from now on; for the worker's thread, or before it starts. */
    public void record(DropRecorder recorder) {
        accounting.record(recorder);
    }

    /** The recorder in use. */
    public DropRecorder recorder() {
        return accounting.recorder();
    }

    /**
     * Gives every frame of a batch its verdict, in order. Two kinds of frames have none yet and are not counted: an ICMP error
     * about a flow of another worker is marked as that worker's; a fragment that arrives before the first of its datagram is held
     * until {@link #released} returns it.
     *
     * @param nowNs monotonic time of the batch, nanoseconds; never less than at the call before
     */
    public void decide(Batch batch, Direction direction, long nowNs) {
        Cursor frame = cursor;
        frame.read(batch, direction, nowNs, flows);
        if (enforcement == Enforcement.PANIC) {
            dropAll(frame);
            return;
        }
        frame.picksUp = flowStep.picksUp(nowNs);
        for (int i = 0; i < batch.size(); i++) {
            frame.moveTo(i);
            if (fastPath != null && frame.isLate(fastPath)) {
                accounting.late(frame);
                continue;
            }
            Reason reason = check(frame);
            if (frame.isElsewhere() && enforcement != Enforcement.BYPASS) {
                batch.belongsTo(i, frame.worker);
            } else if (frame.held) {
                batch.hold(i);
            } else {
                accounting.conclude(frame, reason);
                if (fastPath != null) {
                    frame.tell(fastPath);
                }
            }
        }
        accounting.endBatch(direction);
    }

    /** Drops a batch, and leaves flows and fragments as they are: they go on where the panic ends. */
    private void dropAll(Cursor frame) {
        for (int i = 0; i < frame.batch.size(); i++) {
            frame.moveTo(i);
            accounting.conclude(frame, Reason.PANIC);
        }
        accounting.endBatch(frame.direction);
    }

    /** The checks of every frame, in the order of security-groups.md section 5. The first that fails names the reason. */
    private Reason check(Cursor frame) {
        Packet packet = frame.packet;
        if (frame.isMalformed()) {
            return ofMalformed(frame);
        }
        if (!Checksums.mayBeFilledIn(frame)) {
            return Reason.BAD_CHECKSUM;
        }
        LinkTraffic.Answer answer = linkTraffic.judge(packet, frame.direction);
        if (answer != LinkTraffic.Answer.ASK_RULES) {
            return ofLinkTraffic(frame, answer);
        }
        if (Addresses.areBad(packet, LinkTraffic.isDhcp(packet))) {
            return Reason.BAD_ADDRESS;
        }
        if (Addresses.isSpoofed(packet, frame.inward, rules.policy())) {
            return Reason.SOURCE_CHECK;
        }
        return packet.isFragment() ? checkFragment(frame) : checkPacket(frame);
    }

    /** The further checks of a whole packet, or of the first fragment of one. */
    private Reason checkPacket(Cursor frame) {
        Packet packet = frame.packet;
        FlowRole role = FlowRole.of(packet, frame.picksUp);
        Reason denied = checkAcl(frame, role);
        if (denied != Reason.NONE) {
            return denied;
        }
        if (!packet.isFragment() && !checksums.isRight(frame)) {
            return Reason.BAD_CHECKSUM;
        }
        if (packet.protocol() == IpProtocol.TCP && !TcpFlags.isPossible(packet.tcpFlags())) {
            return Reason.TCP_FLAGS;
        }
        return flowStep.decide(frame, role);
    }

    private Reason checkAcl(Cursor frame, FlowRole role) {
        Reason denied = rules.askAcl(frame);
        if (denied == Reason.NONE) {
            return denied;
        }
        boolean passes = denied == Reason.PANIC
                ? flowStep.isKeptInPanic(frame, role)
                : rules.policy().hasFailsafe() && flowStep.isExemptFromAcl(frame, role);
        if (!passes) {
            return denied;
        }
        frame.aclEntry = Cursor.NOT_ASKED;
        return Reason.NONE;
    }

    /** The first fragment of a datagram is checked like a packet. The others follow its verdict, and are held until it arrives. */
    private Reason checkFragment(Cursor frame) {
        Reason reason = switch (fragments.arrive(frame.packet, frame.direction, frame.nowNs)) {
            case FIRST -> checkFirst(frame);
            case FOLLOWS -> fragments.verdict();
            case WAITS -> {
                frame.held = enforcement != Enforcement.BYPASS && fragments.hold(frame.batch, frame.index);
                yield frame.held ? Reason.NONE : Reason.FRAGMENT_LIMIT;
            }
        };
        if (!frame.held && fragments.movesEnd()) {
            flowStep.extendTcp(frame, fragments.ports(), fragments.sequenceEnd());
        }
        fragments.done();
        return reason;
    }

    private Reason checkFirst(Cursor frame) {
        Reason reason = checkPacket(frame);
        if (frame.isElsewhere()) {
            // The datagram stays undecided: no stack sends an ICMP error of several fragments.
            return reason;
        }
        if (FlowStep.movesEnd(frame)) {
            fragments.carriesTcp(frame.tuple.selector(), TcpTracker.endOf(frame.packet), frame.packet.fragmentLength());
        }
        fragments.decided(reason);
        return reason;
    }

    private Reason ofMalformed(Cursor frame) {
        return switch (frame.fault()) {
            case LINK -> Reason.MALFORMED_L2;
            case IP -> Reason.MALFORMED_IP;
            case TRANSPORT -> condemn(frame, Reason.MALFORMED_L4);
            case NONE -> throw new IllegalArgumentException("no fault");
        };
    }

    private Reason ofLinkTraffic(Cursor frame, LinkTraffic.Answer answer) {
        return switch (answer) {
            case PASS -> Reason.NONE;
            case DROP -> condemn(frame, enforcement == Enforcement.FAILSAFE_ONLY ? Reason.PANIC : Reason.LINK_CLASS);
            case SPOOFED -> Reason.SOURCE_CHECK;
            case ASK_RULES -> throw new IllegalArgumentException("not link traffic");
        };
    }

    /** Drops a frame before the check of fragments. The first fragment of a datagram takes the others with it. */
    private Reason condemn(Cursor frame, Reason reason) {
        if (frame.packet.isFragment()) {
            if (fragments.arrive(frame.packet, frame.direction, frame.nowNs) == Fragments.Step.FIRST) {
                fragments.decided(reason);
            }
            fragments.done();
        }
        return reason;
    }

    /**
     * Fragments that were held and have their verdicts now, in the order of their arrival. The caller asks after each
     * {@link #decide}, once that batch has been sent, and after {@link #expire} for either direction, until null comes: till then
     * they occupy the memory for held fragments.
     *
     * @return copies of them, laid out as in a port's memory; valid until the next call; null where there are none
     */
    public @Nullable Batch released(Direction direction) {
        Batch batch = fragments.take(direction);
        if (batch == null) {
            return null;
        }
        cursor.readReleased(batch, direction);
        for (int i = 0; i < batch.size(); i++) {
            cursor.moveTo(i);
            accounting.conclude(cursor, Reason.of(batch.reason(i)));
        }
        accounting.endBatch(direction);
        return batch;
    }

    /** Starts the time in which a bridge that started without flows learns them. Called once, before the first batch, or never. */
    public void startedAt(long nowNs) {
        flowStep.startedAt(nowNs);
    }

    /**
     * Adopts TCP connections that were established before the start: those of this engine's shard, as far as the table has space.
     *
     * @return how many
     */
    public int adopt(List<Adopted> connections, long nowNs) {
        int adopted = flowStep.adopt(connections, nowNs);
        accounting.publish();
        return adopted;
    }

    /**
     * Decides about one frame alone, with all effects on flows and counters.
     *
     * @param frame from the destination MAC address on; its TCP or UDP checksum counts as right
     * @param nowNs as {@link #decide(Batch, Direction, long)}
     * @return {@link Reason#NONE}: it passes
     */
    public Reason decide(byte[] frame, Direction direction, long nowNs) {
        Batch batch = Explainer.batchOf(frame);
        decide(batch, direction, nowNs);
        return Reason.of(batch.reason(0));
    }

    /**
     * Explains how a frame would be decided now. Changes no flow and no counter.
     *
     * @param frame from the destination MAC address on; its TCP or UDP checksum counts as right
     */
    public Explained explain(byte[] frame, Direction direction, long nowNs) {
        return new Explainer(rules, flowStep, flows, cursor).explain(frame, direction, nowNs);
    }

    /**
     * A review of the tracked flows under a policy that is not in force. Any thread; the review itself is for the engine's thread.
     *
     * @param most largest number of examples
     */
    public Reviewer review(Policy next, int most) {
        return new Reviewer(next, most, flows);
    }

    /**
     * Ends flows in slices. Any thread; the slices themselves are for the engine's thread.
     *
     * @param entries of the flows
     * @param numbers of the flows ({@link io.portcullis.conntrack.Flow#number}), in the same order
     */
    public Flusher flush(int[] entries, int[] numbers) {
        return new Flusher(entries, numbers, flows);
    }

    /** Counts ICMP errors that other workers handed over, and those that were lost as they were too many at once. */
    public void countTakenOver(long taken, long lost) {
        counters.add(Counters.Total.TAKEN_OVER, taken);
        counters.add(Counters.Total.NOT_TAKEN_OVER, lost);
    }

    /**
     * Expires flows that have been idle for their timeouts, and fragments that have waited for theirs.
     *
     * @param limit how many at the most, but for the last datagram's fragments: bounds the time this takes
     * @return how many
     */
    public int expire(long nowNs, int limit) {
        cursor.nowNs = nowNs;
        int expired = flows.expire(nowNs, limit);
        expired += fragments.expire(nowNs, limit - expired);
        if (fastPath != null) {
            accounting.countForwarded(fastPath);
        }
        accounting.publish();
        return expired;
    }
}
