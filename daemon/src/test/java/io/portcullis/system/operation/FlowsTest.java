package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code portcullis flows}: real connections are listed, measured and ended. */
@Tag("system")
final class FlowsTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final int TCP_PORT = 7000;
    private static final int UDP_PORT = 7001;
    private static final int FIRST_PORT = 51_500;
    private static final int CLIENTS = 3;
    private static final int DATAGRAMS = 3;
    private static final int PAYLOAD = 100;
    private static final int UDP_HEADERS = 14 + 20 + 8;

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {%s, security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: 7000, from: any, description: conversations}
                  - {protocol: udp, ports: 7001, from: any}
            """.formatted(Lab.bridge("ring"));

    /** Sends all the time while a file is there, else nothing, and prints how much came back. Arguments: server, port, own port, file. */
    private static final String SENDER = """
            use Socket; $| = 1; socket(S, PF_INET, SOCK_STREAM, 6); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
            bind(S, sockaddr_in($ARGV[2], INADDR_ANY)) or die $!;
            connect(S, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die "connect: $!";
            my $n = 0; syswrite(S, "x"); sysread(S, my $b, 1) or die "ended"; print "ready\\n";
            while (1) {
                if (-e $ARGV[3]) { syswrite(S, "x" x 1000); my $got = sysread(S, $b, 1000); $got or die "ended"; $n += $got; print "back $n\\n" }
                select(undef, undef, undef, 0.01);
            }
            """;

    /** Asks by UDP, one datagram after the other. Arguments: server, port, own port, how many, bytes. */
    private static final String DATAGRAM_SENDER = """
            use Socket; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in($ARGV[2], INADDR_ANY)) or die $!;
            connect(S, sockaddr_in($ARGV[1], inet_aton($ARGV[0])));
            for (1 .. $ARGV[3]) { syswrite(S, "x" x $ARGV[4]) or die $!; sysread(S, my $b, 1000) or die $! } print "answered\\n";
            """;

    private static final String ECHO_UDP = """
            use Socket; $| = 1; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) or die $!; print "ready\\n";
            while (my $from = recv(S, my $b, 2000, 0)) { send(S, $b, 0, $from) }
            """;

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Of this test: the kernel keeps the ports of an ended connection for a minute. */
    private static final AtomicInteger NEXT_PORT = new AtomicInteger(FIRST_PORT);

    private final int talker = NEXT_PORT.getAndAdd(CLIENTS);
    private final int idler = talker + 1;
    private final int asker = talker + 2;
    private final List<Process> clients = new ArrayList<>();
    private DaemonProcess daemon = LAB.daemon(RULES);
    private Path talks = Path.of("");

    @BeforeAll
    static void serve() {
        LAB.start("server", LAB.file("tcp", ""), "socat", "TCP-LISTEN:" + TCP_PORT + ",fork,reuseaddr", "EXEC:cat");
        Path udp = LAB.file("udp", "");
        LAB.start("server", udp, "perl", "-e", ECHO_UDP, Integer.toString(UDP_PORT));
        Lab.awaitText("the UDP server", udp, text -> text.contains("ready"));
        Lab.await(
                "the TCP server",
                () -> LAB.server("ss", "-Htln", "sport = :" + TCP_PORT).out().contains("LISTEN"));
    }

    @BeforeEach
    void connect() throws IOException {
        talks = LAB.folder().resolve("talks");
        Files.deleteIfExists(talks);
        client("talker", talker, talks);
        client("idler", idler, LAB.folder().resolve("never"));
        assertEquals(
                "answered\n",
                LAB.client(
                                "perl",
                                "-e",
                                DATAGRAM_SENDER,
                                Lab.SERVER,
                                Integer.toString(UDP_PORT),
                                Integer.toString(asker),
                                Integer.toString(DATAGRAMS),
                                Integer.toString(PAYLOAD))
                        .ok()
                        .out());
    }

    private static Path log(String name) {
        return LAB.folder().resolve(name);
    }

    private void client(String name, int port, Path talking) {
        Path log = LAB.file(name, "");
        clients.add(LAB.start(
                "client",
                log,
                "perl",
                "-e",
                SENDER,
                Lab.SERVER,
                Integer.toString(TCP_PORT),
                Integer.toString(port),
                talking.toString()));
        Lab.awaitText(name, log, text -> text.contains("ready"));
    }

    @AfterEach
    void stop() {
        clients.forEach(Process::destroyForcibly);
        daemon.end();
    }

    private static JsonNode json(Command command) {
        try {
            return JSON.readTree(command.ok().output());
        } catch (JsonProcessingException e) {
            throw new AssertionError(command.out(), e);
        }
    }

    private Command flows(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.add("--socket");
        all.add(daemon.socket().toString());
        return daemon.flows(all.toArray(String[]::new));
    }

    private JsonNode list(String... conditions) {
        return json(daemon.cli("flows", withJson(conditions)));
    }

    private static String[] withJson(String... words) {
        List<String> all = new ArrayList<>(List.of("--json"));
        all.addAll(List.of(words));
        return all.toArray(String[]::new);
    }

    private static String tuple(int port) {
        return "tcp " + Lab.CLIENT + ":" + port + " " + Lab.SERVER + ":" + TCP_PORT;
    }

    private List<Integer> ports(String... conditions) {
        return list(conditions)
                .path("flows")
                .valueStream()
                .map(flow -> flow.path("sourcePort").asInt())
                .sorted()
                .toList();
    }

    private long back(String name) {
        return Lab.read(log(name))
                .lines()
                .filter(line -> line.startsWith("back "))
                .mapToLong(line -> Long.parseLong(line.substring(5)))
                .max()
                .orElse(0);
    }

    @Test
    void aFlowIsListedWithItsPacketsItsStateAndItsRule() {
        JsonNode asked = list("--protocol", "udp").path("flows");
        assertEquals(1, asked.size(), asked.toString());
        JsonNode udp = asked.path(0);
        assertEquals("web0", udp.path("interfaceName").asText());
        assertEquals("ingress", udp.path("direction").asText());
        assertEquals(Lab.CLIENT, udp.path("source").asText());
        assertEquals(asker, udp.path("sourcePort").asInt());
        assertEquals(Lab.SERVER, udp.path("destination").asText());
        assertEquals(UDP_PORT, udp.path("destinationPort").asInt());
        assertEquals("udp-stream", udp.path("state").asText());
        long bytes = DATAGRAMS * (long) (UDP_HEADERS + PAYLOAD);
        JsonNode total = udp.path("total");
        assertEquals(DATAGRAMS, total.path("ingressPackets").asLong());
        assertEquals(DATAGRAMS, total.path("egressPackets").asLong());
        assertEquals(bytes, total.path("ingressBytes").asLong());
        assertEquals(bytes, total.path("egressBytes").asLong());
        assertEquals("web/ingress[2]", udp.path("rule").path("id").asText());
        assertTrue(udp.path("ageMs").asLong() >= udp.path("idleMs").asLong(), udp.toString());
        assertTrue(udp.path("leftMs").asLong() > 0, udp.toString());

        Lab.await(
                "the flows by their state",
                () -> byState("tcp", "tcp-established") == 2 && byState("udp", "udp-stream") == 1);

        String table = daemon.cli("flows").ok().out();
        String line = table.lines()
                .filter(row -> row.contains(":" + idler + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(table));
        assertTrue(
                line.startsWith("web0  in   tcp " + Lab.CLIENT + ":" + idler + " → " + Lab.SERVER + ":" + TCP_PORT),
                line);
        assertTrue(line.contains("  established  "), line);
        assertTrue(line.endsWith("web/ingress[1] conversations"), line);
    }

    private double byState(String protocol, String state) {
        return daemon.metric(
                "portcullis_flows_by_state{interface=\"web0\",protocol=\"" + protocol + "\",state=\"" + state + "\"}");
    }

    @Test
    void conditionsSelectFlowsAndTheLimitSaysWhatItHides() throws IOException {
        assertEquals(List.of(talker, idler), ports("--port", Integer.toString(TCP_PORT)));
        assertEquals(List.of(talker, idler), ports("--state", "established"));
        assertEquals(List.of(asker), ports("--rule", "web/ingress[2]"));
        assertEquals(List.of(talker, idler, asker), ports("--rule", "web", "--peer", "203.0.113.0/24"));
        assertEquals(List.of(idler), ports("--tuple", tuple(idler)));
        assertEquals(List.of(), ports("--direction", "out", "--port", Integer.toString(TCP_PORT)));
        assertEquals(List.of(), ports("--peer", "198.51.100.0/24"));
        Files.createFile(talks);
        Lab.await("traffic", () -> back("talker") > 10_000);
        assertEquals(
                talker,
                list("--sort", "bytes", "--limit", "1")
                        .path("flows")
                        .path(0)
                        .path("sourcePort")
                        .asInt());
        String limited =
                daemon.cli("flows", "--limit", "1", "--protocol", "tcp").ok().out();
        assertTrue(limited.endsWith("1 flow more: --limit shows more\n"), limited);

        Command noState = daemon.cli("flows", "--state", "nonsense");
        assertEquals(2, noState.exit());
        assertTrue(noState.out().contains("no state nonsense: there is tcp-syn-sent"), noState.out());
        assertEquals(2, daemon.cli("flows", "--rule", "web/ingress[9]").exit());
        assertEquals(2, daemon.cli("flows", "--interface", "web9").exit());
        assertEquals(2, daemon.cli("flows", "--tuple", "tcp 1 2").exit());

        // The rule is another one now: the flow goes on, and no rule in force has admitted it.
        daemon.edit(RULES.replace("protocol: udp, ports: 7001", "protocol: udp, ports: 7001-7002"));
        assertEquals(List.of(asker), ports("--rule", "gone"));
        assertEquals(
                "gone",
                list("--protocol", "udp")
                        .path("flows")
                        .path(0)
                        .path("rule")
                        .path("kind")
                        .asText());
    }

    @Test
    void topShowsWhoTalks() throws IOException {
        Files.createFile(talks);
        Lab.await("traffic", () -> back("talker") > 10_000);
        JsonNode report = json(flows("top", "--by", "flow", "--interval", "500ms", "--json"));
        assertTrue(report.path("overMs").asLong() >= 500, report.toString());
        JsonNode first = report.path("talkers").path(0);
        assertEquals(
                "tcp " + Lab.CLIENT + ":" + talker + " → " + Lab.SERVER + ":" + TCP_PORT,
                first.path("name").asText());
        assertTrue(first.path("perSecond").path("ingressBytes").asLong() > 1_000, report.toString());
        assertTrue(
                report.path("talkers")
                        .valueStream()
                        .noneMatch(talker -> talker.path("name").asText().contains(":" + idler + " ")),
                report.toString());
        JsonNode peer = json(flows("top", "--json", "--interval", "200ms"))
                .path("talkers")
                .path(0);
        assertEquals(Lab.CLIENT, peer.path("name").asText());
        assertEquals(3, peer.path("flows").asLong(), peer.toString());
        String table = flows("top", "--by", "rule", "--interval", "200ms").ok().out();
        assertTrue(table.contains("web/ingress[1] conversations"), table);
        assertTrue(
                flows("top", "--by", "port", "--interval", "200ms").ok().out().contains("tcp " + TCP_PORT), table);
    }

    @Test
    void aFlushEndsTheFlowsThatItNamesAndNoOthers() throws IOException {
        Files.createFile(talks);
        Lab.await("traffic", () -> back("talker") > 10_000);
        Command dry = flows("flush", "--tuple", tuple(talker), "--dry-run").ok();
        assertTrue(dry.out().contains("1 flow would end; none has (--dry-run)"), dry.out());
        assertEquals(List.of(talker), ports("--tuple", tuple(talker)));

        Command nothing = flows("flush");
        assertEquals(2, nothing.exit());
        assertTrue(nothing.out().contains("a condition is missing"), nothing.out());
        assertEquals(2, flows("flush", "--all", "--port", "22").exit());
        assertEquals(List.of(talker, idler, asker), ports());

        double droppedBefore = daemon.metric(drops());
        Command flushed = flows("flush", "--tuple", tuple(talker)).ok();
        assertTrue(flushed.out().contains(":" + talker + " → "), flushed.out());
        assertTrue(flushed.out().endsWith("1 flow has ended\n"), flushed.out());
        assertTrue(
                daemon.log().contains("flows flush: 1 flow ended, condition tuple 6 " + Lab.CLIENT + " " + talker),
                daemon::log);
        Lab.await("its segments to be dropped", () -> daemon.metric(drops()) > droppedBefore);
        assertEquals(List.of(idler, asker), ports());
        String reason =
                daemon.cli("drops", "--port", Integer.toString(talker)).ok().out();
        assertTrue(reason.contains("tcp-no-syn"), reason);

        // One more condition: the idle flow stays.
        assertTrue(flows("flush", "--protocol", "tcp", "--rule", "web/ingress[2]")
                .ok()
                .out()
                .endsWith("0 flows have ended\n"));
        assertTrue(flows("flush", "--rule", "web/ingress[2]").ok().out().endsWith("1 flow has ended\n"));
        assertEquals(List.of(idler), ports());
        assertFalse(clients.get(1).onExit().isDone());
    }

    private static String drops() {
        return "portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"tcp-no-syn\"}";
    }

    @Test
    void aFlushOfTheOwnSshSessionHasToBeAllowed() {
        Command refused = asFrom("flush", "--port", Integer.toString(TCP_PORT));
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(refused.out().contains("the flow of your own ssh session is among them"), refused.out());
        assertEquals(List.of(talker, idler), ports("--protocol", "tcp"));
        Command dry = asFrom("flush", "--port", Integer.toString(TCP_PORT), "--dry-run")
                .ok();
        assertTrue(dry.out().contains("warning: the flow of your own ssh session"), dry.out());
        assertTrue(asFrom("flush", "--tuple", tuple(talker)).ok().out().endsWith("1 flow has ended\n"));
        assertTrue(asFrom("flush", "--all", "--allow-lockout").ok().out().endsWith("2 flows have ended\n"));
        assertEquals(List.of(), ports());
    }

    /** As if started from a shell of the idle connection. */
    private Command asFrom(String... words) {
        List<String> all = new ArrayList<>(List.of(
                "env",
                "SSH_CONNECTION=" + Lab.CLIENT + " " + idler + " " + Lab.SERVER + " " + TCP_PORT,
                Home.PROGRAM,
                "flows"));
        all.addAll(List.of(words));
        all.addAll(List.of("--socket", daemon.socket().toString()));
        return LAB.firewall(all.toArray(String[]::new));
    }
}
