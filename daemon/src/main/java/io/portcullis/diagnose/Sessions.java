package io.portcullis.diagnose;

import io.portcullis.guard.NicAddresses;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.TcpSocket;
import io.portcullis.linux.netlink.TcpSockets;
import io.portcullis.net.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The ssh connections from other hosts to this host, and the NICs that carry them. Connections over {@code lo} do not count: they use
 * no other NIC.
 *
 * @param all one of each group between the same addresses to the same port
 * @param nics of this host
 * @param names finds a NIC by any of its names
 */
public record Sessions(List<Session> all, List<Nic> nics, Names names) {
    /** Kinds of devices with ports: a frame that leaves by such a device leaves by one of its ports. */
    private static final Set<String> HAS_PORTS = Set.of("bridge", "bond", "team");

    private static final int MAX_PORT = 65_535;

    /**
     * One connection.
     *
     * @param leavesBy index of the NIC by which frames to the peer leave
     */
    record Session(Address peer, int peerPort, Address local, int localPort, int leavesBy) {}

    /** Finds the NIC of a name. */
    interface Names {
        Optional<Nic> find(String name) throws IOException;
    }

    /** Copies the lists. */
    public Sessions {
        all = List.copyOf(all);
        nics = List.copyOf(nics);
    }

    /** The sessions of this host now, with the one that this process was started from. Changes nothing, and needs no privilege. */
    public static Sessions ofThisHost() throws IOException {
        return ofThisHost(Optional.ofNullable(System.getenv("SSH_CONNECTION")).flatMap(Ends::parse));
    }

    /**
     * The sessions of this host now.
     *
     * @param own a session that counts whatever its port; it must be an open connection
     */
    public static Sessions ofThisHost(Optional<Ends> own) throws IOException {
        Set<Integer> ports = SshPorts.find(TcpSockets.listeners(), SshPorts.Places.ofThisHost())
                .keySet();
        List<TcpSocket> sockets = new ArrayList<>();
        for (int port : ports) {
            sockets.addAll(TcpSockets.open(port));
        }
        if (own.isPresent() && !ports.contains(own.get().localPort())) {
            // Its sshd was not found: it may not be root's.
            TcpSockets.open(own.get().localPort()).stream()
                    .filter(socket -> own.get().equals(Ends.of(socket)))
                    .forEach(sockets::add);
        }
        return sockets.isEmpty() ? new Sessions(List.of(), List.of(), Nics::find) : of(sockets, Nics.all());
    }

    /**
     * The same sessions, after NICs were renamed.
     *
     * @param now the current name of each NIC, by its name in the configuration
     */
    public Sessions renamed(Map<String, String> now) {
        return new Sessions(all, nics, name -> names.find(now.getOrDefault(name, name)));
    }

    /** Both ends of a connection. */
    public record Ends(InetAddress remote, int remotePort, InetAddress local, int localPort) {
        static Ends of(TcpSocket socket) {
            return new Ends(socket.remote(), socket.remotePort(), socket.local(), socket.localPort());
        }

        /** Reads {@code SSH_CONNECTION}, which sshd sets for the programs that it starts: {@code 198.51.100.7 40000 203.0.113.80 22}. */
        public static Optional<Ends> parse(String sshConnection) {
            String[] words = sshConnection.strip().split(" +", -1);
            if (words.length != 4 || !isPort(words[1]) || !isPort(words[3])) {
                return Optional.empty();
            }
            try {
                return Optional.of(new Ends(
                        address(words[0]), Integer.parseInt(words[1]), address(words[2]), Integer.parseInt(words[3])));
            } catch (IllegalArgumentException notSshds) {
                return Optional.empty();
            }
        }

        private static boolean isPort(String word) {
            return word.matches("[0-9]{1,5}") && Integer.parseInt(word) <= MAX_PORT;
        }

        /** The address of the peer. */
        public Address peerAddress() {
            return NicAddresses.address(remote);
        }

        /** The address of this host. */
        public Address localAddress() {
            return NicAddresses.address(local);
        }

        /** Removes the zone; {@code ::ffff:192.0.2.1} is 192.0.2.1. */
        private static InetAddress address(String text) {
            int zone = text.indexOf('%');
            return InetAddress.ofLiteral(zone < 0 ? text : text.substring(0, zone));
        }
    }

    private static Sessions of(List<TcpSocket> sockets, List<Nic> nics) throws IOException {
        record Key(InetAddress remote, InetAddress local, int localPort) {}
        Map<Key, Session> sessions = new LinkedHashMap<>();
        for (TcpSocket socket : sockets) {
            Key key = new Key(socket.remote(), socket.local(), socket.localPort());
            OptionalInt leavesBy = sessions.containsKey(key) ? OptionalInt.empty() : Nics.leavesBy(socket);
            if (leavesBy.isPresent()
                    && nics.stream().anyMatch(nic -> nic.index() == leavesBy.getAsInt() && !nic.loopback())) {
                sessions.put(
                        key,
                        new Session(
                                NicAddresses.address(socket.remote()),
                                socket.remotePort(),
                                NicAddresses.address(socket.local()),
                                socket.localPort(),
                                leavesBy.getAsInt()));
            }
        }
        return new Sessions(List.copyOf(sessions.values()), nics, Nics::find);
    }

    /** The open connection with these ends; its peer's port is that of the ends. */
    Optional<Session> find(Ends ends) {
        return all.stream()
                .filter(session -> session.peer().equals(ends.peerAddress())
                        && session.local().equals(ends.localAddress())
                        && session.localPort() == ends.localPort())
                .map(session -> new Session(
                        session.peer(), ends.remotePort(), session.local(), session.localPort(), session.leavesBy()))
                .findFirst();
    }

    /**
     * Whether a connection passes a NIC: it leaves by that NIC, by a device on top of it, or by a bridge or bond that it is a port of.
     */
    boolean passes(Session session, Nic nic) {
        return carriers(session.leavesBy(), new HashSet<>()).contains(nic.index());
    }

    /** A device, and all devices that carry the frames that leave by it. */
    private Set<Integer> carriers(int device, Set<Integer> known) {
        for (Nic nic : nics) {
            if (nic.index() == device && known.add(device)) {
                if (nic.lowerIndex() != 0 && NicAddresses.KINDS_ABOVE_A_NIC.contains(nic.kind())) {
                    carriers(nic.lowerIndex(), known);
                }
                if (HAS_PORTS.contains(nic.kind())) {
                    nics.stream()
                            .filter(port -> port.masterIndex() == device)
                            .forEach(port -> carriers(port.index(), known));
                }
            }
        }
        return known;
    }

    /** The device by which a connection leaves. */
    Optional<Nic> device(Session session) {
        return nics.stream().filter(nic -> nic.index() == session.leavesBy()).findFirst();
    }
}
