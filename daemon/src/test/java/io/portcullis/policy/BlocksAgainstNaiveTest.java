package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Compares every structure that finds addresses with a test of one block after the other, at extreme numbers: both ends of a
 * family, halves that are all 0 or all 1, no block, one block, blocks that share a half.
 */
@Tag("property")
final class BlocksAgainstNaiveTest {
    private static final long SEED = System.currentTimeMillis() / 86_400_000;
    private static final int WORLDS = 20_000;
    private static final int TCP = 6;
    private static final long[] HALVES = {0, 1, 5, 0x20010db8L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -2, -1};
    private static final long[] V4 = {0, 1, 5, 0x0a00_0001L, 0x7fff_ffffL, 0x8000_0000L, 0xffff_fffeL, 0xffff_ffffL};
    private static final int[] LENGTHS_V6 = {0, 1, 32, 63, 64, 65, 96, 127, 128, 128, 128};
    private static final int[] LENGTHS_V4 = {0, 1, 8, 24, 31, 32, 32, 32};

    private static Address address(SplittableRandom random, boolean isV6, long onlyHigh) {
        long high = onlyHigh == 7 ? HALVES[random.nextInt(HALVES.length)] : onlyHigh;
        return isV6
                ? new Address(true, high, HALVES[random.nextInt(HALVES.length)])
                : new Address(false, 0, V4[random.nextInt(V4.length)]);
    }

    /** Blocks of one family, each once; in some worlds the upper halves of all are the same. */
    private static List<Cidr> blocks(SplittableRandom random, boolean isV6) {
        long onlyHigh = random.nextInt(3) == 0 ? HALVES[random.nextInt(HALVES.length)] : 7;
        int shortest = onlyHigh == 7 ? 0 : 64;
        TreeSet<Cidr> blocks = new TreeSet<>(PrefixOrder.ORDER);
        for (int n = random.nextInt(7); n > 0; n--) {
            int[] lengths = isV6 ? LENGTHS_V6 : LENGTHS_V4;
            int length = lengths[random.nextInt(lengths.length)];
            length = isV6 ? Math.max(shortest, length) : length;
            blocks.add(new Cidr(address(random, isV6, onlyHigh).network(length), length));
        }
        return new ArrayList<>(blocks);
    }

    /** Every edge of the family, and the first and last addresses of the blocks with their neighbours. */
    private static List<Address> questions(SplittableRandom random, boolean isV6, List<Cidr> blocks) {
        List<Address> asked = new ArrayList<>();
        Cidr all = isV6 ? Cidr.ALL_V6 : Cidr.ALL_V4;
        for (Cidr block : blocks) {
            asked.add(block.network());
            asked.add(block.last());
            if (!block.network().equals(all.network())) {
                asked.add(block.network().previous());
            }
            if (!block.last().equals(all.last())) {
                asked.add(block.last().next());
            }
        }
        asked.add(all.network());
        asked.add(all.last());
        for (int i = 0; i < 8; i++) {
            asked.add(address(random, isV6, 7));
        }
        return asked;
    }

    private static void inWorlds(Consumer<World> test) {
        for (long seed = SEED; seed < SEED + WORLDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            boolean isV6 = random.nextInt(4) > 0;
            List<Cidr> blocks = blocks(random, isV6);
            test.accept(new World(seed, random, isV6, blocks, questions(random, isV6, blocks)));
        }
    }

    /** Blocks in order, and the addresses to ask about. */
    private record World(long seed, SplittableRandom random, boolean isV6, List<Cidr> blocks, List<Address> asked) {
        String of(Address address) {
            return "seed " + seed + ": " + address + " in " + blocks;
        }

        /** The blocks as rules, numbered in another order than that of the addresses. */
        List<Cidr> shuffled() {
            List<Cidr> shuffled = new ArrayList<>(blocks);
            shuffled.sort(Comparator.comparingInt(block -> block.hashCode() * 31 ^ (int) seed));
            return shuffled;
        }

        RuleSet compiled(List<Cidr> inOrder) {
            RuleSetBuilder builder = new RuleSetBuilder();
            for (int i = 0; i < inOrder.size(); i++) {
                Rule rule = new Rule(
                        TCP,
                        List.of(),
                        Rule.ALL,
                        Rule.ALL,
                        List.of(new Peer.Net(inOrder.get(i))),
                        "",
                        new Location("random", 1, 1));
                builder.add(i, rule, List.of(inOrder.get(i)));
            }
            return builder.build();
        }
    }

    @Test
    void theInnermostBlockIsFound() {
        inWorlds(world -> {
            List<Cidr> blocks = world.blocks;
            int[] parents = PrefixOrder.parents(PackedBlocks.of(blocks));
            long[] contents = IntStream.range(0, blocks.size()).asLongStream().toArray();
            BlocksV4 v4 = new BlocksV4(PackedBlocks.of(world.isV6 ? List.of() : blocks), parents, contents);
            BlocksV6 v6 = new BlocksV6(PackedBlocks.of(world.isV6 ? blocks : List.of()), parents, contents);
            for (Address address : world.asked) {
                int expected = IntStream.range(0, blocks.size())
                        .filter(i -> blocks.get(i).contains(address))
                        .reduce(-1, (_, later) -> later);
                int found = world.isV6 ? v6.innermost(address.high(), address.low()) : v4.innermost(address.low());
                assertEquals(expected, found, () -> world.of(address));
            }
        });
    }

    @Test
    void theFirstRuleIsCredited() {
        inWorlds(world -> {
            List<Cidr> inOrder = world.shuffled();
            RuleSet rules = world.compiled(inOrder);
            for (Address address : world.asked) {
                int expected = IntStream.range(0, inOrder.size())
                        .filter(i -> inOrder.get(i).contains(address))
                        .findFirst()
                        .orElse(RuleSet.NONE);
                int found = rules.match(world.isV6, TCP, 443, address.high(), address.low());
                assertEquals(expected, found, () -> world.of(address));
            }
        });
    }

    @Test
    void aSetContainsTheAddressesOfItsBlocks() {
        inWorlds(world -> {
            AddressSet set = new AddressSet(world.shuffled());
            for (Address address : world.asked) {
                boolean expected = world.blocks.stream().anyMatch(block -> block.contains(address));
                assertEquals(
                        expected, set.contains(world.isV6, address.high(), address.low()), () -> world.of(address));
            }
        });
    }

    @Test
    void aSweepGoesThroughAllAddresses() {
        inWorlds(world -> {
            RuleLayer layer = RuleLayer.union(world.compiled(world.blocks), world.isV6, TCP, _ -> true, Selectors.ALL);
            List<Address> visited = new ArrayList<>();
            IntervalSweep.run(world.isV6, List.of(layer), (first, last, sets) -> {
                assertTrue(first.compareTo(last) <= 0, () -> world.of(first));
                for (Address address : List.of(first, last)) {
                    boolean expected = world.blocks.stream().anyMatch(block -> block.contains(address));
                    assertEquals(expected, !sets.getFirst().isEmpty(), () -> world.of(address));
                }
                if (!visited.isEmpty()) {
                    assertEquals(visited.getLast().next(), first, () -> world.of(first));
                }
                visited.add(first);
                visited.add(last);
            });
            Cidr all = world.isV6 ? Cidr.ALL_V6 : Cidr.ALL_V4;
            assertEquals(all.network(), visited.getFirst());
            assertEquals(all.last(), visited.getLast());
        });
    }

    @Test
    void anIndexFindsEveryMatchingKey() {
        inWorlds(world -> {
            long[] keys = IntStream.range(0, world.random.nextInt(7))
                    .mapToLong(_ -> HALVES[world.random.nextInt(HALVES.length)])
                    .boxed()
                    .sorted(Long::compareUnsigned)
                    .mapToLong(Long::longValue)
                    .toArray();
            CoarseIndex index = new CoarseIndex(keys.length, i -> keys[i]);
            for (long asked : HALVES) {
                int slot = index.slot(asked);
                for (int i = 0; i < keys.length; i++) {
                    int order = Long.compareUnsigned(keys[i], asked);
                    boolean right = i < index.from(slot) ? order < 0 : i < index.to(slot) || order > 0;
                    assertTrue(right, () -> asked + " among " + Arrays.toString(keys) + ", seed " + world.seed);
                }
            }
        });
    }
}
