package io.portcullis.service;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import io.portcullis.config.Level;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.slf4j.LoggerFactory;

/**
 * Where log lines go: to standard error, one line each. Under systemd's journal with the priority in front (sd-daemon(3):
 * {@code <3>} error to {@code <7>} debug) and no time, which the journal adds itself.
 */
public final class Logs {
    private static final String OURS = "io.portcullis";

    private Logs() {}

    private static final class Line extends LayoutBase<ILoggingEvent> {
        private static final DateTimeFormatter TIME =
                DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSxxx").withZone(ZoneId.systemDefault());

        private final boolean toJournal;

        Line(boolean toJournal) {
            this.toJournal = toJournal;
        }

        @Override
        public String doLayout(ILoggingEvent event) {
            String start = toJournal
                    ? "<" + priority(event.getLevel()) + ">"
                    : String.format(
                            "%s %-5s ", TIME.format(Instant.ofEpochMilli(event.getTimeStamp())), event.getLevel());
            StringBuilder text = new StringBuilder();
            event.getFormattedMessage()
                    .lines()
                    .forEach(line -> text.append(start).append(line).append('\n'));
            IThrowableProxy thrown = event.getThrowableProxy();
            if (thrown != null) {
                ThrowableProxyUtil.asString(thrown)
                        .lines()
                        .forEach(line -> text.append(start).append(line).append('\n'));
            }
            return text.toString();
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
        context.reset();
        Line layout = new Line(toJournal);
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.setLevel(ch.qos.logback.classic.Level.WARN);
        // These two warn, with a stack trace, of a host whose NICs have no address: what a bridge's NICs are to be.
        for (String name : List.of("NetUtilInitializations", "internal.MacAddressUtil")) {
            context.getLogger("io.netty.util." + name).setLevel(ch.qos.logback.classic.Level.ERROR);
        }
        level(Level.INFO);
    }

    /** How much the daemon says; libraries say warnings and errors only. */
    static void level(Level level) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.getLogger(OURS).setLevel(ch.qos.logback.classic.Level.toLevel(level.name()));
    }
}
