package io.portcullis.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.testing.Namespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The NIC by which a connection leaves, and the lists of sockets: in a namespace with two veth pairs. */
@Tag("netns")
@Timeout(60)
class NamespaceRoutesTest {
    private static final int PORT = 2022;

    private Namespace namespace;

    @BeforeEach
    void make() {
        namespace = new Namespace("routes");
        for (String line : List.of(
                "link set lo up",
                "link add t0 type veth peer name p0",
                "link add t1 type veth peer name p1",
                "link set t0 up",
                "link set p0 up",
                "link set t1 up",
                "link set p1 up",
                "address add 203.0.113.80/24 dev t0",
                "address add 198.51.100.80/24 dev t1",
                "-6 address add 2001:db8::80/64 dev t0 nodad")) {
            namespace.ip(line);
        }
    }

    @AfterEach
    void remove() {
        namespace.close();
    }

    private OptionalInt leavesBy(String local, int localPort, String remote, String device) throws Exception {
        return namespace.in(() -> Nics.leavesBy(new TcpSocket(
                InetAddress.ofLiteral(local),
                localPort,
                InetAddress.ofLiteral(remote),
                40_000,
                device.isEmpty() ? 0 : Nics.index(device),
                7,
                7)));
    }

    private OptionalInt index(String name) throws Exception {
        return OptionalInt.of(namespace.in(() -> Nics.index(name)));
    }

    private NextHop hop(String destination) throws Exception {
        return namespace.in(() -> NextHop.to(InetAddress.ofLiteral(destination)).orElseThrow());
    }

    private Neighbour neighbour(NextHop hop) throws Exception {
        return namespace.in(() -> Neighbour.of(hop.nic(), hop.address()).orElseThrow());
    }

    @Test
    void theNextHopIsTheDestinationOrAGateway() throws Exception {
        namespace.ip("route add 192.0.2.0/24 via 198.51.100.7");
        namespace.ip("route add 10.7.0.0/16 via inet6 2001:db8::7 dev t0");
        namespace.ip("route add unreachable 10.9.0.0/16");
        namespace.ip("route add blackhole 10.10.0.0/16");
        int t0 = index("t0").getAsInt();
        int t1 = index("t1").getAsInt();
        InetAddress near = InetAddress.ofLiteral("203.0.113.10");
        assertEquals(new NextHop(t0, near, false, false), hop("203.0.113.10"));
        assertEquals(new NextHop(t1, InetAddress.ofLiteral("198.51.100.7"), true, false), hop("192.0.2.9"));
        assertEquals(new NextHop(t0, InetAddress.ofLiteral("2001:db8::7"), true, false), hop("10.7.0.1"));
        assertEquals(new NextHop(t0, InetAddress.ofLiteral("2001:db8::10"), false, false), hop("2001:db8::10"));
        assertTrue(hop("203.0.113.80").isLocal());
        for (String nowhere : List.of("10.8.0.1", "10.9.0.1", "10.10.0.1", "2001:db9::1")) {
            assertTrue(
                    namespace.in(
                            () -> NextHop.to(InetAddress.ofLiteral(nowhere)).isEmpty()),
                    nowhere);
        }
    }

    @Test
    void aNeighbourHasItsStateAndItsAddress() throws Exception {
        namespace.ip("neigh add 203.0.113.10 lladdr 02:00:00:00:00:0a dev t0 nud permanent");
        namespace.ip("neigh add 203.0.113.11 lladdr 02:00:00:00:00:0b dev t0 nud stale");
        namespace.ip("-6 neigh add 2001:db8::10 dev t0 nud failed");
        assertEquals(new Neighbour("permanent", "02:00:00:00:00:0a"), neighbour(hop("203.0.113.10")));
        assertEquals(new Neighbour("stale", "02:00:00:00:00:0b"), neighbour(hop("203.0.113.11")));
        assertEquals(new Neighbour("failed", ""), neighbour(hop("2001:db8::10")));
        NextHop unknown = hop("203.0.113.12");
        assertTrue(namespace.in(
                () -> Neighbour.of(unknown.nic(), unknown.address()).isEmpty()));
        int other = index("t1").getAsInt();
        assertTrue(
                namespace.in(() -> Neighbour.of(other, InetAddress.ofLiteral("203.0.113.10"))
                        .isEmpty()),
                "of another NIC");
    }

    @Test
    void theRouteDecides() throws Exception {
        assertEquals(index("t0"), leavesBy("203.0.113.80", 22, "203.0.113.10", ""));
        assertEquals(index("t0"), leavesBy("2001:db8::80", 22, "2001:db8::10", ""));
        assertEquals(index("t1"), leavesBy("203.0.113.80", 22, "198.51.100.10", ""), "the peer counts");
        assertEquals(index("lo"), leavesBy("203.0.113.80", 22, "203.0.113.80", ""), "a peer on this host");
        assertEquals(index("lo"), leavesBy("127.0.0.1", 22, "127.0.0.1", ""));
        assertEquals(index("lo"), leavesBy("2001:db8::80", 22, "2001:db8::80", ""));
        assertEquals(index("t1"), leavesBy("fe80::1", 22, "fe80::2", "t1"), "the socket's NIC");
    }

    @Test
    void withoutARouteThereIsNone() throws Exception {
        assertEquals(OptionalInt.empty(), leavesBy("203.0.113.80", 22, "192.0.2.10", ""));
        assertEquals(OptionalInt.empty(), leavesBy("2001:db8::80", 22, "2001:db8:1::10", ""));
        assertEquals(OptionalInt.empty(), leavesBy("192.0.2.80", 22, "203.0.113.10", ""), "not our address");
        for (String kind : List.of("unreachable", "prohibit", "blackhole")) {
            namespace.ip("route add " + kind + " 192.0.2.0/24");
            assertEquals(OptionalInt.empty(), leavesBy("203.0.113.80", 22, "192.0.2.10", ""), kind);
            namespace.ip("route del " + kind + " 192.0.2.0/24");
            namespace.ip("-6 route add " + kind + " 2001:db8:1::/64");
            assertEquals(OptionalInt.empty(), leavesBy("2001:db8::80", 22, "2001:db8:1::10", ""), kind);
            namespace.ip("-6 route del " + kind + " 2001:db8:1::/64");
        }
    }

    @Test
    void rulesAboutPortsAndSourcesAreFollowed() throws Exception {
        namespace.ip("route add default via 203.0.113.1 table 7");
        namespace.ip("route add default via 198.51.100.1 table 8");
        namespace.ip("rule add from 198.51.100.80 table 8");
        namespace.ip("rule add ipproto tcp sport 2022 table 7");
        assertEquals(index("t1"), leavesBy("198.51.100.80", 22, "192.0.2.10", ""));
        assertEquals(index("t0"), leavesBy("203.0.113.80", PORT, "192.0.2.10", ""));
        assertEquals(OptionalInt.empty(), leavesBy("203.0.113.80", 22, "192.0.2.10", ""));
    }

    @Test
    void socketsAreTold() throws Exception {
        namespace.in(() -> {
            try (ServerSocket server = new ServerSocket()) {
                server.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT));
                List<TcpListener> listeners = TcpSockets.listeners();
                assertEquals(1, listeners.size());
                TcpListener listener = listeners.getFirst();
                assertEquals(PORT, listener.port());
                assertEquals(0, listener.uid());
                assertTrue(hasSocket(listener.inode()), listener + "");
                assertEquals(ownGroup(), listener.cgroup());
                try (Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), PORT);
                        Socket accepted = server.accept()) {
                    List<TcpSocket> open = TcpSockets.open(PORT);
                    assertEquals(1, open.size());
                    assertEquals(client.getLocalPort(), open.getFirst().remotePort());
                    assertEquals(List.of(), TcpSockets.open(PORT + 1));
                    client.shutdownOutput();
                    assertEquals(-1, accepted.getInputStream().read());
                    assertEquals(List.of(), TcpSockets.open(PORT), "one end has begun to close it");
                    assertEquals(2, TcpSockets.established().size());
                }
            }
            return true;
        });
    }

    private static boolean hasSocket(long inode) throws Exception {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.anyMatch(each -> {
                try {
                    return Files.readSymbolicLink(each).toString().equals("socket:[" + inode + "]");
                } catch (IOException closed) {
                    return false;
                }
            });
        }
    }

    /** Inode of this process's control group of version 2. */
    private static long ownGroup() throws Exception {
        String mine = Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> line.substring("0::/".length()))
                .findFirst()
                .orElseThrow();
        Path top = Path.of("/sys/fs/cgroup");
        Path version2 = Files.exists(top.resolve("cgroup.controllers")) ? top : top.resolve("unified");
        return (Long) Files.getAttribute(version2.resolve(mine), "unix:ino");
    }
}
