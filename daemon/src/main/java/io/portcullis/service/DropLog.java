package io.portcullis.service;

import io.portcullis.engine.Drop;
import io.portcullis.engine.DropSamples;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes dropped frames to the log on a thread of its own, so that a slow log holds no worker up. */
final class DropLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DropLog.class);
    private static final long STOP_TIMEOUT_S = 2;

    private final ExecutorService writer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("portcullis-drops").factory());

    /** Takes what a worker dropped in the last second; does not wait. */
    void write(String interfaceName, DropSamples.Taken taken) {
        try {
            writer.execute(() -> log(interfaceName, taken));
        } catch (RejectedExecutionException closed) {
            LOG.debug("drops of {} after the end of the log", interfaceName, closed);
        }
    }

    private static void log(String interfaceName, DropSamples.Taken taken) {
        for (Drop drop : taken.drops()) {
            String what = drop.passed() ? "would-drop" : "drop";
            if (drop.count() == 1) {
                LOG.info("{} {} {}", what, interfaceName, drop);
            } else {
                LOG.info("{} {} {} (and {} more for this reason)", what, interfaceName, drop, drop.count() - 1);
            }
        }
        if (taken.others() > 0) {
            LOG.info("drop {} {} more not described", interfaceName, taken.others());
        }
    }

    @Override
    public void close() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
                writer.shutdownNow();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
