package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Events in the life of a running daemon and their effect: edits, signals, crashes, links, offloads. */
@Tag("system")
final class OperationsTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: %s, from: any}, {protocol: icmp, type: echo-request, from: any}]}
            """;

    private static final String OPEN_80 = RULES.formatted("80");

    /** Through libpcap, which can't carry offloads. */
    private static final String OPEN_80_PCAP = OPEN_80.replace("mode: bridge", "mode: bridge, datapath: pcap");

    private static final String OPEN_8080 = RULES.formatted("8080");

    private DaemonProcess daemon = LAB.daemon(OPEN_80);

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void stop() {
        daemon.close();
        assertEquals(
                "",
                LAB.sh(
                                "fw",
                                "find " + daemon.home().runtime()
                                        + " -type f ! -name '*lock*' ! -path '*/hits/*' ! -path '*/drops-*'")
                        .out(),
                "nothing is left to restore");
    }

    @Test
    void aFileThatIsRenamedIntoPlaceIsApplied() {
        assertFalse(LAB.answers(8080));
        daemon.editByRename(OPEN_8080);
        assertTrue(LAB.answers(8080));
        assertFalse(LAB.answers(80));
    }

    @Test
    void aBrokenFileChangesNothingAndIsNamed() {
        daemon.write(OPEN_8080.replace("tcp", "tpc"));
        Lab.await("the refusal", () -> daemon.metric("portcullis_config_last_reload_successful") == 0);
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answers(8080));
        assertEquals(1, daemon.generation());
        assertTrue(daemon.log().contains("portcullis.yaml:5:"), daemon.log());
        assertTrue(daemon.log().contains("tpc"), daemon.log());
        Command reload = daemon.cli("reload");
        assertEquals(1, reload.exit());
        assertTrue(reload.out().contains("portcullis.yaml:5:"), reload.out());
        assertEquals("ok\n", daemon.http("/healthz"), "an interface that forwards is healthy, whatever the file says");
        daemon.edit(OPEN_8080);
        assertEquals(1, daemon.metric("portcullis_config_last_reload_successful"));
        assertTrue(LAB.answers(8080));
    }

    @Test
    void hangupAndTheCommandLineReload() {
        daemon.signal("HUP");
        Lab.await("the reload", () -> daemon.generation() == 2);
        Command reload = daemon.cli("reload").ok();
        assertTrue(reload.out().contains("reloaded"), reload.out());
        assertEquals(3, daemon.generation());
        Command status = daemon.cli("status").ok();
        assertTrue(status.out().contains("web0"), status.out());
        assertTrue(status.out().contains("out0"), status.out());
    }

    @Test
    void connectionsOutliveAReloadThatClosesTheirPort() throws IOException {
        Path log = Files.createTempFile(LAB.folder(), "slow", ".out");
        Process slow = LAB.start(
                "client",
                log,
                "curl",
                "-s",
                "-m",
                "30",
                "-o",
                "/dev/null",
                "-w",
                "%{size_download}",
                "http://" + Lab.SERVER + "/big?rate=300k");
        Lab.await("the connection", () -> daemon.metric("portcullis_flows{interface=\"web0\"}") >= 1);
        daemon.edit(OPEN_8080);
        assertFalse(LAB.answers(80));
        Lab.await("the download", () -> !slow.isAlive());
        assertEquals("1048576", Files.readString(log));
    }

    private static String offloads(String nic) {
        return LAB.firewall("ethtool", "-k", nic).ok().out();
    }

    private static String switches(String nic) {
        return LAB.firewall(
                        "sh",
                        "-c",
                        "cat /proc/sys/net/ipv6/conf/" + nic + "/disable_ipv6 /proc/sys/net/ipv4/conf/" + nic
                                + "/rp_filter")
                .ok()
                .out();
    }

    @Test
    void detachAfterAStopRestoresEverything() {
        daemon.close();
        String offloads = offloads("out0");
        String switches = switches("out0");
        assertTrue(offloads.contains("tx-checksumming: on"), offloads);
        daemon = LAB.daemon(OPEN_80_PCAP);
        assertTrue(offloads("out0").contains("tx-checksumming: off"));
        assertTrue(offloads("in0").contains("tx-checksumming: off"));
        assertEquals("1\n1\n", switches("out0"));
        daemon.terminate();
        assertEquals("1\n1\n", switches("out0"), "a stop alone may be half of a restart");
        daemon.cli("detach").ok();
        assertEquals(offloads, offloads("out0"));
        assertEquals(switches, switches("out0"));
    }

    @Test
    void detachAfterACrashRestoresEverything() {
        daemon.close();
        String offloads = offloads("in0");
        String switches = switches("in0");
        daemon = LAB.daemon(OPEN_80_PCAP);
        assertEquals(1, daemon.cli("detach").exit(), "not while it runs");
        daemon.crash();
        assertEquals("1\n1\n", switches("in0"));
        Command detach = daemon.cli("detach").ok();
        assertTrue(detach.out().contains("in0"), detach.out());
        assertEquals(offloads, offloads("in0"));
        assertEquals(switches, switches("in0"));
        assertEquals("", daemon.cli("detach").ok().out(), "a second time there is nothing to do");
    }

    @Test
    void aLinkThatGoesDownIsReportedAndComesBack() {
        assertTrue(LAB.answers(80));
        LAB.server("ip", "link", "set", "eth0", "down").ok();
        Lab.await("the problem in /healthz", () -> daemon.http("/healthz").contains("in0"));
        assertEquals("503", LAB.statusOf("http://127.0.0.1:9750/healthz"));
        LAB.server("ip", "link", "set", "eth0", "up").ok();
        Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
        Lab.await("traffic", () -> LAB.answers(80));
    }

    private static boolean clientHasCarrier() {
        return !LAB.client("ip", "link", "show", "eth0").ok().out().contains("NO-CARRIER");
    }

    @Test
    void aLostCarrierIsPassedOnAndComesBack() {
        assertTrue(clientHasCarrier());
        LAB.server("ip", "link", "set", "eth0", "down").ok();
        try {
            Lab.await("the client's loss of its carrier", () -> !clientHasCarrier());
            Lab.await(
                    "the line in the log", () -> daemon.log().contains("in0 has lost its carrier: out0 is taken down"));
        } finally {
            LAB.server("ip", "link", "set", "eth0", "up").ok();
        }
        Lab.await("the client's carrier", OperationsTest::clientHasCarrier);
        Lab.await("traffic", () -> LAB.answers(80));
        Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
    }

    @Test
    void aSideThatIsHeldDownComesUpAfterACrash() {
        LAB.server("ip", "link", "set", "eth0", "down").ok();
        try {
            Lab.await("the client's loss of its carrier", () -> !clientHasCarrier());
            daemon.crash();
            assertFalse(clientHasCarrier());
            Command detach = daemon.cli("detach").ok();
            assertTrue(detach.out().contains("out0: restored"), detach.out());
            Lab.await("the client's carrier", OperationsTest::clientHasCarrier);
        } finally {
            LAB.server("ip", "link", "set", "eth0", "up").ok();
        }
    }

    @Test
    void anIgnoredLossOfCarrierStaysOnItsSide() {
        daemon.edit(OPEN_80.replace("inside: in0", "inside: in0, link-state: ignore"));
        LAB.server("ip", "link", "set", "eth0", "down").ok();
        try {
            Lab.await("the problem in /healthz", () -> daemon.http("/healthz").contains("in0"));
            assertTrue(clientHasCarrier());
            daemon.edit(OPEN_80);
            Lab.await("the client's loss of its carrier", () -> !clientHasCarrier());
            daemon.edit(OPEN_80.replace("inside: in0", "inside: in0, link-state: ignore"));
            Lab.await("the client's carrier", OperationsTest::clientHasCarrier);
        } finally {
            LAB.server("ip", "link", "set", "eth0", "up").ok();
        }
    }

    @Test
    void unfinishedChecksumsAreFinishedAndNamedOnce() {
        daemon.close();
        daemon = LAB.daemon(OPEN_80_PCAP);
        LAB.client("ethtool", "-K", "eth0", "tx", "on", "tso", "off", "gso", "off")
                .ok();
        try {
            assertTrue(LAB.answers(80));
            assertTrue(LAB.answers(80));
            assertTrue(
                    daemon.metric("portcullis_checksums_finished_total{interface=\"web0\"}") > 0,
                    daemon.http("/metrics"));
            Lab.await("the line in the log", () -> daemon.log().contains("unfinished checksums"));
            assertEquals(
                    1,
                    daemon.log()
                            .lines()
                            .filter(line -> line.contains("unfinished checksums"))
                            .count());
        } finally {
            LAB.client("ethtool", "-K", "eth0", "tx", "off").ok();
        }
    }

    @Test
    void framesTooLongForTheOtherSideAreCounted() {
        List<String> wide = List.of("client eth0", "fw out0");
        daemon.close();
        wide.forEach(nic -> mtu(nic, 3000));
        try {
            daemon = LAB.daemon(OPEN_80);
            assertEquals(
                    1,
                    LAB.client("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "2500", Lab.SERVER)
                            .exit());
            Lab.await(
                    "the frame that was too big",
                    () -> daemon.http("/metrics")
                            .lines()
                            .anyMatch(line -> line.startsWith("portcullis_port_lost_frames_total")
                                    && line.contains("port=\"inside\"")
                                    && line.contains("reason=\"too-big\"")
                                    && line.endsWith(" 1.0")));
            assertTrue(LAB.answers(80));
        } finally {
            wide.forEach(nic -> mtu(nic, 1500));
        }
    }

    private static void mtu(String endAndNic, int mtu) {
        int space = endAndNic.indexOf(' ');
        LAB.at(
                        endAndNic.substring(0, space),
                        "ip",
                        "link",
                        "set",
                        endAndNic.substring(space + 1),
                        "mtu",
                        Integer.toString(mtu))
                .ok();
    }

    @Test
    void dropsAreLoggedAsSamples() {
        assertFalse(LAB.answers(8080));
        Lab.await(
                "the drop in the log",
                () -> daemon.log().contains("drop web0 ingress no-rule tcp " + Lab.CLIENT + ":"));
        daemon.edit(OPEN_80 + "log: {drops: off}\n");
        long before =
                daemon.log().lines().filter(line -> line.contains(" drop ")).count();
        assertFalse(LAB.answers(8080));
        daemon.edit(OPEN_80 + "log: {drops: all}\n");
        assertEquals(
                before,
                daemon.log().lines().filter(line -> line.contains(" drop ")).count());
        LAB.client("sh", "-c", "echo x | nc -u -w 1 " + Lab.SERVER + " 9");
        Lab.await("every drop", () -> daemon.log().contains("drop web0 ingress no-rule udp"));
    }

    @Test
    void systemdIsTold() throws IOException {
        daemon.close();
        Path socket = LAB.folder().resolve("notify");
        Path heard = LAB.folder().resolve("heard");
        Files.deleteIfExists(socket);
        LAB.start("fw", heard, "socat", "-u", "UNIX-RECV:" + socket, "STDOUT");
        Lab.await("the notify socket", () -> Files.exists(socket));
        daemon = LAB.daemon(OPEN_80, "NOTIFY_SOCKET=" + socket, "JOURNAL_STREAM=8:1");
        assertTrue(daemon.log().startsWith("<6>"), daemon.log());
        Lab.await("READY", () -> read(heard).contains("READY=1\nSTATUS=web0"));
        daemon.signal("HUP");
        Lab.await("RELOADING", () -> read(heard).contains("RELOADING=1\nMONOTONIC_USEC="));
        Lab.await(
                "READY again", () -> read(heard).indexOf("READY=1", read(heard).indexOf("RELOADING")) > 0);
        daemon.close();
        Lab.await("STOPPING", () -> read(heard).contains("STOPPING=1"));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void interfacesComeAndGoWithAnEdit() {
        LAB.firewall("sh", "-c", "ip link add x0 type veth peer name x1 && ip link set x0 up && ip link set x1 up")
                .ok();
        try {
            daemon.edit(OPEN_80.replace(
                    "security-groups:\n",
                    "  other: {mode: bridge, outside: x0, inside: x1, security-groups: [web]}\nsecurity-groups:\n"));
            assertEquals(2, daemon.status().path("interfaces").size(), daemon.log());
            assertEquals("1\n1\n", switches("x0"));
            assertTrue(LAB.answers(80));
            daemon.edit(OPEN_80);
            assertEquals(1, daemon.status().path("interfaces").size());
            Lab.await("the switches of before", () -> switches("x0").startsWith("0\n"));
            assertTrue(LAB.answers(80));
        } finally {
            LAB.firewall("ip", "link", "del", "x0").ok();
        }
    }
}
