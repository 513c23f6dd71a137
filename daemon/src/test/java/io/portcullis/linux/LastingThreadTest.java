package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class LastingThreadTest {
    @Test
    void itBeginsAgainAfterADefectAndReportsIt() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        List<String> told = new CopyOnWriteArrayList<>();
        Thread thread = LastingThread.unstarted("lasts", () -> {
            switch (runs.incrementAndGet()) {
                case 1 -> throw new IllegalStateException("first");
                case 2 -> throw new StackOverflowError("second");
                default -> {
                    // No defect.
                }
            }
        });
        thread.setUncaughtExceptionHandler((_, defect) -> told.add(String.valueOf(defect.getMessage())));
        thread.start();
        assertTrue(thread.join(Duration.ofSeconds(20)), "it ends when its body does");
        assertEquals(3, runs.get());
        assertEquals(List.of("first", "second"), told);
    }
}
