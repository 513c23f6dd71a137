package io.portcullis.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.http.SocketClient;
import io.portcullis.http.Unreachable;
import io.portcullis.linux.OwnedFile;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeFiles;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.HistoryReport;
import io.portcullis.operations.NoSuchChange;
import io.portcullis.operations.RollbackRequest;
import io.portcullis.operations.traffic.RulesReport;
import io.portcullis.operations.traffic.RulesRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code /v1/apply}, {@code rollback}, {@code confirm}, {@code history} and {@code change} on a real socket. */
@Timeout(60)
final class ChangeResourcesTest {
    private static final Duration PATIENT = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GOOD = "{\"files\": [{\"path\": \"\", \"text\": \"version: 1\"}], \"complete\": true,"
            + " \"options\": {\"note\": \"why\", \"confirmMs\": 60000}}";

    @TempDir
    Path folder;

    private final Recording daemon = new Recording();
    private final ExecutorService executor = Executors.newSingleThreadExecutor();
    private final Admins admins = new Admins(() -> "");
    private ControlServer server;
    private Path socket;

    /** Remembers the requests, and refuses those that it is told to. */
    private static final class Recording extends FakeDaemon {
        private volatile Object asked = "nothing";
        private volatile Actor by = Actor.UNKNOWN;
        private volatile List<String> errors = List.of();

        @Override
        public ChangeReport apply(ApplyRequest request, Actor actor) {
            asked = request;
            by = actor;
            return report(actor, errors);
        }

        @Override
        public ChangeReport rollback(RollbackRequest request, Actor actor) {
            asked = request;
            if (request.to() == 77) {
                throw new NoSuchChange("there is no change @77 in the history");
            }
            return report(actor, errors);
        }

        @Override
        public ChangeReport confirm(Actor actor) {
            asked = "confirm";
            return report(actor, errors);
        }

        @Override
        public HistoryReport history(int limit) {
            asked = limit;
            return super.history(limit);
        }

        @Override
        public ChangeFiles change(long number) {
            asked = number;
            if (number == 77) {
                throw new NoSuchChange("there is no change @77 in the history");
            }
            return super.change(42);
        }
    }

    @BeforeEach
    void serve() throws Exception {
        socket = folder.resolve("run/control.sock");
        server = ControlServer.open(socket, daemon, daemon, admins, executor);
    }

    @AfterEach
    void close() {
        server.close();
        admins.close();
        executor.shutdownNow();
    }

    private SocketClient.Reply call(String method, String path, String body) throws Unreachable {
        return SocketClient.call(socket, method, path, body.getBytes(StandardCharsets.UTF_8), PATIENT);
    }

    private static String error(SocketClient.Reply reply) throws IOException {
        return JSON.readTree(reply.body()).path("error").asText(reply.body());
    }

    @Test
    void aChangeIsPassedOnWithWhoAsks() throws Exception {
        SocketClient.Reply reply = call("POST", "/v1/apply", GOOD);
        assertEquals(200, reply.status(), reply.body());
        assertEquals(JSON.readValue(GOOD, ApplyRequest.class), daemon.asked);
        assertEquals(OwnedFile.user(), daemon.by.uid());
        assertEquals(ProcessHandle.current().pid(), daemon.by.pid());
        assertEquals(FakeDaemon.report(daemon.by, List.of()), JSON.readValue(reply.body(), ChangeReport.class));
        assertEquals(200, call("POST", "/v1/rollback", "{\"to\": 41}").status());
        assertEquals(JSON.readValue("{\"to\": 41}", RollbackRequest.class), daemon.asked);
        assertEquals(200, call("POST", "/v1/confirm", "").status());
        assertEquals("confirm", daemon.asked);
    }

    @Test
    void aRefusedChangeIs422() throws Exception {
        daemon.errors = List.of("main.yaml:1:1: no");
        for (String[] each : new String[][] {{"/v1/apply", GOOD}, {"/v1/rollback", "{}"}, {"/v1/confirm", ""}}) {
            SocketClient.Reply reply = call("POST", each[0], each[1]);
            assertEquals(422, reply.status(), each[0]);
            assertEquals(
                    daemon.errors,
                    JSON.readValue(reply.body(), ChangeReport.class).errors());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/v1/apply|''|the body is no ApplyRequest: ",
                "/v1/apply|null|the body is null, not a ApplyRequest",
                "/v1/apply|{|the body is no ApplyRequest: ",
                "/v1/apply|[]|the body is no ApplyRequest: ",
                "/v1/apply|{}|files must begin with the configuration itself, whose path is empty",
                "/v1/apply|{\"files\":[null]}|the body is no ApplyRequest: ",
                "/v1/apply|{\"files\":[{\"path\":\"\"}]}|the body is no ApplyRequest: ",
                "/v1/apply|{\"files\":[{\"path\":\"\",\"text\":\"\"}],\"options\":{\"confirmMs\":1}}|the wait for a confirmation is 1s to 24h",
                "/v1/apply|{\"files\":[{\"path\":\"\",\"text\":\"\"}],\"dryRun\":true}|the body is no ApplyRequest: Unrecognized field",
                "/v1/rollback|''|the body is no RollbackRequest: ",
                "/v1/rollback|null|the body is null, not a RollbackRequest",
                "/v1/rollback|{\"to\":-1}|to must be the number of a change, or 0, not -1",
                "/v1/rollback|{\"to\":\"\u0007\"}|the body is no RollbackRequest: ",
            })
    void aMeaninglessBodyIs400(String path, String body, String error) throws Exception {
        SocketClient.Reply reply = call("POST", path, body);
        assertEquals(400, reply.status(), reply.body());
        assertTrue(error(reply).startsWith(error.strip()), error(reply));
        assertFalse(error(reply).chars().anyMatch(Character::isISOControl), error(reply));
        assertEquals("nothing", daemon.asked);
    }

    @Test
    void aBodyThatIsTooLongIs413() throws Exception {
        assertEquals(
                413, call("POST", "/v1/rollback", " ".repeat(64 << 10) + "{}").status());
        assertEquals(
                200,
                call("POST", "/v1/rollback", " ".repeat((64 << 10) - 2) + "{}").status());
        // It takes no body, and does not look into one.
        assertEquals(200, call("POST", "/v1/confirm", "{}").status());
    }

    @Test
    void aMissingChangeIs404() throws Exception {
        SocketClient.Reply rollback = call("POST", "/v1/rollback", "{\"to\": 77}");
        assertEquals(404, rollback.status());
        assertEquals("there is no change @77 in the history", error(rollback));
        SocketClient.Reply change = call("GET", "/v1/change?number=77", "");
        assertEquals(404, change.status());
        assertEquals("there is no change @77 in the history", error(change));
        assertEquals(404, call("GET", "/v1/changes", "").status());
    }

    @Test
    void anotherMethodIs405() throws Exception {
        for (String path : List.of("/v1/apply", "/v1/rollback", "/v1/confirm")) {
            assertEquals(405, call("GET", path, "").status(), path);
        }
        assertEquals(405, call("POST", "/v1/history", "").status());
        assertEquals("nothing", daemon.asked);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "one", "1.5", "9999999999999", "%20", "0x1"})
    void anInvalidNumberIs400(String value) throws Exception {
        SocketClient.Reply limit = call("GET", "/v1/history?limit=" + value, "");
        assertEquals(400, limit.status());
        assertTrue(error(limit).startsWith("limit must be a number, not "), error(limit));
        SocketClient.Reply number = call("GET", "/v1/change?number=" + value, "");
        assertEquals(400, number.status());
        assertTrue(error(number).startsWith("number must be a number, not "), error(number));
        assertEquals("nothing", daemon.asked);
    }

    @ParameterizedTest
    @CsvSource({"'',20", "?limit=0,1", "?limit=7,7", "?limit=999999999999,10000"})
    void theHistoryIsLimited(String query, int limit) throws Exception {
        SocketClient.Reply reply = call("GET", "/v1/history" + query, "");
        assertEquals(200, reply.status());
        assertEquals(limit, daemon.asked);
        assertEquals(42, JSON.readValue(reply.body(), HistoryReport.class).inForce());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "limit=0",
                "limit=10001",
                "limit=one",
                "sort=size",
                "unused-ms=-1",
                "unused-ms=9999999999999999",
                "group=nobody"
            })
    void aSenselessQuestionAboutRulesIs400(String query) throws Exception {
        SocketClient.Reply reply = call("GET", "/v1/rules?" + query, "");
        assertEquals(400, reply.status());
        assertTrue(error(reply).contains(query.startsWith("group") ? "there is web" : "must be"), error(reply));
    }

    @Test
    void rulesAreAskedFor() throws Exception {
        SocketClient.Reply reply = call("GET", "/v1/rules?group=web&interface=web0&unused-ms=5&sort=hits&limit=7", "");
        assertEquals(200, reply.status());
        assertEquals(3, JSON.readValue(reply.body(), RulesReport.class).total());
        assertEquals(new RulesRequest("web", "web0", 5, RulesRequest.Order.HITS, 7), daemon.askedRules);
        assertEquals(200, call("GET", "/v1/rules", "").status());
        assertEquals(new RulesRequest("", "", 0, RulesRequest.Order.FILE, 1_000), daemon.askedRules);
        assertEquals(405, call("POST", "/v1/rules", "").status());
    }

    @Test
    void theChangeInForceNeedsNoNumber() throws Exception {
        assertEquals(200, call("GET", "/v1/change", "").status());
        assertEquals(0L, daemon.asked);
        assertEquals(200, call("GET", "/v1/change?number=42", "").status());
        assertEquals(42L, daemon.asked);
    }

    private static final String ANOTHER = """
        use Socket; $| = 1;
        for my $what ('POST /v1/apply', 'POST /v1/rollback', 'POST /v1/confirm', 'GET /v1/history', 'GET /v1/change?number=42') {
          socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die; connect($s, sockaddr_un($ARGV[0])) or die "$!";
          my $body = $what =~ /apply|rollback/ ? '{}' : '';
          syswrite($s, "$what HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: " . length($body) . "\\r\\n\\r\\n$body");
          my $all = ''; while (sysread($s, my $part, 10000)) { $all .= $part; }
          $all =~ /^HTTP\\S+ (\\d+)/; print "$what $1\\n";
        }
        """;

    @Test
    void aUserWhoMayOnlyQueryMayNotChange() throws Exception {
        assumeTrue(OwnedFile.user() == 0, "setpriv needs root");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(
                Objects.requireNonNull(socket.getParent()), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        Process other = new ProcessBuilder(
                        "setpriv",
                        "--reuid=12345",
                        "--regid=12345",
                        "--clear-groups",
                        "perl",
                        "-e",
                        ANOTHER,
                        socket.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("""
                POST /v1/apply 403
                POST /v1/rollback 403
                POST /v1/confirm 403
                GET /v1/history 200
                GET /v1/change?number=42 200
                """, said);
        assertEquals(42L, daemon.asked);
    }
}
