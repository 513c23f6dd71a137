package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A client that sends two thousand datagrams a second to a port that no rule opens, and the receiver there, which counts them. As
 * an extension of a test of host mode, it waits before and after the test until datagrams get through (after the test: once the
 * daemons have given the NIC back). Otherwise the test would prove nothing.
 */
public final class Hammer implements BeforeEachCallback, AfterEachCallback {
    public static final int PORT = 9999;

    private static final String RECEIVER = """
            use Socket; $| = 1; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in($ARGV[0], INADDR_ANY)) or die;
            print "ready\\n"; while (recv(S, my $b, 100, 0)) { print "x"; }
            """;
    private static final String SENDER = """
            use Socket; socket(S, PF_INET, SOCK_DGRAM, 17); my $to = sockaddr_in($ARGV[1], inet_aton($ARGV[0]));
            while (1) { send(S, "x", 0, $to); select(undef, undef, undef, 0.0005); }
            """;

    private final Lab lab;
    private final Path received;
    private final Process sender;
    private final Process receiver;

    /** The receiver is at {@code end}. */
    public Hammer(Lab lab, String end, String target) {
        this.lab = lab;
        try {
            received = Files.createTempFile(lab.folder(), "hammer", ".out");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        receiver = lab.start(end, received, "perl", "-e", RECEIVER, Integer.toString(PORT));
        Lab.await("the receiver", () -> text().contains("ready"));
        sender = send(target);
    }

    /** A second client that sends to the receiver of the first one, which counts both. */
    public Hammer(Lab lab, Hammer first, String target) {
        this.lab = lab;
        received = first.received;
        receiver = first.receiver;
        sender = send(target);
    }

    private Process send(String target) {
        return lab.start(
                "client", received.resolveSibling("hammer.err"), "perl", "-e", SENDER, target, Integer.toString(PORT));
    }

    private String text() {
        try {
            return Files.readString(received);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The datagrams received so far. */
    public long received() {
        return text().chars().filter(c -> c == 'x').count();
    }

    /** Waits until datagrams sent from now on are received. */
    public void awaitThrough() {
        long before = received();
        Lab.await("datagrams", () -> received() > before + 100);
    }

    /** Waits for some hundred datagrams to be sent: an absence can't be awaited. */
    public void strike() {
        if (!sender.isAlive()) {
            throw new AssertionError("the hammer has stopped");
        }
        try {
            TimeUnit.MILLISECONDS.sleep(300);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends for a while; fails if a datagram is received beyond {@code until}. */
    public void assertNoneSince(long received) {
        strike();
        assertEquals(received, received(), "datagrams of a stranger that have got through");
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        awaitThrough();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        try {
            lab.endDaemons();
            awaitThrough();
            assertFalse(lab.firewall("ip", "link").out().contains("pch-"), "a pair of portcullis is left");
        } finally {
            stop();
        }
    }

    public void stop() {
        sender.destroy();
        receiver.destroy();
    }
}
