package io.portcullis.diagnose;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Rule;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Explained;
import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.packet.build.FirstPacket;
import io.portcullis.policy.Acl;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import io.portcullis.policy.analysis.NearestRule;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Says what would become of a packet, and why: under a configuration alone, or in the running daemon. */
public final class Explain {
    private static final double NS_PER_SECOND = 1e9;

    private final Config config;
    private final Policy policy;
    private final Interface attachment;
    private final ExplainRequest question;
    private final Address from;
    private final Address to;

    private Explain(Config config, Policy policy, ExplainRequest question) {
        this.config = config;
        this.policy = policy;
        this.attachment = Objects.requireNonNull(config.interfaces().get(question.interfaceName()));
        this.question = question;
        from = Address.parse(question.from());
        to = Address.parse(question.to());
        if (from.isV6() != to.isV6()) {
            throw new IllegalArgumentException(from + " and " + to + " are of different families");
        }
    }

    /**
     * Under a configuration, without tracked flows.
     *
     * @param config with the addresses that the NICs of hosts have
     * @throws IllegalArgumentException if the question makes no sense, with a sentence about it
     */
    public static ExplainReport offline(Config config, ExplainRequest question) {
        Set<String> names = new TreeSet<>(config.interfaces().keySet());
        if (!names.contains(question.interfaceName())) {
            throw new IllegalArgumentException(
                    "no interface " + question.interfaceName() + ": there is " + String.join(", ", names));
        }
        Policy policy = Policy.compile(config, question.interfaceName(), 1, 1);
        Engine engine = Engine.alone(policy, 0);
        return live(config, policy, question, (frame, way) -> engine.explain(frame, way, 0));
    }

    /**
     * In the running daemon.
     *
     * @param policy in force
     * @param engine asked about the frame
     */
    public static ExplainReport live(
            Config config, Policy policy, ExplainRequest question, BiFunction<byte[], Direction, Explained> engine) {
        Explain explain = new Explain(config, policy, question);
        return explain.report(
                engine.apply(explain.packet().frame(), question.ingress() ? Direction.INGRESS : Direction.EGRESS));
    }

    private FirstPacket packet() {
        return new FirstPacket(
                from,
                to,
                question.protocol(),
                question.fromPort(),
                question.toPort(),
                question.type(),
                question.code(),
                question.vlans());
    }

    private ExplainReport report(Explained explained) {
        boolean passes = explained.reason() == Reason.NONE;
        Explained.Tracked flow = explained.flow();
        return new ExplainReport(
                question.interfaceName(),
                direction(question.ingress()),
                packetText(),
                passes ? "pass" : policy.audits() ? "would-drop" : "drop",
                explained.reason().label(),
                text(explained),
                rule(explained),
                explained.reason() == Reason.NO_RULE || explained.reason() == Reason.ICMP_UNRELATED ? nearest() : null,
                flow == null ? null : view(flow));
    }

    private static String direction(boolean ingress) {
        return ingress ? "ingress" : "egress";
    }

    private String packetText() {
        boolean ports = Rule.hasPorts(question.protocol());
        String text = Rule.protocolName(question.protocol()) + " " + end(from, ports, question.fromPort()) + " > "
                + end(to, ports, question.toPort());
        return isIcmp() ? text + " type " + question.type() + " code " + question.code() : text;
    }

    private static String end(Address address, boolean ports, int port) {
        return !ports ? address.toString() : address.isV6() ? "[" + address + "]:" + port : address + ":" + port;
    }

    private boolean isIcmp() {
        return IpProtocol.isIcmp(question.protocol(), from.isV6());
    }

    private ExplainReport.@Nullable RuleView rule(Explained explained) {
        if (explained.rule() >= 0) {
            CompiledRule rule = policy.rule(explained.rule());
            return new ExplainReport.RuleView(
                    rule.id(), rule.location() == null ? "" : rule.location().toString(), rule.description());
        }
        Acl acl = policy.acl();
        if (acl != null && explained.reason() == Reason.ACL_DENY) {
            Rule entry = acl.entry(question.ingress(), explained.aclEntry()).packets();
            return new ExplainReport.RuleView(
                    acl.id(question.ingress(), explained.aclEntry()),
                    entry.location().toString(),
                    entry.description());
        }
        return null;
    }

    private ExplainReport.@Nullable NearestView nearest() {
        int selector = isIcmp() ? question.type() << 8 | question.code() : question.toPort();
        return NearestRule.to(
                        config,
                        attachment,
                        question.ingress(),
                        question.protocol(),
                        selector,
                        question.ingress() ? from : to)
                .map(near ->
                        new ExplainReport.NearestView(near.id(), near.location().toString(), near.why()))
                .orElse(null);
    }

    private ExplainReport.FlowView view(Explained.Tracked flow) {
        return new ExplainReport.FlowView(
                direction(flow.ingress()),
                flow.state(),
                flow.idleNs() / NS_PER_SECOND,
                policy.timeoutNs(flow.state()) / NS_PER_SECOND,
                flow.replied(),
                flow.failsafe(),
                flow.todaysRule() == RuleSet.NONE
                        ? "(earlier rule)"
                        : policy.rule(flow.todaysRule()).id());
    }

    private String text(Explained explained) {
        Acl acl = policy.acl();
        String way = direction(question.ingress());
        return switch (explained.reason()) {
            case NONE ->
                explained.flow() != null && explained.rule() < 0
                        ? "it belongs to a tracked flow"
                        : explained.rule() < 0
                                ? "it is link traffic of a class that passes without a rule"
                                : policy.isFailsafe(explained.rule())
                                        ? "a failsafe rule admits it, before the network ACL and all groups"
                                        : "a rule admits it";
            case NO_RULE -> "no " + way + " rule of " + String.join(", ", attachment.securityGroups()) + " admits it";
            case ICMP_UNRELATED -> "it is an ICMP error about no tracked flow, and no rule admits it";
            case ACL_DENY -> "an entry of the network ACL denies it";
            case ACL_DEFAULT ->
                "no entry of " + (acl == null ? "the network ACL" : acl.id(question.ingress(), Acl.DEFAULT))
                        + " matches it";
            case RECHECK -> "its flow was admitted by a rule that is gone, and ends here (on-reload: recheck)";
            case LINK_CLASS -> "its link-layer protocol is not in pass-through, or the frame is malformed for it";
            case BAD_ADDRESS -> "one of its addresses must not be on the wire there";
            case SOURCE_CHECK ->
                question.ingress()
                        ? "its source is one of the interface's own addresses (source-check)"
                        : "its source is none of the interface's own addresses (source-check)";
            case FLOW_LIMIT -> "max-flows is reached";
            default -> "it is refused before any rule is asked";
        };
    }
}
