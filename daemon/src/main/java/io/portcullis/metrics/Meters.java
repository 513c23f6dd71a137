package io.portcullis.metrics;

import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Histogram;
import io.portcullis.hits.RuleHits;
import io.portcullis.hits.WallTime;
import io.portcullis.port.PortCounter;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** Everything that Prometheus may scrape. All methods may be called from any thread. */
public final class Meters implements AutoCloseable {
    private static final long NS_PER_SECOND = Duration.ofSeconds(1).toNanos();

    /** Of a SHA-256: enough to tell configurations apart, and short enough to read. */
    private static final int HASH_DIGITS = 12;

    /** The parts that {@link #degraded} knows. */
    private static final List<String> CAUSES = List.of(
            "config", "edits", "flows", "notes", "hits", "recorder", "history", "metrics", "control", "ec2-api");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Interfaces interfaces = new Interfaces();
    private final JvmMeters jvm = new JvmMeters(registry);
    private final String version;
    private final LongSupplier defects;
    private final LongSupplier logLinesLost;
    private final Map<String, AtomicLong> degraded = new LinkedHashMap<>();
    private final Timer succeeded;
    private final Timer failed;
    private volatile BooleanSupplier panic = () -> false;
    private volatile int unguarded;
    private volatile long change;
    private volatile String configHash = "";
    private volatile long confirmUntilEpochSeconds;
    private volatile int brokenExpectations;
    private volatile int groupsWithoutMembers;
    private volatile boolean lastReloadSuccessful;
    private volatile long lastReloadSuccessEpochSeconds;

    /**
     * Meters without an interface yet.
     *
     * @param version of the program
     * @param defects exceptions that nobody caught; read at every scrape
     * @param logLinesLost lines of the log that were dropped; read at every scrape
     */
    public Meters(String version, LongSupplier defects, LongSupplier logLinesLost) {
        this.version = version;
        this.defects = defects;
        this.logLinesLost = logLinesLost;
        CAUSES.forEach(cause -> degraded.put(cause, new AtomicLong()));
        MultiCollector program = this::program;
        registry.getPrometheusRegistry().register(interfaces);
        registry.getPrometheusRegistry().register(program);
        succeeded = reloadTimer("success");
        failed = reloadTimer("failure");
    }

    private MetricSnapshots program() {
        Family degradations = new Family(Metric.DEGRADED);
        degraded.forEach((cause, on) -> degradations.add(on.get(), cause));
        Family config = new Family(Metric.CONFIG_INFO);
        String hash = configHash;
        if (!hash.isEmpty()) {
            config.add(1, hash);
        }
        return MetricSnapshots.of(
                one(Metric.LAST_RELOAD_SUCCESSFUL, lastReloadSuccessful ? 1 : 0),
                one(Metric.LAST_RELOAD_SUCCESS_TIMESTAMP, lastReloadSuccessEpochSeconds),
                one(Metric.UNGUARDED_INTERFACES, unguarded),
                one(Metric.BROKEN_EXPECTATIONS, brokenExpectations),
                one(Metric.GROUPS_WITHOUT_MEMBERS, groupsWithoutMembers),
                one(Metric.PANIC, panic.getAsBoolean() ? 1 : 0),
                one(Metric.CHANGE, change),
                config.snapshot(),
                one(Metric.CONFIRM_UNTIL, confirmUntilEpochSeconds),
                degradations.snapshot(),
                one(Metric.DEFECTS, defects.getAsLong()),
                one(Metric.LOG_LINES_LOST, logLinesLost.getAsLong()),
                one(Metric.BUILD_INFO, 1, version));
    }

    private static MetricSnapshot one(Metric metric, long value, String... labelValues) {
        Family family = new Family(metric);
        family.add(value, labelValues);
        return family.snapshot();
    }

    private Timer reloadTimer(String outcome) {
        return Timer.builder(Metric.RELOAD.base())
                .tag(Label.OUTCOME.key(), outcome)
                .description(Metric.RELOAD.help())
                .register(registry);
    }

    /**
     * Shows an interface from now on. An earlier one of that name is forgotten, its port counters included.
     *
     * @param counters read at every scrape
     * @param hits read at every scrape: a reload changes the rules
     * @param stalls of each worker
     */
    public void watch(
            String interfaceName, Supplier<Counters> counters, Supplier<RuleHits> hits, List<Histogram> stalls) {
        interfaces.watch(interfaceName, counters, hits, stalls);
    }

    /**
     * Shows {@code portcullis_interception_intact} {interface}.
     *
     * @param intact true while the kernel runs our programs first for every frame; read at every scrape
     * @throws IllegalArgumentException if the interface is not watched
     */
    public void intact(String interfaceName, BooleanSupplier intact) {
        interfaces.intact(interfaceName, intact);
    }

    /**
     * Shows {@code portcullis_batch_frames} and {@code portcullis_decision_seconds} {interface}.
     *
     * @param frames of each batch, a histogram of each worker
     * @param decisions nanoseconds for each frame, a histogram of each worker
     * @throws IllegalArgumentException if the interface is not watched
     */
    public void batches(String interfaceName, List<Histogram> frames, List<Histogram> decisions) {
        interfaces.batches(interfaceName, frames, decisions);
    }

    /**
     * Shows {@code portcullis_recorder_oldest_timestamp_seconds} {interface}.
     *
     * @param oldestEpochNs nanoseconds since 1970; empty: nothing is recorded
     */
    public void recorder(String interfaceName, Supplier<OptionalLong> oldestEpochNs) {
        interfaces.recorder(interfaceName, oldestEpochNs);
    }

    /**
     * Shows {@code portcullis_flows_by_state} {interface, protocol, state}.
     *
     * @param counts of the flows, in the order of {@link io.portcullis.conntrack.Timeout}
     */
    public void flowStates(String interfaceName, Supplier<long[]> counts) {
        interfaces.flowStates(interfaceName, counts);
    }

    /**
     * Shows {@code portcullis_interface_forwarding} and {@code portcullis_interface_info}, of interfaces that are not watched too.
     *
     * @param current all interfaces of the configuration; read at every scrape
     */
    public void interfaces(Supplier<List<InterfaceState>> current) {
        interfaces.states(current);
    }

    /**
     * Shows {@code portcullis_panic}, and {@code portcullis_bypass_until_timestamp_seconds} {interface} of every interface.
     *
     * @param panic read at every scrape
     * @param bypassUntil the seconds since 1970 when the bypass of an interface ends, by its name; 0: there is none
     */
    public void emergency(BooleanSupplier panic, ToLongFunction<String> bypassUntil) {
        this.panic = panic;
        interfaces.bypassUntil(bypassUntil);
    }

    /** Shows an interface no more. */
    public void unwatch(String interfaceName) {
        interfaces.unwatch(interfaceName);
    }

    /** Shows {@code portcullis_unguarded_interfaces}. */
    public void unguarded(int count) {
        unguarded = count;
    }

    /**
     * Shows {@code portcullis_config_change}, {@code portcullis_config_info} {hash} and
     * {@code portcullis_config_confirm_until_timestamp_seconds}.
     *
     * @param number 0: it is not in the history
     * @param sha256 of its files, hexadecimal; empty: not known
     * @param untilEpochSeconds since 1970; 0: it does not wait
     */
    public void change(long number, String sha256, long untilEpochSeconds) {
        change = number;
        configHash = sha256.substring(0, Math.min(HASH_DIGITS, sha256.length()));
        confirmUntilEpochSeconds = untilEpochSeconds;
    }

    /** Shows {@code portcullis_broken_expectations}. */
    public void brokenExpectations(int count) {
        brokenExpectations = count;
    }

    /** Shows {@code portcullis_groups_without_members}. */
    public void groupsWithoutMembers(int count) {
        groupsWithoutMembers = count;
    }

    /**
     * Shows {@code portcullis_degraded} {cause}.
     *
     * @param cause {@code config}, {@code edits}, {@code flows}, {@code notes}, {@code history}, {@code metrics}, {@code control}
     *     or {@code ec2-api}
     * @param on true: that part is not as the configuration wants it
     * @throws IllegalArgumentException if there is no such cause
     */
    public void degraded(String cause, boolean on) {
        AtomicLong shown = degraded.get(cause);
        if (shown == null) {
            throw new IllegalArgumentException(cause + " is not one of " + CAUSES);
        }
        shown.set(on ? 1 : 0);
    }

    /** The clocks that tell when a rule was hit, read at every scrape; at first it is 1970. */
    public void time(Supplier<WallTime> now) {
        interfaces.time(now);
    }

    /**
     * Of how many rules the hits are shown ({@code metrics.rule-hits}); at first of all.
     *
     * @param most those with the most hits; 0: none
     */
    public void ruleHits(int most) {
        interfaces.ruleHits(most);
    }

    /**
     * Shows a counter of a port: {@code portcullis_port_frames_total} and {@code portcullis_port_bytes_total}
     * {interface, port, way = received | sent}, {@code portcullis_port_lost_frames_total} {interface, port, reason, errno}.
     *
     * @param side {@code outside} or {@code inside}
     * @param count read at every scrape
     * @throws IllegalArgumentException if the interface is not watched
     */
    public void portCounter(String interfaceName, String side, PortCounter counter, LongSupplier count) {
        interfaces.portCounter(interfaceName, side, counter, count);
    }

    /**
     * Records a reload of the configuration, the first one included.
     *
     * @param epochSeconds when it ended, since 1970
     * @param seconds how long it took
     */
    public void reloaded(boolean ok, long epochSeconds, double seconds) {
        lastReloadSuccessful = ok;
        if (ok) {
            lastReloadSuccessEpochSeconds = epochSeconds;
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

    /** Ends listening to the garbage collector. */
    @Override
    public void close() {
        jvm.close();
        registry.close();
    }
}
