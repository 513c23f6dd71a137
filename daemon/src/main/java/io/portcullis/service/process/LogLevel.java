package io.portcullis.service.process;

import io.portcullis.config.Log.Level;
import io.portcullis.operations.Actor;
import io.portcullis.operations.LogLevels;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The level of the log: that of the configuration, or for a time the one that an operator has set. Any thread. */
final class LogLevel implements LogLevels {
    private static final Logger LOG = LoggerFactory.getLogger(LogLevel.class);

    private static final long LONGEST_MS = TimeUnit.DAYS.toMillis(365);

    private final Consumer<Level> effect;
    private Level configured = Level.INFO;
    private Level level = Level.INFO;
    private @Nullable Instant until;

    /** Counts changes: a time that belongs to an earlier one ends nothing. */
    private long changes;

    /** {@code effect}: makes a level the one of the log. */
    LogLevel(Consumer<Level> effect) {
        this.effect = effect;
    }

    /** The configuration in force names this level; one that an operator has set ends. */
    synchronized void configure(Level next) {
        boolean ends = level != configured;
        configured = next;
        become(next, ends ? "the log level is " + text(next) + " again, as the configuration says" : "");
        until = null;
    }

    @Override
    public synchronized Report now() {
        return new Report(text(level), text(configured), until == null ? null : until.toString());
    }

    @Override
    public synchronized Report set(Request request, Actor actor) {
        Level next = Stream.of(Level.values())
                .filter(known -> text(known).equals(request.level()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no log level " + request.level() + ": there is "
                        + Stream.of(Level.values()).map(LogLevel::text).collect(Collectors.joining(", "))));
        long millis = Math.min(request.millis(), LONGEST_MS);
        until = millis == 0 ? null : Instant.now().plusMillis(millis).truncatedTo(ChronoUnit.SECONDS);
        become(
                next,
                "the log level is " + text(next) + (until == null ? " until the next reload" : " until " + until)
                        + "; ordered by " + actor.text());
        if (millis > 0) {
            long mine = changes;
            CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(() -> end(mine));
        }
        return now();
    }

    private synchronized void end(long change) {
        if (change == changes) {
            configure(configured);
        }
    }

    /** The line is written under the level that writes more. */
    private void become(Level next, String line) {
        changes++;
        boolean writesLess = next.compareTo(level) < 0;
        if (!line.isEmpty() && writesLess) {
            LOG.warn("{}", line);
        }
        level = next;
        effect.accept(next);
        if (!line.isEmpty() && !writesLess) {
            LOG.warn("{}", line);
        }
    }

    private static String text(Level level) {
        return level.name().toLowerCase(Locale.ROOT);
    }
}
