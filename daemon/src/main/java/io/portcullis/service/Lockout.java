package io.portcullis.service;

import io.portcullis.config.Address;
import io.portcullis.config.Cidr;
import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.Peer;
import io.portcullis.config.PortRange;
import io.portcullis.config.Rule;
import io.portcullis.linux.TcpSocket;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleSet;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Keeps people from shutting themselves out: finds the ssh connections of this host that a policy would not admit anew. At boot
 * nobody is logged in, so that nothing is found.
 */
final class Lockout {
    private static final int SSH = 22;
    private static final int TCP = 6;

    /** A connection; one of several between the same addresses to the same port stands for all of them. */
    private record Session(Address peer, int peerPort, Address local, int localPort) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Session session
                    && peer.equals(session.peer)
                    && local.equals(session.local)
                    && localPort == session.localPort;
        }

        @Override
        public int hashCode() {
            return Objects.hash(peer, local, localPort);
        }
    }

    private Lockout() {}

    /**
     * The connections that would be cut, one line each, with what would be right.
     *
     * @param config with the addresses that the NICs of hosts have now
     * @param policies of the interfaces in host mode, by name
     * @param sshConnection what SSH_CONNECTION says: both ends of the connection that the command was started from; or empty
     * @param logins addresses that people are logged in from
     * @param sockets of this host
     * @param listening ports of this host
     */
    static List<String> faults(
            Config config,
            Function<String, Policy> policies,
            String sshConnection,
            Set<InetAddress> logins,
            List<TcpSocket> sockets,
            Set<Integer> listening) {
        List<String> faults = new ArrayList<>();
        sessions(sshConnection, logins, sockets, listening).forEach((session, sources) -> {
            for (Interface each : config.interfaces().values()) {
                boolean concerned = each.mode() instanceof Mode.Host
                        && each.nicAddresses().stream().anyMatch(cidr -> cidr.contains(session.local()));
                if (concerned) {
                    cause(config, each, policies.apply(each.name()), session)
                            .ifPresent(cause -> faults.add(fault(each, session, sources, cause)));
                }
            }
        });
        return faults;
    }

    private static Map<Session, Set<String>> sessions(
            String sshConnection, Set<InetAddress> logins, List<TcpSocket> sockets, Set<Integer> listening) {
        Map<Session, Set<String>> sessions = new LinkedHashMap<>();
        startedFrom(sshConnection).ifPresent(session -> note(sessions, session, "SSH_CONNECTION"));
        for (TcpSocket socket : sockets) {
            if (socket.localPort() == SSH) {
                note(sessions, session(socket), "established");
            }
        }
        for (InetAddress peer : logins) {
            Address address = NicAddresses.address(peer);
            if (sessions.keySet().stream().noneMatch(session -> session.peer().equals(address))) {
                // Its sshd listens elsewhere, and sudo has taken SSH_CONNECTION away: it came by one of these.
                sockets.stream()
                        .filter(socket -> socket.remote().equals(peer) && listening.contains(socket.localPort()))
                        .min(Comparator.comparingInt(TcpSocket::localPort))
                        .ifPresent(socket -> note(sessions, session(socket), "logged in"));
            }
        }
        return sessions;
    }

    private static Session session(TcpSocket socket) {
        return new Session(
                NicAddresses.address(socket.remote()),
                socket.remotePort(),
                NicAddresses.address(socket.local()),
                socket.localPort());
    }

    /** Both ends of a connection as sshd writes them: {@code 198.51.100.7 40000 203.0.113.80 22}. */
    private static Optional<Session> startedFrom(String sshConnection) {
        String[] words = sshConnection.strip().split(" +", -1);
        if (words.length != 4 || !words[1].matches("[0-9]{1,5}") || !words[3].matches("[0-9]{1,5}")) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Session(
                    plain(words[0]), Integer.parseInt(words[1]), plain(words[2]), Integer.parseInt(words[3])));
        } catch (IllegalArgumentException notSshds) {
            return Optional.empty();
        }
    }

    private static void note(Map<Session, Set<String>> sessions, Session session, String source) {
        sessions.computeIfAbsent(session, _ -> new LinkedHashSet<>()).add(source);
    }

    /** Of an address with a zone, or of IPv4 inside IPv6, the address alone. */
    private static Address plain(String text) {
        int zone = text.indexOf('%');
        Address address = Address.parse(zone < 0 ? text : text.substring(0, zone));
        return address.isV4Mapped() ? new Address(false, 0, address.low() & 0xffff_ffffL) : address;
    }

    /** Why a connection would be cut; empty: it would not. */
    private static Optional<String> cause(Config config, Interface each, Policy policy, Session session) {
        Address peer = session.peer();
        boolean v6 = peer.isV6();
        int rule = policy.ingress().match(v6, TCP, session.localPort(), peer.high(), peer.low());
        if (policy.audits() || policy.isFailsafe(rule)) {
            return Optional.empty();
        }
        Acl acl = policy.acl();
        if (acl != null) {
            int in = acl.match(true, v6, TCP, session.localPort(), peer.high(), peer.low());
            if (!acl.allows(true, in)) {
                return Optional.of("its network ACL denies it (" + acl.id(true, in) + ")");
            }
            int out = acl.match(false, v6, TCP, session.peerPort(), peer.high(), peer.low());
            if (!acl.allows(false, out)) {
                return Optional.of("its network ACL denies the answers (" + acl.id(false, out) + ")");
            }
        }
        return rule != RuleSet.NONE
                ? Optional.empty()
                : Optional.of("no ingress rule of " + String.join(", ", each.securityGroups()) + " admits it"
                        + nearest(config, each, session)
                                .map(near -> "; nearest: " + near)
                                .orElse(""));
    }

    private static String fault(Interface each, Session session, Set<String> sources, String cause) {
        return each.name() + ": the ssh connection from " + session.peer() + " to " + session.local() + " port "
                + session.localPort() + " (" + String.join(", ", sources) + ") would be cut: " + cause
                + ": add a rule or a failsafe rule, or start with --allow-lockout";
    }

    private static Optional<String> nearest(Config config, Interface each, Session session) {
        Map<String, Rule> rules = new LinkedHashMap<>();
        number(rules, "failsafe/ingress", config.failsafe().ingress());
        each.securityGroups()
                .forEach(name -> number(
                        rules,
                        name + "/ingress",
                        Objects.requireNonNull(config.securityGroups().get(name), name)
                                .ingress()));
        Optional<String> byPort = rules.entrySet().stream()
                .filter(rule -> isTcp(rule.getValue()) && coversPort(rule.getValue(), session.localPort()))
                .map(rule -> rule.getKey() + " (" + rule.getValue().place() + ") admits that port from "
                        + peers(rule.getValue()) + " only")
                .findFirst();
        return byPort.or(() -> rules.entrySet().stream()
                .filter(rule -> isTcp(rule.getValue()) && coversPeer(rule.getValue(), session.peer()))
                .map(rule -> rule.getKey() + " (" + rule.getValue().place() + ") admits that peer to "
                        + rule.getValue().ports().stream()
                                .map(PortRange::toString)
                                .collect(Collectors.joining(", ", "port ", " only")))
                .findFirst());
    }

    private static void number(Map<String, Rule> rules, String id, List<Rule> written) {
        for (int i = 0; i < written.size(); i++) {
            rules.put(id + "[" + (i + 1) + "]", written.get(i));
        }
    }

    private static boolean isTcp(Rule rule) {
        return rule.protocol() == TCP || rule.protocol() == Rule.ALL;
    }

    private static boolean coversPort(Rule rule, int port) {
        return rule.ports().isEmpty()
                || rule.ports().stream().anyMatch(range -> range.low() <= port && port <= range.high());
    }

    private static boolean coversPeer(Rule rule, Address peer) {
        return rule.peers().stream().anyMatch(each -> switch (each) {
            case Peer.Any _ -> true;
            case Peer.Net(Cidr cidr) -> cidr.contains(peer);
            case Peer.Group _, Peer.Prefixes _ -> false;
        });
    }

    private static String peers(Rule rule) {
        return rule.peers().stream().map(Peer::text).collect(Collectors.joining(", "));
    }
}
