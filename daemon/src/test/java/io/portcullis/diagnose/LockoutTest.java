package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.SessionView;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ssh connections that a configuration would cut or refuse, and the messages about them. */
final class LockoutTest {
    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web, admin]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
              admin: {ingress: [{protocol: tcp, ports: [22, 2222], from: [10.0.0.0/8, "2001:db8:a::/48"]}]}
            """;

    private static final String ADMIT_ALL = "failsafe: {ingress: [{protocol: tcp, ports: 22, from: any}]}\n";

    private static final String HOST = "203.0.113.80";
    private static final String HOST_V6 = "2001:db8::80";

    private static final int ETH0 = 2;
    private static final int ETH1 = 3;
    private static final int BR0 = 4;
    private static final int VLAN = 5;
    private static final int MACVLAN = 6;
    private static final int WG0 = 7;
    private static final int VETH = 8;

    private static final List<Nic> NICS = List.of(
            nic(ETH0, "eth0", "", Nic.ARPHRD_ETHER, 0, 0),
            nic(ETH1, "eth1", "", Nic.ARPHRD_ETHER, BR0, 0),
            nic(BR0, "br0", "bridge", Nic.ARPHRD_ETHER, 0, 0),
            nic(VLAN, "eth0.7", "vlan", Nic.ARPHRD_ETHER, 0, ETH0),
            nic(MACVLAN, "mac0", "macvlan", Nic.ARPHRD_ETHER, 0, VLAN),
            nic(WG0, "wg0", "wireguard", 65_534, 0, 0),
            nic(VETH, "veth0", "veth", Nic.ARPHRD_ETHER, 0, ETH0));

    private static final Sessions.Session STRANGER = session("198.51.100.7", HOST, 22, ETH0);
    private static final Sessions.Session FRIEND = session("10.1.2.3", HOST, 22, ETH0);

    private static Nic nic(int index, String name, String kind, int hardwareType, int master, int lower) {
        return new Nic(
                index, name, kind, hardwareType, Nic.IFF_UP, true, 1500, "02:00:5e:00:53:01", master, lower, "", "");
    }

    private static Sessions.Session session(String peer, String local, int localPort, int leavesBy) {
        return new Sessions.Session(Address.parse(peer), 40_000, Address.parse(local), localPort, leavesBy);
    }

    /** {@code lan} is another name of eth0. */
    private static Sessions sessions(Sessions.Session... all) {
        return new Sessions(
                List.of(all),
                NICS,
                name -> NICS.stream()
                        .filter(nic -> nic.name().equals(name.equals("lan") ? "eth0" : name))
                        .findFirst());
    }

    private static Config config(String yaml) throws ConfigException {
        Config config = ConfigReader.parse(yaml, "rules.yaml");
        Map<String, List<Cidr>> addresses = new HashMap<>();
        config.interfaces()
                .keySet()
                .forEach(name ->
                        addresses.put(name, List.of(Cidr.of(Address.parse(HOST)), Cidr.of(Address.parse(HOST_V6)))));
        return config.withNicAddresses(addresses);
    }

    private static List<String> faults(String yaml, Sessions.Session... all) throws IOException, ConfigException {
        Config config = config(yaml);
        return Lockout.faults(config, name -> Policy.compile(config, name, 1, 100), sessions(all));
    }

    private static List<String> newFaults(String before, List<String> guarded, String next, Sessions sessions)
            throws IOException, ConfigException {
        Config old = config(before);
        Config now = config(next);
        Map<String, Policy> inForce = new HashMap<>();
        guarded.forEach(name -> inForce.put(name, Policy.compile(old, name, 1, 100)));
        return Lockout.newFaults(old, inForce, now, name -> Policy.compile(now, name, 2, 100), sessions);
    }

    private static List<String> newFaults(String before, String next, Sessions.Session... all)
            throws IOException, ConfigException {
        return newFaults(before, new ArrayList<>(config(before).interfaces().keySet()), next, sessions(all));
    }

    private static void assertSaid(List<String> faults, String... words) {
        assertEquals(1, faults.size(), faults + "");
        for (String each : words) {
            assertTrue(faults.getFirst().contains(each), faults.getFirst());
        }
    }

    @Test
    void anAdmittedSessionIsNotLockedOut() throws IOException, ConfigException {
        assertEquals(List.of(), faults(RULES));
        assertEquals(List.of(), faults(RULES, FRIEND, session("2001:db8:a::7", HOST_V6, 2222, ETH0)));
        assertEquals(List.of(), faults(RULES + ADMIT_ALL, STRANGER));
        assertEquals(List.of(), faults(RULES.replace("nic: eth0,", "nic: eth0, enforce: audit,"), STRANGER));
    }

    @Test
    void aFaultIsReportedWithTheNearestRule() throws IOException, ConfigException {
        assertEquals(
                List.of(
                        "web0: the ssh connection from 198.51.100.7 to 203.0.113.80 port 22 goes on, but a new one would be"
                                + " refused: no ingress rule of web, admin admits it; nearest: 198.51.100.7 is outside 10.0.0.0/8,"
                                + " 2001:db8:a::/48 of admin/ingress[1] at rules.yaml:6:21: add a rule or a failsafe rule, or start"
                                + " with --allow-lockout"),
                faults(RULES, STRANGER));
        assertEquals(
                List.of(
                        "web0: the ssh connection from 2001:db8:b::7 to 2001:db8::80 port 2022 would be cut: no ingress rule"
                                + " of web, admin admits it; nearest: port 2022 is outside 80 of web/ingress[1] at rules.yaml:5:19:"
                                + " add a rule or a failsafe rule, or start with --allow-lockout"),
                faults(
                        RULES.replace("nic: eth0,", "nic: eth0, adopt-established: false,"),
                        session("2001:db8:b::7", HOST_V6, 2022, ETH0)));
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "5, 1", "6, 1", "3, 0", "4, 0", "7, 0", "8, 0", "99, 0"})
    void onlySessionsThroughTheNicOrADeviceOnItCount(int leavesBy, int faults) throws IOException, ConfigException {
        assertEquals(
                faults,
                faults(RULES, session("198.51.100.7", HOST, 22, leavesBy)).size());
    }

    @Test
    void anAlternativeNameIsAName() throws IOException, ConfigException {
        assertEquals(1, faults(RULES.replace("eth0", "lan"), STRANGER).size());
        Sessions called = sessions(STRANGER);
        String renamed = RULES.replace("eth0", "old0");
        assertEquals(List.of(), newFaults(renamed + ADMIT_ALL, List.of("web0"), renamed, called));
        assertEquals(
                1,
                newFaults(renamed + ADMIT_ALL, List.of("web0"), renamed, called.renamed(Map.of("old0", "eth0")))
                        .size());
    }

    @Test
    void aNetworkAclIsAskedInBothDirections() throws IOException, ConfigException {
        String acl = RULES.replace("nic: eth0,", "nic: eth0, network-acl: edge,") + """
                network-acls:
                  edge:
                    ingress: [{rule: 7, action: %s, protocol: tcp, ports: 22, from: 10.0.0.0/8}]
                    egress: [{rule: 1, action: allow, protocol: tcp, ports: %s, to: 0.0.0.0/0}]
                """;
        assertEquals(List.of(), faults(acl.formatted("allow", "1024-65535"), FRIEND));
        assertSaid(
                faults(acl.formatted("deny", "1024-65535"), FRIEND),
                " would be cut: an entry of the network ACL denies it (edge/ingress[7] at rules.yaml:9:");
        assertSaid(
                faults(acl.formatted("allow", "1-1023"), FRIEND),
                " would be cut: its answers would be dropped: no entry of edge/egress[*] matches it: add");
        assertEquals(List.of(), faults(acl.formatted("deny", "1-1023") + ADMIT_ALL, FRIEND));
    }

    @Test
    void withoutNeighbourDiscoveryNobodyGetsIn() throws IOException, ConfigException {
        String noArp = RULES.replace("nic: eth0,", "nic: eth0, pass-through: [ndp, dhcp],");
        Sessions.Session v6 = session("2001:db8:a::7", HOST_V6, 22, ETH0);
        assertSaid(faults(noArp, FRIEND, v6), "from 10.1.2.3 ", " would be cut: its pass-through lacks arp, ");
        String noNdp = RULES.replace("nic: eth0,", "nic: eth0, pass-through: [arp],");
        assertSaid(faults(noNdp, FRIEND, v6), "from 2001:db8:a::7 ", " would be cut: its pass-through lacks ndp, ");
    }

    @Test
    void aSpoofedSourceIsRefusedByTheEngineToo() throws IOException, ConfigException {
        assertSaid(
                faults(RULES.replace("nic: eth0,", "nic: eth0, addresses: [10.1.2.3], source-check: true,"), FRIEND),
                " would be cut: its source is one of the interface's own addresses");
    }

    @Test
    void anInterfaceThatCanNotBeGuardedIsClosed() throws IOException, ConfigException {
        String bridge =
                RULES.replace("web0: {mode: host, nic: eth0,", "edge: {mode: bridge, outside: eth9, inside: eth0,%s");
        assertSaid(
                faults(bridge.formatted(""), FRIEND),
                "edge: the ssh connection from 10.1.2.3 ",
                " would be cut: eth0 is to be a port of a bridge: name another NIC, or start with --allow-lockout");
        assertEquals(List.of(), faults(bridge.formatted(" on-failure: open,"), FRIEND));
        assertSaid(
                faults(RULES.replace("eth0", "eth1"), session("10.1.2.3", HOST, 22, BR0)),
                " would be cut: eth1 is a port of br0 and is shut: name br0");
        assertEquals(List.of(), faults(RULES.replace("eth0", "br0"), session("10.1.2.3", HOST, 22, BR0)));
        assertSaid(
                faults(RULES.replace("eth0", "wg0"), session("10.1.2.3", HOST, 22, WG0)),
                " would be cut: wg0 carries no Ethernet frames and is shut");
    }

    @Test
    void aReloadChecksOnlyWhatItWouldTakeAway() throws IOException, ConfigException {
        String admits = RULES + ADMIT_ALL;
        assertEquals(List.of(), newFaults(admits, admits, STRANGER));
        assertEquals(List.of(), newFaults(RULES, RULES, STRANGER), "refused before, too");
        assertEquals(List.of(), newFaults(RULES, admits, STRANGER));
        assertEquals(
                List.of(
                        "web0: the ssh connection from 198.51.100.7 to 203.0.113.80 port 22 goes on, but a new one would be"
                                + " refused: no ingress rule of web, admin admits it; nearest: 198.51.100.7 is outside 10.0.0.0/8,"
                                + " 2001:db8:a::/48 of admin/ingress[1] at rules.yaml:6:21: add a rule or a failsafe rule:"
                                + " --allow-lockout does it anyway"),
                newFaults(admits, RULES, STRANGER, FRIEND));
        assertSaid(newFaults(admits, RULES + "conntrack: {on-reload: recheck}\n", STRANGER), " would be cut: ");
    }

    @Test
    void anInterfaceThatIsNewOrNotGuardedYetHasAdmittedEverything() throws IOException, ConfigException {
        String elsewhere = RULES.replace("eth0", "eth1");
        assertSaid(newFaults(elsewhere, RULES, STRANGER), "goes on, but", ": --allow-lockout does it anyway");
        assertSaid(newFaults(RULES, List.of(), RULES, sessions(STRANGER)), "goes on, but");
        assertSaid(
                newFaults(
                        elsewhere,
                        List.of(),
                        RULES.replace("nic: eth0,", "nic: eth0, adopt-established: false,"),
                        sessions(STRANGER)),
                " would be cut: no ingress rule");
        // Another name for the same NIC takes nothing away.
        assertEquals(List.of(), newFaults(RULES, RULES.replace("web0", "front"), STRANGER));
        Config next = config(RULES);
        assertEquals(
                1,
                Lockout.newFaults(null, Map.of(), next, name -> Policy.compile(next, name, 1, 100), sessions(STRANGER))
                        .size());
    }

    @Test
    void aMissingNicConcernsNobody() throws IOException, ConfigException {
        assertEquals(List.of(), faults(RULES.replace("eth0", "eth9"), STRANGER));
        assertEquals(Optional.of("eth0"), sessions().device(STRANGER).map(Nic::name));
    }

    private static Optional<SessionView> view(String yaml, String sshConnection, Sessions sessions)
            throws IOException, ConfigException {
        Config next = config(yaml);
        return Lockout.session(
                next,
                name -> Policy.compile(next, name, 1, 100),
                sessions,
                Sessions.Ends.parse(sshConnection).orElseThrow());
    }

    @Test
    void theOperatorsSessionIsAdmittedByARuleThatIsNamed() throws IOException, ConfigException {
        Sessions sessions = sessions(STRANGER, FRIEND, session("2001:db8:a::7", HOST_V6, 2222, ETH0));
        assertEquals(
                Optional.of(new SessionView(
                        "web0",
                        "10.1.2.3",
                        50_000,
                        HOST,
                        22,
                        true,
                        new ExplainReport.RuleView("admin/ingress[1]", "rules.yaml:6:21", ""),
                        "a rule admits it",
                        "")),
                view(RULES, "10.1.2.3 50000 203.0.113.80 22", sessions),
                "the peer's port is that of the session that asks");
        SessionView v6 =
                view(RULES, "2001:db8:a::7 40000 2001:db8::80 2222", sessions).orElseThrow();
        assertEquals("admin/ingress[1]", Objects.requireNonNull(v6.rule()).id());
        SessionView failsafe = view(RULES + ADMIT_ALL, "198.51.100.7 40000 203.0.113.80 22", sessions)
                .orElseThrow();
        assertEquals(
                "failsafe/ingress[1]", Objects.requireNonNull(failsafe.rule()).id());
        assertEquals("a failsafe rule admits it, before the network ACL and all groups", failsafe.why());
    }

    @Test
    void theOperatorsSessionIsRefusedWithTheReasonAndAdvice() throws IOException, ConfigException {
        assertEquals(
                Optional.of(new SessionView(
                        "web0",
                        "198.51.100.7",
                        40_000,
                        HOST,
                        22,
                        false,
                        null,
                        "no ingress rule of web, admin admits it; nearest: 198.51.100.7 is outside 10.0.0.0/8,"
                                + " 2001:db8:a::/48 of admin/ingress[1] at rules.yaml:6:21",
                        "add a rule or a failsafe rule")),
                view(RULES, "198.51.100.7 40000 203.0.113.80 22", sessions(FRIEND, STRANGER)));
        SessionView noArp = view(
                        RULES.replace("nic: eth0,", "nic: eth0, pass-through: [ndp, dhcp],"),
                        "10.1.2.3 40000 203.0.113.80 22",
                        sessions(FRIEND))
                .orElseThrow();
        assertFalse(noArp.admitted());
        assertEquals("add it", noArp.advice());
        SessionView port = view(
                        RULES.replace("eth0", "eth1"),
                        "10.1.2.3 40000 203.0.113.80 22",
                        sessions(session("10.1.2.3", HOST, 22, BR0)))
                .orElseThrow();
        assertFalse(port.admitted());
        assertEquals("eth1 is a port of br0 and is shut", port.why());
        assertEquals("name br0", port.advice());
    }

    @Test
    void theOperatorsSessionThatNeedsNoRuleSaysWhy() throws IOException, ConfigException {
        String from = "198.51.100.7 40000 203.0.113.80 22";
        SessionView audit = view(RULES.replace("nic: eth0,", "nic: eth0, enforce: audit,"), from, sessions(STRANGER))
                .orElseThrow();
        assertTrue(audit.admitted());
        assertNull(audit.rule());
        assertEquals("enforce: audit drops nothing, but no ingress rule of web, admin admits it", audit.why());
        SessionView open = view(
                        RULES.replace("eth0,", "eth1, on-failure: open,"),
                        from,
                        sessions(session("198.51.100.7", HOST, 22, BR0)))
                .orElseThrow();
        assertTrue(open.admitted());
        assertNull(open.rule());
        assertEquals("eth1 is a port of br0 and is shut, and on-failure: open passes everything", open.why());
    }

    @Test
    void aSessionThatPassesSeveralInterfacesNeedsThemAll() throws IOException, ConfigException {
        String both = RULES.replace("interfaces:", """
                interfaces:
                  vlan0: {mode: host, nic: eth0.7, security-groups: [%s]}""");
        Sessions sessions = sessions(session("10.1.2.3", HOST, 22, VLAN));
        String from = "10.1.2.3 40000 203.0.113.80 22";
        assertEquals(
                "vlan0",
                view(both.formatted("admin"), from, sessions).orElseThrow().interfaceName());
        SessionView refused = view(both.formatted("web"), from, sessions).orElseThrow();
        assertEquals("vlan0", refused.interfaceName());
        assertFalse(refused.admitted());
        String second = both.formatted("admin").replace("[web, admin]", "[web]");
        assertEquals("web0", view(second, from, sessions).orElseThrow().interfaceName());
        assertFalse(view(second, from, sessions).orElseThrow().admitted());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.1.2.3 40000 203.0.113.80 2222",
                "10.1.2.4 40000 203.0.113.80 22",
                "10.1.2.3 40000 203.0.113.81 22",
                "10.1.2.3 40000 2001:db8::80 22"
            })
    void aSessionThatIsNotOpenIsUnknown(String sshConnection) throws IOException, ConfigException {
        assertEquals(Optional.empty(), view(RULES, sshConnection, sessions(FRIEND)));
    }

    @Test
    void aSessionThatPassesNoInterfaceConcernsNobody() throws IOException, ConfigException {
        String from = "10.1.2.3 40000 203.0.113.80 22";
        assertEquals(Optional.empty(), view(RULES, from, sessions(session("10.1.2.3", HOST, 22, WG0))));
        assertEquals(Optional.empty(), view(RULES.replace("eth0", "eth9"), from, sessions(FRIEND)));
        assertEquals(Optional.empty(), view(RULES, from, sessions()));
    }
}
