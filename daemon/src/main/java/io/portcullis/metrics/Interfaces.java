package io.portcullis.metrics;

import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Timeout;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Durations;
import io.portcullis.engine.Reason;
import io.portcullis.engine.RuleHits;
import io.portcullis.policy.Acl;
import io.portcullis.port.PortCounter;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The metrics of the interfaces. They are no meters of Micrometer: a reload changes the rules, so that what there is to
 * count is known at the scrape only, and 100,000 registered meters would be dear.
 */
final class Interfaces implements MultiCollector {
    private static final String INTERFACE = "interface";
    private static final String DIRECTION = "direction";
    private static final String PORT = "port";
    private static final String RECEIVED = "received";
    private static final String SENT = "sent";
    private static final double NS_PER_SECOND = 1e9;

    private record Watched(
            Supplier<Counters> counters,
            Supplier<RuleHits> hits,
            List<Durations> stalls,
            Map<PortCount, LongSupplier> ports,
            AtomicReference<BooleanSupplier> intact) {}

    private record PortCount(String side, PortCounter counter) implements Comparable<PortCount> {
        private static final Comparator<PortCount> ORDER =
                Comparator.comparing(PortCount::side).thenComparing(PortCount::counter);

        @Override
        public int compareTo(PortCount other) {
            return ORDER.compare(this, other);
        }
    }

    private final Map<String, Watched> watched = new ConcurrentSkipListMap<>();
    private volatile boolean ruleHits = true;

    void watch(String name, Supplier<Counters> counters, Supplier<RuleHits> hits, List<Durations> stalls) {
        watched.put(
                name,
                new Watched(
                        counters,
                        hits,
                        List.copyOf(stalls),
                        new ConcurrentSkipListMap<>(),
                        new AtomicReference<>(() -> true)));
    }

    void unwatch(String name) {
        watched.remove(name);
    }

    void ruleHits(boolean on) {
        ruleHits = on;
    }

    void portCounter(String name, String side, PortCounter counter, LongSupplier count) {
        entry(name).ports.put(new PortCount(side, counter), count);
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
        frames(all);
        enforcing(all);
        intact(all);
        flows(all);
        ports(all);
        stalls(all);
        if (ruleHits) {
            rules(all);
        }
        return all.build();
    }

    private void frames(MetricSnapshots.Builder all) {
        Family packets = new Family(
                "portcullis_packets",
                "Packets decided about, by verdict; a super-frame counts as the packets it stands for.",
                INTERFACE,
                DIRECTION,
                "verdict");
        Family bytes = new Family(
                "portcullis_bytes",
                "Bytes of the packets decided about, Ethernet header included, FCS not.",
                INTERFACE,
                DIRECTION,
                "verdict");
        Family drops =
                new Family("portcullis_drops", "Packets dropped, each for one reason.", INTERFACE, DIRECTION, "reason");
        Family wouldDrops = new Family(
                "portcullis_would_drops",
                "Packets that passed on an interface with enforce: audit and would have been dropped, each for one reason: those"
                        + " of a flow that would have been refused for that of its first.",
                INTERFACE,
                DIRECTION,
                "reason");
        Family refused = new Family(
                "portcullis_would_drop_flows",
                "Flows that passed on an interface with enforce: audit and would have been refused, each once, by the reason"
                        + " and the direction of its first packet.",
                INTERFACE,
                DIRECTION,
                "reason");
        watched.forEach((name, entry) -> {
            Map<List<String>, Dropped> dropped = new LinkedHashMap<>();
            Counters counters = entry.counters.get();
            counters.forEachRefused((direction, reason, flows) -> refused.add(flows, name, direction, reason.label()));
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
        all.metricSnapshot(packets.counter())
                .metricSnapshot(bytes.counter())
                .metricSnapshot(drops.counter())
                .metricSnapshot(wouldDrops.counter())
                .metricSnapshot(refused.counter());
    }

    private void enforcing(MetricSnapshots.Builder all) {
        Family enforcing = new Family(
                "portcullis_enforcing",
                "1 while an interface drops what it should; 0 with enforce: audit, which guards nothing.",
                INTERFACE);
        watched.forEach((name, entry) -> enforcing.add(entry.hits.get().policy().audits() ? 0 : 1, name));
        all.metricSnapshot(enforcing.gauge());
    }

    private void intact(MetricSnapshots.Builder all) {
        Family intact = new Family(
                "portcullis_interception_intact",
                "1 while the kernel asks our programs first about every frame; 0 while others come before, or ours are gone.",
                INTERFACE);
        watched.forEach((name, entry) -> intact.add(entry.intact.get().getAsBoolean() ? 1 : 0, name));
        all.metricSnapshot(intact.gauge());
    }

    private record Dropped(long packets, long bytes) {
        Dropped plus(Dropped other) {
            return new Dropped(packets + other.packets, bytes + other.bytes);
        }
    }

    private void flows(MetricSnapshots.Builder all) {
        all.metricSnapshot(totals("portcullis_flows", "Flows in the table now.", Counters.Total.FLOWS)
                        .gauge())
                .metricSnapshot(totals(
                                "portcullis_flows_created",
                                "Flows that the rules admitted and the table took.",
                                Counters.Total.FLOWS_CREATED)
                        .counter())
                .metricSnapshot(totals(
                                "portcullis_flows_limit",
                                "How many flows the tables may hold.",
                                Counters.Total.FLOW_LIMIT)
                        .gauge())
                .metricSnapshot(totals(
                                "portcullis_flows_taken_up",
                                "Flows that were there before: of an earlier run, or of the host's own sockets.",
                                Counters.Total.FLOWS_RESTORED)
                        .counter())
                .metricSnapshot(evictions().counter())
                .metricSnapshot(totals(
                                "portcullis_flows_refused",
                                "Flows that the rules admitted and the table did not take, as it was full of flows that make no room.",
                                Counters.Total.FLOWS_REFUSED)
                        .counter())
                .metricSnapshot(totals(
                                "portcullis_flows_ended",
                                "Flows that ended before their time: by a reset, by a new connection in their place, or as the"
                                        + " rules changed.",
                                Counters.Total.FLOWS_ENDED)
                        .counter())
                .metricSnapshot(lookups().counter())
                .metricSnapshot(totals(
                                "portcullis_flows_expired",
                                "Flows forgotten after their idle timeout.",
                                Counters.Total.FLOWS_EXPIRED)
                        .counter())
                .metricSnapshot(totals(
                                "portcullis_fragmented_datagrams",
                                "Datagrams of which some fragments have been seen, not all.",
                                Counters.Total.FRAGMENTED_DATAGRAMS)
                        .gauge())
                .metricSnapshot(totals(
                                "portcullis_fragments_held",
                                "Fragments that wait for the first of their datagram.",
                                Counters.Total.FRAGMENTS_HELD)
                        .gauge())
                .metricSnapshot(totals(
                                "portcullis_fragments_held_bytes",
                                "Bytes of the fragments that wait, Ethernet header included, FCS not.",
                                Counters.Total.FRAGMENTS_HELD_BYTES)
                        .gauge())
                .metricSnapshot(totals(
                                "portcullis_checksums_finished",
                                "Layer-4 checksums that a sender left unfinished for its NIC and that were finished here.",
                                Counters.Total.CHECKSUMS_FINISHED)
                        .counter())
                .metricSnapshot(totals(
                                "portcullis_frames_handed_over",
                                "ICMP errors that another worker received than the one whose flow they are about.",
                                Counters.Total.TAKEN_OVER)
                        .counter())
                .metricSnapshot(totals(
                                "portcullis_frames_not_handed_over",
                                "Of those, the ones that were too many at once and were lost.",
                                Counters.Total.NOT_TAKEN_OVER)
                        .counter());
    }

    private Family evictions() {
        Family family = new Family(
                "portcullis_flows_evicted",
                "Flows that made room for others in a full table, by the class that made it and the state they were in.",
                INTERFACE,
                "class",
                "state");
        watched.forEach((name, entry) -> {
            Counters counters = entry.counters.get();
            for (EvictionClass each : EvictionClass.values()) {
                for (Timeout state : each.states()) {
                    family.add(counters.evicted(each, state), name, each.label(), state.key());
                }
            }
        });
        return family;
    }

    private Family lookups() {
        Family family = new Family(
                "portcullis_flow_lookups",
                "Searches for the flow of a packet, or of a quoted one.",
                INTERFACE,
                "result");
        watched.forEach((name, entry) -> {
            Counters counters = entry.counters.get();
            family.add(counters.total(Counters.Total.FLOW_HITS), name, "hit");
            family.add(counters.total(Counters.Total.FLOW_MISSES), name, "miss");
        });
        return family;
    }

    private Family totals(String metric, String description, Counters.Total total) {
        Family family = new Family(metric, description, INTERFACE);
        watched.forEach((name, entry) -> family.add(entry.counters.get().total(total), name));
        return family;
    }

    private void ports(MetricSnapshots.Builder all) {
        Family frames = new Family("portcullis_port_frames", "Frames at a port.", INTERFACE, PORT, "way");
        Family bytes = new Family(
                "portcullis_port_bytes",
                "Bytes of those frames, Ethernet header included, FCS not.",
                INTERFACE,
                PORT,
                "way");
        Family lost = new Family(
                "portcullis_port_lost_frames",
                "Frames that a port lost, not by decision: before they were seen, or on sending them.",
                INTERFACE,
                PORT,
                "reason",
                "errno");
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
                        UNDESCRIBED,
                        SEND_ERROR_EAGAIN,
                        SEND_ERROR_ENOBUFS,
                        SEND_ERROR_ENETDOWN,
                        SEND_ERROR_ENXIO,
                        SEND_ERROR_EINVAL,
                        SEND_ERROR_OTHER -> lost.add(count, name, port.side, counter.label(), counter.errno());
            }
        }));
        all.metricSnapshot(frames.counter()).metricSnapshot(bytes.counter()).metricSnapshot(lost.counter());
    }

    private void stalls(MetricSnapshots.Builder all) {
        List<HistogramSnapshot.HistogramDataPointSnapshot> points = new ArrayList<>();
        watched.forEach((name, entry) -> {
            for (int worker = 0; worker < entry.stalls.size(); worker++) {
                Durations durations = entry.stalls.get(worker);
                points.add(new HistogramSnapshot.HistogramDataPointSnapshot(
                        buckets(durations),
                        durations.sumNs() / NS_PER_SECOND,
                        Labels.of(INTERFACE, name, "worker", Integer.toString(worker)),
                        Exemplars.EMPTY,
                        0));
            }
        });
        all.metricSnapshot(new HistogramSnapshot(
                new MetricMetadata(
                        "portcullis_loop_stall_seconds",
                        "For how long a worker did not look at its ports while there were frames."),
                points));
    }

    private static ClassicHistogramBuckets buckets(Durations durations) {
        ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
        long[] bounds = Durations.boundsNs();
        long[] counts = durations.counts();
        for (int i = 0; i < counts.length; i++) {
            buckets.bucket(i < bounds.length ? bounds[i] / NS_PER_SECOND : Double.POSITIVE_INFINITY, counts[i]);
        }
        return buckets.build();
    }

    private void rules(MetricSnapshots.Builder all) {
        Family credits = new Family(
                "portcullis_rule_hits",
                "Packets that a rule was credited with: the first of each flow that it admitted. A rule keeps its count where it"
                        + " moves; the label names its position.",
                INTERFACE,
                "rule");
        Family entries = new Family(
                "portcullis_acl_hits",
                "Packets that an entry of the network ACL decided about; a super-frame counts as the packets it stands for.",
                INTERFACE,
                "entry");
        watched.forEach((name, entry) -> {
            RuleHits hits = entry.hits.get();
            for (int rule = 0; rule < hits.policy().ruleCount(); rule++) {
                credits.add(hits.of(rule), name, hits.policy().rule(rule).id());
            }
            Acl acl = hits.policy().acl();
            for (int number = 0; acl != null && number < acl.size(); number++) {
                entries.add(hits.ofAcl(number), name, acl.id(number));
            }
        });
        all.metricSnapshot(credits.counter()).metricSnapshot(entries.counter());
    }
}
