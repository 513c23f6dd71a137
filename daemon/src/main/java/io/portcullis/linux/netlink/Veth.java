package io.portcullis.linux.netlink;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.nio.ByteBuffer;

/**
 * A pair of virtual NICs, veth(4): each receives the frames that the other one sends. The pair is for a program's own use: both ends
 * are up, without ARP, and the kernel gives them no IPv6 address.
 *
 * @param near one end
 * @param far the other end
 */
public record Veth(Nic near, Nic far) {
    /** Frames of any length pass. */
    public static final int MTU = 65_535;

    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_AF_SPEC = 26;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int VETH_INFO_PEER = 1;
    private static final int IFLA_INET6_ADDR_GEN_MODE = 8;
    private static final byte IN6_ADDR_GEN_MODE_NONE = 1;
    private static final int IFF_NOARP = 0x80;

    /** Bytes of a request at the most. */
    private static final int BODY_LENGTH = 512;

    /**
     * Makes a pair.
     *
     * @param near a name that no NIC has
     * @param far another such name
     * @param alias of both ends; {@value Nics#ALIAS_LENGTH} bytes at the most
     * @throws ErrnoException EEXIST where a name is taken, EPERM without CAP_NET_ADMIN
     */
    public static Veth create(String near, String far, String alias) throws ErrnoException {
        try (Netlink netlink = Netlink.open(0)) {
            ByteBuffer body = Netlink.body(BODY_LENGTH).position(Nic.IFINFOMSG_LENGTH);
            Netlink.putAttribute(body, IFLA_IFNAME, near);
            Netlink.putAttribute(body, IFLA_MTU, MTU);
            Netlink.putNested(body, IFLA_LINKINFO, info -> {
                Netlink.putAttribute(info, IFLA_INFO_KIND, "veth");
                Netlink.putNested(
                        info,
                        IFLA_INFO_DATA,
                        data -> Netlink.putNested(data, VETH_INFO_PEER, peer -> {
                            peer.position(peer.position() + Nic.IFINFOMSG_LENGTH);
                            Netlink.putAttribute(peer, IFLA_IFNAME, far);
                            Netlink.putAttribute(peer, IFLA_MTU, MTU);
                        }));
            });
            netlink.exchange(
                    Netlink.RTM_NEWLINK,
                    Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL,
                    body.flip(),
                    "RTM_NEWLINK (veth pair " + near + ", " + far + ")");
        }
        for (String name : new String[] {near, far}) {
            Nic nic = Nics.named(name);
            withoutAddresses(nic);
            change(nic, Nic.IFF_UP | IFF_NOARP, alias);
        }
        return new Veth(Nics.named(near), Nics.named(far));
    }

    /** To be called before the NIC is up for the first time: the kernel adds the address then. */
    private static void withoutAddresses(Nic nic) throws ErrnoException {
        ByteBuffer body = Netlink.body(BODY_LENGTH).putInt(4, nic.index()).position(Nic.IFINFOMSG_LENGTH);
        Netlink.putNested(
                body,
                IFLA_AF_SPEC,
                families -> Netlink.putNested(
                        families,
                        Libc.AF_INET6,
                        inet6 -> Netlink.putAttribute(
                                inet6, IFLA_INET6_ADDR_GEN_MODE, new byte[] {IN6_ADDR_GEN_MODE_NONE})));
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_NEWLINK,
                    Netlink.NLM_F_ACK,
                    body.flip(),
                    "RTM_NEWLINK (" + nic.name() + ", no IPv6 address)");
        } catch (ErrnoException refused) {
            // A kernel without IPv6 makes no address either.
            if (refused.errno() != Errno.EAFNOSUPPORT) {
                throw refused;
            }
        }
    }

    private static void change(Nic nic, int flags, String alias) throws ErrnoException {
        ByteBuffer body = Netlink.body(BODY_LENGTH)
                .putInt(4, nic.index())
                .putInt(8, flags)
                .putInt(12, flags)
                .position(Nic.IFINFOMSG_LENGTH);
        Netlink.putAttribute(body, Nic.IFLA_IFALIAS, alias);
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_NEWLINK, Netlink.NLM_F_ACK, body.flip(), "RTM_NEWLINK (" + nic.name() + " up)");
        }
    }
}
