package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Several workers share one interface; both directions of a flow meet in one worker; and libpcap is used where the kernel refuses
 * rings.
 */
@Tag("system")
final class WorkersTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: icmp, type: echo-request, from: any}]}
            """;

    private static final List<String> CLIENTS =
            List.of(Lab.CLIENT, Lab.CLIENT_SECOND, Lab.CLIENT_FAR, Lab.CLIENT_FAR_SECOND, Lab.CLIENT_V6);

    @BeforeAll
    static void servers() {
        for (String end : List.of("client", "server")) {
            LAB.at(end, "ethtool", "-K", "eth0", "tx", "on", "tso", "on", "gso", "on", "gro", "on")
                    .ok();
        }
        LAB.nginx("server", 80, 8080);
    }

    private static String urlFor(String client) {
        return client.contains(":") ? "http://[" + Lab.SERVER_V6 + "]" : "http://" + Lab.SERVER;
    }

    private static Command get(String client, String port, String path) {
        String size = "%{size_download}";
        String url = urlFor(client) + port + path;
        return LAB.client("curl", "-s", "-g", "-m", "20", "-o", "/dev/null", "-w", size, "--interface", client, url);
    }

    private static double drops(DaemonProcess daemon, String direction, String reason) {
        return daemon.metric(
                "portcullis_drops_total{direction=\"" + direction + "\",interface=\"web0\",reason=\"" + reason + "\"}");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void bothDirectionsAndErrorsOfAFlowMeet(int workers) {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", workers: " + workers))) {
            assertEquals(
                    workers,
                    daemon.status().path("interfaces").path(0).path("workers").asInt());
            for (String client : CLIENTS) {
                assertEquals("1048576", get(client, "", "/big").ok().out(), client);
                assertEquals(
                        28,
                        LAB.client("curl", "-s", "-g", "-m", "1", "--interface", client, urlFor(client) + ":8080")
                                .exit());
                // A closed port: the client's ICMP error quotes a packet that left as part of the server's flow.
                String asked = client.contains(":") ? "-6" : "-4";
                Command refused = LAB.server("dig", asked, "+time=5", "+tries=1", "@" + client, "lab.example");
                assertTrue(refused.out().contains("connection refused"), client + ": " + refused.out());
            }
            assertEquals(0, drops(daemon, "egress", "tcp-no-syn"));
            assertEquals(0, drops(daemon, "egress", "no-rule"));
            assertEquals(0, drops(daemon, "ingress", "icmp-unrelated"));
            assertTrue(drops(daemon, "ingress", "no-rule") > 0);
            String reloaded = RULES.formatted(", workers: " + (workers + 1));
            daemon.write(reloaded);
            Command reload = daemon.cli("reload");
            assertEquals(1, reload.exit());
            assertTrue(reload.out().contains("another number of workers needs a restart"), reload.out());
        }
    }

    /** proc_pid_stat(5): the policy is field 41; 5 is SCHED_IDLE. */
    @Test
    void theCompilersGiveWayToFrames() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            // Once they have little to do, at most 20 s after the start.
            Lab.await("compilers at SCHED_IDLE", () -> {
                List<String> policies = compilerPolicies(daemon);
                return policies.size() >= 2 && Set.copyOf(policies).equals(Set.of("5"));
            });
        }
    }

    /** Scheduling policies of the JVM's compiler threads: sched(7). */
    private static List<String> compilerPolicies(DaemonProcess daemon) {
        List<String> policies = new ArrayList<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + daemon.process().pid() + "/task"))) {
            for (Path task : tasks.toList()) {
                String stat = Files.readString(task.resolve("stat"));
                if (stat.matches("(?s).*\\(C[12] Compiler.*")) {
                    policies.add(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[41 - 3]);
                }
            }
        } catch (IOException endedMeanwhile) {
            return List.of();
        }
        return policies;
    }

    @Test
    void aWorkerThatNeverSleepsForwardsAndReloads() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", busy-poll: true"))) {
            assertEquals("1048576", get(Lab.CLIENT, "", "/big").ok().out());
            daemon.edit(RULES.formatted(", busy-poll: true").replace("ports: 80", "ports: [80, 8080]"));
            assertEquals(0, get(Lab.CLIENT, ":8080", "/").exit());
            daemon.write(RULES.formatted(""));
            assertTrue(daemon.cli("reload").out().contains("busy-poll needs a restart"));
        }
    }

    @Test
    void aNicThatIsMadeAgainIsUsedByAllWorkers() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", workers: 2"))) {
            LAB.removeServerNic();
            Lab.await("the loss in /healthz", () -> daemon.http("/healthz").contains("in0"));
            LAB.makeServerNic();
            Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
            for (String client : CLIENTS) {
                Lab.await(client, () -> get(client, "", "/").exit() == 0);
            }
        }
    }

    /** Refuses the calls of the ring that libpcap does not make, as an old kernel or a sandbox would. */
    @Test
    void libpcapIsUsedWhereTheRingIsRefusedAndTheLogSaysWhy() throws IOException {
        Path home = sandboxedJava();
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""), "PORTCULLIS_JAVA=" + home)) {
            assertEquals(
                    "pcap",
                    daemon.status().path("interfaces").path(0).path("datapath").asText());
            assertTrue(daemon.log().contains("PACKET_VNET_HDR"), daemon.log());
            assertTrue(daemon.log().contains("libpcap is used instead"), daemon.log());
            assertEquals(0, LAB.client("ping", "-c", "1", "-W", "5", Lab.SERVER).exit());
        }
        Command check = LAB.firewall("sh", "-c", "ethtool -k out0 | grep tx-checksumming");
        assertEquals("tx-checksumming: on", check.ok().out().strip());
    }

    /** A Java 25 behind a seccomp filter: setsockopt(SOL_PACKET, PACKET_VNET_HDR) fails with ENOPROTOOPT. */
    private static Path sandboxedJava() throws IOException {
        String real = ProcessHandle.current().info().command().orElseThrow();
        boolean arm = System.getProperty("os.arch").toLowerCase(Locale.ROOT).equals("aarch64");
        int prctl = arm ? 167 : 157;
        int setsockopt = arm ? 208 : 54;
        // struct seccomp_data: int nr at 0, args at 16, eight bytes each. BPF: load, compare, return.
        String filter = """
                my @f = ([0x20,0,0,0], [0x15,0,5,%d], [0x20,0,0,24], [0x15,0,3,263], [0x20,0,0,32], [0x15,0,1,15],
                    [0x06,0,0,0x0005005c], [0x06,0,0,0x7fff0000]);
                my $f = join '', map { pack 'S C C L', @$_ } @f;
                my $p = pack 'S x6 P', scalar @f, $f;
                syscall(%d, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
                syscall(%d, 22, 2, $p) == 0 or die "seccomp: $!";
                exec @ARGV or die $!;
                """.formatted(setsockopt, prctl, prctl);
        Path home = Files.createDirectories(LAB.folder().resolve("sandboxed"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"25\"\n");
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Path perl = home.resolve("seccomp.pl");
        Files.writeString(perl, filter);
        Files.writeString(java, "#!/bin/sh\nexec perl " + perl + " " + real + " \"$@\"\n");
        if (!java.toFile().setExecutable(true)) {
            throw new UncheckedIOException(new IOException("not executable: " + java));
        }
        return home;
    }
}
