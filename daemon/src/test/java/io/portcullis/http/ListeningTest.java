package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that is kept open, whatever happens to it. */
@Timeout(60)
public final class ListeningTest {
    private static final Duration SOON = Duration.ofMillis(10);
    private static final Duration PATIENT = Duration.ofSeconds(30);

    private final List<Fake> opened = new CopyOnWriteArrayList<>();
    private final List<Listening> listenings = new ArrayList<>();

    /** A server without a socket. */
    private static final class Fake implements Listening.Server {
        private volatile String trouble = "";
        private volatile boolean closed;

        @Override
        public Optional<String> trouble() {
            return trouble.isEmpty() ? Optional.empty() : Optional.of(trouble);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @AfterEach
    void close() {
        listenings.forEach(Listening::close);
    }

    private Listening start(Listening.Opener opener) {
        Listening listening = Listening.start("a server", opener, SOON);
        listenings.add(listening);
        return listening;
    }

    private Fake open() {
        Fake fake = new Fake();
        opened.add(fake);
        return fake;
    }

    /** Waits, within bounds, until the condition is true. */
    public static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENT.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, () -> "not in time: " + what);
            try {
                TimeUnit.MILLISECONDS.sleep(5);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void aRefusedAddressIsRetriedUntilItWorks() {
        AtomicInteger refusals = new AtomicInteger();
        CountDownLatch free = new CountDownLatch(1);
        Listening listening = start(() -> {
            refusals.incrementAndGet();
            if (free.getCount() > 0) {
                throw new ServerException("the port is taken");
            }
            return open();
        });
        assertTrue(listening.awaitFirst(PATIENT));
        assertEquals(Optional.of("the port is taken"), listening.trouble());
        await("another try", () -> refusals.get() > 3);
        free.countDown();
        await("a free port", () -> listening.trouble().isEmpty());
        assertEquals(1, opened.size());
    }

    @Test
    void anUnreachableServerIsOpenedAgain() {
        Listening listening = start(this::open);
        await("the first", () -> listening.trouble().isEmpty());
        opened.getFirst().trouble = "its file is gone";
        await("the second", () -> opened.size() == 2 && listening.trouble().isEmpty());
        assertTrue(opened.getFirst().closed);
        assertFalse(opened.getLast().closed);
    }

    @Test
    void aDefectIsReportedAndEndsNothing() {
        List<Throwable> defects = new CopyOnWriteArrayList<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, defect) -> defects.add(defect));
        try {
            AtomicInteger calls = new AtomicInteger();
            Listening listening = start(() -> {
                if (calls.incrementAndGet() == 1) {
                    throw new StackOverflowError("a test's defect");
                }
                return open();
            });
            await("the second try", () -> listening.trouble().isEmpty());
            assertEquals(1, defects.size());
            assertEquals("a server", defects.getFirst().getMessage());
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    @Test
    void aSocketThatIsOpenedTooLateIsClosed() throws InterruptedException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch found = new CountDownLatch(1);
        Listening listening = start(() -> {
            asked.countDown();
            try {
                found.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return open();
        });
        asked.await();
        assertEquals(Optional.of("a server is not open yet"), listening.trouble());
        assertFalse(listening.awaitFirst(SOON));
        listening.close();
        found.countDown();
        await("its end", () -> opened.size() == 1 && opened.getFirst().closed);
    }

    @Test
    void aClosedServerIsNotOpenedAgain() {
        Listening listening = start(this::open);
        await("it", () -> listening.trouble().isEmpty());
        listening.close();
        assertTrue(opened.getFirst().closed);
        assertEquals(1, opened.size());
    }
}
