package io.portcullis.engine;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowLine;
import io.portcullis.hits.HitSlots;
import io.portcullis.hits.RuleHits;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;

/** Matches packets against the network ACL, the failsafe rules and the groups of the policy in force, and credits rules. */
final class RuleStep {
    private Policy policy;
    private volatile RuleHits hits;

    /** False: {@link #askAcl} denies nothing. */
    private boolean mayDeny;

    /** The worker's column in the table of hits. */
    private final int column;

    RuleStep(HitSlots slots, int column) {
        this.policy = slots.policy();
        this.column = column;
        hits = new RuleHits(slots, column);
        mayDeny = mayDeny(policy);
    }

    private static boolean mayDeny(Policy policy) {
        return policy.acl() != null || policy.enforcement() == Enforcement.FAILSAFE_ONLY;
    }

    /** Another policy, from the next frame on. */
    void install(HitSlots next) {
        policy = next.policy();
        mayDeny = mayDeny(policy);
        hits = new RuleHits(next, column);
    }

    /** The policy in force. */
    Policy policy() {
        return policy;
    }

    /** Credits of the rules in force; readable from any thread. */
    RuleHits hits() {
        return hits;
    }

    /**
     * Matches a packet against the network ACL, and notes the entry that decides.
     *
     * @return {@link Reason#NONE}: it allows the packet, or there is no ACL; {@link Reason#PANIC}: only what failsafe rules hold passes
     */
    Reason askAcl(Cursor frame) {
        return mayDeny ? askAnyAcl(frame) : Reason.NONE;
    }

    private Reason askAnyAcl(Cursor frame) {
        Acl acl = policy.acl();
        if (isFailsafeOnly() || acl == null) {
            return Reason.PANIC;
        }
        int entry = aclEntry(frame);
        frame.aclEntry = acl.number(frame.inward, entry);
        if (acl.allows(frame.inward, entry)) {
            return Reason.NONE;
        }
        return aclReason(entry);
    }

    /** Why an entry that {@link #aclEntry} named denies. */
    static Reason aclReason(int entry) {
        return entry == Acl.DEFAULT ? Reason.ACL_DEFAULT : Reason.ACL_DENY;
    }

    /** The entry of the network ACL that matches a packet; {@link Acl#DEFAULT}: none does, or there is no ACL. */
    int aclEntry(Cursor frame) {
        Packet packet = frame.packet;
        return policy.matchAcl(
                frame.inward,
                packet.isV6(),
                packet.protocol(),
                selector(packet),
                frame.outsideHigh(),
                frame.outsideLow());
    }

    /** Number of the rule that admits a packet without a flow, or {@link io.portcullis.policy.RuleSet#NONE}. */
    int match(Cursor frame) {
        Packet packet = frame.packet;
        return policy.match(
                frame.inward,
                packet.isV6(),
                packet.protocol(),
                selector(packet),
                frame.outsideHigh(),
                frame.outsideLow());
    }

    /** As {@link #match}, of the SYN that a SYN+ACK answers. */
    int matchAnswered(Cursor frame) {
        Packet packet = frame.packet;
        return policy.match(
                !frame.inward,
                packet.isV6(),
                IpProtocol.TCP,
                packet.sourcePort(),
                frame.outsideHigh(),
                frame.outsideLow());
    }

    /** As {@link #match}, of the first packet of a flow, by the rules in force. The flow keeps the answer. */
    int matchToday(Flow flow) {
        if (!flow.isAnswered()) {
            flow.answered(policy.match(
                    flow.originalDirection() == Direction.INGRESS,
                    flow.isV6(),
                    flow.protocol(),
                    flow.askedSelector(),
                    flow.outsideHigh(),
                    flow.outsideLow()));
        }
        return flow.answer();
    }

    /** True: only flows of failsafe rules pass. */
    boolean isFailsafeOnly() {
        return policy.enforcement() == Enforcement.FAILSAFE_ONLY;
    }

    /** True: the flow goes on where {@link #isFailsafeOnly}. A failsafe rule admitted it, or would today. */
    boolean isKeptInPanic(Flow flow) {
        return flow.isFailsafe() || policy.isFailsafe(matchToday(flow));
    }

    /** True: a failsafe rule admitted the flow, and one would today. */
    boolean isHeldByFailsafe(Flow flow) {
        return flow.isFailsafe() && policy.isFailsafe(matchToday(flow));
    }

    /** True: the rules decide, so the kernel may forward packets that they admit. */
    boolean offloads() {
        return policy.enforcement() == Enforcement.RULES && !policy.audits();
    }

    /**
     * The directions in which all packets of a flow pass, as far as they change no state: {@link FlowLine#INGRESS} and {@link
     * FlowLine#EGRESS}. What depends on the flow's key alone is asked here, once: recheck, network ACL, source check.
     */
    int directions(Flow flow) {
        boolean isRefused = policy.rechecks() && matchToday(flow) == RuleSet.NONE;
        if (!offloads() || isRefused || LinkTraffic.hasPortOfDhcp(flow)) {
            return 0;
        }
        return (passes(flow, Direction.INGRESS) ? FlowLine.INGRESS : 0)
                | (passes(flow, Direction.EGRESS) ? FlowLine.EGRESS : 0);
    }

    private boolean passes(Flow flow, Direction direction) {
        boolean inward = direction == Direction.INGRESS;
        if (policy.checksSources()) {
            boolean own = inward
                    ? policy.isOwn(flow.isV6(), flow.outsideHigh(), flow.outsideLow())
                    : policy.isOwn(flow.isV6(), flow.insideHigh(), flow.insideLow());
            if (own == inward) {
                return false;
            }
        }
        Acl acl = policy.acl();
        if (acl == null) {
            return true;
        }
        int selector = direction == flow.originalDirection() ? flow.askedSelector() : flow.replySelector();
        int entry = acl.match(inward, flow.isV6(), flow.protocol(), selector, flow.outsideHigh(), flow.outsideLow());
        return acl.allows(inward, entry) || policy.hasFailsafe() && isHeldByFailsafe(flow);
    }

    /** Credits a rule with a packet that it admits. */
    void credit(Cursor frame, int rule) {
        frame.rule = rule;
        hits.count(rule, frame.nowNs);
    }

    private static int selector(Packet packet) {
        return packet.isIcmp() ? packet.icmpType() << 8 | packet.icmpCode() : packet.destinationPort();
    }
}
