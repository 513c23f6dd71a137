package io.portcullis.cli.replay;

import io.portcullis.cli.replay.EthernetFrame.Hint;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.EthernetHeader;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The direction of each frame. If exactly one of its IP (or ARP) addresses is a local one, that decides, and its MAC addresses
 * are learnt: the sender of a frame from a local address is inside. Otherwise MAC addresses decide: frames of unknown senders to a group have
 * arrived. What no rule decides is neither, and not judged. Libpcap does not hand over the directions that a pcapng file may have.
 */
final class Sides {
    /** MAC addresses that are remembered: far more than one network has. */
    private static final int MOST_MACS = 1 << 16;

    private static final long GROUP = 1L << 40;

    /** Where a MAC address was seen. */
    private enum Side {
        INSIDE,
        OUTSIDE,
        /** On both sides: it says nothing. */
        BOTH
    }

    private final LocalEnds local;
    private final boolean hasMacs;
    private final boolean usesHints;
    private final Map<Long, Side> macs = new HashMap<>();

    /**
     * Directions without anything learnt.
     *
     * @param hasMacs true: frames have the MAC addresses of the wire
     * @param usesHints true: the capture's own directions come first
     */
    Sides(LocalEnds local, boolean hasMacs, boolean usesHints) {
        this.local = local;
        this.hasMacs = hasMacs;
        this.usesHints = usesHints;
        local.macs().forEach(mac -> macs.put(mac, Side.INSIDE));
    }

    /**
     * The direction of a frame.
     *
     * @param packet the frame, parsed
     * @return null: it passed neither into the interface nor out of it, or nothing says which
     */
    @Nullable
    Direction of(EthernetFrame frame, Packet packet) {
        if (frame.hint() == Hint.LOOPBACK || frame.hint() == Hint.NOT_ETHERNET) {
            return null;
        }
        if (usesHints && frame.hint() != Hint.NONE) {
            return switch (frame.hint()) {
                case ARRIVED -> Direction.INGRESS;
                case SENT -> Direction.EGRESS;
                default -> null;
            };
        }
        boolean whole = frame.present() >= EthernetHeader.TYPE;
        long destination = hasMacs && whole ? mac(frame.bytes(), EthernetHeader.DESTINATION) : 0;
        long source = hasMacs && whole ? mac(frame.bytes(), EthernetHeader.SOURCE) : 0;
        Ends ends = Ends.of(packet);
        boolean fromLocal = ends != null && local.contains(ends.source());
        boolean toLocal = ends != null && local.contains(ends.destination());
        if (fromLocal == toLocal) {
            return hasMacs && whole ? byMac(source, destination, fromLocal) : null;
        }
        learn(source, fromLocal);
        learn(destination, toLocal);
        return fromLocal ? Direction.EGRESS : Direction.INGRESS;
    }

    private void learn(long mac, boolean inside) {
        boolean known = macs.containsKey(mac);
        if (!hasMacs || (mac & GROUP) != 0 || local.macs().contains(mac) || !known && macs.size() == MOST_MACS) {
            return;
        }
        Side side = inside ? Side.INSIDE : Side.OUTSIDE;
        macs.merge(mac, side, (before, now) -> before == now ? now : Side.BOTH);
    }

    /**
     * The direction by MAC addresses.
     *
     * @param bothLocal both IP addresses are local: a gateway outside may have an address of the block inside
     */
    private @Nullable Direction byMac(long source, long destination, boolean bothLocal) {
        Side from = macs.get(source);
        Side to = macs.get(destination);
        if (from == Side.INSIDE) {
            return to == Side.INSIDE ? null : Direction.EGRESS;
        }
        boolean arrives = to == Side.INSIDE || (destination & GROUP) != 0 || bothLocal && from == Side.OUTSIDE;
        if (arrives) {
            return Direction.INGRESS;
        }
        return bothLocal && to == Side.OUTSIDE ? Direction.EGRESS : null;
    }

    private static long mac(MemorySegment bytes, int at) {
        return (long) Bytes.u16(bytes, at) << Integer.SIZE | Bytes.u32(bytes, at + Short.BYTES);
    }
}
