package io.portcullis.reference;

import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.TcpFlags;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The decision in the specification's words (security-groups.md, sections 3, 5, 6 and 7), slow and plain: the engine is compared
 * with it. It covers whole packets that are neither link traffic nor fragments.
 */
public final class ReferenceFirewall {
    /** A flow, and a time before which it does not expire. */
    private record Look(long atNs, ReferenceFlow flow) {}

    private final Map<ReferenceFlow.Key, ReferenceFlow> flows = new HashMap<>();

    /** Flows of each eviction precedence, by their numbers. */
    private final Map<Integer, TreeMap<Long, ReferenceFlow>> makeRoom = new TreeMap<>();

    private final PriorityQueue<Look> looks = new PriorityQueue<>(Comparator.comparingLong(Look::atNs));
    private ReferencePolicy policy;
    private long nowNs;
    private long created;
    private long births;
    private long evicted;
    private long expired;
    private long ended;
    private long openedBySyn;

    public ReferenceFirewall(ReferencePolicy policy) {
        this.policy = policy;
    }

    /** Another policy, from the next packet on. */
    public void install(ReferencePolicy next) {
        policy = next;
        looks.clear();
        for (ReferenceFlow flow : flows.values()) {
            flow.lookAtNs = Long.MAX_VALUE;
            lookInTime(flow);
        }
        expire();
    }

    /** Sets the time. An entry that was idle for exactly its timeout has expired. */
    public void advance(long toNs) {
        nowNs = toNs;
        expire();
    }

    private void expire() {
        for (Look look = looks.peek(); look != null && look.atNs <= nowNs; look = looks.peek()) {
            looks.remove();
            ReferenceFlow flow = look.flow;
            if (look.atNs != flow.lookAtNs) {
                continue;
            }
            flow.lookAtNs = Long.MAX_VALUE;
            if (endNs(flow) <= nowNs) {
                forget(flow);
                expired++;
            } else {
                lookInTime(flow);
            }
        }
    }

    /** Time when a flow expires, unless a packet renews it. */
    long endNs(ReferenceFlow flow) {
        return flow.lastNs + flow.timeoutNs(policy);
    }

    private void lookInTime(ReferenceFlow flow) {
        long endNs = endNs(flow);
        if (endNs < flow.lookAtNs) {
            flow.lookAtNs = endNs;
            looks.add(new Look(endNs, flow));
        }
    }

    public Collection<ReferenceFlow> flows() {
        return flows.values();
    }

    long created() {
        return created;
    }

    long evicted() {
        return evicted;
    }

    long expired() {
        return expired;
    }

    /** Flows that a reset, a recheck or a new flow of the same tuple has ended. */
    long ended() {
        return ended;
    }

    /** True: a connection of this tuple may be adopted: the tuple has no flow, and no flow must be evicted. */
    public boolean mayAdopt(Datagram first) {
        return flowOf(first) == null && flows.size() < policy.maxFlows();
    }

    /** Adopts a connection. Its first packet would have been as the given one. */
    void adopt(Datagram first, int originatorShift, int responderShift) {
        ReferenceFlow flow = new ReferenceFlow(
                key(first), first, new ReferenceTcp(originatorShift, responderShift), births++, nowNs);
        flows.put(flow.key, flow);
        order(flow);
        renew(flow);
    }

    /** Number of connections with an unknown originator that a SYN inside started over. */
    long openedBySyn() {
        return openedBySyn;
    }

    /** Decides about a packet that arrives now. */
    public Verdict decide(Datagram datagram) {
        Verdict verdict = judge(datagram);
        return verdict.reason() != Reason.NONE && policy.audits() ? new Verdict(verdict.reason(), true, null) : verdict;
    }

    private static Verdict drop(Reason reason) {
        return new Verdict(reason, false, null);
    }

    private Verdict judge(Datagram datagram) {
        if (ReferencePolicy.hasBadAddress(datagram)) {
            return drop(Reason.BAD_ADDRESS);
        }
        if (policy.failsSourceCheck(datagram)) {
            return drop(Reason.SOURCE_CHECK);
        }
        Reason denied = policy.askAcl(datagram);
        if (denied != Reason.NONE && !isPastAcl(datagram)) {
            return drop(denied);
        }
        if (datagram.badChecksum() && policy.verifiesChecksums()) {
            return drop(Reason.BAD_CHECKSUM);
        }
        return switch (datagram.transport()) {
            case Transport.Tcp segment -> tcp(datagram, segment);
            case Transport.Ports ports -> stateless(datagram);
            case Transport.Other other -> stateless(datagram);
            case Transport.Icmp icmp -> icmp(datagram, icmp);
        };
    }

    /** The network ACL does not apply to failsafe flows and to packets that failsafe rules admit. */
    private boolean isPastAcl(Datagram datagram) {
        ReferenceFlow flow = flowOrSubject(datagram);
        boolean opens = opens(datagram);
        boolean startsAnew = flow != null && flow.tcp != null && flow.tcp.isOver() && opens;
        if (flow != null && !startsAnew) {
            return flow.failsafe && ReferencePolicy.isFailsafe(policy.ruleFor(flow.first));
        }
        boolean mayStart = !(datagram.transport() instanceof Transport.Tcp segment)
                || opens
                || !policy.isTcpStrict() && isPlainAck(segment.flags());
        return mayStart && ReferencePolicy.isFailsafe(policy.ruleFor(datagram));
    }

    private @Nullable ReferenceFlow flowOrSubject(Datagram datagram) {
        if (datagram.transport() instanceof Transport.Icmp icmp && Icmp.isError(datagram.isV6(), icmp.type())) {
            return subject(datagram, icmp);
        }
        return flowOf(datagram);
    }

    private static boolean opens(Datagram datagram) {
        return datagram.transport() instanceof Transport.Tcp segment && judged(segment.flags()) == TcpFlags.SYN;
    }

    private static boolean isPlainAck(int flags) {
        return judged(flags) == TcpFlags.ACK;
    }

    private static int judged(int flags) {
        return flags & (TcpFlags.SYN | TcpFlags.ACK | TcpFlags.RST | TcpFlags.FIN);
    }

    private Verdict tcp(Datagram datagram, Transport.Tcp segment) {
        int flags = judged(segment.flags());
        boolean possible = switch (flags) {
            case TcpFlags.SYN,
                    TcpFlags.ACK,
                    TcpFlags.RST,
                    TcpFlags.SYN | TcpFlags.ACK,
                    TcpFlags.RST | TcpFlags.ACK,
                    TcpFlags.FIN | TcpFlags.ACK -> true;
            default -> false;
        };
        if (!possible) {
            return drop(Reason.TCP_FLAGS);
        }
        ReferenceFlow flow = flowOf(datagram);
        if (flow == null || flow.tcp == null) {
            boolean mayStart = opens(datagram) || !policy.isTcpStrict() && isPlainAck(flags);
            return mayStart ? start(datagram, null) : drop(Reason.TCP_NO_SYN);
        }
        if (opens(datagram) && flow.tcp.isOver()) {
            return start(datagram, flow);
        }
        if (failsRecheck(flow)) {
            return drop(Reason.RECHECK);
        }
        boolean fromOriginator = flow.isFromOriginator(datagram);
        return switch (flow.tcp.follow(segment, datagram.length(), fromOriginator, flow.replied)) {
            case RENEWS -> {
                passed(flow, fromOriginator);
                renew(flow);
                yield Verdict.PASS;
            }
            case PASSES -> {
                passed(flow, fromOriginator);
                yield Verdict.PASS;
            }
            case ENDS -> {
                forget(flow);
                ended++;
                yield Verdict.PASS;
            }
            case ASKS_RULES -> {
                String rule = policy.ruleFor(datagram);
                if (rule == null) {
                    yield drop(Reason.NO_RULE);
                }
                flow.tcp.remember(segment, datagram.length(), fromOriginator);
                flow.remember(datagram, ReferencePolicy.isFailsafe(rule));
                passed(flow, fromOriginator);
                yield Verdict.PASS;
            }
            case WAS_OPENED_BY_SYN -> {
                flow.wasOpenedBySyn();
                openedBySyn++;
                passed(flow, false);
                renew(flow);
                yield Verdict.PASS;
            }
            case STARTS_ANEW -> throw new IllegalStateException("asked above");
            case STATE -> drop(Reason.TCP_STATE);
            case WINDOW -> drop(Reason.TCP_WINDOW);
        };
    }

    private Verdict stateless(Datagram datagram) {
        ReferenceFlow flow = flowOf(datagram);
        if (flow == null) {
            return start(datagram, null);
        }
        if (failsRecheck(flow)) {
            return drop(Reason.RECHECK);
        }
        boolean fromOriginator = flow.isFromOriginator(datagram);
        flow.exchange(fromOriginator);
        passed(flow, fromOriginator);
        renew(flow);
        return Verdict.PASS;
    }

    private Verdict icmp(Datagram datagram, Transport.Icmp icmp) {
        boolean v6 = datagram.isV6();
        boolean error = Icmp.isError(v6, icmp.type());
        if (error && subject(datagram, icmp) != null) {
            return Verdict.PASS;
        }
        if (Icmp.isRequest(v6, icmp.type()) || flowOf(datagram) != null) {
            return stateless(datagram);
        }
        String rule = policy.ruleFor(datagram);
        return rule == null
                ? drop(error ? Reason.ICMP_UNRELATED : Reason.NO_RULE)
                : new Verdict(Reason.NONE, false, rule);
    }

    /** The flow that an ICMP error is about, or null. */
    private @Nullable ReferenceFlow subject(Datagram error, Transport.Icmp icmp) {
        Datagram quoted = icmp.quoted();
        if (quoted == null
                || quoted.isV6() != error.isV6()
                || quoted.direction() == error.direction()
                || !quoted.source().equals(error.destination())) {
            return null;
        }
        ReferenceFlow flow = flowOf(quoted.on(error.vlans()));
        if (flow == null) {
            return null;
        }
        boolean credible = flow.tcp == null
                || quoted.transport() instanceof Transport.Tcp segment
                        && flow.tcp.isInFlight(segment.sequence(), flow.isFromOriginator(quoted));
        return credible ? flow : null;
    }

    /** Opens a flow for a packet, if a rule admits it and the table has space. */
    private Verdict start(Datagram datagram, @Nullable ReferenceFlow over) {
        String rule = policy.ruleFor(datagram);
        if (rule == null) {
            return drop(Reason.NO_RULE);
        }
        // Silent: how many flows are evicted after the limit was lowered. As many as necessary.
        int others = flows.size() - (over == null ? 0 : 1);
        for (; others >= policy.maxFlows(); others--) {
            Optional<ReferenceFlow> oldest = makeRoom.values().stream()
                    .flatMap(each -> each.values().stream())
                    .filter(flow -> flow != over)
                    .findFirst();
            if (oldest.isEmpty()) {
                return drop(Reason.FLOW_LIMIT);
            }
            forget(oldest.get());
            evicted++;
        }
        if (over != null) {
            forget(over);
            ended++;
        }
        ReferenceFlow flow =
                new ReferenceFlow(key(datagram), datagram, ReferencePolicy.isFailsafe(rule), births++, nowNs);
        flows.put(flow.key, flow);
        order(flow);
        renew(flow);
        created++;
        return new Verdict(Reason.NONE, false, rule);
    }

    /** With {@code recheck} a flow that the rules in force do not admit ends; under audit it stays. */
    private boolean failsRecheck(ReferenceFlow flow) {
        if (!policy.rechecks() || policy.ruleFor(flow.first) != null) {
            return false;
        }
        if (!policy.audits()) {
            forget(flow);
            ended++;
        }
        return true;
    }

    private void passed(ReferenceFlow flow, boolean fromOriginator) {
        flow.replied |= !fromOriginator;
        order(flow);
    }

    /** Notes a flow's precedence anew; its age never changes. */
    private void order(ReferenceFlow flow) {
        if (flow.notedPrecedence != flow.precedence()) {
            disorder(flow);
            flow.notedPrecedence = flow.precedence();
            if (flow.notedPrecedence != ReferenceFlow.NEVER) {
                makeRoom.computeIfAbsent(flow.notedPrecedence, _ -> new TreeMap<>())
                        .put(flow.number, flow);
            }
        }
    }

    private void disorder(ReferenceFlow flow) {
        makeRoom.getOrDefault(flow.notedPrecedence, new TreeMap<>()).remove(flow.number);
    }

    private void renew(ReferenceFlow flow) {
        flow.renew(nowNs);
        lookInTime(flow);
    }

    private void forget(ReferenceFlow flow) {
        flows.remove(flow.key);
        disorder(flow);
        flow.lookAtNs = Long.MAX_VALUE;
    }

    /** The flow that a packet belongs to, or null. */
    @Nullable
    public ReferenceFlow flowOf(Datagram datagram) {
        return flows.get(key(datagram));
    }

    static ReferenceFlow.Key key(Datagram datagram) {
        return switch (datagram.transport()) {
            case Transport.Tcp tcp -> ports(datagram, IpProtocol.TCP, tcp.sourcePort(), tcp.destinationPort());
            case Transport.Ports ports ->
                ports(datagram, ports.protocol(), ports.sourcePort(), ports.destinationPort());
            case Transport.Icmp icmp -> {
                int request = Icmp.requestOf(datagram.isV6(), icmp.type());
                boolean reply = request != Icmp.NONE;
                yield new ReferenceFlow.Key.Query(
                        datagram.vlans(),
                        datagram.outside(),
                        datagram.inside(),
                        reply ? datagram.direction().opposite() : datagram.direction(),
                        reply ? request : icmp.type(),
                        icmp.code(),
                        icmp.identifier());
            }
            case Transport.Other other ->
                new ReferenceFlow.Key.Pair(datagram.vlans(), other.protocol(), datagram.outside(), datagram.inside());
        };
    }

    private static ReferenceFlow.Key ports(Datagram datagram, int protocol, int source, int destination) {
        boolean inward = datagram.direction() == Direction.INGRESS;
        return new ReferenceFlow.Key.Ports(
                datagram.vlans(),
                protocol,
                datagram.outside(),
                inward ? source : destination,
                datagram.inside(),
                inward ? destination : source);
    }
}
