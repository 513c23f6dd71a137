package io.portcullis.linux.netlink;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The network devices of the calling thread's network namespace, read and changed by rtnetlink(7) (not /sys: it shows
 * the namespace of the process that mounted it). Stateless; any thread.
 *
 * <p>A method that takes a name throws ENAMETOOLONG for one longer than {@value Nic#NAME_LENGTH} bytes, ENODEV for one that no NIC
 * has. Alternative names ({@code ip link property add altname}) are names too.
 */
public final class Nics {
    /** struct ifaddrmsg: family, prefix length, flags, scope, index. */
    private static final int IFADDRMSG_LENGTH = 8;

    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_FLAGS = 8;
    private static final int IFA_F_PERMANENT = 0x80;

    /** struct rtmsg: family, prefix lengths, tos, table, protocol, scope, type, flags. */
    private static final int RTMSG_LENGTH = 12;

    private static final int RTA_DST = 1;
    private static final int RTA_SRC = 2;
    private static final int RTA_OIF = 4;
    private static final int RTA_MULTIPATH = 9;
    private static final int RTA_IP_PROTO = 27;
    private static final int RTA_SPORT = 28;
    private static final int RTA_DPORT = 29;
    private static final int IPPROTO_TCP = 6;

    /** The kernel's errors where there is no route: none to the address, none from that source, or a prohibiting one. */
    private static final Set<Integer> NO_ROUTE =
            Set.of(Errno.ENETUNREACH, Errno.EHOSTUNREACH, Errno.ESRCH, Errno.EACCES, Errno.EINVAL, Errno.ENODEV);

    private static final int IFLA_STATS64 = 23;
    /** Bytes of an alias at the most (IFALIASZ less its end). */
    public static final int ALIAS_LENGTH = 255;

    private static final int IFLA_EXT_MASK = 29;
    /** Without statistics: shorter answers (kernels before 4.9 ignore it). */
    private static final int RTEXT_FILTER_SKIP_STATS = 8;

    private Nics() {}

    /** All NICs, by index. */
    public static List<Nic> all() throws ErrnoException {
        try (Netlink netlink = Netlink.open(0)) {
            return netlink.dump(Netlink.RTM_GETLINK, link(0, 0, 0), "RTM_GETLINK (all NICs)").stream()
                    .map(Nic::parse)
                    .toList();
        }
    }

    /** if_nametoindex(3). Positive. */
    public static int index(String name) throws ErrnoException {
        String call = "if_nametoindex(\"" + name + "\")";
        if (name.getBytes(StandardCharsets.UTF_8).length > Nic.NAME_LENGTH) {
            throw new ErrnoException(call, Errno.ENAMETOOLONG);
        }
        if (name.indexOf('\0') >= 0) {
            throw new ErrnoException(call, Errno.EINVAL);
        }
        try (Arena arena = Arena.ofConfined()) {
            return (int) ErrnoException.check(Libc.if_nametoindex(arena.allocateFrom(name)), call);
        }
    }

    /** The NIC of that name. */
    public static Nic named(String name) throws ErrnoException {
        return indexed(index(name));
    }

    /** The NIC of that name; empty: none. */
    public static Optional<Nic> find(String name) throws ErrnoException {
        try {
            return Optional.of(named(name));
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV || refused.errno() == Errno.ENAMETOOLONG) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /** The NIC of that index; ENODEV where there is none. */
    public static Nic indexed(int index) throws ErrnoException {
        return Nic.parse(describe(index));
    }

    /** The NIC of that index; empty: none. */
    public static Optional<Nic> at(int index) throws ErrnoException {
        try {
            return Optional.of(indexed(index));
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /** The kernel's description of the NIC of that index; ENODEV where there is none. */
    public static Netlink.Message describe(int index) throws ErrnoException {
        String call = "RTM_GETLINK (NIC " + index + ")";
        try (Netlink netlink = Netlink.open(0)) {
            return netlink.exchange(Netlink.RTM_GETLINK, 0, link(index, 0, 0), call)
                    .getFirst();
        }
    }

    /**
     * Frames that the NIC of that index has received since it was made, as its driver counts them ({@code ip -s link};
     * rx_packets of struct rtnl_link_stats64). Drivers may count late, and count frames that never reach the host. ENODEV where
     * it is gone.
     */
    public static long receivedFrames(int index) throws ErrnoException {
        String call = "RTM_GETLINK (counters of NIC " + index + ")";
        try (Netlink netlink = Netlink.open(0)) {
            ByteBuffer counters = netlink.exchange(
                            Netlink.RTM_GETLINK,
                            0,
                            request(Nic.IFINFOMSG_LENGTH).putInt(4, index),
                            call)
                    .getFirst()
                    .attributes(Nic.IFINFOMSG_LENGTH)
                    .get(IFLA_STATS64);
            return counters == null ? 0 : counters.getLong(0);
        }
    }

    /** The bridge, bond, team or VRF that has this NIC as a port. */
    public static Optional<Nic> master(Nic nic) throws ErrnoException {
        return nic.masterIndex() == 0 ? Optional.empty() : Optional.of(indexed(nic.masterIndex()));
    }

    /** The addresses of a NIC, IPv4 and IPv6, in the kernel's order. */
    public static List<NicAddress> addresses(Nic nic) throws ErrnoException {
        List<NicAddress> addresses = new ArrayList<>();
        try (Netlink netlink = Netlink.open(0)) {
            ByteBuffer all = request(IFADDRMSG_LENGTH).limit(IFADDRMSG_LENGTH);
            for (Netlink.Message message : netlink.dump(Netlink.RTM_GETADDR, all, "RTM_GETADDR (all addresses)")) {
                if (message.body().getInt(4) == nic.index()) {
                    NicAddress address = address(message);
                    if (address != null) {
                        addresses.add(address);
                    }
                }
            }
        }
        return addresses;
    }

    private static @Nullable NicAddress address(Netlink.Message message) {
        ByteBuffer header = message.body();
        Map<Integer, ByteBuffer> attributes = message.attributes(IFADDRMSG_LENGTH);
        ByteBuffer own = attributes.getOrDefault(IFA_LOCAL, attributes.get(IFA_ADDRESS));
        if (own == null) {
            return null;
        }
        byte[] bytes = new byte[own.remaining()];
        own.get(0, bytes);
        ByteBuffer flags = attributes.get(IFA_FLAGS);
        return new NicAddress(
                inet(bytes),
                Byte.toUnsignedInt(header.get(1)),
                Byte.toUnsignedInt(header.get(3)),
                ((flags == null ? header.get(2) : flags.getInt(0)) & IFA_F_PERMANENT) != 0);
    }

    private static InetAddress inet(byte[] bytes) {
        try {
            return bytes.length == 16 ? Inet6Address.getByAddress(null, bytes, -1) : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError("an address of " + bytes.length + " bytes", impossible);
        }
    }

    /** The routes that leave through a NIC, IPv4 and IPv6, of all tables. */
    public static List<Route> routes(Nic nic) throws ErrnoException {
        List<Route> routes = new ArrayList<>();
        for (int family : new int[] {Libc.AF_INET, Libc.AF_INET6}) {
            ByteBuffer body = request(RTMSG_LENGTH + 8).put(0, (byte) family).position(RTMSG_LENGTH);
            byte[] oif = new byte[4];
            ByteBuffer.wrap(oif).order(ByteOrder.LITTLE_ENDIAN).putInt(nic.index());
            Netlink.putAttribute(body, RTA_OIF, oif);
            body.flip();
            try (Netlink netlink = Netlink.open(0)) {
                netlink.filterDumps();
                for (Netlink.Message message :
                        netlink.dump(Netlink.RTM_GETROUTE, body, "RTM_GETROUTE (through " + nic.name() + ")")) {
                    // A kernel without this family answers with all others.
                    if (message.body().get(0) == family && leavesThrough(nic, message)) {
                        routes.add(route(message));
                    }
                }
            }
        }
        return routes;
    }

    private static boolean leavesThrough(Nic nic, Netlink.Message message) {
        Map<Integer, ByteBuffer> attributes = message.attributes(RTMSG_LENGTH);
        ByteBuffer oif = attributes.get(RTA_OIF);
        if (oif != null) {
            return oif.getInt(0) == nic.index();
        }
        ByteBuffer hops = attributes.get(RTA_MULTIPATH);
        // struct rtnexthop: u16 length, flags, hops, s32 interface; attributes follow.
        for (int at = 0; hops != null && hops.limit() - at >= 8 && hops.getShort(at) >= 8; at += hops.getShort(at)) {
            if (hops.getInt(at + 4) == nic.index()) {
                return true;
            }
        }
        return false;
    }

    private static Route route(Netlink.Message message) {
        ByteBuffer header = message.body();
        ByteBuffer destination = message.attributes(RTMSG_LENGTH).get(RTA_DST);
        byte[] bytes = new byte[header.get(0) == Libc.AF_INET6 ? 16 : 4];
        if (destination != null) {
            destination.get(0, bytes);
        }
        return new Route(inet(bytes), Byte.toUnsignedInt(header.get(1)), Byte.toUnsignedInt(header.get(5)));
    }

    /**
     * The NIC by which a socket's packets leave, as the kernel routes them now, with rules, tables and VRFs. Packets to an address of this
     * host leave by {@code lo}.
     *
     * @return its index; empty where there is no route
     */
    public static OptionalInt leavesBy(TcpSocket socket) throws ErrnoException {
        byte[] local = socket.local().getAddress();
        byte[] remote = socket.remote().getAddress();
        byte bits = (byte) (remote.length * Byte.SIZE);
        ByteBuffer body = request(RTMSG_LENGTH + 2 * (4 + 16) + 4 * 8)
                .put(0, (byte) (remote.length == 16 ? Libc.AF_INET6 : Libc.AF_INET))
                .put(1, bits)
                .put(2, bits)
                .position(RTMSG_LENGTH);
        Netlink.putAttribute(body, RTA_DST, remote);
        Netlink.putAttribute(body, RTA_SRC, local);
        Netlink.putAttribute(body, RTA_IP_PROTO, new byte[] {IPPROTO_TCP});
        Netlink.putAttribute(body, RTA_SPORT, port(socket.localPort()));
        Netlink.putAttribute(body, RTA_DPORT, port(socket.remotePort()));
        if (socket.device() != 0) {
            Netlink.putAttribute(body, RTA_OIF, socket.device());
        }
        String call = "RTM_GETROUTE (to " + NicAddress.written(socket.remote()) + " from "
                + NicAddress.written(socket.local()) + ")";
        try (Netlink netlink = Netlink.open(0)) {
            for (Netlink.Message message : netlink.exchange(Netlink.RTM_GETROUTE, 0, body.flip(), call)) {
                ByteBuffer oif = message.attributes(RTMSG_LENGTH).get(RTA_OIF);
                if (oif != null) {
                    return OptionalInt.of(oif.getInt(0));
                }
            }
            return OptionalInt.empty();
        } catch (ErrnoException refused) {
            if (NO_ROUTE.contains(refused.errno())) {
                return OptionalInt.empty();
            }
            throw refused;
        }
    }

    /** In network byte order. */
    private static byte[] port(int port) {
        return new byte[] {(byte) (port >>> 8), (byte) port};
    }

    /** Sets a NIC up or down ({@code ip link set up}, {@code down}); EPERM without CAP_NET_ADMIN. */
    public static void setUp(Nic nic, boolean up) throws ErrnoException {
        setFlag(nic, Nic.IFF_UP, up, up ? "up" : "down");
    }

    /** Makes a NIC receive frames for other addresses too, or not, independently of programs that ask for them. */
    public static void setPromiscuous(Nic nic, boolean on) throws ErrnoException {
        setFlag(nic, Nic.IFF_PROMISC, on, "promisc " + (on ? "on" : "off"));
    }

    private static void setFlag(Nic nic, int flag, boolean on, String what) throws ErrnoException {
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_NEWLINK,
                    Netlink.NLM_F_ACK,
                    link(nic.index(), on ? flag : 0, flag),
                    "RTM_NEWLINK (" + nic.name() + " " + what + ")");
        }
    }

    /** Sets the alias of a NIC, {@value #ALIAS_LENGTH} bytes at the most. EPERM without CAP_NET_ADMIN. */
    public static void setAlias(Nic nic, String alias) throws ErrnoException {
        ByteBuffer body = request(Nic.IFINFOMSG_LENGTH + 8 + ALIAS_LENGTH)
                .putInt(4, nic.index())
                .position(Nic.IFINFOMSG_LENGTH);
        Netlink.putAttribute(body, Nic.IFLA_IFALIAS, alias.getBytes(StandardCharsets.UTF_8));
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_NEWLINK, Netlink.NLM_F_ACK, body.flip(), "RTM_NEWLINK (alias of " + nic.name() + ")");
        }
    }

    /** Removes a virtual NIC (of a veth pair: both ends); does nothing where it is gone. */
    public static void delete(Nic nic) throws ErrnoException {
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_DELLINK,
                    Netlink.NLM_F_ACK,
                    link(nic.index(), 0, 0),
                    "RTM_DELLINK (" + nic.name() + ")");
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.ENODEV) {
                throw refused;
            }
        }
    }

    /** Adds an address to a NIC; false where the NIC has it already. EPERM without CAP_NET_ADMIN. */
    public static boolean addAddress(Nic nic, NicAddress address) throws ErrnoException {
        byte[] bytes = address.address().getAddress();
        ByteBuffer body = request(IFADDRMSG_LENGTH + 2 * (4 + bytes.length));
        body.put((byte) (bytes.length == 16 ? Libc.AF_INET6 : Libc.AF_INET))
                .put((byte) address.prefixLength())
                .put((byte) 0)
                .put((byte) address.scope())
                .putInt(nic.index());
        Netlink.putAttribute(body, IFA_LOCAL, bytes);
        Netlink.putAttribute(body, IFA_ADDRESS, bytes);
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(
                    Netlink.RTM_NEWADDR,
                    Netlink.NLM_F_ACK | Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL,
                    body.flip(),
                    "RTM_NEWADDR (" + address + " on " + nic.name() + ")");
            return true;
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.EEXIST) {
                return false;
            }
            throw refused;
        }
    }

    /** struct ifinfomsg, with a request for no statistics. */
    private static ByteBuffer link(int index, int flags, int change) {
        ByteBuffer body = request(Nic.IFINFOMSG_LENGTH + 8)
                .putInt(4, index)
                .putInt(8, flags)
                .putInt(12, change)
                .position(Nic.IFINFOMSG_LENGTH);
        if (change == 0) {
            Netlink.putAttribute(body, IFLA_EXT_MASK, new byte[] {RTEXT_FILTER_SKIP_STATS, 0, 0, 0});
        }
        return body.flip();
    }

    private static ByteBuffer request(int length) {
        return Netlink.body(length);
    }
}
