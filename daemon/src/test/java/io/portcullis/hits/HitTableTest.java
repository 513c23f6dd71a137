package io.portcullis.hits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.policy.Enforcement;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Slots of rules over reloads, and what becomes of rules that are gone. */
final class HitTableTest {
    private static final HitPart.Owner OWNER = new HitPart.Owner("web0", new UUID(1, 2));

    private long nowNs = TimeUnit.DAYS.toNanos(1_000);

    private HitTable table(int workers) {
        return new HitTable(OWNER, workers, List.of(), (_, bytes) -> HitTable.memory(bytes), () -> nowNs);
    }

    /** A policy with one rule for each port, in this order. */
    private static Policy policy(List<Integer> ports) throws ConfigException {
        return EngineBench.policy(
                "",
                "security-groups: {web: {egress: [], ingress: ["
                        + ports.stream()
                                .map(port -> "{protocol: tcp, ports: " + port + ", from: any}")
                                .collect(Collectors.joining(", "))
                        + "]}}",
                1);
    }

    private static Map<RuleKey, HitRecord> records(HitTable table) throws IOException {
        Map<RuleKey, HitRecord> all = new HashMap<>();
        table.forEach(record -> assertNull(all.put(record.key(), record), "a rule in two slots"));
        return all;
    }

    @Test
    void theTimeOfTheLastHitIsTheLatestOfAllWorkers() throws ConfigException {
        HitTable table = table(2);
        HitSlots slots = table.prepare(policy(List.of(80, 443)));
        RuleHits first = new RuleHits(slots, 0);
        RuleHits second = new RuleHits(slots, 1);
        assertEquals(0, slots.record(0).lastNs(), "no hit yet");
        first.count(0, nowNs + 7);
        second.count(0, nowNs + 5);
        second.count(1, nowNs + 6);
        assertEquals(nowNs + 7, slots.record(0).lastNs());
        assertEquals(nowNs + 6, slots.record(1).lastNs());
        assertEquals(2, first.of(0));
        assertEquals(nowNs, slots.record(1).sinceNs());
    }

    @Test
    void theSameRulesEnforcedInAnotherWayKeepTheirSlots() throws ConfigException {
        HitTable table = table(1);
        Policy rules = policy(List.of(80));
        RuleHits hits = new RuleHits(table.prepare(rules), 0);
        hits.count(0, nowNs);
        HitSlots panic = table.prepare(rules.under(Enforcement.PANIC));
        assertEquals(1, panic.record(0).count());
        assertEquals(Enforcement.PANIC, panic.policy().enforcement());
    }

    /** Random policies, workers that are late, and a model from what a rule says to its count. */
    @Test
    @Tag("property")
    void noCountIsLostOrGoesToAnotherRule() throws Exception {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        for (int run = 0; run < 20; run++) {
            int workers = random.nextInt(1, 4);
            HitTable table = table(workers);
            Map<Integer, Long> counts = new HashMap<>();
            Map<Integer, Long> last = new HashMap<>();
            List<Integer> ports = List.of(1);
            List<List<Integer>> portsOf = new ArrayList<>();
            List<RuleHits> hits = new ArrayList<>();
            HitSlots newest = table.prepare(policy(ports));
            for (int worker = 0; worker < workers; worker++) {
                hits.add(new RuleHits(newest, worker));
                portsOf.add(ports);
            }
            for (int step = 0; step < 60; step++) {
                nowNs += 1_000;
                ports = random.ints(random.nextInt(1, 40), 1, 600)
                        .distinct()
                        .boxed()
                        .toList();
                newest = table.prepare(policy(ports));
                for (int worker = 0; worker < workers; worker++) {
                    if (random.nextInt(3) > 0) {
                        hits.set(worker, new RuleHits(newest, worker));
                        portsOf.set(worker, ports);
                    }
                    for (int i = 0; i < 5; i++) {
                        int rule = random.nextInt(portsOf.get(worker).size());
                        hits.get(worker).count(rule, ++nowNs);
                        counts.merge(portsOf.get(worker).get(rule), 1L, Long::sum);
                        last.put(portsOf.get(worker).get(rule), nowNs);
                    }
                }
                for (int rule = 0; rule < ports.size(); rule++) {
                    String where = "seed " + seed + ", step " + step + ", port " + ports.get(rule);
                    assertEquals(
                            counts.getOrDefault(ports.get(rule), 0L),
                            newest.record(rule).count(),
                            where);
                    assertEquals(
                            last.getOrDefault(ports.get(rule), 0L),
                            newest.record(rule).lastNs(),
                            where);
                }
            }
            assertEquals(
                    counts.values().stream().mapToLong(Long::longValue).sum(),
                    records(table).values().stream().mapToLong(HitRecord::count).sum(),
                    "seed " + seed);
        }
    }

    @Test
    void aRuleThatIsGoneForLongIsForgotten() throws Exception {
        HitTable table = table(1);
        RuleHits before = new RuleHits(table.prepare(policy(List.of(80, 443))), 0);
        before.count(0, nowNs);
        before.count(1, nowNs);
        new RuleHits(table.prepare(policy(List.of(443))), 0);
        nowNs += TimeUnit.DAYS.toNanos(HitTable.KEPT_DAYS) - 1;
        HitSlots back = table.prepare(policy(List.of(80, 443)));
        assertEquals(1, back.record(0).count(), "it is back in time");
        assertEquals(0, back.record(0).goneNs());
        new RuleHits(table.prepare(policy(List.of(443))), 0);
        nowNs += TimeUnit.DAYS.toNanos(HitTable.KEPT_DAYS) + 1;
        new RuleHits(table.prepare(policy(List.of(443, 22))), 0);
        HitSlots late = table.prepare(policy(List.of(443, 22, 80)));
        assertEquals(1, late.record(0).count(), "in force all the time");
        assertEquals(0, late.record(2).count());
        assertEquals(nowNs, late.record(2).sinceNs(), "counted anew");
    }

    @Test
    void aWorkerWithAnOlderPolicyNeverCountsInTheSlotOfAnotherRule() throws Exception {
        HitTable table = table(2);
        HitSlots old = table.prepare(policy(List.of(80)));
        RuleHits late = new RuleHits(old, 0);
        new RuleHits(old, 1);
        for (int step = 0; step < 5; step++) {
            nowNs += TimeUnit.DAYS.toNanos(HitTable.KEPT_DAYS) + 1;
            new RuleHits(table.prepare(policy(List.of(1_000 + step))), 1);
        }
        // More rules than there are free slots: one of them would get that of port 80.
        HitSlots many =
                table.prepare(policy(IntStream.range(2_000, 2_300).boxed().toList()));
        late.count(0, nowNs);
        for (int rule = 0; rule < many.policy().ruleCount(); rule++) {
            assertEquals(0, many.record(rule).count());
        }
    }

    @Test
    void ofTooManyRulesThatAreGoneThoseGoneForLongestAreForgotten() throws Exception {
        HitTable table = table(1);
        int each = 3_000;
        int reloads = 8;
        for (int reload = 0; reload < reloads; reload++) {
            nowNs += 1_000;
            RuleHits hits = new RuleHits(
                    table.prepare(policy(IntStream.range(reload * each, (reload + 1) * each)
                            .boxed()
                            .toList())),
                    0);
            hits.count(0, nowNs);
        }
        Map<RuleKey, HitRecord> known = records(table);
        assertTrue(known.size() <= HitTable.MOST_GONE + 2 * each, known.size() + " rules");
        new RuleHits(table.prepare(policy(List.of(1))), 0);
        HitSlots oldest = table.prepare(policy(List.of(0, (reloads - 1) * each)));
        assertEquals(0, oldest.record(0).count(), "gone first");
        assertEquals(1, oldest.record(1).count(), "gone last");
        assertTrue(table.size() <= HitTable.MOST_GONE + 2 * each, table.size() + " rules");
    }

    @Test
    void keysTellRulesApart() throws ConfigException {
        Policy one = policy(List.of(80, 443, 80));
        RuleKey.Maker keys = new RuleKey.Maker();
        assertNotEquals(keys.key(one.identity(0), 1), keys.key(one.identity(1), 1));
        assertNotEquals(keys.key(one.identity(0), 1), keys.key(one.identity(2), 2), "a repetition");
        assertEquals(keys.key(one.identity(0), 1), keys.key(one.identity(2), 1));
    }

    /** A file format: this key is in the files of earlier programs. */
    @Test
    void aKeyStaysTheSame() throws ConfigException {
        RuleKey key = new RuleKey.Maker().key(policy(List.of(80)).identity(0), 1);
        assertEquals(
                "web/ingress\n6\nports 80\ntype -1 -1\nany",
                policy(List.of(80)).identity(0).text());
        assertEquals(new RuleKey(0xf7f50bd2a1363019L, 0xb03636ca2e1a17bbL), key);
    }
}
