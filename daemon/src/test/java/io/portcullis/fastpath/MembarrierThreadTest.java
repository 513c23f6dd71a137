package io.portcullis.fastpath;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Grace periods of this machine's kernel. */
final class MembarrierThreadTest {
    @Test
    @Timeout(60)
    void eachPeriodEnds() throws Exception {
        try (MembarrierThread periods = MembarrierThread.start("test-periods")) {
            assertTrue(periods.isOver(), "none was begun");
            for (int i = 0; i < 3; i++) {
                periods.begin();
                while (!periods.isOver()) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                }
            }
        }
    }
}
