package io.portcullis.service.traffic;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.engine.Reason;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.linux.LastingThread;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.DropsRequest;
import io.portcullis.policy.analysis.NearestRule;
import io.portcullis.recorder.DropRecord;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The recorded drops of all interfaces. A thread looks once a second for the rules that came nearest to the packets of that second:
 * later the rules may be others. Any thread may ask.
 */
public final class RecordedDrops implements AutoCloseable {
    private static final long PERIOD_NS = TimeUnit.SECONDS.toNanos(1);
    private static final int MOST_PER_PERIOD = 256;

    /** For the search of nearest rules, in one period or one answer: a configuration may have 100,000 rules. */
    private static final long SEARCH_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final long ANSWER_NS = TimeUnit.SECONDS.toNanos(2);

    /** After this time no frame is added to a record. */
    private static final long COMPLETE_NS = TimeUnit.MILLISECONDS.toNanos(1_100);

    private final Supplier<Guarded> guarded;
    private final Thread searches = LastingThread.unstarted("portcullis-nearest", this::search);
    private volatile boolean closed;

    /** The recorders of what is guarded now. */
    public RecordedDrops(Supplier<Guarded> guarded) {
        this.guarded = guarded;
    }

    /** Starts the search for nearest rules. */
    public void start() {
        searches.start();
    }

    private void search() {
        while (!closed) {
            LockSupport.parkNanos(PERIOD_NS);
            Guarded now = guarded.get();
            long untilNs = System.nanoTime() + SEARCH_NS;
            for (GuardedInterface iface : now.interfaces().values()) {
                iface.recordings().annotate(MOST_PER_PERIOD, drop -> nearestHash(now, iface.name(), drop, untilNs));
            }
        }
    }

    private static int nearestHash(Guarded now, String name, DropRecord drop, long untilNs) {
        if (!DropText.hasNearest(drop)) {
            return DropRecord.NO_NEAREST;
        }
        if (System.nanoTime() - untilNs >= 0) {
            return DropRecord.NOT_LOOKED_FOR;
        }
        return new Search(now).nearest(name, drop).map(NearestRule::hash).orElse(DropRecord.NO_NEAREST);
    }

    /** Finds rules under what is guarded at one moment. */
    private static final class Search {
        private final Guarded now;
        private final Map<String, NearestRule.Known> known = new HashMap<>();

        Search(Guarded now) {
            this.now = now;
        }

        /** The rule that came nearest when the packet was dropped; if nobody has looked for it then, the one that does now. */
        Optional<NearestRule> nearest(String name, DropRecord drop) {
            Config config = now.config();
            Interface iface = config == null ? null : config.interfaces().get(name);
            if (config == null || iface == null || drop.nearest() == DropRecord.NO_NEAREST) {
                return Optional.empty();
            }
            Address peer = DropText.peer(drop);
            NearestRule.Asked asked =
                    new NearestRule.Asked(peer.isV6(), drop.protocol(), DropText.selector(drop), peer);
            boolean ingress = drop.direction() == Direction.INGRESS;
            return drop.nearest() == DropRecord.NOT_LOOKED_FOR
                    ? NearestRule.to(config, iface, ingress, asked)
                    : known(config, iface, drop.direction()).find(drop.nearest(), asked);
        }

        private NearestRule.Known known(Config config, Interface iface, Direction direction) {
            return known.computeIfAbsent(
                    direction.label() + " " + iface.name(),
                    _ -> new NearestRule.Known(config, iface, direction == Direction.INGRESS));
        }

        /** The hashes of the rules of an interface that a name means; none: it has no such rule. */
        Set<Integer> named(String name, String rule) {
            Config config = now.config();
            Interface iface = config == null ? null : config.interfaces().get(name);
            Set<Integer> hashes = new HashSet<>();
            if (config != null && iface != null) {
                for (Direction direction : Direction.values()) {
                    hashes.addAll(known(config, iface, direction).named(rule));
                }
            }
            return hashes;
        }
    }

    /** A record and its interface. */
    private record Found(String name, DropRecord drop) {}

    /** As {@code TrafficQueries.drops}. */
    public DropsReport report(DropsRequest request) {
        Guarded now = guarded.get();
        request.interfaceName()
                .filter(name -> !now.interfaces().containsKey(name))
                .ifPresent(name -> {
                    throw new IllegalArgumentException("no interface " + name + " is guarded: there is "
                            + String.join(", ", new TreeSet<>(now.interfaces().keySet())));
                });
        request.reason()
                .filter(label -> Stream.of(Reason.values())
                        .noneMatch(known -> known.label().equals(label)))
                .ifPresent(label -> {
                    throw new IllegalArgumentException("no reason " + label + ": there is "
                            + Stream.of(Reason.values())
                                    .filter(known -> known != Reason.NONE)
                                    .map(Reason::label)
                                    .collect(Collectors.joining(", ")));
                });
        long nowNs = epochNs(Instant.now());
        long completeNs = nowNs - COMPLETE_NS;
        Predicate<DropRecord> filter = filter(request, nowNs, completeNs);
        long untilNs = System.nanoTime() + ANSWER_NS;
        Search search = new Search(now);
        request.rule()
                .filter(rule -> now.interfaces().keySet().stream()
                        .allMatch(name -> search.named(name, rule).isEmpty()))
                .ifPresent(rule -> {
                    throw new IllegalArgumentException("no rule " + rule + " is in force: portcullis rules lists them");
                });
        List<Found> found = new ArrayList<>();
        Map<String, String> oldest = new TreeMap<>();
        List<String> troubles = new ArrayList<>();
        now.interfaces().forEach((name, iface) -> {
            if (request.interfaceName().isEmpty()
                    || request.interfaceName().get().equals(name)) {
                Predicate<DropRecord> wanted = request.rule()
                        .map(rule -> filter.and(isNearest(search, name, search.named(name, rule), untilNs)))
                        .orElse(filter);
                iface.recordings().read(wanted).forEach(drop -> found.add(new Found(name, drop)));
                iface.recordings()
                        .oldestEpochNs()
                        .ifPresent(since -> oldest.put(name, instant(since).toString()));
                iface.recordings().trouble().ifPresent(why -> troubles.add(name + ": " + why));
            }
        });
        Comparator<Found> byTime = Comparator.comparingLong(each -> each.drop().firstEpochNs());
        int hidden = Math.max(0, found.size() - request.limit());
        List<Found> shown = switch (request.order()) {
            case TIME -> {
                found.sort(byTime);
                yield found.subList(hidden, found.size());
            }
            case COUNT -> {
                found.sort(Comparator.<Found>comparingLong(each -> -each.drop().packets())
                        .thenComparing(byTime));
                yield found.subList(0, found.size() - hidden);
            }
        };
        List<DropsReport.DropView> views = shown.stream()
                .map(each -> view(search, each, request.frames(), untilNs))
                .toList();
        return new DropsReport(views, hidden, completeNs, oldest, troubles);
    }

    private static Predicate<DropRecord> filter(DropsRequest request, long nowNs, long completeNs) {
        long sinceNs = request.sinceSeconds().isPresent()
                ? nowNs - TimeUnit.SECONDS.toNanos(request.sinceSeconds().getAsLong())
                : Long.MIN_VALUE;
        long afterNs = request.afterEpochNs().orElse(Long.MIN_VALUE);
        long endNs = request.afterEpochNs().isPresent() ? completeNs : Long.MAX_VALUE;
        Predicate<DropRecord> all =
                drop -> drop.lastEpochNs() >= sinceNs && drop.firstEpochNs() > afterNs && drop.firstEpochNs() <= endNs;
        if (request.direction().isPresent()) {
            all = all.and(
                    drop -> drop.direction().label().equals(request.direction().get()));
        }
        if (request.peer().isPresent()) {
            Cidr block = request.peer().get();
            all = all.and(drop -> isIn(block, drop.source()) || isIn(block, drop.destination()));
        }
        if (request.port().isPresent()) {
            int port = request.port().getAsInt();
            all = all.and(drop -> drop.transport() && (drop.sourcePort() == port || drop.destinationPort() == port));
        }
        if (request.protocol().isPresent()) {
            int protocol = request.protocol().getAsInt();
            all = all.and(drop -> drop.source() != null && drop.protocol() == protocol);
        }
        if (request.reason().isPresent()) {
            all = all.and(drop -> drop.reason().label().equals(request.reason().get()));
        }
        return all;
    }

    /** One of these rules came nearest; where nobody has looked for it when the packet was dropped, this does. */
    private static Predicate<DropRecord> isNearest(Search search, String name, Set<Integer> rules, long untilNs) {
        return drop -> rules.contains(drop.nearest())
                || drop.nearest() == DropRecord.NOT_LOOKED_FOR
                        && DropText.hasNearest(drop)
                        && System.nanoTime() - untilNs < 0
                        && search.nearest(name, drop).stream().anyMatch(near -> rules.contains(near.hash()));
    }

    private static boolean isIn(Cidr block, @Nullable Address address) {
        return address != null && address.isV6() == block.isV6() && block.contains(address);
    }

    private static DropsReport.DropView view(Search search, Found found, boolean frames, long untilNs) {
        DropRecord drop = found.drop();
        return new DropsReport.DropView(
                found.name(),
                drop.direction().label(),
                instant(drop.firstEpochNs()).toString(),
                instant(drop.lastEpochNs()).toString(),
                drop.firstEpochNs(),
                drop.passed() ? "would-drop" : "drop",
                drop.reason().label(),
                drop.packets(),
                drop.bytes(),
                inCommon(drop),
                DropText.packet(drop),
                DropText.protocol(drop),
                text(drop.source()),
                drop.sourcePort(),
                text(drop.destination()),
                drop.destinationPort(),
                DropText.flags(drop),
                DropText.vlans(drop),
                nearestView(search, found, untilNs),
                DropText.hint(drop),
                drop.frameLength(),
                frames ? base64(drop.frame()) : "");
    }

    private static String inCommon(DropRecord drop) {
        return switch (drop.scope()) {
            case EXACT -> "all";
            case SOURCE -> "source";
            case TARGET -> "target";
            case REASON -> "reason";
        };
    }

    private static DropsReport.@Nullable NearestView nearestView(Search search, Found found, long untilNs) {
        if (!DropText.hasNearest(found.drop()) || System.nanoTime() - untilNs >= 0) {
            return null;
        }
        return search.nearest(found.name(), found.drop())
                .map(near -> new DropsReport.NearestView(
                        near.id(), near.location().toString(), near.description(), near.why()))
                .orElse(null);
    }

    private static String text(@Nullable Address address) {
        return address == null ? "" : address.toString();
    }

    private static String base64(MemorySegment frame) {
        return Base64.getEncoder().encodeToString(frame.toArray(ValueLayout.JAVA_BYTE));
    }

    private static long epochNs(Instant moment) {
        return TimeUnit.SECONDS.toNanos(moment.getEpochSecond()) + moment.getNano();
    }

    private static Instant instant(long epochNs) {
        return Instant.ofEpochSecond(0, epochNs);
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(searches);
    }
}
