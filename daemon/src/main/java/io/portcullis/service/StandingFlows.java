package io.portcullis.service;

import io.portcullis.config.Rule;
import io.portcullis.diagnose.Lockout;
import io.portcullis.diagnose.Sessions;
import io.portcullis.engine.review.FlowReview;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.net.Direction;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.SessionView;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happens to connections that exist, under another configuration. Touches nothing. */
final class StandingFlows {
    private static final Logger LOG = LoggerFactory.getLogger(StandingFlows.class);

    private static final int MOST_EXAMPLES = 10;

    /** For all interfaces together: NIC events wait meanwhile. */
    private static final long TIMEOUT_MS = 2_000;

    private StandingFlows() {}

    /** The tracked flows that a configuration would end or not admit anew; null: not known. */
    static ChangeReport.@Nullable Flows under(Reload.Draft draft) {
        List<FlowReview> reviews = new ArrayList<>();
        List<String> examples = new ArrayList<>();
        long startNs = System.nanoTime();
        try {
            for (GuardedInterface iface : draft.before().guarded().values()) {
                Policy next = draft.next().policies().get(iface.name());
                if (next != null) {
                    FlowReview review = iface.workers()
                            .review(next, MOST_EXAMPLES - examples.size(), TIMEOUT_MS - Installer.millisSince(startNs));
                    reviews.add(review);
                    review.sample().forEach(example -> examples.add(iface.name() + ": " + text(example)));
                }
            }
        } catch (IllegalStateException late) {
            LOG.warn("the tracked flows can't be reviewed: {}", late.getMessage());
            return null;
        }
        FlowReview all = FlowReview.sum(reviews, 0);
        return new ChangeReport.Flows(all.tracked(), all.refused(), all.cut(), examples);
    }

    /** {@code ingress tcp 203.0.113.9:51544 to 10.0.5.10:22, ends}. */
    private static String text(FlowReview.Example flow) {
        String outside = end(flow.outside().toString(), flow.outsidePort());
        String inside = end(flow.inside().toString(), flow.insidePort());
        boolean inward = flow.direction() == Direction.INGRESS;
        return flow.direction().label() + " " + Rule.protocolName(flow.protocol()) + " "
                + (inward ? outside : inside) + " to " + (inward ? inside : outside)
                + (flow.cut() ? ", ends" : ", goes on");
    }

    private static String end(String address, int port) {
        return port == 0 ? address : address.contains(":") ? "[" + address + "]:" + port : address + ":" + port;
    }

    /**
     * The ssh session of an actor, under a configuration.
     *
     * @param session {@code SSH_CONNECTION}; may be empty
     * @return null: there is none, or no guarded interface carries it
     */
    static @Nullable SessionView session(Reload.Draft draft, String session) {
        Optional<Sessions.Ends> ends = Sessions.Ends.parse(session);
        if (ends.isEmpty()) {
            return null;
        }
        try {
            Sessions sessions = Sessions.ofThisHost(ends).renamed(draft.before().renamedNics());
            return Lockout.session(draft.next().addressed(), draft.next()::policy, sessions, ends.get())
                    .orElse(null);
        } catch (IOException unknown) {
            LOG.warn("whether the session of {} is admitted anew is not known: {}", session, unknown.getMessage());
            return null;
        }
    }
}
