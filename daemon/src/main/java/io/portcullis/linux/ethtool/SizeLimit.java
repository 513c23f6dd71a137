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
 * How long a super-frame of a NIC may be, in bytes, as {@code ip -d link} shows and sets it (rtnetlink(7), IFLA_…;
 * include/uapi/linux/if_link.h). Beyond {@value #ORDINARY} is BIG TCP (Linux 5.19, for IPv4 6.3): then an IP packet's own
 * length field is 0, or a jumbo payload option stands for it.
 */
public enum SizeLimit {
    /** Of what the stack sends by it; sets that of IPv4 too, where it is ordinary. */
    GSO_MAX_SIZE(41),
    /** Of what the stack sends by it over IPv4. */
    GSO_IPV4_MAX_SIZE(63),
    /** Of what it receives, merged; sets that of IPv4 too, where it is ordinary. */
    GRO_MAX_SIZE(58),
    /** Of what it receives over IPv4, merged. */
    GRO_IPV4_MAX_SIZE(64);

    /** The longest that the length field of an IP packet can say, rounded up. */
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

    /** Those of a NIC that this kernel knows. */
    public static Map<SizeLimit, Integer> read(Nic nic) throws ErrnoException {
        Map<Integer, ByteBuffer> attributes = Nics.describe(nic.index()).attributes(Nic.IFINFOMSG_LENGTH);
        Map<SizeLimit, Integer> limits = new EnumMap<>(SizeLimit.class);
        for (SizeLimit each : values()) {
            ByteBuffer value = attributes.get(each.attribute);
            if (value != null && value.remaining() >= Integer.BYTES) {
                limits.put(each, value.getInt(0));
            }
        }
        return limits;
    }

    /** Sets it. EPERM without CAP_NET_ADMIN, EINVAL where the NIC can't. */
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
