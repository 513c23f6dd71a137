package io.portcullis.conntrack;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import org.jspecify.annotations.Nullable;

/** Checks whether this program can have written an entry. */
public final class EntryCheck {
    private EntryCheck() {}

    /**
     * The fault of a published entry; null: it has none.
     *
     * @param hash of the entry's table
     * @param nowNs monotonic time
     */
    public static @Nullable String fault(Slab slab, SipHash hash, int entry, long nowNs) {
        long at = Slab.offset(entry);
        int flags = slab.getInt(at + FlowLayout.FLAGS);
        int protocol = Tuple.protocol(slab.getLong(at + FlowLayout.SERVICE));
        boolean v6 = (flags & Tuple.V6) != 0;
        long seen = slab.getLong(at + FlowLayout.SEEN);
        int state = Flow.state(seen);
        if (slab.getInt(at + FlowLayout.COMMIT) != hash(slab, hash, entry)) {
            return "its hash is not that of its key";
        }
        if (!v6 && !hasShortAddresses(slab, at)) {
            return "it is IPv4, but its addresses are longer";
        }
        if (state >= Timeout.values().length) {
            return "its state " + state + " does not exist";
        }
        if (!fits(Timeout.values()[state], protocol, v6)) {
            return "it is of protocol " + protocol + ", but in state " + Timeout.values()[state].key();
        }
        if (protocol == IpProtocol.TCP && !TcpConnection.hasState(flags)) {
            return "its state of TCP does not exist";
        }
        if (Flow.idleNs(seen, nowNs) < 0) {
            return "its last packet is in the future";
        }
        return null;
    }

    private static boolean hasShortAddresses(Slab slab, long at) {
        return slab.getLong(at + FlowLayout.OUTSIDE_HIGH) == 0
                && slab.getLong(at + FlowLayout.INSIDE_HIGH) == 0
                && slab.getLong(at + FlowLayout.OUTSIDE_LOW) >>> 32 == 0
                && slab.getLong(at + FlowLayout.INSIDE_LOW) >>> 32 == 0;
    }

    private static boolean fits(Timeout state, int protocol, boolean v6) {
        return switch (state) {
            case TCP_SYN_SENT,
                    TCP_SYN_RECEIVED,
                    TCP_ESTABLISHED,
                    TCP_FIN_WAIT,
                    TCP_CLOSE_WAIT,
                    TCP_LAST_ACK,
                    TCP_TIME_WAIT,
                    TCP_CLOSE,
                    TCP_UNACKNOWLEDGED -> protocol == IpProtocol.TCP;
            case UDP, UDP_STREAM -> protocol == IpProtocol.UDP;
            case ICMP -> protocol == IpProtocol.ICMP && !v6;
            case ICMPV6 -> protocol == IpProtocol.ICMPV6 && v6;
            case OTHER -> protocol != IpProtocol.TCP && protocol != IpProtocol.UDP;
        };
    }

    /** The hash of an entry's key. */
    public static int hash(Slab slab, SipHash hash, int entry) {
        long at = Slab.offset(entry);
        int keyFlags = slab.getInt(at + FlowLayout.FLAGS) & FlowLayout.KEY_FLAGS;
        long service = slab.getLong(at + FlowLayout.SERVICE);
        return (keyFlags & Tuple.V6) == 0
                ? hash.v4(
                        slab.getLong(at + FlowLayout.OUTSIDE_LOW),
                        slab.getLong(at + FlowLayout.INSIDE_LOW),
                        service,
                        keyFlags)
                : hash.v6(
                        slab.getLong(at + FlowLayout.OUTSIDE_HIGH),
                        slab.getLong(at + FlowLayout.OUTSIDE_LOW),
                        slab.getLong(at + FlowLayout.INSIDE_HIGH),
                        slab.getLong(at + FlowLayout.INSIDE_LOW),
                        service,
                        keyFlags);
    }

    static boolean haveSameKey(Slab slab, int one, int other) {
        long a = Slab.offset(one);
        long b = Slab.offset(other);
        for (int i = FlowLayout.OUTSIDE_HIGH; i < FlowLayout.SERVICE + Long.BYTES; i += Long.BYTES) {
            if (slab.getLong(a + i) != slab.getLong(b + i)) {
                return false;
            }
        }
        return ((slab.getInt(a + FlowLayout.FLAGS) ^ slab.getInt(b + FlowLayout.FLAGS)) & FlowLayout.KEY_FLAGS) == 0;
    }
}
