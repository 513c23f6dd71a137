package io.portcullis.engine;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowEnd;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.TcpConnection;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.conntrack.Timeout;
import io.portcullis.conntrack.UdpTracker;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.QuotedPacket;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds a packet's flow and renews it, or opens one if a rule admits the packet. */
final class FlowStep {
    /** The hash of no rule's text. */
    static final int WITHOUT_RULE = 0;

    private final FlowTable flows;
    private final RuleStep rules;
    private final Shard shard;
    private final Counters counters;
    private final TcpTracker tcp = new TcpTracker();
    private final QuotedPacket quote = new QuotedPacket();
    private final Tuple quotedTuple = new Tuple();
    private boolean started;
    private long startedNs;

    FlowStep(FlowTable flows, RuleStep rules, Shard shard, Counters counters) {
        this.flows = flows;
        this.rules = rules;
        this.shard = shard;
        this.counters = counters;
    }

    /** Starts the time in which a bridge learns. */
    void startedAt(long nowNs) {
        startedNs = nowNs;
        started = true;
    }

    boolean isLearning(long nowNs) {
        return started && nowNs - startedNs < rules.policy().learnNs();
    }

    /** True: a plain ACK may open a flow. */
    boolean picksUp(long nowNs) {
        return !rules.policy().isTcpStrict() || isLearning(nowNs);
    }

    /**
     * Decides about a packet by its flow, and by the rules where it has none.
     *
     * @param role of the packet
     */
    Reason decide(Cursor frame, FlowRole role) {
        if (!role.hasFlow()) {
            return decideWithoutFlow(frame, role);
        }
        Flow flow = flows.find(frame.tuple, frame.nowNs);
        // The frequent path first: the compiler inlines in this order, until a method has too many nodes.
        if (flow != null) {
            frame.flow = flow.entry();
            return frame.packet.protocol() == IpProtocol.TCP ? followTcp(frame, role, flow) : follow(frame, flow);
        }
        return open(frame, role, null);
    }

    private Reason follow(Cursor frame, Flow flow) {
        if (endsByRecheck(flow)) {
            return Reason.RECHECK;
        }
        Packet packet = frame.packet;
        boolean fromOriginator = frame.direction == flow.originalDirection();
        Timeout timeout =
                packet.protocol() == IpProtocol.UDP ? UdpTracker.follow(flow, fromOriginator) : firstTimeout(packet);
        if (!fromOriginator) {
            flows.replied(flow);
        }
        flows.renew(flow, timeout, frame.nowNs);
        return Reason.NONE;
    }

    /** The timeout of a flow, not of TCP, after its first packet. */
    private static Timeout firstTimeout(Packet packet) {
        if (packet.isIcmp()) {
            return packet.isV6() ? Timeout.ICMPV6 : Timeout.ICMP;
        }
        return packet.protocol() == IpProtocol.UDP ? Timeout.UDP : Timeout.OTHER;
    }

    private Reason followTcp(Cursor frame, FlowRole role, Flow flow) {
        if (!reopens(frame.packet, flow) && endsByRecheck(flow)) {
            return Reason.RECHECK;
        }
        boolean fromOriginator = frame.direction == flow.originalDirection();
        return switch (flows.follow(flow, tcp, frame.packet, fromOriginator, frame.nowNs)) {
            case RENEW -> {
                frame.movedTcp = true;
                yield Reason.NONE;
            }
            case PASS -> Reason.NONE;
            case END -> {
                end(frame, flow);
                yield Reason.NONE;
            }
            case REOPEN -> open(frame, role, flow);
            case ASK_RULES -> rememberSyn(frame, flow, fromOriginator);
            case START_OVER -> startOver(frame, flow);
            case BAD_STATE -> Reason.TCP_STATE;
            case BAD_WINDOW -> Reason.TCP_WINDOW;
        };
    }

    /** Ends a connection with this segment, which it still counts. */
    private void end(Cursor frame, Flow flow) {
        int packets = frame.packets();
        flows.count(flow.entry(), frame.direction, packets, frame.bytes(packets));
        frame.flow = Cursor.NO_FLOW;
        flows.remove(flow, FlowEnd.Reason.RESET);
    }

    private Reason rememberSyn(Cursor frame, Flow flow, boolean fromOriginator) {
        int rule = rules.match(frame);
        if (rule == RuleSet.NONE) {
            return Reason.NO_RULE;
        }
        if (rules.isFailsafeOnly() && !rules.policy().isFailsafe(rule)) {
            return Reason.PANIC;
        }
        flows.rememberSyn(flow, tcp, fromOriginator, rules.policy().isFailsafe(rule));
        return Reason.NONE;
    }

    private Reason startOver(Cursor frame, Flow flow) {
        // Matched again, as an entry does not keep the rule that admitted the SYN. Only a reload in between changes it.
        int rule = rules.matchAnswered(frame);
        int hash = rule == RuleSet.NONE ? WITHOUT_RULE : rules.policy().hash(rule);
        flows.startOver(flow, tcp, frame.direction, hash, frame.nowNs);
        flow.answered(rule);
        frame.movedTcp = true;
        return Reason.NONE;
    }

    /** True: a SYN for the tuple of a connection that is over. */
    private static boolean reopens(Packet packet, Flow flow) {
        return packet.protocol() == IpProtocol.TCP
                && TcpTracker.isOpening(packet.tcpFlags())
                && TcpTracker.isOver(flow);
    }

    /** True: the rules in force do not admit the flow, and it ends. */
    private boolean endsByRecheck(Flow flow) {
        Policy policy = rules.policy();
        if (!policy.rechecks() || rules.matchToday(flow) != RuleSet.NONE) {
            return false;
        }
        if (!policy.audits()) {
            flows.remove(flow, FlowEnd.Reason.REFUSED);
        }
        return true;
    }

    /**
     * Decides about a packet without a living flow by the rules, and opens one if its role says so.
     *
     * @param over the connection of this tuple that is over, or null: it ends if the new one is admitted
     */
    private Reason open(Cursor frame, FlowRole role, @Nullable Flow over) {
        if (role == FlowRole.CONTINUES) {
            return Reason.TCP_NO_SYN;
        }
        int rule = rules.match(frame);
        if (rule == RuleSet.NONE) {
            return Reason.NO_RULE;
        }
        if (role == FlowRole.OPENS) {
            if (!insert(frame, rule, over)) {
                counters.add(Counters.Total.FLOWS_REFUSED, 1);
                return Reason.FLOW_LIMIT;
            }
            counters.add(Counters.Total.FLOWS_CREATED, 1);
        }
        rules.credit(frame, rule);
        return Reason.NONE;
    }

    /** Inserts the flow of a packet that a rule admits; false: the table is full. */
    private boolean insert(Cursor frame, int rule, @Nullable Flow over) {
        Policy policy = rules.policy();
        boolean isTcp = frame.packet.protocol() == IpProtocol.TCP;
        TcpConnection connection = isTcp ? tcp.open(frame.packet) : null;
        Flow flow = flows.insert(
                frame.tuple,
                frame.direction,
                isTcp ? tcp.timeout(false) : firstTimeout(frame.packet),
                frame.nowNs,
                policy.hash(rule),
                policy.isFailsafe(rule) ? FlowTable.ADMITTED_BY_FAILSAFE : 0,
                connection,
                over);
        if (flow == null) {
            return false;
        }
        flow.answered(rule);
        frame.flow = flow.entry();
        frame.movedTcp = isTcp;
        return true;
    }

    /** Decides about ICMP that neither belongs to a flow by its tuple nor opens one. */
    private Reason decideWithoutFlow(Cursor frame, FlowRole role) {
        boolean isError = role == FlowRole.QUOTES;
        if (isError && (quotedFlow(frame) != null || frame.isElsewhere())) {
            return Reason.NONE;
        }
        int rule = rules.match(frame);
        if (rule == RuleSet.NONE) {
            return isError ? Reason.ICMP_UNRELATED : Reason.NO_RULE;
        }
        rules.credit(frame, rule);
        return Reason.NONE;
    }

    /**
     * The flow that an ICMP error is about: the quoted packet belongs to it, travelled the other way and came from the error's
     * destination. Null: none, or it is another worker's, which the frame then names.
     */
    private @Nullable Flow quotedFlow(Cursor frame) {
        Packet packet = frame.packet;
        if (!packet.readQuote(quote)
                || quote.sourceHigh() != packet.destinationHigh()
                || quote.sourceLow() != packet.destinationLow()) {
            return null;
        }
        int home = shard.home(quote);
        if (home != shard.worker()) {
            frame.worker = home;
            return null;
        }
        Direction quoted = frame.direction.opposite();
        quotedTuple.of(quote, packet.vlans(), quoted);
        Flow flow = flows.find(quotedTuple, frame.nowNs);
        boolean fits = flow != null
                && (quote.protocol() != IpProtocol.TCP
                        || tcp.isInFlight(flow, quote.tcpSequence(), quoted == flow.originalDirection()));
        return fits ? flow : null;
    }

    /**
     * True: a network ACL's denial does not count (security-groups.md section 7). The packet belongs to a flow that failsafe
     * rules hold, or is an ICMP error about one, or a failsafe rule admits it without a flow.
     */
    boolean isExemptFromAcl(Cursor frame, FlowRole role) {
        Flow flow = relatedFlow(frame, role);
        if (frame.isElsewhere()) {
            // The worker with the flow asks the ACL.
            return true;
        }
        return flow != null ? rules.isHeldByFailsafe(flow) : isNewByFailsafe(frame, role);
    }

    /** True: the packet passes while only flows of failsafe rules do; the parameters are those of {@link #isExemptFromAcl}. */
    boolean isKeptInPanic(Cursor frame, FlowRole role) {
        Flow flow = relatedFlow(frame, role);
        if (frame.isElsewhere()) {
            // The worker with the flow decides.
            return true;
        }
        return flow != null ? rules.isKeptInPanic(flow) : isNewByFailsafe(frame, role);
    }

    /** The flow of a packet, or that an ICMP error is about; null: none, or the packet would open another one. */
    private @Nullable Flow relatedFlow(Cursor frame, FlowRole role) {
        Flow flow = role.hasFlow()
                ? flows.find(frame.tuple, frame.nowNs)
                : role == FlowRole.QUOTES ? quotedFlow(frame) : null;
        return flow != null && reopens(frame.packet, flow) ? null : flow;
    }

    private boolean isNewByFailsafe(Cursor frame, FlowRole role) {
        return role != FlowRole.CONTINUES && rules.policy().isFailsafe(rules.match(frame));
    }

    /** Takes the sequence numbers of a TCP segment's later fragment into account. */
    void extendTcp(Cursor fragment, int ports, int sequenceEnd) {
        fragment.tuple.ofTcp(fragment.packet, fragment.direction, ports);
        Flow flow = flows.find(fragment.tuple, fragment.nowNs);
        if (flow != null) {
            tcp.extend(flow, flows, fragment.direction == flow.originalDirection(), sequenceEnd);
        }
    }

    /** True: the segment has moved its connection, and later fragments of it move it further. */
    static boolean movesEnd(Cursor frame) {
        return frame.movedTcp && (frame.packet.tcpFlags() & TcpFlags.RST) == 0;
    }

    /** As {@link Engine#adopt}. */
    int adopt(List<Adopted> connections, long nowNs) {
        Tuple tuple = new Tuple();
        int adopted = 0;
        for (Adopted connection : connections) {
            if (shard.home(connection) != shard.worker()) {
                continue;
            }
            tuple.ofTcp(
                    connection.v6(),
                    connection.outsideHigh(),
                    connection.outsideLow(),
                    connection.outsidePort(),
                    connection.insideHigh(),
                    connection.insideLow(),
                    connection.insidePort());
            if (flows.find(tuple, nowNs) == null && insertAdopted(tuple, connection, nowNs)) {
                adopted++;
            }
        }
        counters.add(Counters.Total.FLOWS_RESTORED, adopted);
        return adopted;
    }

    private boolean insertAdopted(Tuple tuple, Adopted adopted, long nowNs) {
        boolean fromOutside = adopted.direction() == Direction.INGRESS;
        TcpConnection connection = tcp.adopt(
                fromOutside ? adopted.outsideScale() : adopted.insideScale(),
                fromOutside ? adopted.insideScale() : adopted.outsideScale());
        // Both sides have spoken: no other flow evicts it.
        return flows.insert(
                        tuple,
                        adopted.direction(),
                        Timeout.TCP_ESTABLISHED,
                        nowNs,
                        WITHOUT_RULE,
                        FlowTable.BOTH_SPOKE,
                        connection,
                        null)
                != null;
    }
}
