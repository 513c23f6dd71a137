package io.portcullis.service.process;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.portcullis.linux.LastingThread;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Predicate;

/**
 * A bounded queue of log events, and one thread that writes them. Threads that log never wait: events that don't fit are lost and
 * counted, and their number is logged as soon as the log is read again. The last eighth of the queue is for warnings and errors.
 */
final class LogQueue extends UnsynchronizedAppenderBase<ILoggingEvent> {
    /** Capacity of the queue. */
    static final int MOST = 8_192;

    private static final int RESERVED = MOST / 8;

    /** Characters of all messages in the queue: some are lists of many faults. */
    private static final long CAPACITY_CHARACTERS = 8 << 20;

    private static final long CHARACTERS_OF_A_TRACE = 4_096;
    private static final long LOSS_EVERY_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Function<ILoggingEvent, String> layout;
    private final LongFunction<String> lossLayout;
    private final OutputStream out;
    private final Predicate<ILoggingEvent> journal;
    private final BlockingQueue<ILoggingEvent> waiting = new LinkedBlockingQueue<>(MOST);
    private final AtomicLong characters = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final Thread writer = LastingThread.unstarted("portcullis-log", this::write);

    /** Lost events that were logged; of the writer's thread. */
    private long lossLogged;

    /** When they were logged; of the writer's thread. */
    private long lossLoggedNs;

    /**
     * Not started yet.
     *
     * @param layout an event's lines, each with its end
     * @param lossLayout the line about a number of lost events
     * @param out gets one write for each event
     * @param journal true: it has the event, and {@code out} does not get it
     */
    LogQueue(
            Function<ILoggingEvent, String> layout,
            LongFunction<String> lossLayout,
            OutputStream out,
            Predicate<ILoggingEvent> journal) {
        this.journal = journal;
        this.layout = layout;
        this.lossLayout = lossLayout;
        this.out = out;
    }

    @Override
    public void start() {
        super.start();
        writer.start();
    }

    /** Ends the writing; events in the queue are dropped. */
    @Override
    public void stop() {
        super.stop();
        writer.interrupt();
    }

    @Override
    protected void append(ILoggingEvent event) {
        event.prepareForDeferredProcessing();
        long length = length(event);
        boolean isWarning = event.getLevel().isGreaterOrEqual(Level.WARN);
        boolean fits = characters.get() + length <= CAPACITY_CHARACTERS || waiting.isEmpty();
        if (!fits || !isWarning && waiting.remainingCapacity() <= RESERVED) {
            lost.incrementAndGet();
            return;
        }
        characters.addAndGet(length);
        accepted.incrementAndGet();
        if (!waiting.offer(event)) {
            characters.addAndGet(-length);
            accepted.decrementAndGet();
            lost.incrementAndGet();
        }
    }

    private static long length(ILoggingEvent event) {
        return event.getFormattedMessage().length() + (event.getThrowableProxy() == null ? 0 : CHARACTERS_OF_A_TRACE);
    }

    /** True: the queue is less than half full. Threads with many lines that may wait, wait for this. */
    boolean isQuiet() {
        return waiting.remainingCapacity() > MOST / 2 && characters.get() < CAPACITY_CHARACTERS / 2;
    }

    /** Number of events that were lost. */
    long lost() {
        return lost.get();
    }

    /** Waits until all events up to now are written, {@code ms} at most. */
    void flush(long ms) {
        long target = accepted.get();
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        while (written.get() < target && isStarted() && System.nanoTime() < endNs) {
            LockSupport.parkNanos(POLL_NS);
        }
    }

    private void write() {
        while (isStarted()) {
            try {
                ILoggingEvent event = waiting.take();
                characters.addAndGet(-length(event));
                write(event);
            } catch (InterruptedException _) {
                // The loop checks whether it has been stopped.
            }
        }
    }

    private void write(ILoggingEvent event) {
        try {
            if (!journal.test(event)) {
                out.write(layout.apply(event).getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException _) {
            lost.incrementAndGet();
        } finally {
            written.incrementAndGet();
        }
        logLoss();
    }

    private void logLoss() {
        long now = lost.get();
        long nowNs = System.nanoTime();
        if (now == lossLogged || !waiting.isEmpty() && nowNs - lossLoggedNs < LOSS_EVERY_NS) {
            return;
        }
        try {
            out.write(lossLayout.apply(now - lossLogged).getBytes(StandardCharsets.UTF_8));
            lossLogged = now;
        } catch (IOException _) {
            // Tried again with the next event.
        }
        lossLoggedNs = nowNs;
    }
}
