package io.portcullis.worker;

import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Engine;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports dropped frames and admitted flows of one worker, as samples, once a second. On the loop. */
final class DropReport {
    private static final Logger LOG = LoggerFactory.getLogger(DropReport.class);

    private static final int SAMPLES = 10;

    private final String name;
    private final Engine engine;
    private final Consumer<DropSamples.Taken> drops;
    private final LongSupplier epochNs;
    private final int samples;
    private boolean on = true;
    private boolean unfinishedLogged;

    /**
     * A report that is on, of samples.
     *
     * @param name of the interface
     * @param drops gets the samples; must not wait
     * @param epochNs the clock of the host, nanoseconds since 1970
     */
    DropReport(String name, Engine engine, Consumer<DropSamples.Taken> drops, LongSupplier epochNs) {
        this.name = name;
        this.engine = engine;
        this.drops = drops;
        this.epochNs = epochNs;
        this.samples = Math.max(1, SAMPLES / engine.shard().workers());
    }

    /**
     * Changes what is reported.
     *
     * @param on false: no dropped frame
     * @param all true: every frame, not samples
     */
    void set(boolean on, boolean all) {
        this.on = on;
        engine.dropSamples().describeAll(on && all);
    }

    /** Tells the recorder of drops what time it is: the batches bring a monotonic one. */
    void time(long nowNs) {
        engine.recorder().time(nowNs, epochNs.getAsLong());
    }

    /** Reports what came since the last time. */
    void report(long nowNs) {
        time(nowNs);
        if (!unfinishedLogged && engine.counters().total(Counters.Total.CHECKSUMS_FINISHED) > 0) {
            unfinishedLogged = true;
            LOG.warn(
                    "{}: frames arrive with unfinished checksums, which the sender's NIC should have filled in; they are"
                            + " finished here (counted in portcullis_checksums_finished_total). Turning tx checksum"
                            + " offload off at the far end avoids that",
                    name);
        }
        DropSamples.Taken all = engine.dropSamples().take(samples);
        DropSamples.Taken taken = on ? all : all.withoutDrops();
        if (!taken.isEmpty()) {
            drops.accept(taken);
        }
    }
}
