package io.portcullis.service.process;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import io.portcullis.config.Log.Level;
import io.portcullis.journal.Field;
import io.portcullis.journal.JournalSocket;
import io.portcullis.net.Visible;
import io.portcullis.operations.LogLevels;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/**
 * Writes the log to standard error. Where that is systemd's journal, an event is an entry with fields instead ({@link JournalSocket}); one
 * that the journal's socket refuses is written as lines, which begin with their priority (sd-daemon(3): {@code <3>} error to {@code <7>}
 * debug) and have no time: the journal adds it. Threads that log never wait for the reader of the log.
 */
public final class Logs {
    private static final String OURS = "io.portcullis";
    private static final long LAST_LINES_MS = 1_000;

    private static volatile @Nullable LogQueue queue;

    private static final LogLevel LEVEL = new LogLevel(Logs::become);

    private Logs() {}

    private static final class Line {
        private static final DateTimeFormatter TIME =
                DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSxxx").withZone(ZoneId.systemDefault());

        private final boolean toJournal;

        Line(boolean toJournal) {
            this.toJournal = toJournal;
        }

        String of(ILoggingEvent event) {
            String start = start(event.getLevel(), time(event));
            return lines(event).map(line -> start + line + "\n").collect(Collectors.joining());
        }

        /** The lines of the message, then those of an exception. */
        private static Stream<String> lines(ILoggingEvent event) {
            IThrowableProxy thrown = event.getThrowableProxy();
            Stream<String> trace = thrown == null
                    ? Stream.empty()
                    : ThrowableProxyUtil.asString(thrown).lines();
            return Stream.concat(event.getFormattedMessage().lines(), trace).map(Visible::withTabs);
        }

        /** As an entry of the journal. */
        static boolean send(JournalSocket journal, ILoggingEvent event) {
            List<KeyValuePair> fields = event.getKeyValuePairs();
            return journal.send(
                    priority(event.getLevel()),
                    lines(event).collect(Collectors.joining("\n")),
                    fields == null ? List.of() : fields);
        }

        /** A packet's own time, where the line is about one. */
        private static Instant time(ILoggingEvent event) {
            List<KeyValuePair> fields = event.getKeyValuePairs();
            return fields == null
                    ? event.getInstant()
                    : fields.stream()
                            .filter(field -> field.key.equals(Field.TIME.key()))
                            .map(field -> (Instant) field.value)
                            .findFirst()
                            .orElse(event.getInstant());
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
        // Not System.err: its lock would block other threads while a write waits.
        Optional<JournalSocket> journal = JournalSocket.ofStandardError();
        LogQueue appender = new LogQueue(
                line::of,
                line::ofLost,
                new FileOutputStream(FileDescriptor.err),
                event -> journal.isPresent() && Line.send(journal.get(), event));
        appender.setContext(context);
        appender.start();
        queue = appender;
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.setLevel(ch.qos.logback.classic.Level.WARN);
        // These two warn, with a stack trace, about a host whose NICs have no address; the NICs of a bridge must have
        // none.
        for (String name : List.of("NetUtilInitializations", "internal.MacAddressUtil")) {
            context.getLogger("io.netty.util." + name).setLevel(ch.qos.logback.classic.Level.ERROR);
        }
        level(Level.INFO);
    }

    /** Number of log events that were lost, because the queue was full or the write failed. */
    public static long lost() {
        LogQueue now = queue;
        return now == null ? 0 : now.lost();
    }

    /** False: many lines wait to be written, and threads with many more should wait. */
    public static boolean isQuiet() {
        LogQueue now = queue;
        return now == null || now.isQuiet();
    }

    /** Waits until all lines up to now are written, {@code ms} at most; for the end of the process. */
    public static void flush(long ms) {
        LogQueue now = queue;
        if (now != null) {
            now.flush(ms);
        }
    }

    /** Sets the level of the daemon's own log, as the configuration names it; libraries log warnings and errors only. */
    public static void level(Level level) {
        LEVEL.configure(level);
    }

    /** The level, and how an operator changes it. */
    public static LogLevels levels() {
        return LEVEL;
    }

    private static void become(Level level) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger(OURS).setLevel(ch.qos.logback.classic.Level.toLevel(level.name()));
    }
}
