package io.portcullis.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Durations;
import io.portcullis.engine.RuleHits;
import io.portcullis.port.PortCounter;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Everything that Prometheus may scrape. All methods may be called from any thread. */
public final class Meters implements AutoCloseable {
    private static final long NS_PER_SECOND = Duration.ofSeconds(1).toNanos();

    /** What may be degraded: {@link #degraded}. */
    private static final List<String> CAUSES = List.of("config", "edits", "flows", "notes", "metrics", "control");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Interfaces interfaces = new Interfaces();
    private final JvmGcMetrics gc = new JvmGcMetrics();

    // Gauges hold what they show weakly: these fields keep it.
    private final AtomicLong unguarded = new AtomicLong();
    private final AtomicLong brokenExpectations = new AtomicLong();
    private final Map<String, AtomicLong> degraded = new LinkedHashMap<>();
    private final LongSupplier defects;
    private final LongSupplier logLinesLost;
    private final AtomicLong lastReloadSuccessful = new AtomicLong();
    private final AtomicLong lastReloadSuccessEpochSeconds = new AtomicLong();
    private final Timer succeeded;
    private final Timer failed;

    /**
     * Meters without an interface yet.
     *
     * @param version of the program
     * @param defects exceptions that nobody caught; asked at every scrape
     * @param logLinesLost lines of the log that were dropped; asked at every scrape
     */
    public Meters(String version, LongSupplier defects, LongSupplier logLinesLost) {
        this.defects = defects;
        this.logLinesLost = logLinesLost;
        registry.getPrometheusRegistry().register(interfaces);
        Collector build = () -> InfoSnapshot.builder()
                .name("portcullis_build")
                .help("The program.")
                .dataPoint(InfoSnapshot.InfoDataPointSnapshot.builder()
                        .labels(Labels.of("version", version))
                        .build())
                .build();
        registry.getPrometheusRegistry().register(build);

        Gauge.builder("portcullis.config.last.reload.successful", lastReloadSuccessful, AtomicLong::get)
                .description("1 when the configuration in force is the one in the files, 0 when those are faulty.")
                .register(registry);
        Gauge.builder("portcullis.config.last.reload.success.timestamp", lastReloadSuccessEpochSeconds, AtomicLong::get)
                .baseUnit("seconds")
                .description("When the configuration in force was put in force, in seconds since 1970.")
                .register(registry);
        Gauge.builder("portcullis.unguarded.interfaces", unguarded, AtomicLong::get)
                .description("NICs that are up, have an address that others can reach, and that no interface guards.")
                .register(registry);
        Gauge.builder("portcullis.broken.expectations", brokenExpectations, AtomicLong::get)
                .description("Claims of the configuration in force that do not hold, since addresses of NICs changed.")
                .register(registry);
        for (String cause : CAUSES) {
            AtomicLong on = new AtomicLong();
            degraded.put(cause, on);
            Gauge.builder("portcullis.degraded", on, AtomicLong::get)
                    .tag("cause", cause)
                    .description(
                            "1 while that part is not as the configuration wants it; the rules are enforced all the same.")
                    .register(registry);
        }
        FunctionCounter.builder("portcullis.defects", this, each -> each.defects.getAsLong())
                .description("Exceptions that nobody caught, in any thread: defects of portcullis.")
                .register(registry);
        FunctionCounter.builder("portcullis.log.lines.lost", this, each -> each.logLinesLost.getAsLong())
                .description("Lines of the log that were dropped since nobody took them in time.")
                .register(registry);
        succeeded = reloadTimer("success");
        failed = reloadTimer("failure");

        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
    }

    private Timer reloadTimer(String outcome) {
        return Timer.builder("portcullis.config.reload")
                .tag("outcome", outcome)
                .description("Readings of the configuration, the first included: how many, and how long they took.")
                .register(registry);
    }

    /**
     * Shows an interface from now on; one of that name that was shown before, its port counters included, is forgotten.
     *
     * @param counters asked at every scrape
     * @param hits asked at every scrape: after a reload the rules are others
     * @param stalls of each worker
     */
    public void watch(
            String interfaceName, Supplier<Counters> counters, Supplier<RuleHits> hits, List<Durations> stalls) {
        interfaces.watch(interfaceName, counters, hits, stalls);
    }

    /**
     * Shows {@code portcullis_interception_intact} {interface}.
     *
     * @param intact true while every frame is asked of us first; asked at every scrape
     * @throws IllegalArgumentException if the interface is not watched
     */
    public void intact(String interfaceName, BooleanSupplier intact) {
        interfaces.intact(interfaceName, intact);
    }

    /** Shows an interface no more. */
    public void unwatch(String interfaceName) {
        interfaces.unwatch(interfaceName);
    }

    /** Shows {@code portcullis_unguarded_interfaces}: NICs that are up, can be reached, and that no interface guards. */
    public void unguarded(int count) {
        unguarded.set(count);
    }

    /** Shows {@code portcullis_broken_expectations}: claims that do not hold. */
    public void brokenExpectations(int count) {
        brokenExpectations.set(count);
    }

    /**
     * Shows {@code portcullis_degraded} {cause}.
     *
     * @param cause {@code config}, {@code edits}, {@code flows}, {@code notes}, {@code metrics} or {@code control}
     * @param on true: that part is not as the configuration wants it
     * @throws IllegalArgumentException if there is no such cause
     */
    public void degraded(String cause, boolean on) {
        AtomicLong shown = degraded.get(cause);
        if (shown == null) {
            throw new IllegalArgumentException("nothing degrades by " + cause + ", only by " + CAUSES);
        }
        shown.set(on ? 1 : 0);
    }

    /** Whether every rule's hits are shown ({@code metrics.rule-hits}); true to begin with. */
    public void ruleHits(boolean on) {
        interfaces.ruleHits(on);
    }

    /**
     * Shows a counter of a port: {@code portcullis_port_frames_total} and {@code portcullis_port_bytes_total}
     * {interface, port, way = received | sent}, {@code portcullis_port_lost_frames_total} {interface, port, reason, errno}.
     *
     * @param side {@code outside} or {@code inside}
     * @param count asked at every scrape
     * @throws IllegalArgumentException if the interface is not watched
     */
    public void portCounter(String interfaceName, String side, PortCounter counter, LongSupplier count) {
        interfaces.portCounter(interfaceName, side, counter, count);
    }

    /**
     * Notes how a reading of the configuration went, the first included.
     *
     * @param epochSeconds when it was over, since 1970
     * @param seconds how long it took
     */
    public void reloaded(boolean ok, long epochSeconds, double seconds) {
        lastReloadSuccessful.set(ok ? 1 : 0);
        if (ok) {
            lastReloadSuccessEpochSeconds.set(epochSeconds);
        }
        (ok ? succeeded : failed).record(Duration.ofNanos(Math.round(seconds * NS_PER_SECOND)));
    }

    /** All metrics now. */
    public Scrape scrape(Scrape.Format format) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try {
            registry.scrape(body, format.contentType());
        } catch (IOException e) {
            throw new UncheckedIOException("a write to memory", e);
        }
        return new Scrape(format.contentType(), body.toByteArray());
    }

    /** Ends what the meters do by themselves (they listen to the garbage collector). */
    @Override
    public void close() {
        gc.close();
        registry.close();
    }
}
