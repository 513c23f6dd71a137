package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.http.SocketClient;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeOptions;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Changes that an operator applies: they take effect together with their files or not at all, and are rolled back unless somebody
 * confirms them.
 */
@Tag("system")
final class ApplyTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: %s, from: any}]}
            """;

    private static final String OPEN_80 = RULES.formatted("80");
    private static final String OPEN_8080 = RULES.formatted("8080");

    private DaemonProcess daemon = LAB.daemon(OPEN_80);

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    private Path file(String name, String yaml) {
        return LAB.file(name, daemon.home().withSocket(yaml));
    }

    private Command apply(String yaml, String... more) {
        List<String> words = new ArrayList<>(List.of(more));
        words.add(file("applied.yaml", yaml).toString());
        return daemon.cli("apply", words.toArray(String[]::new));
    }

    private JsonNode history() {
        try {
            return JSON.readTree(daemon.cli("history", "--json").ok().output());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private JsonNode newest() {
        return history().path("changes").path(0);
    }

    private String installed() {
        return Lab.read(daemon.config());
    }

    private void assertInForce(String yaml, int port) {
        assertEquals(daemon.home().withSocket(yaml), installed());
        assertTrue(LAB.answers(port));
        assertFalse(LAB.answers(port == 80 ? 8080 : 80));
    }

    @Test
    void aChangeAndItsRollbackTakeEffectTogetherWithTheFile() {
        Command dry = apply(OPEN_8080, "--dry-run").ok();
        assertTrue(dry.out().contains("becomes allowed: web0 ingress: tcp 8080 from any"), dry.out());
        assertTrue(dry.out().contains("becomes denied:  web0 ingress: tcp 80 from any"), dry.out());
        assertInForce(OPEN_80, 80);
        Command applied = apply(OPEN_8080, "--note", "moved to 8080").ok();
        assertTrue(applied.out().contains("@2 is in force"), applied.out());
        assertInForce(OPEN_8080, 8080);
        JsonNode change = newest();
        assertEquals(2, change.path("change").asLong());
        assertEquals("moved to 8080", change.path("note").asText());
        assertEquals("applied", change.path("outcome").asText());
        assertEquals("apply", change.path("actor").path("via").asText());
        assertEquals(0, change.path("actor").path("uid").asInt());
        assertEquals(
                "web0 ingress: tcp 8080 from any", change.path("admits").path(0).asText());
        assertEquals(
                daemon.home().withSocket(OPEN_80),
                daemon.cli("show", "@1").ok().output().replaceAll("(?m)^#.*\\n", ""));
        assertTrue(daemon.cli("diff", "@1", "@2").ok().out().contains("becomes allowed: tcp 8080"));
        daemon.cli("rollback").ok();
        assertInForce(OPEN_80, 80);
        assertEquals("rollback", newest().path("actor").path("via").asText());
        assertEquals(3, daemon.status().path("change").asLong());
        daemon.cli("rollback", "@2").ok();
        assertInForce(OPEN_8080, 8080);
        assertEquals(4, daemon.metric("portcullis_config_change"));
        String hash = newest().path("sha256").asText().substring(0, 12);
        assertEquals(1, daemon.metric("portcullis_config_info{hash=\"" + hash + "\"}"));
    }

    @Test
    void anUnconfirmedChangeIsRolledBack() {
        apply(OPEN_8080, "--confirm", "3s").ok();
        Lab.await("the way back", () -> newest().path("outcome").asText().equals("reverted"));
        assertInForce(OPEN_80, 80);
        assertEquals(1, daemon.status().path("change").asLong());
        assertEquals(1, daemon.cli("confirm").exit());
    }

    @Test
    void aConfirmedChangeStays() {
        apply(OPEN_8080, "--confirm", "4s").ok();
        daemon.cli("confirm").ok();
        assertEquals("confirmed", newest().path("outcome").asText());
        Lab.pause(5_000);
        assertInForce(OPEN_8080, 8080);
        daemon.crash();
        daemon = daemon.again();
        assertInForce(OPEN_8080, 8080);
        assertEquals(2, daemon.status().path("change").asLong());
    }

    @Test
    void aSecondChangeIsRefusedAndRollbackEndsTheWaitAtOnce() {
        apply(OPEN_8080, "--confirm", "10m").ok();
        assertInForce(OPEN_8080, 8080);
        assertTrue(daemon.status().path("pending").asText().contains("change @2"), daemon.status()::toString);
        Command second = apply(OPEN_80);
        assertEquals(1, second.exit(), second.out());
        assertTrue(second.out().contains("change @2 by"), second.out());
        daemon.cli("rollback").ok();
        assertInForce(OPEN_80, 80);
        assertEquals(
                "reverted",
                daemon.cli("show", "@2", "--json")
                        .ok()
                        .output()
                        .replaceAll("(?s).*\"outcome\" : \"([a-z]+)\".*", "$1"));
        apply(OPEN_8080).ok();
        assertInForce(OPEN_8080, 8080);
    }

    @Test
    void aCrashBeforeTheDeadlineEndsInTheOldRules() {
        apply(OPEN_8080, "--confirm", "6s").ok();
        daemon.crash();
        Lab.pause(6_500);
        daemon = daemon.again();
        assertInForce(OPEN_80, 80);
        assertEquals("reverted", newest().path("outcome").asText());
        // The same with a start before the deadline.
        apply(OPEN_8080, "--confirm", "15s").ok();
        daemon.crash();
        daemon = daemon.again();
        assertTrue(daemon.status().path("pending").asText().contains("goes back to @1"), daemon.status()::toString);
        Lab.await("the way back", () -> newest().path("outcome").asText().equals("reverted"));
        assertInForce(OPEN_80, 80);
    }

    @Test
    void anEditWhileAChangeWaitsIsRefusedAndEndsTheWait() {
        apply(OPEN_8080, "--confirm", "10m").ok();
        String edit = RULES.formatted("[80, 8080]");
        daemon.write(edit);
        Lab.await(
                "the refusal",
                () -> !daemon.status().path("lastReload").path("ok").asBoolean());
        String refusal =
                daemon.status().path("lastReload").path("errors").path(0).asText();
        assertTrue(refusal.contains("portcullis.yaml is refused: it came while change @2 by"), refusal);
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answers(8080));
        assertEquals(daemon.home().withSocket(edit), installed(), "the editor's file stays");
        assertEquals(1, daemon.status().path("change").asLong());
        daemon.cli("reload").ok();
        assertTrue(LAB.answers(8080));
        assertEquals("edit", newest().path("actor").path("via").asText());
    }

    @Test
    void editsAreInTheHistoryAndSoAreRefusals() {
        daemon.edit(OPEN_8080);
        Lab.await("the entry", () -> newest().path("change").asLong() == 2);
        assertEquals("edit", newest().path("actor").path("via").asText());
        Command refused = apply(OPEN_8080.replace("tcp", "tpc"));
        assertEquals(1, refused.exit());
        assertTrue(refused.out().contains("portcullis.yaml:5:"), refused.out());
        assertEquals("refused", newest().path("outcome").asText());
        assertInForce(OPEN_8080, 8080);
        assertEquals(1, daemon.cli("rollback", "@3").exit());
        assertEquals(1, daemon.cli("show", "@77").exit());
        assertEquals(2, daemon.cli("rollback", "before").exit());
    }

    @Test
    void twentyOperatorsAtOnceLoseNothing() throws Exception {
        int operators = 20;
        List<Future<SocketClient.Reply>> done = new ArrayList<>();
        try (ExecutorService at = Executors.newFixedThreadPool(operators)) {
            for (int i = 0; i < operators; i++) {
                ApplyRequest request = new ApplyRequest(
                        List.of(new ApplyRequest.File("", operatorsFile(i))),
                        false,
                        new ChangeOptions("operator " + i, 0, false, false, 0, ""));
                done.add(at.submit(() -> SocketClient.call(
                        daemon.socket(),
                        "POST",
                        "/v1/apply",
                        JSON.writeValueAsBytes(request),
                        Duration.ofSeconds(60))));
            }
        }
        for (Future<SocketClient.Reply> each : done) {
            assertEquals(200, each.get().status(), () -> each.resultNow().body());
        }
        JsonNode changes = history().path("changes");
        Set<String> notes = new HashSet<>();
        for (int i = 0; i < operators; i++) {
            assertEquals(operators + 1 - i, changes.path(i).path("change").asLong());
            assertEquals(operators - i, changes.path(i).path("base").asLong());
            notes.add(changes.path(i).path("note").asText());
        }
        assertEquals(operators, notes.size());
        int last = Integer.parseInt(newest().path("note").asText().replace("operator ", ""));
        assertEquals(operatorsFile(last), installed(), "the last one is on the disk");
    }

    private String operatorsFile(int operator) {
        return daemon.home().withSocket(RULES.formatted("[80, " + (9_000 + operator) + "]"));
    }

    @Test
    void operatorsAtTwoTerminalsBothGetTheirChange() throws Exception {
        List<Future<Command>> done = new ArrayList<>();
        try (ExecutorService at = Executors.newFixedThreadPool(2)) {
            for (int i = 0; i < 2; i++) {
                String file = file("operator-" + i + ".yaml", RULES.formatted("[80, " + (9_000 + i) + "]"))
                        .toString();
                done.add(at.submit(() -> daemon.cli("apply", file)));
            }
        }
        for (Future<Command> each : done) {
            each.get().ok();
        }
        assertEquals(3, newest().path("change").asLong());
    }

    @Test
    void aFullDiskChangesNothing() throws IOException {
        daemon.terminate();
        Path history = LAB.tmpfs(daemon.home().lasting().resolve("history"), 64);
        daemon = daemon.again();
        Path ballast = history.resolve("ballast");
        fill(ballast);
        Command refused = apply(OPEN_8080);
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(refused.out().contains("nothing has changed"), refused.out());
        assertInForce(OPEN_80, 80);
        Files.delete(ballast);
        apply(OPEN_8080).ok();
        assertInForce(OPEN_8080, 8080);
    }

    @Test
    void aFullDiskOfTheRulesChangesNothing() throws IOException {
        daemon.terminate();
        String before = installed();
        Path etc = LAB.tmpfs(daemon.home().folder().resolve("etc"), 16);
        Files.writeString(daemon.config(), before);
        daemon = daemon.again();
        Path ballast = etc.resolve("ballast");
        fill(ballast);
        Command refused = apply(OPEN_8080, "--confirm", "60s");
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(refused.out().contains("nothing has changed"), refused.out());
        assertInForce(OPEN_80, 80);
        assertEquals("", daemon.status().path("pending").asText());
        Files.delete(ballast);
        apply(OPEN_8080).ok();
        assertInForce(OPEN_8080, 8080);
    }

    private static void fill(Path ballast) {
        Command.run("dd", "if=/dev/zero", "of=" + ballast, "bs=4k");
    }

    @Test
    void includedFilesAreAppliedAndTakenBackTogether() throws IOException {
        String main = "include: [rules.d/*.yaml]\n" + OPEN_80.replaceAll("(?s)security-groups:\\n.*", "");
        String group = "security-groups:\n  web: {ingress: [{protocol: tcp, ports: %s, from: any}]}\n";
        Path folder = LAB.folder().resolve("tree");
        Files.createDirectories(folder.resolve("rules.d"));
        Path file = folder.resolve("main.yaml");
        Files.writeString(file, daemon.home().withSocket(main));
        Files.writeString(folder.resolve("rules.d/web.yaml"), group.formatted("8080"));
        Command applied = daemon.cli("apply", file.toString()).ok();
        assertTrue(applied.out().contains("rules.d/web.yaml"), applied.out());
        assertTrue(LAB.answers(8080));
        assertFalse(LAB.answers(80));
        Path included = daemon.config().resolveSibling("rules.d/web.yaml");
        assertEquals(group.formatted("8080"), Lab.read(included));
        daemon.cli("rollback").ok();
        assertInForce(OPEN_80, 80);
        daemon.cli("rollback").ok();
        assertTrue(LAB.answers(8080));
        daemon.crash();
        daemon = daemon.again();
        assertTrue(LAB.answers(8080));
        assertFalse(LAB.answers(80));
    }
}
