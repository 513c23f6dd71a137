package io.portcullis.service.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Log.Level;
import io.portcullis.operations.Actor;
import io.portcullis.operations.LogLevels;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An operator's level of the log ends by time, or with the next configuration. */
final class LogLevelTest {
    private final BlockingQueue<Level> effects = new LinkedBlockingQueue<>();
    private final LogLevel levels = new LogLevel(effects::add);

    private LogLevels.Report set(String level, long millis) {
        return levels.set(new LogLevels.Request(level, millis), Actor.UNKNOWN);
    }

    @Test
    void withoutATimeItStaysUntilTheNextConfiguration() {
        levels.configure(Level.WARN);
        assertEquals(new LogLevels.Report("debug", "warn", null), set("debug", 0));
        assertEquals(new LogLevels.Report("debug", "warn", null), levels.now());
        levels.configure(Level.ERROR);
        assertEquals(new LogLevels.Report("error", "error", null), levels.now());
        assertEquals(List.of(Level.WARN, Level.DEBUG, Level.ERROR), List.copyOf(effects));
    }

    @Test
    void withATimeItEndsByItself() throws InterruptedException {
        LogLevels.Report report = set("trace", 100);
        assertNotNull(report.until());
        assertEquals(Level.TRACE, effects.take());
        assertEquals(Level.INFO, effects.poll(60, TimeUnit.SECONDS));
        assertEquals(new LogLevels.Report("info", "info", null), levels.now());
    }

    @Test
    void theTimeOfAnEarlierLevelDoesNotEndALaterOne() throws InterruptedException {
        set("trace", 50);
        set("debug", 86_400_000);
        assertEquals(Level.TRACE, effects.take());
        assertEquals(Level.DEBUG, effects.take());
        assertEquals(null, effects.poll(300, TimeUnit.MILLISECONDS));
        assertEquals("debug", levels.now().level());
    }

    @Test
    void theLongestTimeIsAYear() {
        String until = set("debug", Long.MAX_VALUE).until();
        assertTrue(Objects.requireNonNull(until).matches("\\d{4}-.*"), until);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "loud", "INFO", "off"})
    void anotherWordIsRefused(String word) {
        String said =
                assertThrows(IllegalArgumentException.class, () -> set(word, 0)).getMessage();
        assertEquals("no log level " + word + ": there is error, warn, info, debug, trace", said);
        assertTrue(effects.isEmpty());
    }
}
