package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.linux.StateFolder;
import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code portcullis doctor} on a machine without problems, and on one with many. */
@Tag("system")
final class DoctorTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("%s", "");

    private static Command doctor(String nic, String... more) throws IOException {
        Path file = Files.writeString(LAB.folder().resolve("doctor.yaml"), RULES.formatted(nic));
        String[] words = new String[more.length + 4];
        words[0] = Lab.root().resolve("scripts/portcullis").toString();
        words[1] = "doctor";
        words[2] = "--config";
        words[3] = file.toString();
        System.arraycopy(more, 0, words, 4, more.length);
        return LAB.firewall(words);
    }

    @Test
    void aMachineWithoutProblemsIsReportedAsSuchAndNothingIsChanged() throws IOException {
        String before = LAB.firewall("ip", "-d", "link").output();
        Command doctor = doctor("out0").ok();
        assertTrue(doctor.out().contains("ok    packet sockets  rings with vnet headers open"), doctor.out());
        assertTrue(doctor.out().contains("ok    programs        the kernel takes them"), doctor.out());
        assertTrue(doctor.out().contains("ok    web0            out0 is guarded in place"), doctor.out());
        assertTrue(doctor.out().contains("ok    ssh             no ssh connection"), doctor.out());
        assertFalse(doctor.out().contains("FAIL"), doctor.out());
        assertEquals(before, LAB.firewall("ip", "-d", "link").output());
        JsonNode json =
                new ObjectMapper().readTree(doctor("out0", "--json").ok().out());
        assertTrue(json.isArray() && json.size() > 5);
        assertEquals("OK", json.path(0).path("grade").asText());
    }

    @Test
    void theFilesOfTheEc2EndpointAreCheckedAndAUserWhoMayNotSeeThemIsToldNoFault() throws IOException {
        Path keys = LAB.file("doctor-keys", "[default]\n");
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
        Path file = LAB.file("doctor-ec2.yaml", RULES.formatted("out0") + "ec2-api: {credentials: " + keys + "}\n");
        Command.run("chmod", "755", LAB.folder().toString()).ok();
        String portcullis = Lab.root().resolve("scripts/portcullis").toString();
        String fault = keys + ":1:1: this profile has no aws_access_key_id";
        Command doctor =
                LAB.firewall(portcullis, "doctor", "--config", file.toString()).ok();
        assertTrue(doctor.out().contains("WARN  ec2-api         access keys: " + fault), doctor.out());
        Command check = LAB.firewall(portcullis, "check", file.toString()).ok();
        assertEquals(
                "warning: " + file + ": ec2-api: access keys: " + fault,
                check.out().strip().lines().toList().getLast());
        Command other =
                LAB.firewall(Lab.asNobody(portcullis, "check", file.toString())).ok();
        assertEquals(file + ": valid: 1 interface, 1 security group, 1 rule\n", other.out());
    }

    /** The folder of this boot's state, for this namespace, below another folder. */
    public static final class StateOfThisBoot {
        private StateOfThisBoot() {}

        public static void main(String[] folder) throws IOException {
            System.out.println(Path.of(folder[0])
                    .resolve(StateFolder.ofThisBoot().getFileName().toString()));
        }
    }

    private static Command doctorOf(Path runtime, String rules) {
        return LAB.firewall(
                "env",
                "RUNTIME_DIRECTORY=" + runtime,
                Lab.root().resolve("scripts/portcullis").toString(),
                "doctor",
                "--config",
                LAB.file("doctor-of.yaml", rules).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcx", "clsact"})
    void ourOwnProgramsAreNotReportedAsForeign(String attach) throws IOException {
        Path runtime = LAB.folder().resolve("runtime-" + attach);
        Path state = Path.of(LAB.java("fw", StateOfThisBoot.class, runtime.toString())
                .ok()
                .out()
                .strip());
        String rules = RULES.formatted("out0, attach: " + attach) + "control: {socket: " + state + "/control.sock}\n";
        Path log = LAB.file("ours-" + attach, "");
        String program = Lab.root().resolve("scripts/portcullis").toString();
        String environment = "RUNTIME_DIRECTORY=" + runtime;
        Process daemon = LAB.start(
                "fw",
                log,
                List.of(environment),
                program,
                "run",
                "--config",
                LAB.file("ours.yaml", rules).toString());
        Lab.awaitText("the daemon", log, text -> text.contains(" started: "));
        daemon.destroyForcibly();
        Lab.await("its end", () -> !daemon.isAlive());
        String left = doctorOf(runtime, rules).out();
        assertTrue(
                left.contains("WARN  web0            out0 has 2 program(s) that an earlier run of portcullis left"),
                left);
        assertTrue(left.contains("WARN  left behind     pcd-web0, pch-web0: an earlier run"), left);
        assertTrue(left.contains("ok    daemon          none runs here"), left);
        assertFalse(left.contains("of others"), left);
        LAB.firewall("env", environment, program, "detach", "--socket", state + "/control.sock")
                .ok();
        assertFalse(doctorOf(runtime, rules).ok().out().contains("left"));
    }

    @Test
    void aRunningDaemonIsReported() throws IOException {
        Path runtime = LAB.folder().resolve("runtime-lock");
        Path state = Path.of(LAB.java("fw", StateOfThisBoot.class, runtime.toString())
                .ok()
                .out()
                .strip());
        Path lock = Files.writeString(Files.createDirectories(state).resolve("daemon.lock"), "pid 7, rules.yaml");
        Command doctor = LAB.firewall(
                "env",
                "RUNTIME_DIRECTORY=" + runtime,
                "flock",
                lock.toString(),
                Lab.root().resolve("scripts/portcullis").toString(),
                "doctor");
        assertTrue(doctor.out().contains("ok    daemon          runs here: pid 7, rules.yaml"), doctor.out());
    }

    @Test
    void unequalMtusOfABridgeAreReported() {
        LAB.firewall("sh", "-c", "ip link add big0 mtu 9000 type veth peer name small0 mtu 1400")
                .ok();
        try {
            String out = doctorOf(
                            LAB.folder(),
                            RULES.replace("mode: host, nic: %s", "mode: bridge, outside: big0, inside: small0"))
                    .out();
            assertTrue(
                    out.contains("WARN  web0            small0 has MTU 1400 and big0 has 9000: packets longer than 1400"
                            + " bytes are dropped (too-big): ip link set dev big0 mtu 1400"),
                    out);
        } finally {
            LAB.firewall("ip", "link", "del", "big0").ok();
        }
    }

    @Test
    void obstaclesAreNamed() throws IOException {
        LAB.firewall(
                        "sh",
                        "-c",
                        "nft add table inet mine && ip tuntap add tun7 mode tun && tc qdisc add dev out0 clsact"
                                + " && tc filter add dev out0 ingress prio 9 u32 match u32 0 0 flowid 1:1")
                .ok();
        try {
            Command doctor = doctor("out0").ok();
            assertTrue(doctor.out().contains("WARN  other tools     nftables (inet mine)"), doctor.out());
            assertTrue(doctor.out().matches("(?s).*out0 ingress has \\d+ tc filter\\(s\\) of others.*"), doctor.out());
            Command bad = doctor("tun7");
            assertEquals(1, bad.exit());
            assertTrue(
                    bad.out().contains("FAIL  web0            web0: nic: tun7 carries no Ethernet frames"), bad.out());
            assertTrue(bad.out().contains("WARN  NICs            not guarded: out0"), bad.out());
            Command absent = doctor("nosuch0").ok();
            assertTrue(absent.out().contains("there is no NIC nosuch0 yet"), absent.out());
        } finally {
            LAB.firewall(
                            "sh",
                            "-c",
                            "nft delete table inet mine; ip tuntap del tun7 mode tun; tc qdisc del dev out0 clsact")
                    .ok();
        }
    }
}
