package io.portcullis.service;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import io.portcullis.config.Level;
import io.portcullis.net.Visible;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Where log lines go: to standard error, one line each. Under systemd's journal with the priority in front (sd-daemon(3):
 * {@code <3>} error to {@code <7>} debug) and no time, which the journal adds itself. Who logs never waits for who reads.
 */
public final class Logs {
    private static final String OURS = "io.portcullis";
    private static final long LAST_LINES_MS = 1_000;

    private static volatile @Nullable LogQueue queue;

    private Logs() {}

    private static final class Line {
        private static final DateTimeFormatter TIME =
                DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSxxx").withZone(ZoneId.systemDefault());

        private final boolean toJournal;

        Line(boolean toJournal) {
            this.toJournal = toJournal;
        }

        String of(ILoggingEvent event) {
            String start = start(event.getLevel(), Instant.ofEpochMilli(event.getTimeStamp()));
            StringBuilder text = new StringBuilder();
            event.getFormattedMessage()
                    .lines()
                    .forEach(line ->
                            text.append(start).append(Visible.withTabs(line)).append('\n'));
            IThrowableProxy thrown = event.getThrowableProxy();
            if (thrown != null) {
                ThrowableProxyUtil.asString(thrown)
                        .lines()
                        .forEach(line -> text.append(start)
                                .append(Visible.withTabs(line))
                                .append('\n'));
            }
            return text.toString();
        }

        String ofLost(long lines) {
            return start(ch.qos.logback.classic.Level.WARN, Instant.now())
                    + String.format("%,d log lines were lost: the log is not read fast enough%n", lines);
        }

        private String start(ch.qos.logback.classic.Level level, Instant at) {
            return toJournal ? "<" + priority(level) + ">" : String.format("%s %-5s ", TIME.format(at), level);
        }

        private static int priority(ch.qos.logback.classic.Level level) {
            return switch (level.toInt()) {
                case ch.qos.logback.classic.Level.ERROR_INT -> 3;
                case ch.qos.logback.classic.Level.WARN_INT -> 4;
                case ch.qos.logback.classic.Level.INFO_INT -> 6;
                default -> 7;
            };
        }
    }

    /**
     * Sets the log up.
     *
     * @param toJournal true where {@code JOURNAL_STREAM} is set
     */
    public static void start(boolean toJournal) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        if (queue == null) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> flush(LAST_LINES_MS), "portcullis-last-lines"));
        }
        context.reset();
        Line line = new Line(toJournal);
        // Not System.err: a lock of its own would keep others from it while a write waits.
        LogQueue appender = new LogQueue(line::of, line::ofLost, new FileOutputStream(FileDescriptor.err));
        appender.setContext(context);
        appender.start();
        queue = appender;
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.setLevel(ch.qos.logback.classic.Level.WARN);
        // These two warn, with a stack trace, of a host whose NICs have no address: what a bridge's NICs are to be.
        for (String name : List.of("NetUtilInitializations", "internal.MacAddressUtil")) {
            context.getLogger("io.netty.util." + name).setLevel(ch.qos.logback.classic.Level.ERROR);
        }
        level(Level.INFO);
    }

    /** How many log lines nobody will ever read, because there was no room for them or nobody to write them to. */
    static long lost() {
        LogQueue now = queue;
        return now == null ? 0 : now.lost();
    }

    /** False while many lines wait to be written: who has many more should wait. */
    static boolean hasRoom() {
        LogQueue now = queue;
        return now == null || now.hasRoom();
    }

    /** Waits until what has been logged is written, so long at the most: before the process ends. */
    public static void flush(long ms) {
        LogQueue now = queue;
        if (now != null) {
            now.flush(ms);
        }
    }

    /** How much the daemon says; libraries say warnings and errors only. */
    public static void level(Level level) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger(OURS).setLevel(ch.qos.logback.classic.Level.toLevel(level.name()));
    }
}
