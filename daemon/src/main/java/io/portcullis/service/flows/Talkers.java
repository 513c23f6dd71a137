package io.portcullis.service.flows;

import io.portcullis.config.Rule;
import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.operations.traffic.FlowsReport.RuleView;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersReport.Talker;
import io.portcullis.operations.traffic.TalkersRequest;
import io.portcullis.operations.traffic.TalkersRequest.Order;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sums the traffic since a reading by peer, flow, rule or port, in bounded memory. The flows are read twice. First the traffic of each
 * group is added to one of {@value #BUCKETS} buckets, by a hash of the group: the sum of a group is no more than that of its bucket, so the
 * largest groups are in the largest buckets. Then the groups in these are summed one by one.
 *
 * <p>For one request and one thread.
 */
final class Talkers {
    private static final int BUCKET_BITS = 17;
    private static final int BUCKETS = 1 << BUCKET_BITS;
    private static final int LARGE_BUCKETS_PER_TALKER = 4;
    private static final int FEWEST_LARGE_BUCKETS = 256;
    private static final int MOST_GROUPS = 1 << 18;
    private static final double NS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long MIX = 0x9e37_79b9_7f4a_7c15L;
    private static final long SEED = new SecureRandom().nextLong();

    /** What the flows of a group have in common. Mutable: one is filled for each flow, and copied for a new group. */
    private static final class Key {
        private long first;
        private long second;
        private long third;

        Key set(long one, long two, long three) {
            first = one;
            second = two;
            third = three;
            return this;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && first == key.first && second == key.second && third == key.third;
        }

        @Override
        public int hashCode() {
            return (int) (mixed() >>> Integer.SIZE);
        }

        /** A peer can't choose its bucket: that of a large talker, to be in the list beside it. */
        long mixed() {
            long mixed = ((first ^ SEED) * MIX ^ Long.rotateLeft(second * MIX, Integer.SIZE) ^ third) * MIX;
            return (mixed ^ mixed >>> 29) * MIX;
        }

        int bucket() {
            return (int) (mixed() >>> Long.SIZE - BUCKET_BITS);
        }
    }

    private static final class Group {
        private final String interfaceName;
        private final String name;
        private final String description;
        private final TrafficSum total = new TrafficSum();
        private final TrafficSum fresh = new TrafficSum();
        private long flows;

        Group(String interfaceName, String name, String description) {
            this.interfaceName = interfaceName;
            this.name = name;
            this.description = description;
        }
    }

    private final TalkersRequest request;
    private final Selection selection;
    private final LastReading before;
    private final long[] buckets = new long[BUCKETS];
    private final Map<Key, Group> groups = new HashMap<>();
    private final Key probe = new Key();
    private final TrafficSum fresh = new TrafficSum();
    private final TrafficSum total = new TrafficSum();
    private final TrafficSum all = new TrafficSum();
    private long active;
    private long notMeasured;

    Talkers(TalkersRequest request, Selection selection, LastReading before) {
        this.request = request;
        this.selection = selection;
        this.before = before;
    }

    /** Reads the flows, and sums their traffic since the reading before. */
    TalkersReport report() {
        selection.read(System.nanoTime(), (table, flow) -> {
            if (before.since(table.reader(), flow, fresh) && amount(fresh) > 0) {
                buckets[key(table, flow).bucket()] += amount(fresh);
            }
        });
        long large = large();
        long nowNs = System.nanoTime();
        long tracked = selection.read(nowNs, (table, flow) -> add(table, flow, large));
        double seconds = Math.max(1, nowNs - before.atNs()) / NS_PER_SECOND;
        List<Talker> talkers = groups.values().stream()
                .filter(group -> amount(group.fresh) > 0)
                .sorted(Comparator.comparingLong((Group group) -> amount(group.fresh))
                        .reversed())
                .limit(request.limit())
                .map(group -> new Talker(
                        group.interfaceName,
                        group.name,
                        group.description,
                        group.flows,
                        group.total.traffic(),
                        group.fresh.per(seconds)))
                .toList();
        return new TalkersReport(
                FlowText.now(),
                TimeUnit.NANOSECONDS.toMillis(nowNs - before.atNs()),
                request.by().label(),
                tracked,
                active,
                notMeasured,
                all.per(seconds),
                talkers);
    }

    /** What the sums of large buckets exceed. */
    private long large() {
        int most = Math.max(FEWEST_LARGE_BUCKETS, LARGE_BUCKETS_PER_TALKER * request.limit());
        long[] sorted = buckets.clone();
        Arrays.sort(sorted);
        return most >= BUCKETS ? 0 : sorted[BUCKETS - most - 1];
    }

    private void add(Selection.Table table, FlowCopy flow, long large) {
        boolean isKnown = before.since(table.reader(), flow, fresh);
        if (!isKnown) {
            notMeasured++;
        } else if (amount(fresh) > 0) {
            active++;
            all.add(fresh);
        }
        Key key = key(table, flow);
        if (buckets[key.bucket()] > large) {
            Group group = groups.get(key);
            if (group == null) {
                if (groups.size() == MOST_GROUPS) {
                    return;
                }
                group = group(table, flow);
                groups.put(new Key().set(key.first, key.second, key.third), group);
            }
            group.flows++;
            total.set(flow);
            group.total.add(total);
            if (isKnown) {
                group.fresh.add(fresh);
            }
        }
    }

    private long amount(TrafficSum traffic) {
        return request.order() == Order.BYTES ? traffic.bytes() : traffic.packets();
    }

    private Key key(Selection.Table table, FlowCopy flow) {
        return switch (request.by()) {
            case PEER -> probe.set(flow.outsideHigh(), flow.outsideLow(), flow.isV6() ? 1 : 0);
            case FLOW -> probe.set(table.number(), flow.entry(), flow.number());
            case RULE -> ruleKey(table.on().rules(), flow.rule());
            case PORT -> probe.set(flow.protocol(), port(flow), 0);
        };
    }

    /** Rules that are not in force are one group. */
    private Key ruleKey(RulesByHash rules, int hash) {
        return rules.isInForce(hash) ? probe.set(hash, 1, 0) : probe.set(0, hash == 0 ? 0 : 1, 1);
    }

    /** Destination port of the first packet; 0: none. */
    private static int port(FlowCopy flow) {
        return switch (flow.direction()) {
            case INGRESS -> flow.insidePort();
            case EGRESS -> flow.outsidePort();
        };
    }

    private Group group(Selection.Table table, FlowCopy flow) {
        String protocol = Rule.protocolName(flow.protocol());
        return switch (request.by()) {
            case PEER -> new Group("", flow.outside().toString(), "");
            case FLOW -> new Group(table.on().iface().name(), FlowText.tuple(flow), "");
            case RULE -> {
                RuleView rule = table.on().rules().view(flow.rule());
                yield new Group("", rule.id().isEmpty() ? rule.kind() : rule.id(), rule.description());
            }
            case PORT -> new Group("", flow.hasPorts() ? protocol + " " + port(flow) : protocol, "");
        };
    }
}
