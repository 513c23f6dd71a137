package io.portcullis.linux.netlink;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the kernel sends packets to an address now, with all rules and tables (rtnetlink(7), RTM_GETROUTE).
 *
 * @param nic index of the NIC
 * @param address of the neighbour: a gateway, or the destination itself
 * @param isGateway true: it is a gateway
 * @param isLocal true: the destination is an address of this host
 */
public record NextHop(int nic, InetAddress address, boolean isGateway, boolean isLocal) {
    /** struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags. */
    private static final int RTMSG_LENGTH = 12;

    private static final int TYPE = 7;
    private static final int RTN_LOCAL = 2;

    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;

    /** struct rtvia: u16 family; an address. */
    private static final int RTA_VIA = 18;

    private static final int VIA_ADDRESS = 2;

    /** Answers that no route leads there: none, or one of type unreachable, prohibit or blackhole. */
    private static final Set<Integer> NO_ROUTE =
            Set.of(Errno.ENETUNREACH, Errno.EHOSTUNREACH, Errno.ESRCH, Errno.EACCES, Errno.EINVAL, Errno.ENODEV);

    /** Asks the kernel; empty: no route leads there. Needs no privilege. */
    public static Optional<NextHop> to(InetAddress destination) throws ErrnoException {
        byte[] bytes = destination.getAddress();
        ByteBuffer body = Netlink.body(RTMSG_LENGTH + 4 + 16)
                .put(0, (byte) (bytes.length == 16 ? Libc.AF_INET6 : Libc.AF_INET))
                .put(1, (byte) (bytes.length * Byte.SIZE))
                .position(RTMSG_LENGTH);
        Netlink.putAttribute(body, RTA_DST, bytes);
        String call = "RTM_GETROUTE (to " + NicAddress.written(destination) + ")";
        try (Netlink netlink = Netlink.open(0)) {
            List<Netlink.Message> answers = netlink.exchange(Netlink.RTM_GETROUTE, 0, body.flip(), call);
            return answers.stream().findFirst().map(answer -> of(answer, destination));
        } catch (ErrnoException refused) {
            if (NO_ROUTE.contains(refused.errno())) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    private static NextHop of(Netlink.Message answer, InetAddress destination) {
        Map<Integer, ByteBuffer> attributes = answer.attributes(RTMSG_LENGTH);
        ByteBuffer gateway = attributes.get(RTA_GATEWAY);
        ByteBuffer via = attributes.get(RTA_VIA);
        ByteBuffer nic = attributes.get(RTA_OIF);
        InetAddress address = gateway != null ? inet(gateway, 0) : via != null ? inet(via, VIA_ADDRESS) : destination;
        return new NextHop(
                nic == null ? 0 : nic.getInt(0),
                address,
                gateway != null || via != null,
                answer.body().get(TYPE) == RTN_LOCAL);
    }

    static InetAddress inet(ByteBuffer value, int at) {
        byte[] bytes = new byte[value.limit() - at];
        value.get(at, bytes);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(Arrays.toString(bytes), impossible);
        }
    }
}
