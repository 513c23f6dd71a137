package io.portcullis.linux.netlink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A network device as the kernel describes it in RTM_NEWLINK (rtnetlink(7), include/uapi/linux/if_link.h). A snapshot.
 *
 * @param index its number, unique in its network namespace for as long as it lives
 * @param name 1 to 15 bytes
 * @param kind the kind of virtual device, such as {@code veth}, {@code vlan}, {@code bridge}; empty for hardware and {@code lo}
 * @param hardwareType ARPHRD_…: {@value #ARPHRD_ETHER} for everything that carries Ethernet frames
 * @param flags IFF_…
 * @param carrier true: the cable is in, the far end is up
 * @param mtu bytes, without the Ethernet header
 * @param hardwareAddress {@code 02:00:5e:00:53:01}; empty where it has none
 * @param masterIndex index of the bridge, bond, team or VRF that it is a port of; 0: of none
 * @param lowerIndex index of the NIC below it (VLAN, macvlan, …) or of its peer (veth) in the same network
 *     namespace; 0: none
 * @param permanentAddress its burned-in address, which may differ from the present one; empty where it has none (veth, bridge, bond)
 * @param alias its alias in {@code ip link}; empty: none
 */
public record Nic(
        int index,
        String name,
        String kind,
        int hardwareType,
        int flags,
        boolean carrier,
        int mtu,
        String hardwareAddress,
        int masterIndex,
        int lowerIndex,
        String permanentAddress,
        String alias) {
    /** Set up by its owner ({@code ip link set up}). */
    public static final int IFF_UP = 1;
    /** The loopback device. */
    public static final int IFF_LOOPBACK = 8;
    /** Receives frames for other addresses too, by its owner's setting ({@code ip link set promisc on}). */
    public static final int IFF_PROMISC = 0x100;
    /** Up, and able to carry frames. */
    public static final int IFF_RUNNING = 0x40;

    /** Ethernet (include/uapi/linux/if_arp.h). */
    public static final int ARPHRD_ETHER = 1;

    /** Bytes of a name at the most (IFNAMSIZ less the NUL). */
    public static final int NAME_LENGTH = 15;

    /** struct ifinfomsg: family, padding, hardware type, index, flags, change mask. */
    public static final int IFINFOMSG_LENGTH = 16;

    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINK = 5;
    private static final int IFLA_MASTER = 10;
    private static final int IFLA_LINKINFO = 18;
    /** Attribute: the alias. */
    static final int IFLA_IFALIAS = 20;

    private static final int IFLA_CARRIER = 33;
    private static final int IFLA_LINK_NETNSID = 37;
    private static final int IFLA_PERM_ADDRESS = 54;
    private static final int IFLA_INFO_KIND = 1;

    /** True: its owner has set it up. */
    public boolean up() {
        return (flags & IFF_UP) != 0;
    }

    /** True: up, and able to carry frames. */
    public boolean running() {
        return (flags & IFF_RUNNING) != 0;
    }

    /** True: it receives frames for other addresses too, by its owner's setting. */
    public boolean promiscuous() {
        return (flags & IFF_PROMISC) != 0;
    }

    /** True: frames never leave the host. */
    public boolean loopback() {
        return (flags & IFF_LOOPBACK) != 0;
    }

    /** True: it carries Ethernet frames. */
    public boolean ethernet() {
        return hardwareType == ARPHRD_ETHER;
    }

    static Nic parse(Netlink.Message message) {
        ByteBuffer header = message.body();
        Map<Integer, ByteBuffer> attributes = message.attributes(IFINFOMSG_LENGTH);
        ByteBuffer linkInfo = attributes.get(IFLA_LINKINFO);
        return new Nic(
                header.getInt(4),
                string(attributes.get(IFLA_IFNAME)),
                linkInfo == null ? "" : string(Netlink.attributes(linkInfo).get(IFLA_INFO_KIND)),
                Short.toUnsignedInt(header.getShort(2)),
                header.getInt(8),
                number(attributes.get(IFLA_CARRIER)) != 0,
                number(attributes.get(IFLA_MTU)),
                hardwareAddress(attributes.get(IFLA_ADDRESS)),
                number(attributes.get(IFLA_MASTER)),
                attributes.containsKey(IFLA_LINK_NETNSID) ? 0 : number(attributes.get(IFLA_LINK)),
                hardwareAddress(attributes.get(IFLA_PERM_ADDRESS)),
                string(attributes.get(IFLA_IFALIAS)));
    }

    private static int number(@Nullable ByteBuffer value) {
        if (value == null) {
            return 0;
        }
        return value.remaining() >= 4 ? value.getInt(0) : value.get(0);
    }

    public static String string(@Nullable ByteBuffer value) {
        if (value == null) {
            return "";
        }
        String text = StandardCharsets.UTF_8.decode(value.duplicate()).toString();
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    private static String hardwareAddress(@Nullable ByteBuffer value) {
        if (value == null) {
            return "";
        }
        byte[] bytes = new byte[value.remaining()];
        value.get(0, bytes);
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }
}
