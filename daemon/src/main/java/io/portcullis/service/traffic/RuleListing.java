package io.portcullis.service.traffic;

import io.portcullis.hits.HitRecord;
import io.portcullis.hits.WallTime;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.RulesReport;
import io.portcullis.operations.traffic.RulesRequest;
import io.portcullis.policy.Acl;
import io.portcullis.service.traffic.InterfaceRules.Place;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Lists rules: one row for each, with the sum of its hits over the interfaces. */
public final class RuleListing {
    private static final String YES = "yes";
    private static final String NOT_PROVED = "not-proved";
    private static final String UNKNOWN = "unknown";

    private RuleListing() {}

    /**
     * The sum of a rule over its interfaces. Times as in {@link HitRecord}.
     *
     * @param isKnown false: the hits on an interface are unknown, and so is the sum
     * @param sinceNs from when on all of them count; 0: unknown
     */
    private record Row(List<Place> places, String id, boolean isKnown, long count, long lastNs, long sinceNs) {
        static Row of(List<Place> places) {
            boolean isKnown = true;
            long count = 0;
            long last = 0;
            long since = 0;
            for (Place place : places) {
                HitRecord hits = place.hits();
                if (hits == null) {
                    isKnown = false;
                } else {
                    count += hits.count();
                    last = later(last, hits.lastNs());
                    since = later(since, hits.sinceNs());
                }
            }
            return new Row(places, places.getFirst().id(), isKnown, count, last, isKnown ? since : 0);
        }

        private static long later(long one, long other) {
            return one == 0 || other == 0 ? one + other : Math.max(one, other);
        }

        boolean isHitSince(long ns) {
            return lastNs != 0 && lastNs >= ns;
        }

        String unused(long fromNs) {
            if (!isKnown) {
                return UNKNOWN;
            }
            return sinceNs != 0 && sinceNs <= fromNs ? YES : NOT_PROVED;
        }
    }

    /**
     * The answer to a request.
     *
     * @param interfaces of the configuration, in its order
     * @param now when the hits are read
     * @throws IllegalArgumentException if there is no such group or interface; the message is a sentence
     */
    public static RulesReport report(List<InterfaceRules> interfaces, RulesRequest request, WallTime now) {
        long unusedFromNs = now.monotonicNs() - TimeUnit.MILLISECONDS.toNanos(request.unusedMs());
        List<Row> rows = new ArrayList<>();
        for (List<Place> places : places(interfaces, request)) {
            Row row = Row.of(places);
            if (request.unusedMs() == 0 || !row.isHitSince(unusedFromNs)) {
                rows.add(row);
            }
        }
        sort(rows, request.order());
        List<RulesReport.RuleView> views = rows.stream()
                .limit(request.limit())
                .map(row -> view(row, request.unusedMs() == 0 ? "" : row.unused(unusedFromNs), now))
                .toList();
        return new RulesReport(text(now.epochMs()), rows.size(), request.unusedMs(), views);
    }

    /** The rules that a request asks for, each with its places. */
    private static Collection<List<Place>> places(List<InterfaceRules> interfaces, RulesRequest request) {
        Map<String, List<Place>> rules = new LinkedHashMap<>();
        Set<String> names = new TreeSet<>();
        Set<String> groups = new TreeSet<>();
        for (InterfaceRules on : interfaces) {
            names.add(on.name());
            if (request.interfaceName().isEmpty() || request.interfaceName().equals(on.name())) {
                all(on).forEach(place -> {
                    String id = place.id();
                    String group = group(id);
                    groups.add(group);
                    if (request.group().isEmpty() || request.group().equals(group)) {
                        // A group and a network ACL may have the same name.
                        rules.computeIfAbsent((place.isAcl() ? "acl " : "") + id, _ -> new ArrayList<>(1))
                                .add(place);
                    }
                });
            }
        }
        if (!request.interfaceName().isEmpty() && !names.contains(request.interfaceName())) {
            throw new IllegalArgumentException(
                    "no interface " + request.interfaceName() + " is in the configuration: there is " + list(names));
        }
        if (!request.group().isEmpty() && rules.isEmpty()) {
            throw new IllegalArgumentException(
                    "no rule in force is of a group or network ACL " + request.group() + ": there is " + list(groups));
        }
        return rules.values();
    }

    private static String list(Set<String> names) {
        return names.isEmpty() ? "none" : String.join(", ", names);
    }

    private static Stream<Place> all(InterfaceRules on) {
        Acl acl = on.policy().acl();
        Stream<Place> rules =
                Stream.iterate(0, i -> i < on.policy().ruleCount(), i -> i + 1).map(i -> new Place(on, false, i));
        Stream<Place> entries = acl == null
                ? Stream.of()
                : Stream.iterate(0, i -> i < acl.size(), i -> i + 1)
                        // As they are asked: by number, * last.
                        .sorted(Comparator.comparing((Integer i) -> !acl.isIngress(i))
                                .thenComparing(i -> acl.entry(i) == null))
                        .map(i -> new Place(on, true, i));
        return Stream.concat(rules, entries);
    }

    private static String group(String id) {
        return id.substring(0, id.lastIndexOf('/'));
    }

    private static void sort(List<Row> rows, RulesRequest.Order order) {
        switch (order) {
            case FILE -> {
                // As they are.
            }
            case HITS ->
                rows.sort(Comparator.comparing(Row::isKnown)
                        .thenComparingLong(Row::count)
                        .reversed());
            case LAST ->
                rows.sort(Comparator.comparing((Row row) -> row.lastNs != 0)
                        .thenComparingLong(Row::lastNs)
                        .reversed());
            case NAME -> rows.sort(Comparator.comparing((Row row) -> row.id.substring(0, row.id.indexOf('['))));
        }
    }

    private static RulesReport.RuleView view(Row row, String unused, WallTime now) {
        Place place = row.places.getFirst();
        boolean hasLast = row.isKnown && row.lastNs != 0;
        return new RulesReport.RuleView(
                group(row.id),
                (place.isIngress() ? Direction.INGRESS : Direction.EGRESS).label(),
                row.id,
                place.isAcl() ? "acl" : "rule",
                row.isKnown ? row.count : null,
                hasLast ? text(now.toEpochMs(row.lastNs)) : "",
                hasLast ? TimeUnit.NANOSECONDS.toMillis(Math.max(0, now.monotonicNs() - row.lastNs)) : null,
                text(now.toEpochMs(row.sinceNs)),
                unused,
                place.text(),
                place.description(),
                place.location(),
                row.places.stream().map(each -> hits(each, now)).toList());
    }

    private static RulesReport.InterfaceHits hits(Place place, WallTime now) {
        HitRecord hits = place.hits();
        return hits == null
                ? new RulesReport.InterfaceHits(place.on().name(), null, "", "")
                : new RulesReport.InterfaceHits(
                        place.on().name(),
                        hits.count(),
                        text(now.toEpochMs(hits.lastNs())),
                        text(now.toEpochMs(hits.sinceNs())));
    }

    private static String text(long epochMs) {
        return epochMs == 0
                ? ""
                : Instant.ofEpochMilli(epochMs).truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
