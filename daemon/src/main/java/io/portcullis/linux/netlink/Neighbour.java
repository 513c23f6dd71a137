package io.portcullis.linux.netlink;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * What the kernel knows of an address on a NIC's network (arp(7), rtnetlink(7), struct ndmsg).
 *
 * @param state as {@code ip neigh} names it, in lower case: {@code reachable}, {@code failed}; {@code none}: it has no state
 * @param mac its hardware address; empty: not known
 */
public record Neighbour(String state, String mac) {
    private static final int RTM_GETNEIGH = 30;

    /** struct ndmsg: family, padding, s32 NIC, u16 state, flags, type. */
    private static final int NDMSG_LENGTH = 12;

    private static final int NIC = 4;
    private static final int STATE = 8;
    private static final int NDA_DST = 1;
    private static final int NDA_LLADDR = 2;

    /** The names of the bits NUD_INCOMPLETE to NUD_PERMANENT (include/uapi/linux/neighbour.h). */
    private static final String[] STATES = {
        "incomplete", "reachable", "stale", "delay", "probe", "failed", "noarp", "permanent"
    };

    /** Asks the kernel for a neighbour of a NIC; empty: there is no entry. Needs no privilege. */
    public static Optional<Neighbour> of(int nic, InetAddress address) throws ErrnoException {
        boolean isV6 = address.getAddress().length == 16;
        ByteBuffer body = Netlink.body(NDMSG_LENGTH)
                .put(0, (byte) (isV6 ? Libc.AF_INET6 : Libc.AF_INET))
                .limit(NDMSG_LENGTH);
        try (Netlink netlink = Netlink.open(0)) {
            for (Netlink.Message message : netlink.dump(RTM_GETNEIGH, body, "RTM_GETNEIGH")) {
                Map<Integer, ByteBuffer> attributes = message.attributes(NDMSG_LENGTH);
                ByteBuffer known = attributes.get(NDA_DST);
                if (message.body().getInt(NIC) == nic
                        && known != null
                        && NextHop.inet(known, 0).equals(address)) {
                    return Optional.of(new Neighbour(
                            state(Short.toUnsignedInt(message.body().getShort(STATE))), mac(attributes)));
                }
            }
            return Optional.empty();
        }
    }

    private static String state(int bits) {
        for (int i = 0; i < STATES.length; i++) {
            if ((bits >>> i & 1) != 0) {
                return STATES[i];
            }
        }
        return "none";
    }

    private static String mac(Map<Integer, ByteBuffer> attributes) {
        ByteBuffer address = attributes.get(NDA_LLADDR);
        if (address == null) {
            return "";
        }
        byte[] bytes = new byte[address.limit()];
        address.get(0, bytes);
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }
}
