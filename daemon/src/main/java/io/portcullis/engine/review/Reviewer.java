package io.portcullis.engine.review;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Admission;
import io.portcullis.policy.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Asks a policy that is not in force about the tracked flows of one engine, in slices, between which the engine goes on: a flow
 * that lives all the while is reviewed once, one that begins or ends meanwhile once or not at all. Changes neither flows nor counters
 * nor cached answers. Made on any thread, then for the engine's.
 */
public final class Reviewer implements Sliced<FlowReview> {
    private final Policy policy;
    private final int most;
    private final FlowTable flows;
    /** Made on the thread that asks: linking it takes milliseconds. */
    private final Consumer<Flow> visitor = this::note;

    private final List<FlowReview.Example> sample = new ArrayList<>();
    private int next;
    private long tracked;
    private long refused;
    private long cut;

    /**
     * A review that begins with the first flow.
     *
     * @param most largest number of examples
     * @param flows the engine's
     */
    public Reviewer(Policy policy, int most, FlowTable flows) {
        this.policy = policy;
        this.most = most;
        this.flows = flows;
    }

    @Override
    public boolean proceed(int entries, long nowNs) {
        next = flows.visit(next, entries, nowNs, visitor);
        return next == 0;
    }

    /** The review of the flows so far. */
    @Override
    public FlowReview result() {
        return new FlowReview(tracked, refused, cut, sample);
    }

    private void note(Flow flow) {
        tracked++;
        Admission admission = admission(flow);
        boolean isRefused = !admission.isAdmitted();
        boolean isCut = isRefused && policy.rechecks() || isDeniedByAcl(flow, admission);
        refused += isRefused ? 1 : 0;
        cut += isCut ? 1 : 0;
        if ((isRefused || isCut) && sample.size() < most) {
            sample.add(example(flow, isRefused, isCut));
        }
    }

    /** Of the flow's first packet, as recheck asks about it. */
    private Admission admission(Flow flow) {
        return policy.admission(
                flow.originalDirection() == Direction.INGRESS,
                flow.isV6(),
                flow.protocol(),
                flow.askedSelector(),
                flow.outsideHigh(),
                flow.outsideLow());
    }

    /** True: the network ACL drops the packets of one direction or both, and the flow is not held by failsafe rules. */
    private boolean isDeniedByAcl(Flow flow, Admission admission) {
        Acl acl = policy.acl();
        if (acl == null || flow.isFailsafe() && policy.isFailsafe(admission.rule())) {
            return false;
        }
        boolean inward = flow.originalDirection() == Direction.INGRESS;
        int ofReplies = acl.match(
                !inward, flow.isV6(), flow.protocol(), flow.replySelector(), flow.outsideHigh(), flow.outsideLow());
        return !acl.allows(inward, admission.aclEntry()) || !acl.allows(!inward, ofReplies);
    }

    private static FlowReview.Example example(Flow flow, boolean refused, boolean cut) {
        boolean ports = flow.protocol() == IpProtocol.TCP
                || flow.protocol() == IpProtocol.UDP
                || flow.protocol() == IpProtocol.SCTP;
        return new FlowReview.Example(
                flow.originalDirection(),
                flow.protocol(),
                new Address(flow.isV6(), flow.outsideHigh(), flow.outsideLow()),
                ports ? flow.selector() >>> 16 : 0,
                new Address(flow.isV6(), flow.insideHigh(), flow.insideLow()),
                ports ? flow.selector() & 0xffff : 0,
                flow.vlans(),
                refused,
                cut);
    }
}
