package io.portcullis.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.http.ListeningTest;
import io.portcullis.http.SocketClient;
import io.portcullis.linux.user.Groups;
import io.portcullis.linux.user.SocketPeer;
import io.portcullis.operations.Actor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may change something: processes of other users connect to a real server on a real Unix socket, so the test needs root. */
@Timeout(60)
@Tag("slow")
final class AdminsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENT = Duration.ofSeconds(30);

    /** A group that every host has, and this test's users are in where it says so. */
    private static final String GROUP = "daemon";

    private static final String NO_GROUP = "pc-no-such-group";
    private static final String STRANGER = "12345";
    private static final String NOBODY = "65534";

    private static String groupNumber = "";

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path folder;

    private final FakeDaemon daemon = new FakeDaemon();
    private final AtomicReference<String> group = new AtomicReference<>("");
    private final Admins admins = new Admins(group::get);
    private final ExecutorService executor = Executors.newSingleThreadExecutor();

    @SuppressWarnings("NullAway.Init") // set before each test
    private Path socket;

    @SuppressWarnings("NullAway.Init") // set before each test
    private ControlServer server;

    @BeforeAll
    static void asRoot() throws IOException {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "setpriv needs root");
        groupNumber = Integer.toString(Groups.number(GROUP).orElseThrow());
    }

    /** For anybody to connect to. */
    @BeforeEach
    void serve() throws Exception {
        socket = folder.resolve("run/control.sock");
        server = ControlServer.open(socket, daemon, daemon, admins, executor);
        for (Path each : List.of(folder, folder.resolve("run"))) {
            Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    @AfterEach
    void close() {
        server.close();
        admins.close();
        executor.shutdownNow();
    }

    private static SocketClient.Reply run(List<String> words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        int end = said.lastIndexOf('\n');
        assertTrue(end >= 0 && said.substring(end + 1).matches("[1-5][0-9]{2}"), () -> words + ": " + said);
        return new SocketClient.Reply(Integer.parseInt(said.substring(end + 1)), said.substring(0, end));
    }

    private List<String> curl(String method, String path) {
        return List.of(
                "curl",
                "-sS",
                "-m",
                "20",
                "-X",
                method,
                "-w",
                "\n%{http_code}",
                "--unix-socket",
                socket.toString(),
                "http://localhost" + path);
    }

    /** An answer to a process of that user and group, with these supplementary groups. */
    private SocketClient.Reply as(String user, String ownGroup, String groups, String method, String path)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + user,
                "--regid=" + ownGroup,
                groups.isEmpty() ? "--clear-groups" : "--groups=" + groups));
        words.addAll(curl(method, path));
        return run(words);
    }

    private SocketClient.Reply reloadAs(String user, String ownGroup, String groups)
            throws IOException, InterruptedException {
        return as(user, ownGroup, groups, "POST", "/v1/reload");
    }

    private static String error(SocketClient.Reply reply) throws IOException {
        assertEquals(403, reply.status(), reply.body());
        return JSON.readTree(reply.body()).get("error").asText();
    }

    @Test
    void rootMayAndIsNamed() throws Exception {
        assertEquals(
                200, SocketClient.call(socket, "POST", "/v1/reload", PATIENT).status());
        assertEquals(0, daemon.actor.uid());
        assertEquals(ProcessHandle.current().pid(), daemon.actor.pid());
        if (daemon.actor.loginUid() == SocketPeer.NOBODY) {
            assertEquals("root", daemon.actor.user());
        }
    }

    @Test
    void aUserWhoMayOnlyQueryIsRefusedByName() throws Exception {
        assertEquals(200, as(NOBODY, NOBODY, "", "GET", "/v1/status").status());
        assertEquals(
                "user nobody (uid 65534) may look, but not change anything: control.admins names no group, or the"
                        + " configuration is faulty, so root alone may: use sudo, or name a group there",
                error(reloadAs(NOBODY, NOBODY, "")));
        assertEquals(
                "uid 12345 may look, but not change anything: control.admins names no group, or the"
                        + " configuration is faulty, so root alone may: use sudo, or name a group there",
                error(reloadAs(STRANGER, STRANGER, "1,2,3")));
        group.set(GROUP);
        assertEquals(
                "user nobody (uid 65534) may look, but not change anything: control.admins admits the group daemon,"
                        + " and this process is no member of it: use sudo, or join it (usermod -aG daemon nobody) and log"
                        + " in again",
                error(reloadAs(NOBODY, NOBODY, "0")));
        assertEquals(Actor.UNKNOWN, daemon.actor, "nothing has reached the daemon");
    }

    @Test
    void aMemberMayBySupplementaryGroupAlone() throws Exception {
        group.set(GROUP);
        assertEquals(200, reloadAs(STRANGER, STRANGER, "7777," + groupNumber).status());
        assertEquals(12345, daemon.actor.uid());
        assertEquals("", daemon.actor.user());
        assertEquals(
                200, as(STRANGER, STRANGER, groupNumber, "GET", "/v1/version").status());
    }

    @Test
    void aMemberMayByItsOwnGroup() throws Exception {
        group.set(GROUP);
        assertEquals(200, reloadAs(NOBODY, groupNumber, "").status());
    }

    @Test
    void theLastOfManyGroupsCounts() throws Exception {
        group.set(GROUP);
        String others = IntStream.range(0, 5_000)
                .mapToObj(i -> Integer.toString(100_000 + i))
                .collect(Collectors.joining(","));
        assertEquals(403, reloadAs(STRANGER, STRANGER, others).status());
        assertEquals(
                200, reloadAs(STRANGER, STRANGER, groupNumber + "," + others).status());
    }

    /** The kernel sorts the numbers: the group is not the first of them. */
    @Test
    void aGroupAboveOthersCounts() throws Exception {
        group.set("nogroup");
        assumeTrue(Groups.number("nogroup").isPresent(), "this host has no group nogroup");
        String few = IntStream.range(0, 200)
                .mapToObj(i -> Integer.toString(1_000 + i))
                .collect(Collectors.joining(","));
        assertEquals(200, reloadAs(STRANGER, STRANGER, few + ",65534").status());
    }

    @Test
    void aGroupThatDoesNotExistAdmitsRootAloneAndIsNamed() throws Exception {
        group.set(NO_GROUP);
        assertEquals(
                "user nobody (uid 65534) may look, but not change anything: control.admins admits the group"
                        + " pc-no-such-group, which this host does not have, so root alone may (groupadd pc-no-such-group"
                        + " makes it): use sudo",
                error(reloadAs(NOBODY, NOBODY, groupNumber)));
        assertEquals(
                Optional.of(
                        "control.admins admits the group pc-no-such-group, which this host does not have, so root alone"
                                + " may (groupadd pc-no-such-group makes it)"),
                admins.trouble());
        assertEquals(
                200, SocketClient.call(socket, "POST", "/v1/reload", PATIENT).status());
        group.set(GROUP);
        assertEquals(Optional.empty(), admins.trouble());
        assertEquals(200, reloadAs(STRANGER, STRANGER, groupNumber).status());
        group.set("");
        assertEquals(Optional.empty(), admins.trouble());
        assertEquals(403, reloadAs(STRANGER, STRANGER, groupNumber).status());
    }

    /** Nobody has asked for a change yet. */
    @Test
    void theStateOfTheGroupIsFoundByTheStatusItself() {
        group.set(NO_GROUP);
        ListeningTest.await("its lookup", () -> admins.trouble().isPresent());
        group.set(GROUP);
        assertEquals(Optional.empty(), admins.trouble());
    }

    /** As pam_loginuid(8) sets it; sudo and su do not change it. */
    @Test
    void theUserBehindSudoIsNamed() throws Exception {
        for (String[] each : new String[][] {{NOBODY, "nobody"}, {STRANGER, ""}}) {
            List<String> words = new ArrayList<>(List.of(
                    "sh",
                    "-c",
                    "echo " + each[0] + " > /proc/self/loginuid || { printf '\\n599'; exit; }; exec \"$@\"",
                    "sh"));
            words.addAll(curl("POST", "/v1/reload"));
            SocketClient.Reply reply = run(words);
            assumeTrue(reply.status() != 599, "this kernel lets nobody set a login uid: " + reply.body());
            assertEquals(200, reply.status(), reply.body());
            assertEquals(new Actor(0, Integer.parseInt(each[0]), each[1], daemon.actor.pid()), daemon.actor);
            assertTrue(daemon.actor.pid() > 1);
        }
    }

    /** As on a host whose directory service does not answer. */
    @Test
    void aLookupThatHangsDoesNotBlockRoot() throws Exception {
        CountDownLatch mayEnd = new CountDownLatch(1);
        Thread asked = Thread.currentThread();
        try (Admins hanging = new Admins(
                () -> {
                    if (!Thread.currentThread().equals(asked)) {
                        await(mayEnd);
                    }
                    return GROUP;
                },
                Duration.ofMillis(100))) {
            SocketPeer member =
                    new SocketPeer(12345, 12345, Set.of(Integer.parseInt(groupNumber)), 7, SocketPeer.NOBODY);
            assertEquals(
                    new Verdict(
                            new Actor(12345, -1, "", 7),
                            "uid 12345 may look, but not change anything: control.admins admits the group daemon,"
                                    + " which was not found within 100 ms: use sudo"),
                    hanging.decide(member).get(30, TimeUnit.SECONDS));
            SocketPeer root = new SocketPeer(0, 0, Set.of(), 8, 1000);
            for (int i = 0; i < 1_000; i++) {
                hanging.decide(member);
            }
            assertEquals(
                    new Verdict(new Actor(0, 1000, "", 8), ""),
                    hanging.decide(root).get(30, TimeUnit.SECONDS));
            mayEnd.countDown();
            ListeningTest.await(
                    "the queue to end", () -> hanging.decide(member).join().isAdmitted());
        } finally {
            mayEnd.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anUnknownUserMayNothing() throws Exception {
        for (String admitted : Arrays.asList("", GROUP)) {
            group.set(admitted);
            assertTrue(admins.decide(SocketPeer.UNKNOWN)
                    .get(30, TimeUnit.SECONDS)
                    .refusal()
                    .startsWith("uid 4294967295 may look, but not change anything: "));
        }
    }
}
