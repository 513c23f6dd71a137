package io.portcullis.reference;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One tracked flow of the reference, both directions of it. */
public final class ReferenceFlow {
    /** The key of a flow. */
    sealed interface Key {
        /** TCP, UDP, SCTP. */
        record Ports(int vlans, int protocol, Address outside, int outsidePort, Address inside, int insidePort)
                implements Key {}

        /** An ICMP query: the request's type, code, identifier and direction. */
        record Query(
                int vlans, Address outside, Address inside, Direction requester, int type, int code, int identifier)
                implements Key {}

        /** Any other protocol. */
        record Pair(int vlans, int protocol, Address outside, Address inside) implements Key {}
    }

    /** The progress of a UDP flow towards a stream. */
    private enum Exchange {
        REQUEST,
        REPLY,
        SECOND_REQUEST,
        STREAM
    }

    /** The precedence of a flow that is never evicted. */
    public static final int NEVER = 4;

    final Key key;
    /** The packet that the rules admitted. */
    Datagram first;

    boolean failsafe;

    final @Nullable ReferenceTcp tcp;

    /** Its number in the order of creation. */
    final long number;

    /** Time of its first packet or its adoption. */
    final long firstNs;

    private long ingressPackets;
    private long ingressBytes;
    private long egressPackets;
    private long egressBytes;

    boolean replied;

    /** Its {@link #precedence}, as of its last change. */
    int notedPrecedence;

    long lastNs;

    /** Time of the next check of its expiry; it may expire later. */
    long lookAtNs = Long.MAX_VALUE;

    /** Silent: a packet that does not renew a picked-up flow does not answer it either. */
    private boolean unacknowledged;

    /** A SYN inside it that may have opened it anew. */
    private @Nullable Datagram pendingSyn;

    private boolean pendingFailsafe;

    private Exchange exchange = Exchange.REQUEST;

    ReferenceFlow(Key key, Datagram first, boolean failsafe, long number, long firstNs) {
        this.key = key;
        this.firstNs = firstNs;
        this.first = first;
        this.failsafe = failsafe;
        this.number = number;
        tcp = first.transport() instanceof Transport.Tcp segment ? new ReferenceTcp(segment, first.length()) : null;
    }

    /** An adopted flow. Its first packet would have been as the given one. */
    ReferenceFlow(Key key, Datagram first, ReferenceTcp tcp, long number, long firstNs) {
        this.key = key;
        this.firstNs = firstNs;
        this.first = first;
        this.number = number;
        this.tcp = tcp;
        replied = true;
    }

    /** Counts a packet of it that has passed. */
    void count(Direction direction, int bytes) {
        if (direction == Direction.INGRESS) {
            ingressPackets++;
            ingressBytes += bytes;
        } else {
            egressPackets++;
            egressBytes += bytes;
        }
    }

    /** Its statistics: first seen, then packets and bytes of either direction. */
    List<Long> statistics() {
        return List.of(firstNs, ingressPackets, ingressBytes, egressPackets, egressBytes);
    }

    /** Remembers a SYN of either side that passes inside it. */
    void remember(Datagram syn, boolean byFailsafe) {
        pendingSyn = syn;
        pendingFailsafe = byFailsafe;
    }

    /** Starts over, as if the remembered SYN had opened it. */
    void wasOpenedBySyn() {
        if (pendingSyn == null) {
            throw new IllegalStateException("no SYN was remembered");
        }
        first = pendingSyn;
        failsafe = pendingFailsafe;
    }

    void renew(long nowNs) {
        lastNs = nowNs;
        unacknowledged = tcp != null && tcp.isUnacknowledged(replied);
    }

    boolean isFromOriginator(Datagram datagram) {
        return datagram.direction() == first.direction();
    }

    /** A second reply that answers a later request makes a stream. */
    void exchange(boolean fromOriginator) {
        exchange = switch (exchange) {
            case REQUEST -> fromOriginator ? Exchange.REQUEST : Exchange.REPLY;
            case REPLY -> fromOriginator ? Exchange.SECOND_REQUEST : Exchange.REPLY;
            case SECOND_REQUEST -> fromOriginator ? Exchange.SECOND_REQUEST : Exchange.STREAM;
            case STREAM -> Exchange.STREAM;
        };
    }

    /** Its precedence for eviction from a full table: 1 first, then 2, then 3; {@value #NEVER}: it is never evicted. */
    public int precedence() {
        if (!replied) {
            return 1;
        }
        return switch (first.transport()) {
            case Transport.Tcp segment -> tcpPrecedence();
            case Transport.Ports ports -> ports.protocol() == IpProtocol.UDP && exchange != Exchange.STREAM ? 2 : NEVER;
            case Transport.Icmp icmp -> 2;
            case Transport.Other other -> NEVER;
        };
    }

    private int tcpPrecedence() {
        return switch (followed().state()) {
            case SYN_SENT, SYN_SENT_BY_BOTH, SYN_RECEIVED -> 2;
            case ESTABLISHED -> NEVER;
            case FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE -> 3;
        };
    }

    private ReferenceTcp followed() {
        if (tcp == null) {
            throw new IllegalStateException("no TCP flow");
        }
        return tcp;
    }

    /** Its idle timeout now. */
    long timeoutNs(ReferencePolicy policy) {
        return switch (first.transport()) {
            case Transport.Tcp segment -> tcpTimeoutNs(policy);
            case Transport.Ports ports -> {
                boolean udp = ports.protocol() == IpProtocol.UDP;
                yield policy.timeoutNs(!udp ? "other" : exchange == Exchange.STREAM ? "udp-stream" : "udp");
            }
            case Transport.Icmp icmp -> policy.timeoutNs(first.isV6() ? "icmpv6" : "icmp");
            case Transport.Other other -> policy.timeoutNs("other");
        };
    }

    private long tcpTimeoutNs(ReferencePolicy policy) {
        long idle = policy.timeoutNs(followed().state().timeout);
        return unacknowledged ? Math.min(idle, policy.timeoutNs("tcp-unacknowledged")) : idle;
    }
}
