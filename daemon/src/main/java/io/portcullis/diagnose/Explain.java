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
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import io.portcullis.policy.analysis.NearestRule;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Reports the verdict about a packet and its cause: from a configuration alone, or in the running daemon. */
public final class Explain {
    private static final double NS_PER_SECOND = 1e9;

    private final Config config;
    private final Policy policy;
    private final Interface iface;
    private final ExplainRequest request;
    private final Address from;
    private final Address to;

    private Explain(Config config, Policy policy, ExplainRequest request) {
        this.config = config;
        this.policy = policy;
        this.iface = Objects.requireNonNull(config.interfaces().get(request.interfaceName()));
        this.request = request;
        from = Address.parse(request.from());
        to = Address.parse(request.to());
        if (from.isV6() != to.isV6()) {
            throw new IllegalArgumentException(from + " and " + to + " are of different families");
        }
    }

    /**
     * Under a configuration, without tracked flows.
     *
     * @param config with the current addresses of the NICs in host mode
     * @throws IllegalArgumentException if the request makes no sense; the message is a sentence
     */
    public static ExplainReport offline(Config config, ExplainRequest request) {
        Set<String> names = new TreeSet<>(config.interfaces().keySet());
        if (!names.contains(request.interfaceName())) {
            throw new IllegalArgumentException(
                    "no interface " + request.interfaceName() + ": there is " + String.join(", ", names));
        }
        Policy policy = Policy.compile(config, request.interfaceName(), 1, 1);
        Engine engine = Engine.alone(policy, 0);
        return live(config, policy, request, (frame, way) -> engine.explain(frame, way, 0));
    }

    /**
     * In the running daemon.
     *
     * @param policy in force
     * @param engine explains a frame
     */
    public static ExplainReport live(
            Config config, Policy policy, ExplainRequest request, BiFunction<byte[], Direction, Explained> engine) {
        Explain explain = new Explain(config, policy, request);
        return explain.report(
                engine.apply(explain.packet().frame(), request.ingress() ? Direction.INGRESS : Direction.EGRESS));
    }

    private FirstPacket packet() {
        return new FirstPacket(
                from,
                to,
                request.protocol(),
                request.fromPort(),
                request.toPort(),
                request.type(),
                request.code(),
                request.vlans());
    }

    private ExplainReport report(Explained explained) {
        boolean passes = explained.reason() == Reason.NONE;
        Explained.Tracked flow = explained.flow();
        return new ExplainReport(
                request.interfaceName(),
                direction(request.ingress()),
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
        boolean ports = Rule.hasPorts(request.protocol());
        String text = Rule.protocolName(request.protocol()) + " " + end(from, ports, request.fromPort()) + " > "
                + end(to, ports, request.toPort());
        return isIcmp() ? text + " type " + request.type() + " code " + request.code() : text;
    }

    private static String end(Address address, boolean ports, int port) {
        return !ports ? address.toString() : address.isV6() ? "[" + address + "]:" + port : address + ":" + port;
    }

    private boolean isIcmp() {
        return IpProtocol.isIcmp(request.protocol(), from.isV6());
    }

    private ExplainReport.@Nullable RuleView rule(Explained explained) {
        if (explained.rule() >= 0) {
            CompiledRule rule = policy.rule(explained.rule());
            return new ExplainReport.RuleView(
                    rule.id(), rule.location() == null ? "" : rule.location().toString(), rule.description());
        }
        Acl acl = policy.acl();
        if (acl != null && explained.reason() == Reason.ACL_DENY) {
            Rule entry = acl.entry(request.ingress(), explained.aclEntry()).packets();
            return new ExplainReport.RuleView(
                    acl.id(request.ingress(), explained.aclEntry()),
                    entry.location().toString(),
                    entry.description());
        }
        return null;
    }

    private ExplainReport.@Nullable NearestView nearest() {
        int selector = isIcmp() ? request.type() << 8 | request.code() : request.toPort();
        return NearestRule.to(
                        config,
                        iface,
                        request.ingress(),
                        new NearestRule.Asked(from.isV6(), request.protocol(), selector, request.ingress() ? from : to))
                .map(near -> new ExplainReport.NearestView(
                        near.id(), near.location().toString(), near.description(), near.why()))
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
                        : policy.rule(flow.todaysRule()).id(),
                flow.ageNs() < 0 ? null : flow.ageNs() / NS_PER_SECOND,
                flow.inward().packets(),
                flow.inward().bytes(),
                flow.outward().packets(),
                flow.outward().bytes());
    }

    private String text(Explained explained) {
        Acl acl = policy.acl();
        String way = direction(request.ingress());
        return switch (explained.reason()) {
            case NONE ->
                explained.flow() != null && explained.rule() < 0
                        ? "it belongs to a tracked flow"
                        : explained.rule() < 0
                                ? "it is link traffic of a class that passes without a rule"
                                : policy.isFailsafe(explained.rule())
                                        ? "a failsafe rule admits it, before the network ACL and all groups"
                                        : "a rule admits it";
            case PANIC ->
                policy.enforcement() == Enforcement.FAILSAFE_ONLY
                        ? "panic is on, and no failsafe rule admits it (portcullis panic off ends it)"
                        : "panic is on (portcullis panic off ends it)";
            case NO_RULE -> "no " + way + " rule of " + String.join(", ", iface.securityGroups()) + " admits it";
            case ICMP_UNRELATED -> "it is an ICMP error about no tracked flow, and no rule admits it";
            case ACL_DENY -> "an entry of the network ACL denies it";
            case ACL_DEFAULT ->
                "no entry of " + (acl == null ? "the network ACL" : acl.id(request.ingress(), Acl.DEFAULT))
                        + " matches it";
            case RECHECK -> "the rule that admitted its flow is gone, and the flow ends (on-reload: recheck)";
            case LINK_CLASS -> "its link-layer protocol is not in pass-through, or the frame is malformed for it";
            case BAD_ADDRESS -> "one of its addresses must not be on the wire there";
            case SOURCE_CHECK ->
                request.ingress()
                        ? "its source is one of the interface's own addresses (source-check)"
                        : "its source is none of the interface's own addresses (source-check)";
            case FLOW_LIMIT -> "max-flows is reached";
            default -> "a check before the rules drops it";
        };
    }
}
