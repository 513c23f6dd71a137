package io.portcullis.metrics;

import io.portcullis.hits.HitRecord;
import io.portcullis.hits.HitSlots;
import io.portcullis.hits.RuleHits;
import io.portcullis.hits.WallTime;
import io.portcullis.policy.Acl;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The metrics of rules and of entries of network ACLs: hits, and when the last one was. */
final class RuleFamilies {
    private RuleFamilies() {}

    /** One rule, or entry, of an interface. */
    private record Shown(String interfaceName, String id, HitRecord hits) {}

    /**
     * The families of a scrape.
     *
     * @param hits by interface
     * @param most how many rules, and how many entries, are shown: those with the most hits; 0: none, and no family
     */
    static List<Family> of(Map<String, RuleHits> hits, int most, WallTime now) {
        if (most == 0) {
            return List.of();
        }
        List<Shown> rules = new ArrayList<>();
        List<Shown> entries = new ArrayList<>();
        hits.forEach((name, counted) -> {
            HitSlots slots = counted.slots();
            for (int rule = 0; rule < slots.policy().ruleCount(); rule++) {
                rules.add(new Shown(name, slots.policy().rule(rule).id(), slots.record(rule)));
            }
            Acl acl = slots.policy().acl();
            for (int number = 0; acl != null && number < acl.size(); number++) {
                entries.add(new Shown(name, acl.id(number), slots.recordAcl(number)));
            }
        });
        List<Family> families = new ArrayList<>();
        families.addAll(families(rules, most, now, Metric.RULE_HITS, Metric.RULE_LAST_HIT));
        families.addAll(families(entries, most, now, Metric.ACL_HITS, Metric.ACL_LAST_HIT));
        return families;
    }

    private static List<Family> families(List<Shown> all, int most, WallTime now, Metric hits, Metric lastHit) {
        if (all.size() > most) {
            all.sort(Comparator.comparingLong((Shown each) -> each.hits.count()).reversed());
        }
        Family counts = new Family(hits);
        Family times = new Family(lastHit);
        for (Shown each : all.subList(0, Math.min(most, all.size()))) {
            counts.add(each.hits.count(), each.interfaceName, each.id);
            times.add(TimeUnit.MILLISECONDS.toSeconds(now.toEpochMs(each.hits.lastNs())), each.interfaceName, each.id);
        }
        return List.of(counts, times);
    }
}
