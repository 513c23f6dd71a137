package io.portcullis.engine;

import io.portcullis.packet.Packet;
import io.portcullis.policy.Policy;

/** Checks of source and destination addresses (RFC 1122, RFC 4291). */
final class Addresses {
    private static final long V4_BROADCAST = 0xffff_ffffL;
    private static final long V4_LOOPBACK = 127;
    private static final long V4_LINK_LOCAL = 169 << 8 | 254;
    private static final long V4_MULTICAST = 0xe;
    private static final long V6_MULTICAST = 0xff;
    private static final long V6_LINK_LOCAL = 0xfe80L >>> 6;
    private static final long V4_MAPPED = 0xffffL;

    private Addresses() {}

    /** True for fe80::/10. */
    static boolean isLinkLocalV6(long high) {
        return high >>> 54 == V6_LINK_LOCAL;
    }

    /** True for 169.254.0.0/16. */
    static boolean isLinkLocalV4(long address) {
        return address >>> 16 == V4_LINK_LOCAL;
    }

    /**
     * True when source or destination must not be on the wire.
     *
     * @param mayBeUnspecified true where the source may have no address yet (DHCP)
     */
    static boolean areBad(Packet packet, boolean mayBeUnspecified) {
        long sourceHigh = packet.sourceHigh();
        long sourceLow = packet.sourceLow();
        long destinationHigh = packet.destinationHigh();
        long destinationLow = packet.destinationLow();
        if (!packet.isV6()) {
            return sourceLow == 0 && !mayBeUnspecified
                    || destinationLow == 0
                    || sourceLow == destinationLow
                    || sourceLow >>> 28 == V4_MULTICAST
                    || sourceLow == V4_BROADCAST
                    || sourceLow >>> 24 == V4_LOOPBACK
                    || destinationLow >>> 24 == V4_LOOPBACK;
        }
        boolean unspecified = sourceHigh == 0 && sourceLow == 0;
        return unspecified && !mayBeUnspecified
                || destinationHigh == 0 && destinationLow == 0
                || sourceHigh == destinationHigh && sourceLow == destinationLow
                || sourceHigh >>> 56 == V6_MULTICAST
                || isV6LoopbackOrMapped(sourceHigh, sourceLow)
                || isV6LoopbackOrMapped(destinationHigh, destinationLow);
    }

    /**
     * True where {@code source-check} is on and the source address belongs to the other side.
     *
     * @param inward true for ingress
     */
    static boolean isSpoofed(Packet packet, boolean inward, Policy policy) {
        return policy.checksSources() && policy.isOwn(packet.isV6(), packet.sourceHigh(), packet.sourceLow()) == inward;
    }

    private static boolean isV6LoopbackOrMapped(long high, long low) {
        return high == 0 && (low == 1 || low >>> 32 == V4_MAPPED);
    }
}
