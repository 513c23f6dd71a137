package io.portcullis.cli.replay;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.analysis.NearestRule;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why frames passed or were dropped: the rule that admitted one, the entry of the network ACL that denied it, the rule that comes
 * nearest. The search of the nearest rule looks at all rules, so the last answers are kept.
 */
final class Causes {
    private static final int MOST_KEPT = 4_096;

    private record Question(Direction direction, int protocol, int selector, Address peer) {}

    private final Config config;
    private final Interface iface;
    private final Policy policy;

    private final Map<Question, String> nearest = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, String> eldest) {
            return size() > MOST_KEPT;
        }
    };

    Causes(Config config, Interface iface, Policy policy) {
        this.config = config;
        this.iface = iface;
        this.policy = policy;
    }

    /** The id of the rule that admitted a frame, or of the ACL entry that denied it; empty: none was asked, or none matched. */
    String rule(JudgedFrame judged) {
        if (judged.rule() >= 0) {
            return policy.rule(judged.rule()).id();
        }
        Acl acl = policy.acl();
        boolean isOfAcl = judged.reason() == Reason.ACL_DENY || judged.reason() == Reason.ACL_DEFAULT;
        if (acl == null || !isOfAcl) {
            return "";
        }
        Subject subject = judged.subject().get();
        Address peer = peer(judged.direction(), subject);
        if (peer == null) {
            return "";
        }
        boolean inward = judged.direction() == Direction.INGRESS;
        int entry = judged.reason() == Reason.ACL_DEFAULT || !subject.hasRules()
                ? Acl.DEFAULT
                : policy.matchAcl(inward, peer.isV6(), subject.protocol(), subject.selector(), peer.high(), peer.low());
        return acl.id(inward, entry);
    }

    /** The nearest rule and the conditions that the packet does not meet; empty: the drop has nothing to do with rules, or no rule is near. */
    String nearest(JudgedFrame judged) {
        boolean isOfRules = judged.reason() == Reason.NO_RULE || judged.reason() == Reason.ICMP_UNRELATED;
        Direction direction = judged.direction();
        if (!judged.verdict().drops() || !isOfRules || direction == null) {
            return "";
        }
        Subject subject = judged.subject().get();
        Address peer = peer(direction, subject);
        if (peer == null || !subject.hasRules()) {
            return "";
        }
        Question question = new Question(direction, subject.protocol(), subject.selector(), peer);
        return nearest.computeIfAbsent(question, this::search);
    }

    private String search(Question asked) {
        return NearestRule.to(
                        config,
                        iface,
                        asked.direction == Direction.INGRESS,
                        new NearestRule.Asked(asked.peer.isV6(), asked.protocol, asked.selector, asked.peer))
                .map(near -> near.why() + " at " + near.location())
                .orElse("");
    }

    private static @Nullable Address peer(@Nullable Direction direction, Subject subject) {
        Ends ends = subject.ends();
        return ends == null || direction == null
                ? null
                : direction == Direction.INGRESS ? ends.source() : ends.destination();
    }
}
