package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The compiled rules credit the rule of the naive evaluation: on random rules, on borders, and on all of a small world. */
@Tag("property")
final class RulesAgainstNaiveTest {
    private static final int WORLDS = 10_000;
    private static final int PACKETS = 1_000;

    /** Worlds differ from day to day, and are the same for two runs of one day; a failure names its seed. */
    private static final long FIRST_SEED = System.currentTimeMillis() / 86_400_000 * WORLDS;

    private static String credited(Policy policy, boolean ingress, RandomWorld.Question asked) {
        RuleSet rules = ingress ? policy.ingress() : policy.egress();
        Address peer = asked.peer();
        int rule = rules.match(peer.isV6(), asked.protocol(), asked.selector(), peer.high(), peer.low());
        return rule == RuleSet.NONE ? "none" : policy.rule(rule).id();
    }

    @Test
    void theSameRuleIsCredited() {
        AtomicLong matched = new AtomicLong();
        LongStream.range(FIRST_SEED, FIRST_SEED + WORLDS).parallel().forEach(seed -> {
            RandomWorld world = new RandomWorld(new SplittableRandom(seed));
            Config config = world.config();
            Policy policy = Policy.compile(config, "web0", 1, 1);
            List<RandomWorld.Named> in = RandomWorld.inOrder(config, true);
            List<RandomWorld.Named> out = RandomWorld.inOrder(config, false);
            for (int i = 0; i < PACKETS; i++) {
                RandomWorld.Question asked = world.question();
                boolean ingress = i % 2 == 0;
                String expected = RandomWorld.naive(config, ingress ? in : out, asked);
                assertEquals(
                        expected,
                        credited(policy, ingress, asked),
                        () -> "seed " + seed + ": " + asked + "\n" + config);
                matched.addAndGet(expected.equals("none") ? 0 : 1);
            }
        });
        long all = (long) WORLDS * PACKETS;
        assertTrue(matched.get() > all / 10 && matched.get() < all * 9 / 10, matched + " of " + all + " matched");
    }

    @Test
    void theLowestNumberOfANetworkAclDecides() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + 2_000; seed++) {
            RandomWorld world = new RandomWorld(new SplittableRandom(seed));
            Config config = world.config();
            Acl acl = Policy.compile(config, "web0", 1, 1).acl();
            for (int i = 0; acl != null && i < 200; i++) {
                RandomWorld.Question asked = world.question();
                boolean ingress = i % 2 == 0;
                Address peer = asked.peer();
                int entry =
                        acl.match(ingress, peer.isV6(), asked.protocol(), asked.selector(), peer.high(), peer.low());
                String of = "seed " + seed;
                assertEquals(
                        RandomWorld.naivelyPassesAcl(config, ingress, asked),
                        acl.allows(ingress, entry),
                        () -> of + ": " + asked + "\n" + config);
            }
        }
    }

    /** Every range of every compiled block, and the values right beside it. */
    @Test
    void bordersAreThoseOfTheRules() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + 200; seed++) {
            Config config = new RandomWorld(new SplittableRandom(seed)).config();
            Policy policy = Policy.compile(config, "web0", 1, 1);
            String of = "seed " + seed;
            for (boolean ingress : new boolean[] {true, false}) {
                List<RandomWorld.Named> inOrder = RandomWorld.inOrder(config, ingress);
                RuleSet rules = ingress ? policy.ingress() : policy.egress();
                for (boolean v6 : new boolean[] {false, true}) {
                    rules.forEach(v6, (block, protocol, lowest, highest, _) -> {
                        for (Address peer : around(block.network(), block.last())) {
                            for (int selector : around(lowest, highest)) {
                                int asked = protocol == RuleSet.ALL ? 99 : protocol;
                                var question = new RandomWorld.Question(asked, selector, peer);
                                assertEquals(
                                        RandomWorld.naive(config, inOrder, question),
                                        credited(policy, ingress, question),
                                        () -> of + ": " + question + "\n" + config);
                            }
                        }
                    });
                }
            }
        }
    }

    private static List<Address> around(Address first, Address last) {
        List<Address> around = new ArrayList<>(List.of(first, last));
        if (first.high() != 0 || first.low() != 0) {
            around.add(first.previous());
        }
        if (!last.equals((last.isV6() ? Cidr.ALL_V6 : Cidr.ALL_V4).last())) {
            around.add(last.next());
        }
        return around;
    }

    private static int[] around(int lowest, int highest) {
        return IntStream.of(lowest - 1, lowest, highest, highest + 1)
                .filter(selector -> selector >= 0 && selector <= 0xffff)
                .toArray();
    }

    @ParameterizedTest
    @EnumSource
    void manyRulesCreditTheSameAsFew(RuleSample.Shape shape) {
        for (int rules : new int[] {1, 2, 33, 300, 3_000}) {
            RuleSample sample = new RuleSample(shape, rules, FIRST_SEED);
            RuleSet set = sample.compile();
            RuleSample.Questions asked = sample.questions(1_000);
            for (int i = 0; i < asked.lows.length; i++) {
                int expected = RuleSample.naive(
                        sample.entries,
                        asked.v6,
                        asked.protocols[i],
                        asked.selectors[i],
                        asked.highs[i],
                        asked.lows[i]);
                int actual = set.match(asked.v6, asked.protocols[i], asked.selectors[i], asked.highs[i], asked.lows[i]);
                assertEquals(expected, actual, shape + ", " + rules + " rules, seed " + FIRST_SEED + ", question " + i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRuleTakesSixtyFourBytesAtTheMost(RuleSample.Shape shape) {
        int rules = 100_000;
        RuleSet set = new RuleSample(shape, rules, FIRST_SEED).compile();
        assertTrue(set.bytes() <= 64L * rules, set.bytes() / rules + " bytes a rule, seed " + FIRST_SEED);
    }

    /**
     * A universe of 2-bit addresses and 2-bit ports, three protocols and {@code all}: every packet under every ordered policy
     * of up to three rules. {@code all} has no ports, so that there are 217 rules and 10,265,620 policies.
     */
    @Test
    void everyPolicyOfASmallUniverseIsRight() {
        List<Rule> rules = new ArrayList<>();
        for (int protocol : new int[] {6, 17, 132, Rule.ALL}) {
            for (int length = 30; length <= 32; length++) {
                for (int network = 0; network < 4; network += 1 << 32 - length) {
                    Cidr block = new Cidr(new Address(false, 0, network), length);
                    for (List<PortRange> ports : protocol == Rule.ALL ? List.of(List.<PortRange>of()) : everyRange()) {
                        rules.add(new Rule(
                                protocol,
                                ports,
                                Rule.ALL,
                                Rule.ALL,
                                List.of(new Peer.Net(block)),
                                "",
                                new Location("small", 1, 1)));
                    }
                }
            }
        }
        assertEquals(217, rules.size());
        long[] admitted =
                rules.stream().mapToLong(RulesAgainstNaiveTest::packets).toArray();
        AtomicLong policies = new AtomicLong();
        IntStream.range(-1, rules.size()).parallel().forEach(first -> {
            for (int second = -1; second < (first < 0 ? 0 : rules.size()); second++) {
                for (int third = -1; third < (second < 0 ? 0 : rules.size()); third++) {
                    check(rules, admitted, first, second, third);
                    policies.incrementAndGet();
                }
            }
        });
        assertEquals(217L * 217 * 217 + 217 * 217 + 217 + 1, policies.get());
    }

    private static List<List<PortRange>> everyRange() {
        List<List<PortRange>> ranges = new ArrayList<>();
        for (int low = 0; low < 4; low++) {
            for (int high = low; high < 4; high++) {
                ranges.add(List.of(new PortRange(low, high)));
            }
        }
        return ranges;
    }

    /** The packets of the small universe that a rule matches: protocol × 16 + address × 4 + port, a bit each. */
    private static long packets(Rule rule) {
        long packets = 0;
        for (int packet = 0; packet < 64; packet++) {
            int protocol = protocol(packet);
            Address peer = new Address(false, 0, packet >> 2 & 3);
            int port = packet & 3;
            boolean fits = (rule.protocol() == Rule.ALL || rule.protocol() == protocol)
                    && (rule.ports().isEmpty()
                            || rule.ports().getFirst().low() <= port
                                    && port <= rule.ports().getFirst().high())
                    && rule.peers().getFirst() instanceof Peer.Net net
                    && net.cidr().contains(peer);
            packets |= fits ? 1L << packet : 0;
        }
        return packets;
    }

    private static int protocol(int packet) {
        return switch (packet >> 4) {
            case 0 -> 6;
            case 1 -> 17;
            case 2 -> 132;
            default -> 47;
        };
    }

    private static void check(List<Rule> rules, long[] admitted, int... policy) {
        RuleSetBuilder builder = new RuleSetBuilder();
        int size = 0;
        for (int rule : policy) {
            if (rule >= 0 && rules.get(rule).peers().getFirst() instanceof Peer.Net net) {
                builder.add(size++, rules.get(rule), List.of(net.cidr()));
            }
        }
        RuleSet set = builder.build();
        for (int packet = 0; packet < 64; packet++) {
            int expected = RuleSet.NONE;
            for (int i = size - 1; i >= 0; i--) {
                expected = (admitted[policy[i]] >>> packet & 1) != 0 ? i : expected;
            }
            int actual = set.match(false, protocol(packet), packet & 3, 0, packet >> 2 & 3);
            if (actual != expected) {
                throw new AssertionError("rules " + List.of(policy[0], policy[1], policy[2]) + ", packet " + packet
                        + ": " + actual + " instead of " + expected);
            }
        }
    }
}
