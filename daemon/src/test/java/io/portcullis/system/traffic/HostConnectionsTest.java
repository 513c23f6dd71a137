package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Connections that existed before the daemon, and addresses that change while a host is guarded. */
@Tag("system")
final class HostConnectionsTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    /** Only port 80 is open for new connections. */
    private static final String STRICT = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}], egress: []}
            """;

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80);
        for (String end : new String[] {"client", "fw"}) {
            Path log = LAB.file("echo-" + end, "");
            LAB.start(end, log, "perl", "-e", EchoScripts.SERVER);
            Lab.await("the echo", () -> Lab.read(log).contains("ready"));
        }
    }

    /** Starts a conversation; its file grows as long as it is answered. */
    private static Path talk(String end, String to, String name) {
        Path said = LAB.file(name, "");
        LAB.start(end, said, "perl", "-e", EchoScripts.CLIENT, to);
        Lab.await("the conversation", () -> Lab.read(said).contains("2\n"));
        return said;
    }

    private static void awaitMore(Path said) {
        int before = Lab.read(said).length();
        Lab.await("more of " + said.getFileName(), () -> Lab.read(said).length() > before + 20);
    }

    @Test
    void establishedConnectionsGoOnUnderAStrictPolicyAndAcrossACrash() {
        Path in = talk("client", Lab.SERVER, "talk-in");
        Path out = talk("fw", Lab.CLIENT, "talk-out");
        DaemonProcess daemon = LAB.daemon(STRICT.formatted(""));
        assertTrue(
                daemon.log().matches("(?s).*web0: [2-9]\\d* established connections of this host are adopted.*"),
                daemon.log());
        awaitMore(in);
        awaitMore(out);
        assertFalse(connects("client", Lab.SERVER));
        assertFalse(connects("fw", Lab.CLIENT));
        daemon.crash();
        daemon = daemon.again();
        awaitMore(in);
        awaitMore(out);
        assertFalse(Lab.read(in).contains("ended"));
        daemon.close();
    }

    @Test
    void connectionsThatAreNotAdoptedEnd() {
        Path in = talk("client", Lab.SERVER, "talk-not");
        try (DaemonProcess daemon = LAB.daemon(STRICT.formatted(", adopt-established: false"))) {
            Lab.await(
                    "segments of no known connection",
                    () -> daemon.metric(
                                    "portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"tcp-no-syn\"}")
                            > 0);
            String said = Lab.read(in);
            assertFalse(connects("client", Lab.SERVER));
            assertEquals(said, Lab.read(in));
        }
    }

    private static boolean connects(String end, String to) {
        return LAB.at(end, "nc", "-z", "-w", "1", to, "7000").exit() == 0;
    }

    @Test
    void nobodyLocksHimselfOutByAccident() throws IOException {
        Path sshd = LAB.file("sshd", "");
        LAB.start("fw", sshd, "perl", "-e", EchoScripts.SERVER.replace("7000", "22"));
        Lab.await("the sshd", () -> Lab.read(sshd).contains("ready"));
        Path said = LAB.file("ssh", "");
        Process ssh = LAB.start("client", said, "perl", "-e", EchoScripts.CLIENT.replace("7000", "22"), Lab.SERVER);
        Lab.await("the ssh session", () -> Lab.read(said).contains("2\n"));
        Path folder = Files.createDirectories(LAB.folder().resolve("lockout"));
        Path config = Files.writeString(
                folder.resolve("portcullis.yaml"),
                STRICT.formatted("") + "control: {socket: " + folder + "/run/control.sock}\n");
        String program = Lab.root().resolve("scripts/portcullis").toString();
        Command refused = LAB.firewall("timeout", "30", program, "run", "--config", config.toString());
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(
                refused.out()
                        .startsWith("portcullis: web0: the ssh connection from " + Lab.CLIENT + " to " + Lab.SERVER
                                + " port 22 goes on, but a new one would be refused: no ingress rule of web admits it"),
                refused.out());
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"), "nothing was changed");
        Path log = folder.resolve("log");
        Process daemon = LAB.start("fw", log, program, "run", "--allow-lockout", "--config", config.toString());
        Lab.awaitText("the daemon", log, text -> text.contains(" started: "));
        awaitMore(said);
        ssh.destroy();
        daemon.destroy();
        Lab.await("its end", () -> !daemon.isAlive());
        LAB.firewall(program, "detach", "--socket", folder + "/run/control.sock")
                .ok();
    }

    @Test
    void anUnguardedNicIsReported() {
        try (DaemonProcess daemon = LAB.daemon(STRICT.formatted(""))) {
            assertEquals(0, daemon.metric("portcullis_unguarded_interfaces"));
            sh(
                    "ip link add free0 type veth peer name free1 && ip address add 192.0.2.200/24 dev free0 && ip link set free1 up"
                            + " && ip link set free0 up");
            Lab.await("the gauge", () -> daemon.metric("portcullis_unguarded_interfaces") == 1);
            assertTrue(daemon.log().contains("WARN  free0 is up, has an address that others can reach"), daemon.log());
            assertTrue(daemon.cli("status").ok().out().contains("warning: free0 is up"));
            sh("ip link del free0");
            Lab.await("the gauge", () -> daemon.metric("portcullis_unguarded_interfaces") == 0);
        }
    }

    @Test
    void aGroupMeansTheCurrentAddressesOfItsNic() {
        String inner = LAB.namespace("server");
        sh("ip link add out1 type veth peer name eth0 netns " + inner
                + " && ip address add 198.51.100.1/24 dev out1 && ip link set out1 up");
        for (String line : new String[] {
            "address add 198.51.100.2/24 dev eth0",
            "link set eth0 up",
            "address add 203.0.113.80/32 dev lo",
            "address add 203.0.113.90/32 dev lo",
            "address add 203.0.113.91/32 dev lo"
        }) {
            Command.run(("ip -n " + inner + " " + line).split(" ", -1)).ok();
        }
        // ARP asks with an address of the NIC, not with the datagram's source.
        Command.run("ip", "netns", "exec", inner, "sysctl", "-qw", "net.ipv4.conf.all.arp_announce=2")
                .ok();
        try (DaemonProcess daemon = LAB.daemon("""
                version: 1
                interfaces:
                  web0: {mode: host, nic: out0, security-groups: [web]}
                  db0: {mode: host, nic: out1, security-groups: [db], source-check: true}
                security-groups:
                  web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
                  db: {ingress: [{protocol: udp, ports: 5432, from: {group: web}}]}
                expect:
                  - {interface: db0, ingress: {protocol: udp, from: 203.0.113.90}, verdict: deny, why: only one asks the database}
                """)) {
            String hits = "portcullis_rule_hits_total{interface=\"db0\",rule=\"db/ingress[1]\"}";
            String noRule = "portcullis_drops_total{direction=\"ingress\",interface=\"db0\",reason=\"no-rule\"}";
            send("203.0.113.80");
            Lab.await("the hit", () -> daemon.metric(hits) == 1);
            send("203.0.113.90");
            Lab.await("the drop", () -> daemon.metric(noRule) == 1);
            sh("ip address add 203.0.113.90/24 dev out0");
            Lab.await("the news", () -> daemon.log().contains("203.0.113.90"));
            send("203.0.113.90");
            Lab.await("the second hit", () -> daemon.metric(hits) == 2);
            Lab.await("the broken claim", () -> daemon.metric("portcullis_broken_expectations") == 1);
            assertTrue(
                    daemon.log()
                            .contains("deny does not hold (only one asks the database): udp 5432 from 203.0.113.90"),
                    daemon.log());
            assertTrue(daemon.cli("status").ok().out().contains("does not hold"));
            send("203.0.113.91");
            Lab.await("the second drop", () -> daemon.metric(noRule) == 2);
            sh("ip address del 203.0.113.90/24 dev out0");
            Lab.await(
                    "the news",
                    () -> daemon.log()
                                    .lines()
                                    .filter(line -> line.contains("addresses of this"))
                                    .count()
                            >= 2);
            Lab.await("the claim", () -> daemon.metric("portcullis_broken_expectations") == 0);
            // An existing flow goes on; another port makes a new one.
            send("203.0.113.90");
            Lab.await("the third drop", () -> daemon.metric(noRule) >= 3);
            assertEquals(1, daemon.generation(), "nobody has reloaded");
            assertEquals(2, daemon.status().path("interfaces").size());
        } finally {
            sh("ip link del out1");
        }
    }

    /** Sends a datagram from one of the addresses of the host behind out1; each from another port. */
    private static void send(String from) {
        Command.run(
                        "ip",
                        "netns",
                        "exec",
                        LAB.namespace("server"),
                        "perl",
                        "-e",
                        "use Socket; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in(0, inet_aton($ARGV[0]))) or die;"
                                + " send(S, 'x', 0, sockaddr_in(5432, inet_aton('198.51.100.1'))) or die $!;",
                        from)
                .ok();
    }

    private static void sh(String script) {
        LAB.firewall("sh", "-c", script).ok();
    }
}
