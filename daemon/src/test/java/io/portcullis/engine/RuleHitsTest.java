package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.hits.HitTable;
import io.portcullis.hits.RuleHits;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Acl;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A count stays with its rule, or entry of a network ACL, when a reload moves that. */
final class RuleHitsTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String ACL = """
            security-groups: {web: {ingress: [{protocol: all, from: any}]}}
            network-acls:
              edge:
                ingress: [%s]
                egress: [{rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}]
            """;

    private int port = 1;

    private static String rules(String... ingress) {
        return "security-groups: {web: {ingress: [" + String.join(", ", ingress) + "], egress: []}}\n";
    }

    private static String udp(int... ports) {
        List<String> list = new ArrayList<>();
        for (int each : ports) {
            list.add(Integer.toString(each));
        }
        return "{protocol: udp, ports: [" + String.join(", ", list) + "], from: any}";
    }

    private void query(EngineBench bench, int to, int times) {
        for (int i = 0; i < times; i++) {
            assertEquals(Reason.NONE, bench.in(Frame.udp(A, port++, B, to)));
        }
    }

    private static Map<String, Long> hits(Engine engine) {
        RuleHits hits = engine.ruleHits();
        Policy policy = hits.policy();
        Map<String, Long> named = new TreeMap<>();
        for (int i = 0; i < policy.ruleCount(); i++) {
            named.put(policy.rule(i).id(), hits.of(i));
        }
        return named;
    }

    private static Map<String, Long> aclHits(Engine engine) {
        RuleHits hits = engine.ruleHits();
        Acl acl = Objects.requireNonNull(hits.policy().acl());
        Map<String, Long> named = new TreeMap<>();
        for (int i = 0; i < acl.size(); i++) {
            named.put(acl.id(i), hits.ofAcl(i));
        }
        return named;
    }

    private static void install(EngineBench bench, String rest) throws ConfigException {
        bench.install(EngineBench.policy("", rest, 2));
    }

    @Test
    void aNewFirstRuleBeginsAtZeroAndTheOthersKeepTheirs() throws ConfigException {
        EngineBench bench = new EngineBench(rules(udp(53)));
        query(bench, 53, 7);
        install(bench, rules(udp(54), udp(53)));
        assertEquals(Map.of("web/ingress[1]", 0L, "web/ingress[2]", 7L), hits(bench.engine()));
        query(bench, 53, 1);
        query(bench, 54, 2);
        install(bench, rules(udp(53)));
        assertEquals(Map.of("web/ingress[1]", 8L), hits(bench.engine()));
        install(bench, rules(udp(54), udp(53)));
        assertEquals(
                Map.of("web/ingress[1]", 2L, "web/ingress[2]", 8L), hits(bench.engine()), "what is back has its count");
    }

    @Test
    void theMeaningIdentifiesARuleNotItsSpelling() throws ConfigException {
        EngineBench bench = new EngineBench(rules(udp(53)));
        query(bench, 53, 3);
        install(bench, rules("{description: names, from: any, ports: domain, protocol: 17}"));
        assertEquals(Map.of("web/ingress[1]", 3L), hits(bench.engine()));
        install(bench, rules(udp(53, 54)));
        assertEquals(Map.of("web/ingress[1]", 0L), hits(bench.engine()), "another rule under the same label");
    }

    @Test
    void ofEqualRulesTheFirstHasTheCount() throws ConfigException {
        EngineBench bench = new EngineBench(rules(udp(53)));
        query(bench, 53, 3);
        install(bench, rules(udp(54), udp(53), udp(53)));
        query(bench, 53, 1);
        assertEquals(Map.of("web/ingress[1]", 0L, "web/ingress[2]", 4L, "web/ingress[3]", 0L), hits(bench.engine()));
        install(bench, rules(udp(53), udp(54), udp(53)));
        assertEquals(Map.of("web/ingress[1]", 4L, "web/ingress[2]", 0L, "web/ingress[3]", 0L), hits(bench.engine()));
    }

    @Test
    void theSameWordsInAnotherListAreAnotherRule() throws ConfigException {
        EngineBench bench = new EngineBench(rules(udp(53)));
        query(bench, 53, 3);
        install(bench, "failsafe: {ingress: [" + udp(53) + "]}\n" + rules(udp(53)));
        assertEquals(Map.of("failsafe/ingress[1]", 0L, "web/ingress[1]", 3L), hits(bench.engine()));
        install(bench, "security-groups: {web: {ingress: [" + udp(53) + "]}}\n");
        assertEquals(Map.of("web/egress[implied]", 0L, "web/ingress[1]", 3L), hits(bench.engine()));
    }

    /** Random edits, against a map from what a rule says to its count. */
    @Test
    @Tag("property")
    void noCountGoesOnUnderAnotherRule() throws ConfigException {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        List<Integer> ports = List.of(1);
        EngineBench bench = new EngineBench(rules(udp(1)));
        Map<Integer, Long> counts = new HashMap<>();
        for (int edit = 0; edit < 300; edit++) {
            for (int i = 0; i < 4; i++) {
                int asked = ports.get(random.nextInt(ports.size()));
                query(bench, asked, 1);
                counts.merge(asked, 1L, Long::sum);
            }
            ports = random.ints(random.nextInt(1, 8), 1, 8).boxed().toList();
            install(bench, rules(ports.stream().map(RuleHitsTest::udp).toArray(String[]::new)));
            Map<String, Long> expected = new TreeMap<>();
            for (int i = 0; i < ports.size(); i++) {
                boolean isFirst = ports.indexOf(ports.get(i)) == i;
                expected.put("web/ingress[" + (i + 1) + "]", isFirst ? counts.getOrDefault(ports.get(i), 0L) : 0);
            }
            assertEquals(expected, hits(bench.engine()), "seed " + seed);
            bench.sleepSeconds(1_000);
            while (bench.expire() > 0) {
                // On to the next.
            }
        }
    }

    @Test
    void everyEntryOfANetworkAclCountsWhatItDecidesAbout() throws ConfigException {
        String entries = "{rule: 100, action: deny, protocol: udp, ports: 53, from: 0.0.0.0/0},"
                + " {rule: 110, action: allow, protocol: udp, from: 0.0.0.0/0}";
        EngineBench bench = new EngineBench("network-acl: edge", ACL.formatted(entries), false);
        assertEquals(Reason.ACL_DENY, bench.in(Frame.udp(A, 1, B, 53)));
        assertEquals(Reason.NONE, bench.in(Frame.udp(A, 1, B, 54)));
        assertEquals(Reason.NONE, bench.in(Frame.udp(A, 1, B, 54)));
        assertEquals(Reason.NONE, bench.out(Frame.udp(B, 54, A, 1)));
        for (int i = 0; i < 4; i++) {
            assertEquals(Reason.ACL_DEFAULT, bench.in(Frame.tcp(A, 1, B, 80, TcpFlags.SYN)));
        }
        assertEquals(
                Map.of(
                        "edge/ingress[100]", 1L,
                        "edge/ingress[110]", 2L,
                        "edge/ingress[*]", 4L,
                        "edge/egress[100]", 1L,
                        "edge/egress[*]", 0L),
                aclHits(bench.engine()));
        String edited = "{rule: 90, action: deny, protocol: udp, ports: 52, from: 0.0.0.0/0},"
                + " {rule: 100, action: allow, protocol: udp, ports: 53, from: 0.0.0.0/0},"
                + " {rule: 110, action: allow, protocol: udp, from: 0.0.0.0/0, description: the rest}";
        bench.install(EngineBench.policy("network-acl: edge", ACL.formatted(edited), 2));
        assertEquals(
                Map.of(
                        "edge/ingress[90]", 0L,
                        "edge/ingress[100]", 0L,
                        "edge/ingress[110]", 2L,
                        "edge/ingress[*]", 4L,
                        "edge/egress[100]", 1L,
                        "edge/egress[*]", 0L),
                aclHits(bench.engine()),
                "100 says something else now");
        bench.install(EngineBench.policy("", ACL.formatted(edited), 3));
        bench.install(EngineBench.policy("network-acl: edge", ACL.formatted(edited), 4));
        assertEquals(2, aclHits(bench.engine()).get("edge/ingress[110]"), "what is back has its count");
    }

    @Test
    void failsafePacketsAreNoHitsOfTheAcl() throws ConfigException {
        String failsafe = "failsafe: {ingress: [{protocol: tcp, ports: 22, from: any}]}\n";
        EngineBench bench = new EngineBench("network-acl: edge", failsafe + ACL.formatted(""), false);
        assertEquals(Reason.NONE, bench.in(Frame.tcp(A, 1, B, 22, TcpFlags.SYN)));
        assertEquals(Reason.ACL_DEFAULT, bench.in(Frame.tcp(A, 1, B, 23, TcpFlags.SYN)));
        assertEquals(1, aclHits(bench.engine()).get("edge/ingress[*]"));
    }

    @Test
    void aSuperFrameIsAsManyHitsAsPackets() throws ConfigException {
        String entries = "{rule: 1, action: allow, protocol: all, from: 0.0.0.0/0}";
        Policy policy = EngineBench.policy("network-acl: edge, checksums: trust", ACL.formatted(entries), 1);
        Engine engine = new Engine(policy, Shard.ALL, 1, 2);
        byte[] frame = Frame.udp(A, 1, B, 53).payload(2_500).bytes();
        Batch batch = new Batch(MemorySegment.ofArray(frame), false);
        batch.add(0, frame.length);
        batch.segments(1_000);
        engine.decide(batch, Direction.INGRESS, 1);
        assertEquals(3, engine.counters().packets(Direction.INGRESS, Reason.NONE));
        assertEquals(3, aclHits(engine).get("edge/ingress[1]"));
    }

    /** The worker with the flow asks the ACL about an ICMP error, and counts it. */
    @Test
    void handedOverPacketsAreCountedOnce() throws ConfigException {
        String entries = "{rule: 1, action: allow, protocol: all, from: 0.0.0.0/0}";
        Policy policy = EngineBench.policy("network-acl: edge", ACL.formatted(entries), 1);
        HitTable table = HitTable.inMemory(2);
        List<Engine> engines = List.of(
                EngineBench.engine(policy, new Shard(0, 2, 7), table),
                EngineBench.engine(policy, new Shard(1, 2, 7), table));
        byte[] error = Frame.icmp("203.0.113.1", B, 3, 3, 0)
                .payload(Frame.udp(B, 1, A, 53).payload(8).ip())
                .bytes();
        int handedOver = 0;
        for (Engine engine : engines) {
            Batch batch = new Batch(MemorySegment.ofArray(error), false);
            batch.add(0, error.length);
            engine.decide(batch, Direction.INGRESS, 1);
            handedOver += Long.bitCount(batch.elsewhere());
        }
        assertEquals(1, handedOver);
        RuleHits sum = engines.getFirst().ruleHits();
        assertEquals(1, sum.ofAcl(Objects.requireNonNull(policy.acl()).number(true, 0)));
    }
}
