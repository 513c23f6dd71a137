package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Connections from a lab's client to its server that are held over whatever a test does ({@link Conversations}). */
public final class Held implements AutoCloseable {
    /** Sends a byte on a new connection and prints the answer. */
    private static final String ONCE = """
            use Socket; socket(C, PF_INET, SOCK_STREAM, 6); connect(C, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die "$!\\n";
            syswrite(C, "x"); sysread(C, my $b, 1) or die "ended\\n"; print $b;
            """;

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final Lab lab;
    private final int count;
    private final int idle;
    private final Path orders;
    private final Path told;
    private final Process client;
    private final long abortedBefore;
    private int asked;

    private Held(Lab lab, int idle, int talkers, int pauseMs) {
        this.lab = lab;
        this.idle = idle;
        count = idle + talkers + 1;
        int number = NUMBER.getAndIncrement();
        orders = lab.file("orders-" + number, "");
        told = lab.file("held-" + number, "");
        abortedBefore = aborted();
        client = lab.startJava(
                "client",
                told,
                Conversations.class,
                "hold",
                Lab.SERVER,
                orders.toString(),
                Integer.toString(idle),
                Integer.toString(talkers),
                Integer.toString(pauseMs));
    }

    /** Starts the server of all of them; once for a lab, before the first one. */
    public static void serve(Lab lab) {
        // With kernels from 6.15, retransmission resumes at most two seconds after the end of an outage, however long
        // it was.
        for (String end : new String[] {"client", "server"}) {
            lab.at(end, "sh", "-c", """
                    cd /proc/sys/net/ipv4 && echo 60 > tcp_retries2
                    [ ! -e tcp_rto_max_ms ] || echo 2000 > tcp_rto_max_ms
                    """).ok();
        }
        Path log = lab.file("conversations", "");
        lab.startJava("server", log, Conversations.class, "serve");
        Lab.awaitText("the server", log, text -> text.contains("ready"));
    }

    /** Whether another connection is admitted now. */
    public static boolean letIn(Lab lab) {
        String port = Integer.toString(Conversations.PORT);
        return lab.client("timeout", "2", "perl", "-e", ONCE, Lab.SERVER, port)
                .out()
                .equals("x");
    }

    /** All connections are established, and have been answered, when this returns. */
    public static Held begin(Lab lab, int idle, int talkers, int pauseMs) {
        Held held = new Held(lab, idle, talkers, pauseMs);
        held.awaitMore();
        return held;
    }

    private long[] state() {
        List<String> lines = Lab.read(told).lines().toList();
        // The last line may be half written.
        for (int i = lines.size() - 2; i >= 0; i--) {
            String[] words = lines.get(i).split(" ");
            if (words[0].equals("state")) {
                return new long[] {Long.parseLong(words[1]), Long.parseLong(words[2])};
            }
        }
        return new long[2];
    }

    /** Bytes that were sent and came back. */
    public long streamed() {
        return state()[0];
    }

    /** Waits until the stream and the talkers have made progress from now on. */
    public void awaitMore() {
        awaitMore(1);
    }

    /** Waits until that many more bytes of the stream have come back and the talkers have made progress. */
    public void awaitMore(long bytes) {
        long[] before = state();
        Lab.await("more of the conversations\n" + complaints(), () -> {
            long[] now = state();
            return now[0] >= before[0] + bytes && now[1] > before[1];
        });
    }

    /** Every idle connection sends a line and is answered; none has broken. */
    public void assertWhole() {
        awaitMore();
        asked++;
        try {
            Files.writeString(orders, "x", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (idle > 0) {
            Lab.await(
                    "an answer on all " + idle + " idle connections",
                    () -> Lab.read(told).contains("all answered " + asked + "\n")
                            || !complaints().isEmpty());
        }
        assertEquals("", complaints());
        assertEquals(count, established().size());
        assertEquals(abortedBefore, aborted(), "connections that the client's kernel gave up or was sent a reset for");
    }

    private String complaints() {
        StringBuilder text = new StringBuilder();
        Lab.read(told)
                .lines()
                .filter(line -> !line.startsWith("state ") && !line.startsWith("all answered "))
                .forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    /** The sockets of ss(8), by the client's address and port. */
    public List<String> established() {
        return lab.client("ss", "-Htn", "state", "established", "dport = :" + Conversations.PORT)
                .ok()
                .out()
                .lines()
                // Java's sockets are IPv6 sockets with IPv4-mapped addresses.
                .map(line -> line.strip().split(" +")[2].replace("[::ffff:", "").replace("]", ""))
                .toList();
    }

    /** RFC 4022, tcpEstabResets: of established connections, by resets or by timeouts. */
    private long aborted() {
        List<String[]> tcp = lab.client("cat", "/proc/net/snmp")
                .ok()
                .out()
                .lines()
                .filter(line -> line.startsWith("Tcp: "))
                .map(line -> line.split(" "))
                .toList();
        return Long.parseLong(tcp.get(1)[List.of(tcp.get(0)).indexOf("EstabResets")]);
    }

    /** Ends them all. */
    @Override
    public void close() {
        client.destroyForcibly();
        Lab.await("the end of the client", () -> !client.isAlive());
    }
}
