package io.portcullis.metrics;

import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Timeout;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Histogram;
import io.portcullis.engine.Reason;
import io.portcullis.hits.RuleHits;
import io.portcullis.hits.WallTime;
import io.portcullis.port.PortCounter;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The metrics of the interfaces. They are no meters of Micrometer: a reload changes the rules, so only a scrape knows which counters
 * there are, and 100,000 registered meters would cost too much memory.
 */
final class Interfaces implements MultiCollector {
    private static final String RECEIVED = "received";
    private static final String SENT = "sent";
    private static final double NS_PER_SECOND = 1e9;

    private record Watched(
            Supplier<Counters> counters,
            Supplier<RuleHits> hits,
            List<Histogram> stalls,
            Map<PortCount, LongSupplier> ports,
            AtomicReference<Supplier<long[]>> states,
            AtomicReference<BooleanSupplier> intact,
            AtomicReference<Supplier<OptionalLong>> recorder,
            AtomicReference<Batches> batches) {}

    /** The batches of each worker. */
    private record Batches(List<Histogram> frames, List<Histogram> decisions) {}

    private record PortCount(String side, PortCounter counter) implements Comparable<PortCount> {
        private static final Comparator<PortCount> ORDER =
                Comparator.comparing(PortCount::side).thenComparing(PortCount::counter);

        @Override
        public int compareTo(PortCount other) {
            return ORDER.compare(this, other);
        }
    }

    private final Map<String, Watched> watched = new ConcurrentSkipListMap<>();
    private volatile Supplier<List<InterfaceState>> states = List::of;
    private volatile ToLongFunction<String> bypassUntil = _ -> 0;
    private volatile Supplier<WallTime> time = () -> new WallTime(0, 0);
    private volatile int ruleHits = Integer.MAX_VALUE;

    void bypassUntil(ToLongFunction<String> epochSeconds) {
        bypassUntil = epochSeconds;
    }

    void states(Supplier<List<InterfaceState>> current) {
        states = current;
    }

    void watch(String name, Supplier<Counters> counters, Supplier<RuleHits> hits, List<Histogram> stalls) {
        watched.put(
                name,
                new Watched(
                        counters,
                        hits,
                        List.copyOf(stalls),
                        new ConcurrentSkipListMap<>(),
                        new AtomicReference<>(() -> new long[0]),
                        new AtomicReference<>(() -> true),
                        new AtomicReference<>(OptionalLong::empty),
                        new AtomicReference<>(new Batches(List.of(), List.of()))));
    }

    void unwatch(String name) {
        watched.remove(name);
    }

    void time(Supplier<WallTime> now) {
        time = now;
    }

    void ruleHits(int most) {
        ruleHits = most;
    }

    void portCounter(String name, String side, PortCounter counter, LongSupplier count) {
        entry(name).ports.put(new PortCount(side, counter), count);
    }

    void recorder(String name, Supplier<OptionalLong> oldestEpochNs) {
        entry(name).recorder.set(oldestEpochNs);
    }

    void batches(String name, List<Histogram> frames, List<Histogram> decisions) {
        entry(name).batches.set(new Batches(List.copyOf(frames), List.copyOf(decisions)));
    }

    void flowStates(String name, Supplier<long[]> counts) {
        entry(name).states.set(counts);
    }

    void intact(String name, BooleanSupplier intact) {
        entry(name).intact.set(intact);
    }

    private Watched entry(String name) {
        Watched entry = watched.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("interface " + name + " is not watched");
        }
        return entry;
    }

    @Override
    public MetricSnapshots collect() {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        states(all);
        decisions(all);
        enforcing(all);
        intact(all);
        recorder(all);
        totals(all);
        flowStates(all);
        evictions(all);
        lookups(all);
        ports(all);
        stalls(all);
        batches(all);
        Map<String, RuleHits> hits = new LinkedHashMap<>();
        watched.forEach((name, entry) -> hits.put(name, entry.hits.get()));
        for (Family family : RuleFamilies.of(hits, ruleHits, time.get())) {
            add(all, family);
        }
        return all.build();
    }

    private static void add(MetricSnapshots.Builder all, Family... families) {
        for (Family family : families) {
            all.metricSnapshot(family.snapshot());
        }
    }

    private void states(MetricSnapshots.Builder all) {
        Family forwarding = new Family(Metric.FORWARDING);
        Family info = new Family(Metric.INTERFACE_INFO);
        Family bypass = new Family(Metric.BYPASS_UNTIL);
        for (InterfaceState state : states.get()) {
            forwarding.add(state.forwarding() ? 1 : 0, state.name());
            bypass.add(bypassUntil.applyAsLong(state.name()), state.name());
            info.add(1, state.name(), state.mode(), state.nic(), state.datapath());
        }
        add(all, forwarding, info, bypass);
    }

    private void decisions(MetricSnapshots.Builder all) {
        Family packets = new Family(Metric.PACKETS);
        Family bytes = new Family(Metric.BYTES);
        Family drops = new Family(Metric.DROPS);
        Family wouldDrops = new Family(Metric.WOULD_DROPS);
        Family wouldDropFlows = new Family(Metric.WOULD_DROP_FLOWS);
        watched.forEach((name, entry) -> {
            Map<List<String>, Dropped> dropped = new LinkedHashMap<>();
            Counters counters = entry.counters.get();
            counters.forEachRefused(
                    (direction, reason, flows) -> wouldDropFlows.add(flows, name, direction, reason.label()));
            counters.forEach((direction, reason, audited, frames, octets) -> {
                if (reason == Reason.NONE) {
                    packets.add(frames, name, direction, "pass");
                    bytes.add(octets, name, direction, "pass");
                } else {
                    (audited ? wouldDrops : drops).add(frames, name, direction, reason.label());
                    dropped.merge(
                            List.of(name, direction, audited ? "would-drop" : "drop"),
                            new Dropped(frames, octets),
                            Dropped::plus);
                }
            });
            dropped.forEach((labels, sum) -> {
                packets.add(sum.packets, labels.toArray(String[]::new));
                bytes.add(sum.bytes, labels.toArray(String[]::new));
            });
        });
        add(all, packets, bytes, drops, wouldDrops, wouldDropFlows);
    }

    private record Dropped(long packets, long bytes) {
        Dropped plus(Dropped other) {
            return new Dropped(packets + other.packets, bytes + other.bytes);
        }
    }

    private void enforcing(MetricSnapshots.Builder all) {
        Family enforcing = new Family(Metric.ENFORCING);
        watched.forEach((name, entry) -> enforcing.add(entry.hits.get().policy().audits() ? 0 : 1, name));
        add(all, enforcing);
    }

    private void recorder(MetricSnapshots.Builder all) {
        Family oldest = new Family(Metric.RECORDER_OLDEST);
        watched.forEach((name, entry) -> entry.recorder
                .get()
                .get()
                .ifPresent(epochNs -> oldest.add(TimeUnit.NANOSECONDS.toSeconds(epochNs), name)));
        add(all, oldest);
    }

    private void intact(MetricSnapshots.Builder all) {
        Family intact = new Family(Metric.INTERCEPTION_INTACT);
        watched.forEach((name, entry) -> intact.add(entry.intact.get().getAsBoolean() ? 1 : 0, name));
        add(all, intact);
    }

    private void totals(MetricSnapshots.Builder all) {
        for (Metric metric : Metric.values()) {
            Counters.Total total = metric.total();
            if (total != null) {
                Family family = new Family(metric);
                watched.forEach((name, entry) -> family.add(entry.counters.get().total(total), name));
                add(all, family);
            }
        }
    }

    private void flowStates(MetricSnapshots.Builder all) {
        Family flows = new Family(Metric.FLOWS_BY_STATE);
        watched.forEach((name, entry) -> {
            long[] counts = entry.states.get().get();
            for (int i = 0; i < counts.length; i++) {
                String state = Timeout.values()[i].key();
                flows.add(counts[i], name, state.replaceFirst("-.*", ""), state);
            }
        });
        add(all, flows);
    }

    private void evictions(MetricSnapshots.Builder all) {
        Family evicted = new Family(Metric.FLOWS_EVICTED);
        watched.forEach((name, entry) -> {
            Counters counters = entry.counters.get();
            for (EvictionClass evictionClass : EvictionClass.values()) {
                for (Timeout state : evictionClass.states()) {
                    evicted.add(counters.evicted(evictionClass, state), name, evictionClass.label(), state.key());
                }
            }
        });
        add(all, evicted);
    }

    private void lookups(MetricSnapshots.Builder all) {
        Family lookups = new Family(Metric.FLOW_LOOKUPS);
        watched.forEach((name, entry) -> {
            Counters counters = entry.counters.get();
            lookups.add(counters.total(Counters.Total.FLOW_HITS), name, "hit");
            lookups.add(counters.total(Counters.Total.FLOW_MISSES), name, "miss");
        });
        add(all, lookups);
    }

    private void ports(MetricSnapshots.Builder all) {
        Family frames = new Family(Metric.PORT_FRAMES);
        Family bytes = new Family(Metric.PORT_BYTES);
        Family lost = new Family(Metric.PORT_LOST_FRAMES);
        watched.forEach((name, entry) -> entry.ports.forEach((port, supplier) -> {
            long count = supplier.getAsLong();
            PortCounter counter = port.counter;
            switch (counter) {
                case RECEIVED_FRAMES -> frames.add(count, name, port.side, RECEIVED);
                case RECEIVED_BYTES -> bytes.add(count, name, port.side, RECEIVED);
                case SENT_FRAMES -> frames.add(count, name, port.side, SENT);
                case SENT_BYTES -> bytes.add(count, name, port.side, SENT);
                case TOO_BIG,
                        UNKNOWN_TUNNEL,
                        TRUNCATED,
                        RING_FULL,
                        SHED,
                        UNDESCRIBED,
                        SEND_ERROR_EAGAIN,
                        SEND_ERROR_ENOBUFS,
                        SEND_ERROR_ENETDOWN,
                        SEND_ERROR_ENXIO,
                        SEND_ERROR_EINVAL,
                        SEND_ERROR_OTHER -> lost.add(count, name, port.side, counter.label(), counter.errno());
            }
        }));
        add(all, frames, bytes, lost);
    }

    private void stalls(MetricSnapshots.Builder all) {
        HistogramFamily stalls = new HistogramFamily(Metric.LOOP_STALL, NS_PER_SECOND);
        watched.forEach((name, entry) -> {
            for (int worker = 0; worker < entry.stalls.size(); worker++) {
                stalls.add(List.of(entry.stalls.get(worker)), name, Integer.toString(worker));
            }
        });
        all.metricSnapshot(stalls.snapshot());
    }

    private void batches(MetricSnapshots.Builder all) {
        HistogramFamily frames = new HistogramFamily(Metric.BATCH_FRAMES, 1);
        HistogramFamily decisions = new HistogramFamily(Metric.DECISION, NS_PER_SECOND);
        watched.forEach((name, entry) -> {
            Batches batches = entry.batches.get();
            frames.add(batches.frames, name);
            decisions.add(batches.decisions, name);
        });
        all.metricSnapshot(frames.snapshot());
        all.metricSnapshot(decisions.snapshot());
    }
}
