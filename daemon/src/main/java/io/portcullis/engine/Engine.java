package io.portcullis.engine;

import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TcpConnection;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.conntrack.Timeout;
import io.portcullis.conntrack.UdpTracker;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;
import io.portcullis.packet.QuotedPacket;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides about frames: one engine per worker, with its flow table and its counters; used by that worker's thread alone.
 * The order of the checks is the specification's: malformed, link traffic, addresses, fragments, network ACL, checksum, TCP
 * flags, flow, rules; the first that objects names the reason.
 *
 * <p>Per frame nothing is allocated but a new flow; no I/O, no clock: time is the caller's.
 */
public final class Engine {
    private static final int NOT_ASKED = -1;

    /** Stands where the hash of a rule's text does. */
    private static final int WITHOUT_RULE = 0;

    private static final int EXPLAINED_FLOWS = 1;

    private static final Timeout[] STATES = Timeout.values();
    private static final EvictionClass[] EVICTION_CLASSES = EvictionClass.values();

    /** Frames that are decided sooner than their memory would be near. */
    private static final int FEW = 4;

    /** The key of how long fragments wait for each other. */
    private static final String FRAGMENT_TIMEOUT = "fragment";

    private final Shard share;
    private final FlowTable flows;
    private final Fragments fragments;
    private final TcpTracker tcp = new TcpTracker();
    private final Counters counters = new Counters();
    private final DropSamples dropSamples = new DropSamples();
    private final Packet[] packets = new Packet[Batch.CAPACITY];
    private final Packet.Fault[] faults = new Packet.Fault[Batch.CAPACITY];
    private final Tuple[] tuples = new Tuple[Batch.CAPACITY];
    private final QuotedPacket quote = new QuotedPacket();
    private final Tuple quotedTuple = new Tuple();

    /** The frame that is being decided, and its flow's key where it can have a flow; of the two arrays. */
    private Packet packet;

    private Tuple tuple;

    /** Which frames of the batch have a fault, one bit each. */
    private long broken;

    /** Which have a tuple, one bit each. */
    private long keyed;

    private Policy policy;
    private LinkTraffic linkTraffic;
    private volatile RuleHits ruleHits;

    /** Where the policy audits. */
    private @Nullable Audit audit;

    private boolean started;
    private long startedNs;

    /** Packets of this batch that have passed so far, and their bytes: counted with its end. */
    private long passedPackets;

    private long passedBytes;

    /** The rule credited with the frame that is being decided, or {@link Batch#NO_RULE}. */
    private int credited;

    /** The entry of the network ACL that decided about this frame, by its number; or {@link #NOT_ASKED}. */
    private int aclCredited = NOT_ASKED;

    /** The worker whose flow the frame that is being decided is about, where it is another's; else -1. */
    private int elsewhere;

    /** True: the frame that is being decided is a fragment, and waits for the first of its datagram. */
    private boolean waits;

    /** True: the TCP segment that is being decided has moved its connection on. */
    private boolean moved;

    /**
     * An engine without flows.
     *
     * @param policy to begin with
     * @param share its part of the interface's flows
     * @param hashKey0 random: first half of the flow table's key
     * @param hashKey1 random: second half
     */
    public Engine(Policy policy, Shard share, long hashKey0, long hashKey1) {
        this(
                policy,
                share,
                FlowTable.inMemory(
                        hashKey0, hashKey1, share.of(policy.maxFlows()), new FlowTimeouts(policy::timeoutNs), 0));
    }

    /**
     * An engine with the flows that are in a table.
     *
     * @param policy to begin with
     * @param share its part of the interface's flows
     * @param flows has its limit and timeouts from the policy
     */
    public Engine(Policy policy, Shard share, FlowTable flows) {
        this(policy, share, flows, Fragments.MOST_DATAGRAMS, share.of(Fragments.MOST_HELD));
    }

    private Engine(Policy policy, Shard share, FlowTable flows, int fragmentedDatagrams, long heldBytes) {
        this.policy = policy;
        this.share = share;
        this.flows = flows;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            packets[i] = new Packet();
            tuples[i] = new Tuple();
        }
        packet = packets[0];
        tuple = tuples[0];
        linkTraffic = new LinkTraffic(policy);
        ruleHits = new RuleHits(policy);
        audit = policy.audits() ? new Audit(counters, dropSamples) : null;
        fragments = new Fragments(
                flows.derivedKey(0),
                flows.derivedKey(1),
                fragmentedDatagrams,
                heldBytes,
                policy.timeoutNs(FRAGMENT_TIMEOUT));
        counters.set(Counters.Total.FLOWS_TAKEN_UP, flows.size());
        showFlows();
    }

    /**
     * Another policy, from the next frame on. Tracked flows stay; its timeouts hold from now on.
     *
     * @param nowNs as {@link #decide}
     */
    public void install(Policy next, long nowNs) {
        install(RuleHits.Succession.of(policy, next), nowNs);
    }

    /** As {@link #install(Policy, long)}; what takes long has been done elsewhere. */
    public void install(RuleHits.Succession succession, long nowNs) {
        Policy next = succession.next();
        if (succession.isNotAbout(policy)) {
            install(next, nowNs);
            return;
        }
        policy = next;
        flows.forgetAnswers();
        linkTraffic = new LinkTraffic(next);
        Audit before = audit;
        audit = !next.audits() ? null : before != null ? before : new Audit(counters, dropSamples);
        ruleHits = ruleHits.carriedOver(succession);
        flows.configure(share.of(next.maxFlows()), new FlowTimeouts(next::timeoutNs), nowNs);
        fragments.timeout(next.timeoutNs(FRAGMENT_TIMEOUT), nowNs);
    }

    /** Its part of the interface's flows. */
    public Shard share() {
        return share;
    }

    /** The policy in force. */
    public Policy policy() {
        return policy;
    }

    /** What was counted; readable from any thread. */
    public Counters counters() {
        return counters;
    }

    /** Credits of the rules in force; readable from any thread. */
    public RuleHits ruleHits() {
        return ruleHits;
    }

    /** Some of the dropped frames; for the worker's thread. */
    public DropSamples dropSamples() {
        return dropSamples;
    }

    /**
     * Gives every frame of a batch its verdict, in order; but for ICMP errors about flows of other workers, which are marked
     * as theirs and not counted here, and for fragments that wait: whether any have ended to wait, {@link #released} tells.
     *
     * @param nowNs monotonic time of the batch, nanoseconds; never less than at the call before
     */
    public void decide(Batch batch, Direction direction, long nowNs) {
        read(batch, direction);
        for (int i = 0; i < batch.size(); i++) {
            packet = packets[i];
            tuple = tuples[i];
            credited = Batch.NO_RULE;
            aclCredited = NOT_ASKED;
            elsewhere = -1;
            waits = false;
            Reason reason = decideFrame(batch, i, direction, nowNs);
            if (elsewhere >= 0) {
                batch.belongsTo(i, elsewhere);
                continue;
            }
            if (waits) {
                batch.hold(i);
            } else {
                Tuple refused = reason == Reason.NONE || audit == null ? null : refused(i, direction, reason);
                conclude(batch, i, direction, reason, refused, nowNs);
            }
        }
        countPassed(direction);
        showFlows();
    }

    /**
     * Reads all frames, and where each one's flow should be: the memory that they wait for comes while the others are read.
     * Nothing is decided here, and what a frame changes is seen by those after it.
     */
    private void read(Batch batch, Direction direction) {
        long withKey = 0;
        long withFault = 0;
        for (int i = 0; i < batch.size(); i++) {
            Packet read = packets[i];
            Packet.Fault fault = read.parse(batch.memory(), batch.offset(i), batch.length(i));
            if (fault != Packet.Fault.NONE) {
                faults[i] = fault;
                withFault |= 1L << i;
            } else if (read.hasTransport()) {
                tuples[i].of(read, direction);
                flows.hash(tuples[i]);
                withKey |= 1L << i;
            }
        }
        broken = withFault;
        keyed = withKey;
        if (batch.size() >= FEW) {
            flows.touch(tuples, withKey);
        }
    }

    private void conclude(Batch batch, int i, Direction direction, Reason reason, @Nullable Tuple refused, long nowNs) {
        int packets = batch.segmentLength(i) == 0 ? 1 : packet.packets(batch.segmentLength(i));
        // A super-frame counts as the packets that it stands for, each with the headers.
        int length = batch.length(i) + (packets == 1 ? 0 : (packets - 1) * packet.headersLength());
        if (aclCredited != NOT_ASKED) {
            ruleHits.countAcl(aclCredited, packets);
        }
        if (reason == Reason.NONE) {
            passedPackets += packets;
            passedBytes += length;
            batch.accept(i, credited);
        } else if (audit != null) {
            audit.wouldDrop(packet, refused, direction, reason, packets, length, nowNs);
            batch.wouldDrop(i, reason.ordinal());
        } else {
            batch.drop(i, reason.ordinal());
            counters.count(direction, reason, packets, length);
            dropSamples.note(packet, direction, reason, false);
        }
    }

    /** The key of the flow that a refused packet would be of, or an ICMP error about; null: of none. */
    private @Nullable Tuple refused(int i, Direction direction, Reason reason) {
        if (reason == Reason.ICMP_UNRELATED) {
            if (!packet.readQuote(quote)) {
                return null;
            }
            quotedTuple.of(quote, packet.vlans(), direction.opposite());
            flows.hash(quotedTuple);
            return quotedTuple;
        }
        return (keyed >>> i & 1) != 0 && mayHaveFlow() ? tuple : null;
    }

    /**
     * Fragments that had to wait and have their verdicts now, in the order in which they arrived. To be asked after each
     * {@link #decide}, once the batch that was decided has been sent, and after {@link #expire} for either direction, until
     * there are none: else they take the room of others.
     *
     * @return copies of them, like a port's in memory of their own; valid until the next call; null where there are none
     */
    public @Nullable Batch released(Direction direction) {
        Batch batch = fragments.take(direction);
        if (batch == null) {
            return null;
        }
        credited = Batch.NO_RULE;
        aclCredited = NOT_ASKED;
        for (int i = 0; i < batch.size(); i++) {
            packet.parse(batch.memory(), batch.offset(i), batch.length(i));
            conclude(batch, i, direction, Reason.of(batch.reason(i)), null, 0);
        }
        countPassed(direction);
        showFlows();
        return batch;
    }

    /** From now on time is counted for what a start without flows may learn. Called once, before the first batch, or never. */
    public void startedAt(long nowNs) {
        startedNs = nowNs;
        started = true;
    }

    private boolean isLearning(long nowNs) {
        return started && nowNs - startedNs < policy.learnNs();
    }

    /**
     * Takes connections that were there before us, those that are this engine's to track, as far as the table has room.
     *
     * @return how many
     */
    public int adopt(List<Adopted> connections, long nowNs) {
        int taken = 0;
        for (Adopted each : connections) {
            if (share.home(each) != share.worker()) {
                continue;
            }
            tuple.ofTcp(
                    each.v6(),
                    each.outsideHigh(),
                    each.outsideLow(),
                    each.outsidePort(),
                    each.insideHigh(),
                    each.insideLow(),
                    each.insidePort());
            boolean fromOutside = each.direction() == Direction.INGRESS;
            TcpConnection connection = tcp.adopt(
                    fromOutside ? each.outsideScale() : each.insideScale(),
                    fromOutside ? each.insideScale() : each.outsideScale());
            // Both of its ends speak: it makes room for no other.
            if (flows.find(tuple, nowNs) == null
                    && flows.insert(
                                    tuple,
                                    each.direction(),
                                    Timeout.TCP_ESTABLISHED,
                                    nowNs,
                                    WITHOUT_RULE,
                                    FlowTable.BOTH_SPOKE,
                                    connection,
                                    null)
                            != null) {
                taken++;
            }
        }
        counters.add(Counters.Total.FLOWS_TAKEN_UP, taken);
        showFlows();
        return taken;
    }

    /**
     * What would become of a frame that came now, without any effect.
     *
     * @param frame from the destination MAC address on; its TCP or UDP checksum is taken as right
     */
    public Explained explain(byte[] frame, Direction direction, long nowNs) {
        FlowTable none = FlowTable.inMemory(0, 0, EXPLAINED_FLOWS, new FlowTimeouts(policy::timeoutNs), nowNs);
        Engine fresh = new Engine(policy, Shard.ALL, none, 1, 0);
        if (isLearning(nowNs)) {
            fresh.startedAt(nowNs);
        }
        Batch batch = new Batch(MemorySegment.ofArray(frame), false);
        batch.add(0, frame.length);
        batch.verified();
        fresh.decide(batch, direction, nowNs);
        Reason reason = Reason.of(batch.reason(0));
        int rule = batch.rule(0);
        packet.parse(batch.memory(), 0, frame.length);
        int entry = aclEntry(direction);
        // What is refused before the network ACL is refused of a tracked flow too: reasons stand in the order of the
        // checks.
        boolean reachesFlows = reason == Reason.NONE || reason.ordinal() >= Reason.ACL_DENY.ordinal();
        Flow flow = reachesFlows && packet.isIp() && packet.hasTransport() && mayHaveFlow()
                ? flowOf(direction, nowNs)
                : null;
        if (flow == null || reason == Reason.NONE && rule == Batch.NO_RULE) {
            return new Explained(reason, reason == Reason.NONE ? rule : RuleSet.NONE, entry, null);
        }
        Explained.Tracked tracked = new Explained.Tracked(
                flow.originalDirection() == Direction.INGRESS,
                flow.timeout().key(),
                flow.idleNs(nowNs),
                flow.isReplied(),
                flow.isFailsafe(),
                flow.rule() == WITHOUT_RULE ? RuleSet.NONE : policy.ruleWithHash(flow.rule()));
        boolean opensAnother = packet.protocol() == IpProtocol.TCP && TcpTracker.isOver(flow);
        if (opensAnother) {
            return new Explained(reason, reason == Reason.NONE ? rule : RuleSet.NONE, entry, tracked);
        }
        Acl acl = policy.acl();
        boolean inward = direction == Direction.INGRESS;
        if (acl != null && !acl.allows(inward, entry) && !isHeldByFailsafe(flow)) {
            return new Explained(
                    entry == Acl.DEFAULT ? Reason.ACL_DEFAULT : Reason.ACL_DENY, RuleSet.NONE, entry, tracked);
        }
        if (policy.rechecks() && todaysRule(flow) == RuleSet.NONE) {
            return new Explained(Reason.RECHECK, RuleSet.NONE, entry, tracked);
        }
        boolean refused = packet.protocol() == IpProtocol.TCP
                && TcpTracker.isOpening(packet.tcpFlags())
                && flow.asksRulesAboutSyn()
                && match(direction) == RuleSet.NONE;
        return new Explained(refused ? Reason.NO_RULE : Reason.NONE, RuleSet.NONE, entry, tracked);
    }

    private @Nullable Flow flowOf(Direction direction, long nowNs) {
        tuple.of(packet, direction);
        return flows.peek(tuple, nowNs);
    }

    /** Notes frames that were taken over from other workers, and those that were too many. */
    public void countTakenOver(long taken, long lost) {
        counters.add(Counters.Total.TAKEN_OVER, taken);
        counters.add(Counters.Total.NOT_TAKEN_OVER, lost);
    }

    private void showFlows() {
        counters.set(Counters.Total.FLOWS, flows.size());
        counters.set(Counters.Total.FLOW_LIMIT, flows.limit());
        counters.set(Counters.Total.FLOWS_ENDED, flows.ended());
        counters.set(Counters.Total.FLOW_HITS, flows.hits());
        counters.set(Counters.Total.FLOW_MISSES, flows.lookups() - flows.hits());
        if (counters.total(Counters.Total.FLOWS_EVICTED) != flows.evictions()) {
            counters.set(Counters.Total.FLOWS_EVICTED, flows.evictions());
            for (EvictionClass each : EVICTION_CLASSES) {
                for (Timeout state : STATES) {
                    counters.setEvicted(each, state, flows.evictions(each, state));
                }
            }
        }
        counters.set(Counters.Total.FLOWS_EXPIRED, flows.expirations());
        counters.set(Counters.Total.FRAGMENTED_DATAGRAMS, fragments.datagrams());
        counters.set(Counters.Total.FRAGMENTS_HELD, fragments.heldFrames());
        counters.set(Counters.Total.FRAGMENTS_HELD_BYTES, fragments.heldBytes());
    }

    private void countPassed(Direction direction) {
        counters.count(direction, Reason.NONE, passedPackets, passedBytes);
        passedPackets = 0;
        passedBytes = 0;
    }

    /**
     * Forgets flows that were idle too long, and fragments that waited too long.
     *
     * @param limit how many at the most, but for the last datagram's fragments: bounds the time this takes
     * @return how many
     */
    public int expire(long nowNs, int limit) {
        int expired = flows.expire(nowNs, limit);
        expired += fragments.expire(nowNs, limit - expired);
        showFlows();
        return expired;
    }

    private Reason decideFrame(Batch batch, int i, Direction direction, long nowNs) {
        if ((broken >>> i & 1) != 0) {
            return decideBroken(faults[i], direction, nowNs);
        }
        if (batch.checksum(i) == Batch.Checksum.PARTIAL
                && !packet.mayFillIn(batch.checksumStart(i), batch.checksumField(i))) {
            return Reason.BAD_CHECKSUM;
        }
        LinkTraffic.Answer answer = linkTraffic.judge(packet, direction);
        if (answer != LinkTraffic.Answer.ASK_RULES) {
            return decideLink(answer, direction, nowNs);
        }
        boolean dhcp = !packet.isFragment() && (LinkTraffic.isDhcp(packet, true) || LinkTraffic.isDhcp(packet, false));
        if (Addresses.areBad(packet, dhcp)) {
            return Reason.BAD_ADDRESS;
        }
        if (policy.checksSources() && isSpoofed(direction)) {
            return Reason.SOURCE_CHECK;
        }
        return packet.isFragment()
                ? decideFragment(batch, i, direction, nowNs)
                : decidePacket(batch, i, direction, nowNs);
    }

    private Reason decideLink(LinkTraffic.Answer answer, Direction direction, long nowNs) {
        return switch (answer) {
            case PASS -> Reason.NONE;
            case DROP -> refuse(Reason.LINK_CLASS, direction, nowNs);
            case SPOOFED -> Reason.SOURCE_CHECK;
            case ASK_RULES -> throw new IllegalArgumentException("no link traffic");
        };
    }

    private Reason decideBroken(Packet.Fault fault, Direction direction, long nowNs) {
        return switch (fault) {
            case LINK -> Reason.MALFORMED_L2;
            case IP -> Reason.MALFORMED_IP;
            case TRANSPORT -> refuse(Reason.MALFORMED_L4, direction, nowNs);
            case NONE -> throw new IllegalArgumentException("nothing is wrong");
        };
    }

    /** What a frame is refused for before anybody asks whether it is a fragment; if it is, then the first of its datagram. */
    private Reason refuse(Reason reason, Direction direction, long nowNs) {
        if (packet.isFragment()) {
            if (fragments.arrive(packet, direction, nowNs) == Fragments.Step.FIRST) {
                fragments.decided(reason);
            }
            fragments.done();
        }
        return reason;
    }

    private Reason decideFragment(Batch batch, int i, Direction direction, long nowNs) {
        Reason reason = switch (fragments.arrive(packet, direction, nowNs)) {
            case FIRST -> decideFirst(batch, i, direction, nowNs);
            case FOLLOWS -> fragments.verdict();
            case WAITS -> {
                waits = fragments.hold(batch, i);
                yield waits ? Reason.NONE : Reason.FRAGMENT_LIMIT;
            }
        };
        if (!waits && fragments.movesEnd()) {
            tuple.ofTcp(packet, direction, fragments.ports());
            Flow flow = flows.find(tuple, nowNs);
            if (flow != null) {
                tcp.extend(flow, flows, direction == flow.originalDirection(), fragments.sequenceEnd());
            }
        }
        fragments.done();
        return reason;
    }

    private Reason decideFirst(Batch batch, int i, Direction direction, long nowNs) {
        moved = false;
        Reason reason = decidePacket(batch, i, direction, nowNs);
        if (elsewhere >= 0) {
            // What follows such an error is nobody's: no stack sends one that long.
            return reason;
        }
        if (moved && (packet.tcpFlags() & TcpFlags.RST) == 0) {
            fragments.carriesTcp(tuple.selector(), TcpTracker.endOf(packet), packet.fragmentLength());
        }
        fragments.decided(reason);
        return reason;
    }

    /** What is left to ask of a packet, or of the first fragment of one. */
    private Reason decidePacket(Batch batch, int i, Direction direction, long nowNs) {
        Reason denied = askAcl(direction, nowNs);
        if (denied != Reason.NONE) {
            return denied;
        }
        if (!packet.isFragment() && !isChecksumRight(batch, i)) {
            return Reason.BAD_CHECKSUM;
        }
        if (packet.protocol() == IpProtocol.TCP && !TcpFlags.isPossible(packet.tcpFlags())) {
            return Reason.TCP_FLAGS;
        }
        return packet.isIcmp() ? decideIcmp(direction, nowNs) : decideFlow(direction, nowNs);
    }

    /** True: a source that the side from which it comes can't have. */
    private boolean isSpoofed(Direction direction) {
        boolean own = policy.isOwn(packet.isV6(), packet.sourceHigh(), packet.sourceLow());
        return own == (direction == Direction.INGRESS);
    }

    /** What the network ACL says of a packet, unless failsafe rules carry it past. */
    private Reason askAcl(Direction direction, long nowNs) {
        Acl acl = policy.acl();
        if (acl == null) {
            return Reason.NONE;
        }
        boolean inward = direction == Direction.INGRESS;
        int entry = aclEntry(direction);
        boolean allows = acl.allows(inward, entry);
        if (!allows && policy.hasFailsafe() && isPastAcl(direction, nowNs)) {
            return Reason.NONE;
        }
        aclCredited = acl.number(inward, entry);
        if (allows) {
            return Reason.NONE;
        }
        return entry == Acl.DEFAULT ? Reason.ACL_DEFAULT : Reason.ACL_DENY;
    }

    private int aclEntry(Direction direction) {
        Acl acl = policy.acl();
        boolean inward = direction == Direction.INGRESS;
        return acl == null
                ? Acl.DEFAULT
                : acl.match(
                        inward,
                        packet.isV6(),
                        packet.protocol(),
                        selector(),
                        inward ? packet.sourceHigh() : packet.destinationHigh(),
                        inward ? packet.sourceLow() : packet.destinationLow());
    }

    /** True for a packet of, or about, a flow that failsafe rules hold, and for a first one that they admit. */
    private boolean isPastAcl(Direction direction, long nowNs) {
        if (packet.isIcmp() && Icmp.isError(packet.isV6(), packet.icmpType())) {
            Flow about = flowOfQuote(direction, nowNs);
            // Another worker knows its flow: it asks the ACL.
            return elsewhere >= 0 || (about == null ? policy.isFailsafe(match(direction)) : isHeldByFailsafe(about));
        }
        Flow flow = mayHaveFlow() ? flows.find(tuple, nowNs) : null;
        if (packet.protocol() == IpProtocol.TCP) {
            int flags = packet.tcpFlags();
            boolean opens = TcpTracker.isOpening(flags);
            if (flow != null && !(opens && TcpTracker.isOver(flow))) {
                return isHeldByFailsafe(flow);
            }
            boolean starts = opens || !(policy.isTcpStrict() && !isLearning(nowNs)) && TcpTracker.isPlainAck(flags);
            return starts && policy.isFailsafe(match(direction));
        }
        return flow == null ? policy.isFailsafe(match(direction)) : isHeldByFailsafe(flow);
    }

    /** False for ICMP that makes no flow. */
    private boolean mayHaveFlow() {
        int type = packet.icmpType();
        return !packet.isIcmp()
                || Icmp.isRequest(packet.isV6(), type)
                || Icmp.requestOf(packet.isV6(), type) != Icmp.NONE;
    }

    private boolean isHeldByFailsafe(Flow flow) {
        return flow.isFailsafe() && policy.isFailsafe(todaysRule(flow));
    }

    /** What the rules in force say of the first packet of a flow; they are asked once. */
    private int todaysRule(Flow flow) {
        if (!flow.isAnswered()) {
            boolean inward = flow.originalDirection() == Direction.INGRESS;
            RuleSet rules = inward ? policy.ingress() : policy.egress();
            flow.answered(rules.match(
                    flow.isV6(), flow.protocol(), flow.askedSelector(), flow.outsideHigh(), flow.outsideLow()));
        }
        return flow.answer();
    }

    /** True for a flow that ends here, as the rules in force would not admit it. */
    private boolean endsByRecheck(Flow flow) {
        if (!policy.rechecks() || todaysRule(flow) != RuleSet.NONE) {
            return false;
        }
        if (!policy.audits()) {
            flows.remove(flow);
        }
        return true;
    }

    /** A flow of the packet that is being decided, which a rule admits; false: the table has no room for it. */
    private boolean isTaken(
            int rule,
            Direction direction,
            Timeout timeout,
            long nowNs,
            @Nullable TcpConnection connection,
            @Nullable Flow over) {
        int marks = policy.isFailsafe(rule) ? FlowTable.ADMITTED_BY_FAILSAFE : 0;
        Flow flow = flows.insert(tuple, direction, timeout, nowNs, policy.hash(rule), marks, connection, over);
        if (flow == null) {
            counters.add(Counters.Total.FLOWS_REFUSED, 1);
            return false;
        }
        flow.answered(rule);
        return true;
    }

    /** Looks at the layer 4 checksum, and finishes one that its sender left to a NIC that never saw it. */
    private boolean isChecksumRight(Batch batch, int i) {
        if (isTakenAsRight(batch.checksum(i))) {
            return true;
        }
        boolean mayBeUnfinished = batch.unmarkedOffload();
        if (!policy.verifiesChecksums()) {
            if (mayBeUnfinished && packet.hasUnfinishedChecksum()) {
                finishChecksum();
            }
            return true;
        }
        return switch (packet.verifyChecksum()) {
            case RIGHT -> {
                batch.verified(i);
                yield true;
            }
            case WRONG -> false;
            case UNFINISHED -> {
                if (mayBeUnfinished) {
                    finishChecksum();
                }
                yield mayBeUnfinished;
            }
        };
    }

    private boolean isTakenAsRight(Batch.Checksum known) {
        // What verifies is a NIC, and those know TCP and UDP.
        return known == Batch.Checksum.PARTIAL
                || known == Batch.Checksum.VERIFIED
                        && (packet.protocol() == IpProtocol.TCP || packet.protocol() == IpProtocol.UDP);
    }

    private void finishChecksum() {
        packet.finishChecksum();
        counters.add(Counters.Total.CHECKSUMS_FINISHED, 1);
    }

    private Reason decideFlow(Direction direction, long nowNs) {
        Flow flow = flows.find(tuple, nowNs);
        if (packet.protocol() == IpProtocol.TCP) {
            return flow == null ? openTcp(direction, nowNs, null) : followTcp(flow, direction, nowNs);
        }
        boolean udp = packet.protocol() == IpProtocol.UDP;
        if (flow == null) {
            return admit(direction, udp ? Timeout.UDP : Timeout.OTHER, nowNs);
        }
        if (endsByRecheck(flow)) {
            return Reason.RECHECK;
        }
        boolean fromOriginator = direction == flow.originalDirection();
        renew(flow, fromOriginator, udp ? UdpTracker.follow(flow, fromOriginator) : Timeout.OTHER, nowNs);
        return Reason.NONE;
    }

    private Reason followTcp(Flow flow, Direction direction, long nowNs) {
        boolean reopens = TcpTracker.isOpening(packet.tcpFlags()) && TcpTracker.isOver(flow);
        if (!reopens && endsByRecheck(flow)) {
            return Reason.RECHECK;
        }
        boolean fromOriginator = direction == flow.originalDirection();
        return switch (flows.follow(flow, tcp, packet, fromOriginator, nowNs)) {
            case RENEW -> {
                moved = true;
                yield Reason.NONE;
            }
            case PASS -> Reason.NONE;
            case END -> {
                flows.remove(flow);
                yield Reason.NONE;
            }
            case REOPEN -> openTcp(direction, nowNs, flow);
            case ASK_RULES -> {
                int rule = match(direction);
                if (rule == RuleSet.NONE) {
                    yield Reason.NO_RULE;
                }
                flows.rememberSyn(flow, tcp, fromOriginator, policy.isFailsafe(rule));
                yield Reason.NONE;
            }
            case START_OVER -> {
                // Asked again: an entry has no place for the rule that admitted the SYN. Only a reload between can
                // tell.
                int rule = matchOfAnswered(direction);
                int hash = rule == RuleSet.NONE ? WITHOUT_RULE : policy.hash(rule);
                flows.startOver(flow, tcp, direction, hash, nowNs);
                flow.answered(rule);
                moved = true;
                yield Reason.NONE;
            }
            case BAD_STATE -> Reason.TCP_STATE;
            case BAD_WINDOW -> Reason.TCP_WINDOW;
        };
    }

    /**
     * A TCP segment that belongs to no living connection.
     *
     * @param over the connection of this tuple that is over, if there is one: it goes when the new one is admitted
     */
    private Reason openTcp(Direction direction, long nowNs, @Nullable Flow over) {
        int flags = packet.tcpFlags();
        boolean opens = TcpTracker.isOpening(flags);
        boolean strict = policy.isTcpStrict() && !isLearning(nowNs);
        if (!opens && (strict || !TcpTracker.isPlainAck(flags))) {
            return Reason.TCP_NO_SYN;
        }
        int rule = match(direction);
        if (rule == RuleSet.NONE) {
            return Reason.NO_RULE;
        }
        TcpConnection connection = tcp.open(packet);
        moved = isTaken(rule, direction, tcp.timeout(false), nowNs, connection, over);
        return moved ? credit(rule, true) : Reason.FLOW_LIMIT;
    }

    private Reason decideIcmp(Direction direction, long nowNs) {
        boolean v6 = packet.isV6();
        int type = packet.icmpType();
        if (Icmp.isError(v6, type)) {
            if (isErrorAboutFlow(direction, nowNs) || elsewhere >= 0) {
                return Reason.NONE;
            }
            int rule = match(direction);
            return rule == RuleSet.NONE ? Reason.ICMP_UNRELATED : credit(rule, false);
        }
        boolean isRequest = Icmp.isRequest(v6, type);
        if (isRequest || Icmp.requestOf(v6, type) != Icmp.NONE) {
            Flow flow = flows.find(tuple, nowNs);
            Timeout timeout = v6 ? Timeout.ICMPV6 : Timeout.ICMP;
            if (flow != null && endsByRecheck(flow)) {
                return Reason.RECHECK;
            }
            if (flow != null) {
                renew(flow, isRequest, timeout, nowNs);
                return Reason.NONE;
            }
            if (isRequest) {
                return admit(direction, timeout, nowNs);
            }
        }
        int rule = match(direction);
        return rule == RuleSet.NONE ? Reason.NO_RULE : credit(rule, false);
    }

    /** True: the error quotes a packet of a tracked flow that travelled the other way and came from the error's target. */
    private boolean isErrorAboutFlow(Direction direction, long nowNs) {
        return flowOfQuote(direction, nowNs) != null;
    }

    /** The flow that an ICMP error is about, or null. */
    private @Nullable Flow flowOfQuote(Direction direction, long nowNs) {
        if (!packet.readQuote(quote)
                || quote.sourceHigh() != packet.destinationHigh()
                || quote.sourceLow() != packet.destinationLow()) {
            return null;
        }
        int home = share.home(quote);
        if (home != share.worker()) {
            elsewhere = home;
            return null;
        }
        Direction quoted = direction.opposite();
        quotedTuple.of(quote, packet.vlans(), quoted);
        Flow flow = flows.find(quotedTuple, nowNs);
        boolean fits = flow != null
                && (quote.protocol() != IpProtocol.TCP
                        || tcp.isInFlight(flow, quote.tcpSequence(), quoted == flow.originalDirection()));
        return fits ? flow : null;
    }

    /** A packet without a flow that makes one if a rule admits it; the tuple is its. */
    private Reason admit(Direction direction, Timeout timeout, long nowNs) {
        int rule = match(direction);
        if (rule == RuleSet.NONE) {
            return Reason.NO_RULE;
        }
        return isTaken(rule, direction, timeout, nowNs, null, null) ? credit(rule, true) : Reason.FLOW_LIMIT;
    }

    private Reason credit(int rule, boolean newFlow) {
        credited = rule;
        ruleHits.count(rule);
        if (newFlow) {
            counters.add(Counters.Total.FLOWS_CREATED, 1);
        }
        return Reason.NONE;
    }

    private void renew(Flow flow, boolean fromOriginator, Timeout timeout, long nowNs) {
        if (!fromOriginator) {
            flows.replied(flow);
        }
        flows.renew(flow, timeout, nowNs);
    }

    private int selector() {
        return packet.isIcmp() ? packet.icmpType() << 8 | packet.icmpCode() : packet.destinationPort();
    }

    /** What the rules say of the SYN that the TCP segment answers which is being decided. */
    private int matchOfAnswered(Direction answeredIn) {
        return answeredIn == Direction.EGRESS
                ? policy.ingress()
                        .match(
                                packet.isV6(),
                                IpProtocol.TCP,
                                packet.sourcePort(),
                                packet.destinationHigh(),
                                packet.destinationLow())
                : policy.egress()
                        .match(
                                packet.isV6(),
                                IpProtocol.TCP,
                                packet.sourcePort(),
                                packet.sourceHigh(),
                                packet.sourceLow());
    }

    private int match(Direction direction) {
        int selector = selector();
        return direction == Direction.INGRESS
                ? policy.ingress()
                        .match(packet.isV6(), packet.protocol(), selector, packet.sourceHigh(), packet.sourceLow())
                : policy.egress()
                        .match(
                                packet.isV6(),
                                packet.protocol(),
                                selector,
                                packet.destinationHigh(),
                                packet.destinationLow());
    }
}
