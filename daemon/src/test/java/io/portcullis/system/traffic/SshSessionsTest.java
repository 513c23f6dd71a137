package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.diagnose.Lockout;
import io.portcullis.diagnose.Sessions;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.operations.SessionView;
import io.portcullis.policy.Policy;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Lab;
import io.portcullis.testing.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which connections count as ssh sessions that a start must not cut, on a real host with real sockets. */
@Tag("system")
final class SshSessionsTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("%s", "");

    /** Names itself sshd, and echoes on the given port. */
    private static final String SSHD = "$0 = 'sshd';" + EchoScripts.SERVER.replace("7000", "$ARGV[0]");

    private static final String TALK = EchoScripts.CLIENT.replace("7000", "$ARGV[1]");

    /** Closes its direction of the first connection to port 22 at once. */
    private static final String CLOSES = EchoScripts.SERVER
            .replace("7000", "22")
            .replaceFirst("(?s)my %open.*", "accept(C, L); shutdown(C, 1); sleep 60;");

    /** The port of the client that {@link #HOLDS_ON}. */
    private static final String ITS_PORT = "40022";

    /** Connects to port 22 and never closes. */
    private static final String HOLDS_ON = "use Socket; socket(C, PF_INET, SOCK_STREAM, 6); bind(C, sockaddr_in("
            + ITS_PORT + ", INADDR_ANY)) or die; connect(C, sockaddr_in(22, inet_aton($ARGV[0]))) or die; sleep 60;";

    private static final List<String> NOBODY = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");

    private static final List<String> AS_THE_SERVICE = List.of(
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all,+net_admin,+net_raw,+bpf",
            "--inh-caps=-all,+net_admin,+net_raw,+bpf",
            "--ambient-caps=-all,+net_admin,+net_raw,+bpf");

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void end() {
        started.forEach(Process::destroy);
        started.forEach(process -> Lab.await("its end", () -> !process.isAlive()));
    }

    private static String[] words(List<String> first, String... more) {
        List<String> all = new ArrayList<>(first);
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private void sshd(List<String> as, int port) {
        Path log = LAB.file("sshd-" + port, "");
        started.add(LAB.start("fw", log, words(as, "perl", "-e", SSHD, Integer.toString(port))));
        Lab.awaitText("an sshd", log, text -> text.contains("ready"));
    }

    private Process session(String end, String to, int port) {
        Path said = LAB.file("session-" + end + "-" + port, "");
        Process session = LAB.start(end, said, "perl", "-e", TALK, to, Integer.toString(port));
        started.add(session);
        Lab.awaitText("a session", said, text -> text.contains("2\n"));
        return session;
    }

    private static Path rules(String nic) {
        return LAB.file(
                "rules.yaml", RULES.formatted(nic) + "control: {socket: " + LAB.folder() + "/none/control.sock}\n");
    }

    private static String doctor(String nic, String... first) {
        String program = Lab.root().resolve("scripts/portcullis").toString();
        Command doctor = LAB.firewall(
                words(List.of(first), program, "doctor", "--config", rules(nic).toString()));
        return doctor.out();
    }

    private static void assertNamed(String out, int port) {
        assertTrue(
                out.contains("FAIL  ssh             web0: the ssh connection from " + Lab.CLIENT + " to " + Lab.SERVER
                        + " port " + port
                        + " goes on, but a new one would be refused: no ingress rule of web admits it"),
                out);
    }

    private static void assertFree(String out) {
        assertTrue(out.contains("ok    ssh             no ssh connection to this host would be cut"), out);
    }

    @Test
    void aReloadThatWouldRefuseASessionIsRefused() {
        sshd(List.of(), 22);
        session("client", Lab.SERVER, 22);
        String without = RULES.formatted("out0");
        try (DaemonProcess daemon = LAB.daemon(without.replace("ports: 80", "ports: [22, 80]"))) {
            daemon.write(without);
            Lab.await("the refusal of the edit", () -> daemon.metric("portcullis_config_last_reload_successful") == 0);
            Command refused = daemon.cli("reload");
            assertEquals(1, refused.exit(), refused.out());
            assertTrue(refused.out().contains(": --allow-lockout does it anyway"), refused.out());
            assertEquals(1, daemon.generation());
            daemon.cli("reload", "--allow-lockout").ok();
            assertEquals(2, daemon.generation());
            // A session that the current rules already refuse is no reason to refuse the next edit.
            daemon.edit(without.replace("ports: 80", "ports: [80, 81]"));
        }
    }

    @Test
    void aSessionThatTheRulesWouldRefuseIsNamed() {
        sshd(List.of(), 22);
        session("client", Lab.SERVER, 22);
        Command refused = LAB.firewall(
                "timeout",
                "60",
                Lab.root().resolve("scripts/portcullis").toString(),
                "run",
                "--config",
                rules("out0").toString());
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(
                refused.out()
                        .contains("web0: the ssh connection from " + Lab.CLIENT + " to " + Lab.SERVER
                                + " port 22 goes on, but a new one would be refused: no ingress rule of web admits it"),
                refused.out());
        assertTrue(
                refused.out().contains("add a rule or a failsafe rule, or start with --allow-lockout"), refused.out());
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"), "nothing was changed");
        assertNamed(doctor("out0"), 22);
        // An alternative name of the NIC, and a device on top of it.
        LAB.firewall("ip", "link", "property", "add", "dev", "out0", "altname", "lan")
                .ok();
        try {
            String out = doctor("lan");
            assertNamed(out, 22);
            assertFalse(out.contains("not guarded: out0"), out);
        } finally {
            LAB.firewall("ip", "link", "property", "del", "dev", "out0", "altname", "lan")
                    .ok();
        }
    }

    @Test
    void connectionsOfOtherNicsDoNotBlockAStart() {
        sshd(List.of(), 22);
        // Any local user may hold such connections.
        session("fw", Lab.SERVER, 22);
        session("fw", "127.0.0.1", 22);
        LAB.firewall(
                        "sh",
                        "-c",
                        "ip link add free0 type veth peer name free1 && ip address add 198.51.100.9/24 dev free0"
                                + " && ip link set free0 up && ip link set free1 up")
                .ok();
        try {
            assertFree(doctor("out0"));
            // The session arrives at out0, and another NIC is guarded.
            session("client", Lab.SERVER, 22);
            assertFree(doctor("free0"));
        } finally {
            LAB.firewall("ip", "link", "del", "free0").ok();
        }
    }

    @Test
    void aConnectionThatIsBeingClosedIsNoSession() {
        Path log = LAB.file("closing", "");
        started.add(LAB.start("fw", log, "perl", "-e", CLOSES));
        Lab.awaitText("an sshd", log, text -> text.contains("ready"));
        Path said = LAB.file("holds-on", "");
        started.add(LAB.start("client", said, "perl", "-e", HOLDS_ON, Lab.SERVER));
        Lab.await("a connection that one end has closed", () -> count("fin-wait-2") == 1);
        assertEquals(0, count("established"));
        assertFree(doctor("out0"));
        assertEquals(1, count("fin-wait-2"), "it was there all the time");
    }

    private static long count(String state) {
        return LAB.firewall("ss", "-Htn", "state", state, "sport = 22 and dport = " + ITS_PORT)
                .ok()
                .out()
                .lines()
                .count();
    }

    @Test
    void everyPortOfRootsSshdCounts() throws IOException {
        sshd(List.of(), 2222);
        sshd(NOBODY, 2223);
        session("client", Lab.SERVER, 2223);
        String out = doctor("out0");
        assertFree(out);
        assertTrue(out.contains("ok    ssh             sshd listens on port 2222 (its process)"), out);
        assertTrue(out.contains("WARN  ssh             the service will not know that port 2222 is sshd's"), out);
        session("client", Lab.SERVER, 2222);
        assertNamed(doctor("out0"), 2222);
        // The service can't inspect other processes; it learns the port from sshd's configuration.
        Files.setPosixFilePermissions(LAB.folder(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Path etc = Files.createDirectories(LAB.folder().resolve("etc-ssh"));
        String[] service = words(
                List.of("unshare", "-m", "sh", "-c", "mount --bind " + etc + " /etc/ssh && exec \"$@\"", "sh"),
                AS_THE_SERVICE.toArray(String[]::new));
        Files.writeString(etc.resolve("sshd_config"), "Port 22\n");
        assertFree(doctor("out0", service));
        Files.writeString(etc.resolve("sshd_config"), "Port 22\nPort 2222\n");
        assertNamed(doctor("out0", service), 2222);
    }

    @Test
    void theSessionThatTheCommandComesFromCountsWhateverItsPort() {
        sshd(NOBODY, 2224);
        Process session = session("client", Lab.SERVER, 2224);
        assertFree(doctor("out0"));
        String port = peerPort(2224);
        assertTrue(session.isAlive());
        String connection = "SSH_CONNECTION=" + Lab.CLIENT + " " + port + " " + Lab.SERVER + " 2224";
        assertNamed(doctor("out0", "env", connection), 2224);
        assertFree(doctor("out0", "env", connection.replace(" " + port + " ", " 1 ")));
    }

    @Test
    void theSessionOfAClientIsLookedUpByItsEnds() throws Exception {
        sshd(NOBODY, 2225);
        session("client", Lab.SERVER, 2225);
        String ends = Lab.CLIENT + " " + peerPort(2225) + " " + Lab.SERVER + " 2225";
        SessionView refused = view("80", ends).orElseThrow();
        assertFalse(refused.admitted());
        assertTrue(refused.why().startsWith("no ingress rule of web admits it; nearest: port 2225 is"), refused.why());
        SessionView admitted = view("2225", ends).orElseThrow();
        assertTrue(admitted.admitted());
        assertEquals("web/ingress[1]", Objects.requireNonNull(admitted.rule()).id());
        assertEquals(Lab.CLIENT, admitted.peer());
        assertEquals(Optional.empty(), view("2225", ends.replace(" 2225", " 2226")), "no such connection");
    }

    /** In this process, in the firewall's network namespace. */
    private static Optional<SessionView> view(String port, String sshConnection) throws Exception {
        String rules = RULES.formatted("out0").replace("ports: 80", "ports: " + port);
        Config config = ConfigReader.parse(rules, "rules.yaml");
        Config addressed = config.withNicAddresses(Map.of("web0", List.of(Cidr.of(Address.parse(Lab.SERVER)))));
        Optional<Sessions.Ends> ends = Sessions.Ends.parse(sshConnection);
        return Namespace.in(
                LAB.namespace("fw"),
                () -> Lockout.session(
                        addressed,
                        name -> Policy.compile(addressed, name, 1, 1),
                        Sessions.ofThisHost(ends),
                        ends.orElseThrow()));
    }

    private static String peerPort(int port) {
        return LAB.firewall("ss", "-Htn", "state", "established", "sport", "=", Integer.toString(port))
                .out()
                .replaceAll("(?s).*:(\\d+)\\s*$", "$1");
    }
}
