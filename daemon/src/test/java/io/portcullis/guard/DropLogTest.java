package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.SomeDrops;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** While the log is busy, drops wait in bounded memory; every drop that does not fit is counted. */
final class DropLogTest {
    private static final int TAKES = 1_000;
    private static final String MORE = " more not described";

    private static final class Lines extends AppenderBase<ILoggingEvent> {
        private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }
    }

    private final Logger log = (Logger) LoggerFactory.getLogger(DropLog.class);
    private final Lines lines = new Lines();
    private final AtomicBoolean hasRoom = new AtomicBoolean();

    @BeforeEach
    void listen() {
        lines.setContext(log.getLoggerContext());
        lines.start();
        log.addAppender(lines);
        log.setLevel(Level.INFO);
        log.setAdditive(false);
    }

    @AfterEach
    void stopListening() {
        log.detachAppender(lines);
        log.setLevel(null);
        log.setAdditive(true);
    }

    private long undescribed() {
        return lines.lines.stream()
                .filter(line -> line.endsWith(MORE))
                .mapToLong(line -> Long.parseLong(line.replace("drop web0 ", "").replace(MORE, "")))
                .sum();
    }

    @Test
    void secondsThatDoNotFitAreCounted() {
        DropLog drops = new DropLog(hasRoom::get, Optional::empty);
        for (int i = 0; i < TAKES; i++) {
            drops.write("web0", new DropSamples.Taken(List.of(), 3, List.of(), 0));
        }
        assertEquals(List.of(), lines.lines);
        hasRoom.set(true);
        drops.close();
        assertEquals(3L * TAKES, undescribed());
        assertTrue(lines.lines.size() <= 66, lines.lines.size() + " lines");
    }

    @Test
    void dropsThatDoNotFitAreCounted() {
        DropLog drops = new DropLog(hasRoom::get, Optional::empty);
        for (int i = 0; i < 60; i++) {
            drops.write("web0", SomeDrops.taken(TAKES));
        }
        hasRoom.set(true);
        drops.close();
        long described = lines.lines.stream()
                .filter(line -> line.equals("drop web0 ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22"))
                .count();
        assertTrue(described >= 16_000 && described <= 18_000, described + " described");
        assertEquals(60L * TAKES, described + undescribed());
    }
}
