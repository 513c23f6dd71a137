package io.portcullis.linux.netlink;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The TCP sockets of the calling thread's network namespace, read by sock_diag(7)
 * (include/uapi/linux/inet_diag.h). Needs no privilege. ENOENT where the kernel has no tcp_diag. Stateless; any thread.
 */
public final class TcpSockets {
    private static final int SOCK_DIAG_BY_FAMILY = 20;
    private static final int IPPROTO_TCP = 6;
    private static final int INET_DIAG_INFO = 2;
    private static final int INET_DIAG_CGROUP_ID = 21;

    /** struct inet_diag_req_v2: family, protocol, extensions, padding, states; a struct inet_diag_sockid. */
    private static final int REQUEST_LENGTH = 56;

    /** struct inet_diag_msg: family, state, timer, retransmits; a struct inet_diag_sockid; five u32. */
    private static final int MESSAGE_LENGTH = 72;

    private static final int LOCAL_PORT = 4;
    private static final int REMOTE_PORT = 6;
    private static final int LOCAL = 8;
    private static final int REMOTE = 24;
    private static final int DEVICE = 40;
    private static final int UID = 64;
    private static final int INODE = 68;

    /** In struct inet_diag_req_v2: the local port by which the kernel filters. */
    private static final int WANTED_PORT = 8;

    private static final int ANY_PORT = 0;

    /** struct tcp_info (include/uapi/linux/tcp.h): u8 options; u8 with both scales, the one for sending in the lower half. */
    private static final int INFO_OPTIONS = 5;

    private static final int INFO_SCALES = 6;
    private static final int TCPI_OPT_WSCALE = 4;

    // include/net/tcp_states.h
    private static final int TCP_ESTABLISHED = 1;
    private static final int TCP_FIN_WAIT1 = 4;
    private static final int TCP_FIN_WAIT2 = 5;
    private static final int TCP_CLOSE_WAIT = 8;
    private static final int TCP_LISTEN = 10;

    private TcpSockets() {}

    /** Sockets that still carry data, in at least one direction. */
    public static List<TcpSocket> established() throws ErrnoException {
        return connected(
                1 << TCP_ESTABLISHED | 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE_WAIT, ANY_PORT);
    }

    /** Sockets of one local port that neither end has begun to close. */
    public static List<TcpSocket> open(int localPort) throws ErrnoException {
        return connected(1 << TCP_ESTABLISHED, localPort);
    }

    private static List<TcpSocket> connected(int states, int localPort) throws ErrnoException {
        List<TcpSocket> sockets = new ArrayList<>();
        for (Netlink.Message message : dump(states, localPort)) {
            ByteBuffer body = message.body();
            ByteBuffer info = message.attributes(MESSAGE_LENGTH).get(INET_DIAG_INFO);
            int send = -1;
            int receive = -1;
            if (info != null && info.limit() > INFO_SCALES) {
                boolean scaled = (info.get(INFO_OPTIONS) & TCPI_OPT_WSCALE) != 0;
                send = scaled ? info.get(INFO_SCALES) & 0xf : 0;
                receive = scaled ? info.get(INFO_SCALES) >>> 4 & 0xf : 0;
            }
            sockets.add(new TcpSocket(
                    address(body, LOCAL),
                    port(body, LOCAL_PORT),
                    address(body, REMOTE),
                    port(body, REMOTE_PORT),
                    body.getInt(DEVICE),
                    send,
                    receive));
        }
        return sockets;
    }

    /** Sockets that listen for connections, on any address. */
    public static List<TcpListener> listeners() throws ErrnoException {
        List<TcpListener> listeners = new ArrayList<>();
        for (Netlink.Message message : dump(1 << TCP_LISTEN, ANY_PORT)) {
            ByteBuffer body = message.body();
            ByteBuffer cgroup = message.attributes(MESSAGE_LENGTH).get(INET_DIAG_CGROUP_ID);
            listeners.add(new TcpListener(
                    port(body, LOCAL_PORT),
                    body.getInt(UID),
                    Integer.toUnsignedLong(body.getInt(INODE)),
                    cgroup == null ? 0 : cgroup.getLong(0)));
        }
        return listeners;
    }

    /** The ports with a listening socket, on any address. */
    public static Set<Integer> listeningPorts() throws ErrnoException {
        return listeners().stream().map(TcpListener::port).collect(Collectors.toSet());
    }

    private static List<Netlink.Message> dump(int states, int localPort) throws ErrnoException {
        List<Netlink.Message> all = new ArrayList<>();
        for (int family : new int[] {Libc.AF_INET, Libc.AF_INET6}) {
            ByteBuffer request = Netlink.body(REQUEST_LENGTH)
                    .put(0, (byte) family)
                    .put(1, (byte) IPPROTO_TCP)
                    .put(2, (byte) (1 << INET_DIAG_INFO - 1))
                    .putInt(4, states)
                    .putShort(WANTED_PORT, Short.reverseBytes((short) localPort));
            try (Netlink netlink = Netlink.open(Netlink.NETLINK_SOCK_DIAG, "NETLINK_SOCK_DIAG")) {
                for (Netlink.Message message :
                        netlink.dump(SOCK_DIAG_BY_FAMILY, request, "SOCK_DIAG_BY_FAMILY (TCP sockets)")) {
                    if (message.body().get(0) == family) {
                        all.add(message);
                    }
                }
            } catch (ErrnoException refused) {
                // A kernel without IPv6 has no IPv6 sockets.
                if (family != Libc.AF_INET6 || refused.errno() != Errno.ENOENT) {
                    throw refused;
                }
            }
        }
        return all;
    }

    private static int port(ByteBuffer message, int at) {
        return Short.toUnsignedInt(Short.reverseBytes(message.getShort(at)));
    }

    private static InetAddress address(ByteBuffer message, int at) {
        byte[] bytes = new byte[message.get(0) == Libc.AF_INET6 ? 16 : 4];
        message.get(at, bytes);
        try {
            // Turns ::ffff:192.0.2.1 into 192.0.2.1.
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new AssertionError(Arrays.toString(bytes), impossible);
        }
    }
}
