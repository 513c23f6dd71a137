package io.portcullis.service;

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

/**
 * Between those who log and where the log goes: a bounded queue, and one thread that writes. Who logs never waits; what finds no
 * room is lost, counted, and said as soon as the log is read again. The last eighth of the room is for warnings and errors.
 */
final class LogQueue extends UnsynchronizedAppenderBase<ILoggingEvent> {
    /** Events that may wait. */
    static final int MOST = 8_192;

    private static final int RESERVED = MOST / 8;

    /** Characters of all messages that may wait: some are lists of many faults. */
    private static final long MOST_CHARACTERS = 8 << 20;

    private static final long CHARACTERS_OF_A_TRACE = 4_096;
    private static final long SAID_EVERY_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Function<ILoggingEvent, String> layout;
    private final LongFunction<String> lossLayout;
    private final OutputStream out;
    private final BlockingQueue<ILoggingEvent> waiting = new LinkedBlockingQueue<>(MOST);
    private final AtomicLong characters = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final Thread writer = LastingThread.unstarted("portcullis-log", this::write);

    /** Of the writer's thread. */
    private long lossSaid;

    /** Of the writer's thread. */
    private long lossSaidNs;

    /**
     * Not started yet.
     *
     * @param layout an event's lines, each with its end
     * @param lossLayout the line that says how many were lost
     * @param out each event is one write
     */
    LogQueue(Function<ILoggingEvent, String> layout, LongFunction<String> lossLayout, OutputStream out) {
        this.layout = layout;
        this.lossLayout = lossLayout;
        this.out = out;
    }

    @Override
    public void start() {
        super.start();
        writer.start();
    }

    /** Ends the writing; what still waits is dropped. */
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
        boolean fits = characters.get() + length <= MOST_CHARACTERS || waiting.isEmpty();
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

    /** True while less than half of the room is taken: who has many lines and may wait, waits for this. */
    boolean hasRoom() {
        return waiting.remainingCapacity() > MOST / 2 && characters.get() < MOST_CHARACTERS / 2;
    }

    /** How many events have not been written and never will be. */
    long lost() {
        return lost.get();
    }

    /** Waits until everything that has been logged so far is written, so long at the most. */
    void flush(long ms) {
        long target = accepted.get();
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        while (written.get() < target && isStarted() && System.nanoTime() < endNs) {
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    private void write() {
        while (isStarted()) {
            try {
                ILoggingEvent event = waiting.take();
                characters.addAndGet(-length(event));
                write(event);
            } catch (InterruptedException _) {
                // Asks whether it has been stopped.
            }
        }
    }

    private void write(ILoggingEvent event) {
        try {
            out.write(layout.apply(event).getBytes(StandardCharsets.UTF_8));
        } catch (IOException _) {
            lost.incrementAndGet();
        } finally {
            written.incrementAndGet();
        }
        sayLoss();
    }

    private void sayLoss() {
        long now = lost.get();
        long nowNs = System.nanoTime();
        if (now == lossSaid || !waiting.isEmpty() && nowNs - lossSaidNs < SAID_EVERY_NS) {
            return;
        }
        try {
            out.write(lossLayout.apply(now - lossSaid).getBytes(StandardCharsets.UTF_8));
            lossSaid = now;
        } catch (IOException _) {
            // Said when somebody can read it.
        }
        lossSaidNs = nowNs;
    }
}
