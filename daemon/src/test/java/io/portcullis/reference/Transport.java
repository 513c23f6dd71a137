package io.portcullis.reference;

import io.portcullis.net.IpProtocol;
import org.jspecify.annotations.Nullable;

/** Layer 4 of a {@link Datagram}. */
public sealed interface Transport {
    /**
     * A TCP header.
     *
     * @param flags the control bits of RFC 9293
     * @param window as in the header, unscaled
     * @param windowScale shift count of the option, or {@link #NO_SCALE}
     * @param sackPermitted true: with that option
     * @param sackLeft first byte of the one SACK block
     * @param sackRight one past its last; equal to {@code sackLeft}: no block
     */
    record Tcp(
            int sourcePort,
            int destinationPort,
            int flags,
            int sequence,
            int acknowledgment,
            int window,
            int windowScale,
            boolean sackPermitted,
            int sackLeft,
            int sackRight)
            implements Transport {
        static final int NO_SCALE = -1;

        /** A segment without options. */
        public Tcp(int sourcePort, int destinationPort, int flags, int sequence, int acknowledgment, int window) {
            this(sourcePort, destinationPort, flags, sequence, acknowledgment, window, NO_SCALE, false, 0, 0);
        }

        public boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    /** The ports of UDP or SCTP. */
    record Ports(int protocol, int sourcePort, int destinationPort) implements Transport {}

    /**
     * ICMP, or ICMPv6 between IPv6 addresses.
     *
     * @param identifier of a query; 0 where the message has none
     * @param quoted what an error is about
     */
    record Icmp(
            int type, int code, int identifier, @Nullable Datagram quoted) implements Transport {}

    /** Any other protocol, without a header that the engine reads. */
    record Other(int protocol) implements Transport {}

    /** IP protocol number. */
    default int protocol(boolean v6) {
        return switch (this) {
            case Tcp tcp -> IpProtocol.TCP;
            case Ports ports -> ports.protocol;
            case Icmp icmp -> v6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
            case Other other -> other.protocol;
        };
    }

    /** The number that rules match: destination port; ICMP type × 256 + code; else 0. */
    default int selector() {
        return switch (this) {
            case Tcp tcp -> tcp.destinationPort;
            case Ports ports -> ports.destinationPort;
            case Icmp icmp -> icmp.type << 8 | icmp.code;
            case Other other -> 0;
        };
    }
}
