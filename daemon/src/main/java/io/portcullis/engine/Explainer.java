package io.portcullis.engine;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Explains how a frame would be decided. Changes no flow and no counter. */
final class Explainer {
    private final RuleStep rules;
    private final FlowStep flowStep;
    private final FlowTable flows;
    private final Cursor frame;

    /**
     * Explains the decisions of one engine.
     *
     * @param frame the engine's, between two batches
     */
    Explainer(RuleStep rules, FlowStep flowStep, FlowTable flows, Cursor frame) {
        this.rules = rules;
        this.flowStep = flowStep;
        this.flows = flows;
        this.frame = frame;
    }

    /** A batch of one frame, from the destination MAC address on, with a layer 4 checksum that counts as right. */
    static Batch batchOf(byte[] bytes) {
        Batch batch = new Batch(MemorySegment.ofArray(bytes), false);
        batch.add(0, bytes.length);
        batch.verified();
        return batch;
    }

    /** As {@link Engine#explain}. */
    Explained explain(byte[] bytes, Direction direction, long nowNs) {
        Batch batch = batchOf(bytes);
        Reason asNew = decideAsNew(batch, direction, nowNs);
        int rule = batch.rule(0);
        frame.read(batch, direction, nowNs, flows);
        frame.moveTo(0);
        int entry = rules.aclEntry(frame);
        Flow flow = trackedFlow(asNew);
        if (flow == null || asNew == Reason.NONE && rule == Batch.NO_RULE) {
            return new Explained(asNew, rule, entry, null);
        }
        Explained.Tracked tracked = tracked(flow, nowNs);
        boolean opensAnother = frame.packet.protocol() == IpProtocol.TCP && TcpTracker.isOver(flow);
        return opensAnother
                ? new Explained(asNew, rule, entry, tracked)
                : new Explained(decideTracked(flow, entry), RuleSet.NONE, entry, tracked);
    }

    /** Decides as an engine without flows does. */
    private Reason decideAsNew(Batch batch, Direction direction, long nowNs) {
        Engine stranger = Engine.alone(rules.policy(), nowNs);
        if (flowStep.isLearning(nowNs)) {
            stranger.startedAt(nowNs);
        }
        stranger.decide(batch, direction, nowNs);
        return Reason.of(batch.reason(0));
    }

    /**
     * The flow that the packet belongs to, or null.
     *
     * @param asNew why the packet would be dropped without a flow; reasons are in the order of the checks
     */
    private @Nullable Flow trackedFlow(Reason asNew) {
        boolean reachesAcl = asNew == Reason.NONE
                || asNew.ordinal() >= Reason.ACL_DENY.ordinal()
                || asNew == Reason.PANIC && rules.isFailsafeOnly();
        boolean hasFlow = reachesAcl
                && frame.packet.isIp()
                && frame.hasTuple()
                && FlowRole.of(frame.packet, false).hasFlow();
        return hasFlow ? flows.peek(frame.tuple, frame.nowNs) : null;
    }

    private Explained.Tracked tracked(Flow flow, long nowNs) {
        return new Explained.Tracked(
                flow.originalDirection() == Direction.INGRESS,
                flow.timeout().key(),
                flow.idleNs(nowNs),
                flow.isReplied(),
                flow.isFailsafe(),
                flow.rule() == FlowStep.WITHOUT_RULE
                        ? RuleSet.NONE
                        : rules.policy().ruleWithHash(flow.rule()),
                flow.firstSeenNs() == 0 ? -1 : nowNs - flow.firstSeenNs(),
                traffic(flow, Direction.INGRESS),
                traffic(flow, Direction.EGRESS));
    }

    private static Explained.Traffic traffic(Flow flow, Direction direction) {
        return new Explained.Traffic(flow.packets(direction), flow.bytes(direction));
    }

    /** The checks of a packet with a flow, but those of TCP states and windows. */
    private Reason decideTracked(Flow flow, int entry) {
        Policy policy = rules.policy();
        if (rules.isFailsafeOnly() && !rules.isKeptInPanic(flow)) {
            return Reason.PANIC;
        }
        Acl acl = rules.isFailsafeOnly() ? null : policy.acl();
        if (acl != null && !acl.allows(frame.inward, entry) && !rules.isHeldByFailsafe(flow)) {
            return RuleStep.aclReason(entry);
        }
        if (policy.rechecks() && rules.matchToday(flow) == RuleSet.NONE) {
            return Reason.RECHECK;
        }
        Packet packet = frame.packet;
        boolean isRefusedSyn = packet.protocol() == IpProtocol.TCP
                && TcpTracker.isOpening(packet.tcpFlags())
                && flow.asksRulesAboutSyn()
                && rules.match(frame) == RuleSet.NONE;
        return isRefusedSyn ? Reason.NO_RULE : Reason.NONE;
    }
}
