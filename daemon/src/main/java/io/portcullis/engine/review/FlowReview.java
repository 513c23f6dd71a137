package io.portcullis.engine.review;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.List;

/**
 * The tracked flows of an interface, as another policy would treat them. A policy that only audits is reviewed as if it enforced.
 *
 * @param tracked live flows
 * @param refused flows whose first packet the policy would not admit: they could not come back. With {@code on-reload: recheck}
 *     they end at their next packet
 * @param cut flows of which that policy would drop packets at once: those that {@code recheck} ends, and those with a direction
 *     that the network ACL denies, as an ACL tracks nothing
 * @param sample some of the flows that are refused or cut
 */
public record FlowReview(long tracked, long refused, long cut, List<Example> sample) {
    /**
     * A flow that is refused or cut.
     *
     * @param direction of its first packet
     * @param outsidePort TCP, UDP and SCTP; else 0
     * @param insidePort TCP, UDP and SCTP; else 0
     * @param vlans VLAN ids: the inner one in bits 0 to 11, the outer one in bits 12 to 23; 0: no tag
     * @param refused its first packet would not be admitted
     * @param cut packets of it would be dropped at once
     */
    public record Example(
            Direction direction,
            int protocol,
            Address outside,
            int outsidePort,
            Address inside,
            int insidePort,
            int vlans,
            boolean refused,
            boolean cut) {}

    public FlowReview {
        sample = List.copyOf(sample);
    }

    /**
     * The sum over the workers of an interface, or over interfaces.
     *
     * @param most largest number of examples
     */
    public static FlowReview sum(List<FlowReview> parts, int most) {
        long tracked = 0;
        long refused = 0;
        long cut = 0;
        List<Example> sample = new ArrayList<>();
        for (FlowReview part : parts) {
            tracked += part.tracked;
            refused += part.refused;
            cut += part.cut;
            part.sample.stream().limit(most - sample.size()).forEach(sample::add);
        }
        return new FlowReview(tracked, refused, cut, sample);
    }
}
