package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.operations.traffic.DropsReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

/** Every command that asks the daemon ends in time, and says why, where the daemon is dead, hangs, is slow, or is no daemon. */
@Tag("slow")
@Timeout(180)
final class UnansweredTest {
    /** Commands run at once, on a machine that does other work, too. */
    private static final Duration LIMIT = DaemonSocket.TIMEOUT.plusSeconds(10);

    private static final long NS_PER_S = TimeUnit.SECONDS.toNanos(1);

    /** For dead daemons: detach changes NICs instead of asking, and report writes what it finds. Not run here. */
    private static final List<String> FOR_DEAD_DAEMONS = List.of("detach", "report");

    /** What a command needs besides --socket; FILE is a file that exists. A new command that needs nothing needs no line here. */
    private static final Map<String, String> WORDS = Map.of(
            "explain", "--interface web0 --ingress --protocol tcp --from 198.51.100.7 --to 203.0.113.80:80",
            "diff", "@1 @2",
            "apply", "FILE",
            "flows flush", "--all",
            "panic", "on",
            "bypass", "web0 --end");

    /** What listens on the socket, if anything does. */
    enum Peer {
        NO_SOCKET,
        NOBODY,
        /** The kernel takes the connection. */
        ACCEPTS_NOTHING,
        ANSWERS_NOTHING,
        SENDS_A_BYTE_A_SECOND,
        CLOSES_AT_ONCE,
        CLOSES_IN_THE_MIDDLE,
        SENDS_NO_END,
        SENDS_TEXT,
        SENDS_NULL,
        SENDS_ANOTHER_OBJECT;

        boolean isSilent() {
            return this == ACCEPTS_NOTHING || this == ANSWERS_NOTHING || this == SENDS_A_BYTE_A_SECOND;
        }
    }

    /** The end of a command. */
    private record Ended(int exit, String out, String err, long ns) {}

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path folder;

    @SuppressWarnings("NullAway.Init") // set before each test
    private Path socket;

    private @Nullable ServerSocketChannel listener;

    @BeforeEach
    void name() {
        socket = folder.resolve("s");
    }

    @AfterEach
    void close() throws IOException {
        if (listener != null) {
            listener.close();
        }
    }

    private ServerSocketChannel listen() throws IOException {
        ServerSocketChannel opened = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener = opened;
        return opened.bind(UnixDomainSocketAddress.of(socket), 128);
    }

    private void begin(Peer peer) throws IOException {
        if (peer == Peer.NO_SOCKET) {
            return;
        }
        ServerSocketChannel opened = listen();
        if (peer == Peer.NOBODY) {
            opened.close();
        } else if (peer != Peer.ACCEPTS_NOTHING) {
            serve(opened, connection -> behave(peer, connection));
        }
    }

    @FunctionalInterface
    private interface Behaviour {
        void with(SocketChannel connection) throws IOException;
    }

    private static void serve(ServerSocketChannel listener, Behaviour behaviour) {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (true) {
                    SocketChannel connection = listener.accept();
                    Thread.ofPlatform().daemon().start(() -> {
                        try (connection) {
                            connection.read(ByteBuffer.allocate(4_096));
                            behaviour.with(connection);
                        } catch (IOException gone) {
                            // The client has ended first, as it should.
                        }
                    });
                }
            } catch (IOException closed) {
                // The test is over.
            }
        });
    }

    private static void behave(Peer peer, SocketChannel connection) throws IOException {
        switch (peer) {
            case NO_SOCKET, NOBODY, ACCEPTS_NOTHING -> throw new IllegalStateException(peer + " has no connection");
            case ANSWERS_NOTHING -> connection.read(ByteBuffer.allocate(1));
            case SENDS_A_BYTE_A_SECOND -> {
                send(connection, "HTTP/1.1 200 OK\r\nX-Slow: ");
                while (true) {
                    send(connection, "x");
                    LockSupport.parkNanos(NS_PER_S);
                }
            }
            case CLOSES_AT_ONCE -> {}
            case CLOSES_IN_THE_MIDDLE -> send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":");
            case SENDS_NO_END -> {
                send(connection, "HTTP/1.1 200 OK\r\n\r\n\"");
                String much = "x".repeat(1 << 20);
                while (true) {
                    send(connection, much);
                }
            }
            case SENDS_TEXT -> send(connection, "HTTP/1.1 200 OK\r\n\r\nhello");
            case SENDS_NULL -> send(connection, "HTTP/1.1 200 OK\r\n\r\nnull");
            case SENDS_ANOTHER_OBJECT -> send(connection, "HTTP/1.1 200 OK\r\n\r\n{\"ok\":true}");
        }
    }

    private static void send(SocketChannel connection, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            connection.write(bytes);
        }
    }

    /** The names of the commands that have the option, with those of their parents. */
    private static List<String> asking(CommandLine parent, String before) {
        List<String> names = new ArrayList<>();
        parent.getSubcommands().forEach((name, command) -> {
            if (command.getCommandSpec().findOption("--socket") != null) {
                names.add(before + name);
            }
            names.addAll(asking(command, before + name + " "));
        });
        names.removeAll(FOR_DEAD_DAEMONS);
        return names;
    }

    private List<String> words(String command) {
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        String more = WORDS.getOrDefault(command, "");
        if (!more.isEmpty()) {
            words.addAll(List.of(more.replace("FILE", file().toString()).split(" ")));
        }
        return words;
    }

    private Path file() {
        try {
            return Files.writeString(folder.resolve("new.yaml"), "version: 1\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Ended run(List<String> command) {
        List<String> words = new ArrayList<>(command);
        words.addAll(List.of("--socket", socket.toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Cli.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        long beganNs = System.nanoTime();
        int exit = line.execute(words.toArray(String[]::new));
        return new Ended(exit, out.toString(), err.toString(), System.nanoTime() - beganNs);
    }

    /** All commands, at the same time where they wait; one at a time where each takes memory. */
    private Map<String, Ended> runAll(boolean together) throws Exception {
        List<String> commands = asking(Cli.commandLine(), "");
        assertTrue(commands.containsAll(List.of("status", "reload", "apply", "drops")), commands.toString());
        Map<String, Future<Ended>> running = new TreeMap<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(together ? commands.size() : 1)) {
            commands.forEach(command -> running.put(command, pool.submit(() -> run(words(command)))));
        }
        Map<String, Ended> ended = new TreeMap<>();
        for (Map.Entry<String, Future<Ended>> each : running.entrySet()) {
            ended.put(each.getKey(), each.getValue().get());
        }
        return ended;
    }

    @ParameterizedTest
    @EnumSource
    void everyCommandEndsInTimeAndSaysWhy(Peer peer) throws Exception {
        begin(peer);
        runAll(peer.isSilent()).forEach((command, ended) -> {
            String told = command + ": " + ended;
            assertEquals(
                    Exit.UNREACHABLE, ended.exit(), () -> told + "\nif it needs more arguments, give it some in WORDS");
            assertTrue(ended.ns() < LIMIT.toNanos(), told);
            assertTrue(
                    ended.err().lines().allMatch(line -> line.startsWith("portcullis: ")),
                    () -> "no sentences: " + told);
            assertTrue(ended.err().contains(socket.toString()), () -> "it names no socket: " + told);
            assertEquals("", ended.out(), told);
        });
    }

    /** {@code drops --follow}, whose first requests are answered, and then none. */
    private Ended follow(Behaviour afterwards) throws IOException {
        DropsReport none = new DropsReport(List.of(), 0, 1, Map.of(), List.of());
        int[] requests = {0};
        serve(listen(), connection -> {
            requests[0]++;
            if (requests[0] < 3) {
                send(connection, "HTTP/1.1 200 OK\r\n\r\n" + JsonText.write(none));
            } else {
                afterwards.with(connection);
            }
        });
        Ended ended = run(List.of("drops", "--follow"));
        assertEquals(3, requests[0], "it went on until then");
        return ended;
    }

    @Test
    void aStreamEndsAndSaysSoWhereTheDaemonHangs() throws IOException {
        Ended ended = follow(connection -> connection.read(ByteBuffer.allocate(1)));
        assertEquals(Exit.UNREACHABLE, ended.exit(), ended.toString());
        assertTrue(ended.err().contains("did not answer within 5 s"), ended.err());
        assertTrue(ended.ns() < LIMIT.toNanos(), ended.toString());
    }

    @Test
    void aStreamEndsAndSaysSoWhereTheDaemonEnds() throws IOException {
        Ended ended = follow(connection -> {});
        assertEquals(Exit.UNREACHABLE, ended.exit(), ended.toString());
        assertTrue(ended.err().contains("it ended while it answered"), ended.err());
    }
}
