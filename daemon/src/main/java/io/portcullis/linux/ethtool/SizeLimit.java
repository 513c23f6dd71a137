package io.portcullis.linux.ethtool;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Netlink;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * The longest super-frame of a NIC, in bytes, as {@code ip -d link} shows and sets it (rtnetlink(7), IFLA_…;
 * include/uapi/linux/if_link.h). Beyond {@value #ORDINARY} is BIG TCP (Linux 5.19, for IPv4 6.3): then an IP packet's own
 * length field is 0, or a jumbo payload option replaces it.
 */
public enum SizeLimit {
    /** For frames that the stack sends; sets that of IPv4 too, where it is ordinary. */
    GSO_MAX_SIZE(41),
    /** For IPv4 frames that the stack sends. */
    GSO_IPV4_MAX_SIZE(63),
    /** For received frames that it merges; sets that of IPv4 too, where it is ordinary. */
    GRO_MAX_SIZE(58),
    /** For received IPv4 frames that it merges. */
    GRO_IPV4_MAX_SIZE(64);

    /** The largest value of the length field of an IP packet, rounded up. */
    public static final int ORDINARY = 65_536;

    private final String key = name().toLowerCase(Locale.ROOT);
    private final int attribute;

    SizeLimit(int attribute) {
        this.attribute = attribute;
    }

    /** Its name for {@code ip link set}. */
    public String key() {
        return key;
    }

    /** The limits of a NIC that this kernel knows. */
    public static Map<SizeLimit, Integer> read(Nic nic) throws ErrnoException {
        Map<Integer, ByteBuffer> attributes = Nics.describe(nic.index()).attributes(Nic.IFINFOMSG_LENGTH);
        Map<SizeLimit, Integer> limits = new EnumMap<>(SizeLimit.class);
        for (SizeLimit limit : values()) {
            ByteBuffer value = attributes.get(limit.attribute);
            if (value != null && value.remaining() >= Integer.BYTES) {
                limits.put(limit, value.getInt(0));
            }
        }
        return limits;
    }

    /** Sets the limit. EPERM without CAP_NET_ADMIN, EINVAL where the NIC can't. */
    public void set(Nic nic, int bytes) throws ErrnoException {
        ByteBuffer body =
                Netlink.body(Nic.IFINFOMSG_LENGTH + 8).putInt(4, nic.index()).position(Nic.IFINFOMSG_LENGTH);
        Netlink.putAttribute(body, attribute, bytes);
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_NEWLINK,
                    Netlink.NLM_F_ACK,
                    body.flip(),
                    "RTM_NEWLINK (" + nic.name() + " " + key + " " + bytes + ")");
        }
    }
}
