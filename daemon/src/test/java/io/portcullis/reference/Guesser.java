package io.portcullis.reference;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Makes packets of a tuple: those that a correct endpoint might send next, and those of an attacker who knows the connection and
 * tries values next to every limit.
 */
public final class Guesser {
    /** The two ends of a tuple, and the contents of its first packet. */
    public record Target(int vlans, Address outside, Address inside, Kind kind, int outsideNumber, int insideNumber) {
        public Datagram datagram(Direction direction, Transport transport, int length) {
            boolean inward = direction == Direction.INGRESS;
            return new Datagram(
                    direction, vlans, inward ? outside : inside, inward ? inside : outside, transport, length, false);
        }

        public int sourceNumber(Direction direction) {
            return direction == Direction.INGRESS ? outsideNumber : insideNumber;
        }

        public int destinationNumber(Direction direction) {
            return sourceNumber(direction.opposite());
        }
    }

    /** The kinds of traffic between the ends. */
    public enum Kind {
        TCP,
        UDP,
        SCTP,
        ICMP,
        OTHER
    }

    private static final int[] FLAGS = {
        TcpFlags.SYN,
        TcpFlags.SYN | TcpFlags.ACK,
        TcpFlags.ACK,
        TcpFlags.ACK,
        TcpFlags.FIN | TcpFlags.ACK,
        TcpFlags.RST,
        TcpFlags.RST | TcpFlags.ACK
    };
    private static final int[] IMPOSSIBLE = {0, TcpFlags.FIN, TcpFlags.SYN | TcpFlags.FIN, TcpFlags.SYN | TcpFlags.RST};
    private static final int[] WINDOWS = {0, 1, 100, 100, 1_000, 65_535, 65_535};
    private static final int[] LENGTHS = {0, 0, 0, 1, 100, 1_000};
    private static final int[] QUERIES = {8, 13, 15, 17};
    private static final int[] ERRORS = {3, 4, 11, 12, 5};
    private static final int[] ERRORS6 = {1, 2, 3, 4};
    private static final int GRE = 47;
    private static final ReferenceTcp.Side NOBODY = new ReferenceTcp.Side();

    private final SplittableRandom random;
    private @Nullable Datagram last;
    private @Nullable Target ofLast;
    private int repeats;

    public Guesser(SplittableRandom random) {
        this.random = random;
    }

    private int any(int... values) {
        return values[random.nextInt(values.length)];
    }

    /** A packet of a tuple in a random direction; sometimes the packet before, several times. */
    public Datagram next(Target target, ReferenceFirewall reference) {
        repeats = repeats > 0 ? repeats - 1 : random.nextInt(40) == 0 ? random.nextInt(1, 5) : 0;
        if (repeats == 0 || last == null || !target.equals(ofLast)) {
            last = another(target, reference);
            ofLast = target;
        }
        return last;
    }

    private Datagram another(Target target, ReferenceFirewall reference) {
        Direction direction = random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS;
        ReferenceFlow flow = reference.flowOf(first(target, direction));
        if (target.kind == Kind.ICMP && flow == null) {
            flow = reference.flowOf(first(target, direction.opposite()));
        }
        Datagram datagram = random.nextInt(12) == 0
                ? error(target, direction, flow)
                : switch (target.kind) {
                    case TCP -> tcp(target, direction, flow);
                    case ICMP -> query(target, direction, flow);
                    case UDP, SCTP, OTHER -> first(target, direction);
                };
        if (random.nextInt(100) == 0) {
            return datagram.withBadChecksum();
        }
        return random.nextInt(100) == 0 ? datagram.on(target.vlans ^ 5) : datagram;
    }

    /** A packet that may start a flow of a tuple. */
    public Datagram first(Target target, Direction direction) {
        Transport transport = switch (target.kind) {
            case TCP -> segment(target, direction, TcpFlags.SYN, initial(), 0);
            case UDP -> ports(target, direction, IpProtocol.UDP);
            case SCTP -> ports(target, direction, IpProtocol.SCTP);
            case ICMP -> new Transport.Icmp(request(target), 0, target.insideNumber, null);
            case OTHER -> new Transport.Other(GRE);
        };
        return target.datagram(direction, transport, 0);
    }

    /** The answer to {@link #first}. */
    public Datagram reply(Target target, Direction direction) {
        Transport transport = target.kind == Kind.ICMP
                ? new Transport.Icmp(replyType(target), 0, target.insideNumber, null)
                : first(target, direction).transport();
        return target.datagram(direction, transport, 0);
    }

    /** An ICMP error by which a router says that it could not carry a packet. */
    public Datagram complaint(Target target, Datagram about) {
        boolean v6 = about.isV6();
        return new Datagram(
                about.direction().opposite(),
                target.vlans,
                about.direction() == Direction.INGRESS ? about.destination() : router(v6),
                about.source(),
                new Transport.Icmp(v6 ? any(ERRORS6) : any(ERRORS), random.nextInt(5), 0, quote(about)),
                0,
                false);
    }

    /** The headers alone. */
    private static Datagram quote(Datagram about) {
        return new Datagram(about.direction(), about.source(), about.destination(), about.transport(), 0);
    }

    private static Address router(boolean v6) {
        return v6 ? new Address(true, 0x20010db8_00050000L, 1) : new Address(false, 0, 0xc6336401L);
    }

    private static int replyType(Target target) {
        int request = request(target);
        return target.outside.isV6() ? 129 : request == 8 ? 0 : request + 1;
    }

    private static int request(Target target) {
        return target.outside.isV6() ? 128 : QUERIES[target.outsideNumber & 3];
    }

    private static Transport ports(Target target, Direction direction, int protocol) {
        return new Transport.Ports(protocol, target.sourceNumber(direction), target.destinationNumber(direction));
    }

    private Transport.Tcp segment(Target target, Direction direction, int flags, int sequence, int ack) {
        return new Transport.Tcp(
                target.sourceNumber(direction),
                target.destinationNumber(direction),
                flags,
                sequence,
                ack,
                any(WINDOWS),
                (flags & TcpFlags.SYN) == 0 ? Transport.Tcp.NO_SCALE : any(Transport.Tcp.NO_SCALE, 0, 2, 7, 14, 15),
                (flags & TcpFlags.SYN) != 0 && random.nextBoolean(),
                0,
                0);
    }

    private Datagram query(Target target, Direction direction, @Nullable ReferenceFlow flow) {
        boolean replies =
                flow != null && random.nextInt(8) > 0 ? direction != flow.first.direction() : random.nextInt(4) == 0;
        int code = random.nextInt(12) == 0 ? 1 : 0;
        int identifier = target.insideNumber ^ (random.nextInt(12) == 0 ? 1 : 0);
        return target.datagram(
                direction,
                new Transport.Icmp(replies ? replyType(target) : request(target), code, identifier, null),
                any(LENGTHS));
    }

    /** An ICMP error of a router about a packet that travelled the other way, or a forged one. */
    private Datagram error(Target target, Direction direction, @Nullable ReferenceFlow flow) {
        Datagram quoted = first(target, direction.opposite());
        if (quoted.transport() instanceof Transport.Tcp && flow != null && flow.tcp != null) {
            boolean ofOriginator = flow.isFromOriginator(quoted);
            int sequence = border(flow.tcp.side(ofOriginator), flow.tcp.side(!ofOriginator));
            quoted = target.datagram(
                    direction.opposite(), segment(target, direction.opposite(), TcpFlags.ACK, sequence, 0), 0);
        } else if (quoted.transport() instanceof Transport.Icmp icmp && flow != null && flow.isFromOriginator(quoted)) {
            quoted = target.datagram(direction.opposite(), icmp, 0);
        }
        Datagram made = complaint(target, quoted);
        return random.nextInt(20) > 0
                ? made
                : new Datagram(
                        direction,
                        target.vlans,
                        made.source(),
                        made.isV6() ? new Address(true, 0x20010db8_00090000L, 99) : new Address(false, 0, 0xc6336463L),
                        made.transport(),
                        0,
                        false);
    }

    private Datagram tcp(Target target, Direction direction, @Nullable ReferenceFlow flow) {
        if (flow == null || flow.tcp == null) {
            int flags = random.nextInt(4) > 0 ? TcpFlags.SYN : any(FLAGS);
            Transport.Tcp segment = segment(target, direction, flags, initial(), random.nextInt());
            return target.datagram(direction, segment, any(LENGTHS));
        }
        boolean ofOriginator = direction == flow.first.direction();
        ReferenceTcp.Side syn = flow.tcp.synToAnswer(ofOriginator);
        if (syn != null && random.nextInt(3) > 0) {
            return answer(target, direction, flow.tcp.side(ofOriginator), syn);
        }
        Datagram datagram = random.nextInt(5) < 3
                ? plausible(target, direction, ofOriginator, flow.tcp)
                : guessed(target, direction, ofOriginator, flow.tcp);
        return withSack(datagram, flow.tcp.side(!ofOriginator));
    }

    /** A segment that one of the ends could send now. */
    private Datagram plausible(Target target, Direction direction, boolean ofOriginator, ReferenceTcp tcp) {
        ReferenceTcp.Side sender = tcp.side(ofOriginator);
        ReferenceTcp.Side receiver = tcp.side(!ofOriginator);
        int flags = switch (tcp.state()) {
            case SYN_SENT ->
                ofOriginator
                        ? TcpFlags.SYN
                        : any(
                                TcpFlags.SYN | TcpFlags.ACK,
                                TcpFlags.SYN | TcpFlags.ACK,
                                TcpFlags.SYN,
                                TcpFlags.ACK,
                                TcpFlags.RST | TcpFlags.ACK);
            case SYN_SENT_BY_BOTH -> any(TcpFlags.SYN | TcpFlags.ACK, TcpFlags.SYN | TcpFlags.ACK, TcpFlags.SYN);
            case TIME_WAIT, CLOSE -> any(TcpFlags.ACK, TcpFlags.SYN);
            case SYN_RECEIVED, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK ->
                switch (random.nextInt(12)) {
                    case 0, 1 -> TcpFlags.FIN | TcpFlags.ACK;
                    case 2 -> TcpFlags.SYN;
                    default -> TcpFlags.ACK;
                };
        };
        int sequence = (flags & TcpFlags.SYN) != 0 ? sender.seen ? sender.synSequence : initial() : sender.end;
        int length = (flags & TcpFlags.SYN) != 0 ? 0 : any(LENGTHS);
        if (length > 0 && random.nextInt(3) == 0) {
            sequence -= length;
        }
        int ack = (flags & TcpFlags.ACK) == 0 ? 0 : receiver.end;
        return target.datagram(direction, segment(target, direction, flags, sequence, ack), length);
    }

    /** The answer of an end to an unexpected SYN, or nearly that. */
    private Datagram answer(Target target, Direction direction, ReferenceTcp.Side own, ReferenceTcp.Side syn) {
        int synAck = TcpFlags.SYN | TcpFlags.ACK;
        int flags = any(synAck, synAck, TcpFlags.RST | TcpFlags.ACK, TcpFlags.ACK);
        int sequence = flags == TcpFlags.ACK ? own.end : random.nextBoolean() ? initial() : 0;
        int ack = syn.end + (random.nextInt(6) == 0 ? random.nextInt(-1, 2) : 0);
        return target.datagram(direction, segment(target, direction, flags, sequence, ack), 0);
    }

    /** An initial sequence number; often below 3,000, so that both sides use the same numbers. */
    private int initial() {
        return random.nextBoolean() ? random.nextInt() : random.nextInt(3_000);
    }

    private Datagram guessed(Target target, Direction direction, boolean ofOriginator, ReferenceTcp tcp) {
        ReferenceTcp.Side sender = tcp.side(ofOriginator);
        ReferenceTcp.Side receiver = tcp.side(!ofOriginator);
        int flags = random.nextInt(50) == 0 ? any(IMPOSSIBLE) : any(FLAGS);
        int length = (flags & TcpFlags.RST) == 0 ? any(LENGTHS) : 0;
        boolean train = (flags & TcpFlags.RST) != 0 && random.nextInt(4) == 0;
        int sequence =
                train ? tcp.endOfLastAckSegment() : border(sender, receiver) - (random.nextBoolean() ? length : 0);
        int ack = random.nextInt(3) == 0 ? receiver.end : border(receiver, sender);
        return target.datagram(direction, segment(target, direction, flags, sequence, ack), length);
    }

    /** A sequence number next to one that the tracker compares. */
    private int border(ReferenceTcp.Side sender, ReferenceTcp.Side receiver) {
        int border = switch (random.nextInt(11)) {
            case 0, 1 -> sender.end;
            case 2 -> sender.windowEnd;
            case 3, 4 -> receiver.highestAck;
            case 5 -> sender.end - receiver.widest;
            case 6 -> sender.end - Math.max(66_000, receiver.widest);
            case 7 -> sender.synSequence;
            case 8 -> sender.windowEnd + Integer.MIN_VALUE;
            case 9 -> sender.end + Integer.MIN_VALUE;
            default -> random.nextInt();
        };
        return border + random.nextInt(-1, 2);
    }

    private Datagram withSack(Datagram datagram, ReferenceTcp.Side receiver) {
        if (random.nextInt(8) > 0 || !(datagram.transport() instanceof Transport.Tcp tcp) || tcp.has(TcpFlags.SYN)) {
            return datagram;
        }
        int right = border(receiver, NOBODY);
        Transport.Tcp sacking = new Transport.Tcp(
                tcp.sourcePort(),
                tcp.destinationPort(),
                tcp.flags(),
                tcp.sequence(),
                tcp.acknowledgment(),
                tcp.window(),
                tcp.windowScale(),
                false,
                right - 1,
                right);
        return new Datagram(
                datagram.direction(),
                datagram.vlans(),
                datagram.source(),
                datagram.destination(),
                sacking,
                datagram.length(),
                datagram.badChecksum());
    }
}
