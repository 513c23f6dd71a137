package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Address;
import io.portcullis.config.Cidr;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.linux.TcpSocket;
import io.portcullis.policy.Policy;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who would be cut off, by what each source tells, and how it is said. */
final class LockoutTest {
    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web, admin]}
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
              admin: {ingress: [{protocol: tcp, ports: [22, 2222], from: 10.0.0.0/8}]}
            """;

    private static final String HOST = "203.0.113.80";
    private static final TcpSocket STRANGER = socket("198.51.100.7", 40000, HOST, 22);

    private static TcpSocket socket(String remote, int remotePort, String local, int localPort) {
        return new TcpSocket(InetAddress.ofLiteral(local), localPort, InetAddress.ofLiteral(remote), remotePort, 7, 7);
    }

    private static List<String> faults(
            String yaml, String ssh, Set<InetAddress> logins, List<TcpSocket> sockets, Set<Integer> listening)
            throws ConfigException {
        Config config = Config.parse(yaml, "rules.yaml")
                .withNicAddresses(Map.of("web0", List.of(Cidr.of(Address.parse(HOST)))));
        return Lockout.faults(config, name -> Policy.compile(config, name, 1, 100), ssh, logins, sockets, listening);
    }

    @Test
    void whoIsAdmittedIsNotLockedOut() throws ConfigException {
        assertEquals(List.of(), faults(RULES, "10.1.2.3 40000 " + HOST + " 22", Set.of(), List.of(), Set.of()));
        assertEquals(List.of(), faults(RULES, "", Set.of(), List.of(socket("10.1.2.3", 40000, HOST, 22)), Set.of(22)));
        assertEquals(List.of(), faults(RULES, "", Set.of(), List.of(), Set.of()));
        assertEquals(
                List.of(),
                faults(RULES, "198.51.100.7 40000 192.0.2.1 22", Set.of(), List.of(), Set.of()),
                "by a NIC that nothing guards");
        assertEquals(
                List.of(), faults(RULES, "198.51.100.7 40000 " + HOST, Set.of(), List.of(), Set.of()), "not sshd's");
        assertEquals(
                List.of(),
                faults(
                        RULES + "failsafe: {ingress: [{protocol: tcp, ports: 22, from: any}]}\n",
                        "",
                        Set.of(),
                        List.of(STRANGER),
                        Set.of(22)));
    }

    @Test
    void theRuleThatComesNearestIsNamedAndEachConnectionOnce() throws ConfigException {
        assertEquals(
                List.of(
                        "web0: the ssh connection from 198.51.100.7 to 203.0.113.80 port 22 (SSH_CONNECTION, established)"
                                + " would be cut: no ingress rule of web, admin admits it; nearest: admin/ingress[1]"
                                + " (rules.yaml:7:21) admits that port from 10.0.0.0/8 only: add a rule or a failsafe rule, or start"
                                + " with --allow-lockout"),
                faults(
                        RULES,
                        "198.51.100.7 40000 " + HOST + " 22",
                        Set.of(InetAddress.ofLiteral("198.51.100.7")),
                        List.of(STRANGER, socket("198.51.100.7", 40001, HOST, 22)),
                        Set.of(22)));
        assertEquals(
                List.of(
                        "web0: the ssh connection from 198.51.100.7 to 203.0.113.80 port 2022 (SSH_CONNECTION) would be cut:"
                                + " no ingress rule of web, admin admits it; nearest: web/ingress[1] (rules.yaml:6:19) admits that"
                                + " peer to port 80 only: add a rule or a failsafe rule, or start with --allow-lockout"),
                faults(RULES, "198.51.100.7 40000 " + HOST + " 2022", Set.of(), List.of(), Set.of()));
    }

    @Test
    void aNetworkAclCutsToo() throws ConfigException {
        String acl = RULES.replace("nic: eth0,", "nic: eth0, network-acl: edge,") + """
                network-acls:
                  edge:
                    ingress: [{rule: 1, action: %s, protocol: tcp, ports: 22, from: 10.0.0.0/8}]
                    egress: [{rule: 1, action: allow, protocol: tcp, ports: %s, to: 0.0.0.0/0}]
                """;
        String ssh = "10.1.2.3 40000 " + HOST + " 22";
        assertEquals(List.of(), faults(acl.formatted("allow", "1024-65535"), ssh, Set.of(), List.of(), Set.of()));
        List<String> denied = faults(acl.formatted("deny", "1024-65535"), ssh, Set.of(), List.of(), Set.of());
        assertTrue(
                denied.getFirst().contains("would be cut: its network ACL denies it (edge/ingress[1])"), denied + "");
        List<String> unanswered = faults(acl.formatted("allow", "1-1023"), ssh, Set.of(), List.of(), Set.of());
        assertTrue(
                unanswered.getFirst().contains("its network ACL denies the answers (edge/egress[*])"), unanswered + "");
        assertEquals(
                List.of(),
                faults(
                        acl.formatted("deny", "1-1023")
                                + "failsafe: {ingress: [{protocol: tcp, ports: 22, from: any}]}\n",
                        ssh,
                        Set.of(),
                        List.of(),
                        Set.of()));
        assertEquals(
                List.of(),
                faults(
                        acl.formatted("deny", "1-1023").replace("nic: eth0,", "nic: eth0, enforce: audit,"),
                        ssh,
                        Set.of(),
                        List.of(),
                        Set.of()));
    }

    @Test
    void whoIsLoggedInByAnotherPortIsFound() throws ConfigException {
        Set<InetAddress> logins = Set.of(InetAddress.ofLiteral("198.51.100.7"));
        List<TcpSocket> sockets = List.of(socket("198.51.100.7", 40000, HOST, 2222));
        assertEquals(1, faults(RULES, "", logins, sockets, Set.of(2222)).size());
        assertEquals(List.of(), faults(RULES, "", logins, sockets, Set.of()), "it connected to there from here");
        assertEquals(List.of(), faults(RULES, "", Set.of(), sockets, Set.of(2222)), "nobody is logged in from there");
    }

    @Test
    void anIpv4ClientOfAnIpv6SocketIsOne() throws ConfigException {
        assertEquals(
                1,
                faults(RULES, "::ffff:198.51.100.7 40000 ::ffff:" + HOST + " 22", Set.of(), List.of(), Set.of())
                        .size());
    }
}
