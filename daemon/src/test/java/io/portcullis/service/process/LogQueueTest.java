package io.portcullis.service.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log that is read slowly or not at all delays no thread; its lines keep their order, and lost ones are counted. */
final class LogQueueTest {
    private static final Duration AT_ONCE = Duration.ofSeconds(20);
    private static final long FLUSH_MS = 10_000;

    /** A pipe whose reader may not read, or may be gone. */
    private static final class Pipe extends OutputStream {
        private final CountDownLatch read = new CountDownLatch(1);
        private final StringBuilder text = new StringBuilder();
        private volatile boolean broken;

        @Override
        public void write(int single) {
            throw new AssertionError("an event is one write");
        }

        @Override
        public void write(byte[] bytes) throws IOException {
            try {
                read.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            if (broken) {
                throw new IOException("Broken pipe");
            }
            synchronized (text) {
                text.append(new String(bytes, StandardCharsets.UTF_8));
            }
        }

        List<String> lines() {
            synchronized (text) {
                return text.toString().lines().toList();
            }
        }
    }

    private final Pipe pipe = new Pipe();
    private final LogQueue queue =
            new LogQueue(event -> event.getFormattedMessage() + "\n", lost -> "lost " + lost + "\n", pipe, _ -> false);
    private final LoggerContext context = new LoggerContext();
    private final Logger log = context.getLogger("test");

    @BeforeEach
    void start() {
        context.setMDCAdapter(new LogbackMDCAdapter());
        queue.setContext(context);
        queue.start();
        log.addAppender(queue);
        log.setLevel(Level.INFO);
    }

    @AfterEach
    void stop() {
        pipe.read.countDown();
        context.stop();
    }

    private void info(int count) {
        for (int i = 0; i < count; i++) {
            log.info("line {}", i);
        }
    }

    @Test
    void theLinesReadAreWholeAndInOrder() {
        pipe.read.countDown();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            log.warn("line {}", i);
            expected.add("line " + i);
        }
        queue.flush(FLUSH_MS);
        assertTrue(expected.equals(pipe.lines()));
        assertEquals(0, queue.lost());
    }

    @Test
    void anUnreadLogBlocksNobodyAndItsLossIsReportedAfterwards() {
        assertTimeoutPreemptively(AT_ONCE, () -> info(4 * LogQueue.MOST));
        log.error("an error finds space");
        assertFalse(queue.isQuiet());
        long lost = queue.lost();
        assertTrue(lost >= 3L * LogQueue.MOST, lost + " lost");
        queue.flush(50);
        assertEquals(List.of(), pipe.lines());

        pipe.read.countDown();
        queue.flush(FLUSH_MS);
        log.info("the end");
        queue.flush(FLUSH_MS);
        List<String> lines = pipe.lines();
        assertEquals("line 0", lines.getFirst());
        assertEquals("the end", lines.get(lines.size() - (lines.getLast().startsWith("lost") ? 2 : 1)));
        assertTrue(lines.contains("an error finds space"));
        long said = lines.stream()
                .filter(line -> line.startsWith("lost "))
                .mapToLong(line -> Long.parseLong(line.substring(5)))
                .sum();
        assertEquals(lost, said);
        assertEquals(
                4L * LogQueue.MOST + 2,
                lost + lines.stream().filter(line -> !line.startsWith("lost ")).count());
        assertTrue(queue.isQuiet());
    }

    @Test
    void longMessagesTakeTheSpaceOfMany() {
        String mebi = "x".repeat(1 << 20);
        for (int i = 0; i < 64; i++) {
            log.warn("{}", mebi);
        }
        assertTrue(queue.lost() >= 55, queue.lost() + " lost");
    }

    @Test
    void aReaderThatHasGoneIsLikeOneThatDoesNotRead() {
        pipe.broken = true;
        pipe.read.countDown();
        info(10);
        queue.flush(FLUSH_MS);
        assertEquals(10, queue.lost());
        pipe.broken = false;
        log.info("back");
        queue.flush(FLUSH_MS);
        log.info("again");
        queue.flush(FLUSH_MS);
        assertEquals(List.of("back", "lost 10", "again"), pipe.lines());
    }

    /** The text has the values of the moment of the call, though it is written later. */
    @Test
    void loggedObjectsMayChangeAfterwards() {
        StringBuilder changing = new StringBuilder("before");
        log.info("first");
        log.info("{}", changing);
        changing.append(" and after");
        pipe.read.countDown();
        queue.flush(FLUSH_MS);
        assertEquals(List.of("first", "before"), pipe.lines());
    }
}
