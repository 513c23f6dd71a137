package io.portcullis.testing;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Inputs for a fuzz target, changed at random from its seeds: the same ones in every run, without a fuzzer that is led by
 * coverage ({@code scripts/fuzz} has that).
 */
public final class Mutations {
    private static final int MOST_CHANGES = 4;
    private static final int LONGEST_GROWTH = 24;
    private static final int[] BORDERS = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};

    private Mutations() {}

    /**
     * Gives a target its seeds, then {@code count} inputs made of them.
     *
     * @throws AssertionError naming the seed and the input, when the target throws
     */
    public static void run(long seed, int count, List<byte[]> seeds, Consumer<byte[]> target) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = -seeds.size(); i < count; i++) {
            byte[] input = i < 0 ? seeds.get(i + seeds.size()) : mutated(seeds, random);
            try {
                target.accept(input);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + ", input " + i + ": " + HexFormat.of().formatHex(input), e);
            }
        }
    }

    private static byte[] mutated(List<byte[]> seeds, SplittableRandom random) {
        byte[] input = seeds.get(random.nextInt(seeds.size())).clone();
        if (random.nextInt(4) == 0) {
            input = joined(input, seeds.get(random.nextInt(seeds.size())), random);
        }
        for (int n = random.nextInt(MOST_CHANGES + 1); n > 0 && input.length > 0; n--) {
            input = changed(input, random);
        }
        return input;
    }

    /** The beginning of one and the end of another. */
    private static byte[] joined(byte[] one, byte[] other, SplittableRandom random) {
        int from = random.nextInt(other.length + 1);
        return new Frame.Octets()
                .bytes(Arrays.copyOf(one, random.nextInt(one.length + 1)))
                .bytes(Arrays.copyOfRange(other, from, other.length))
                .toBytes();
    }

    private static byte[] changed(byte[] input, SplittableRandom random) {
        int at = random.nextInt(input.length);
        int kind = random.nextInt(8);
        switch (kind) {
            case 0, 1 -> input[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> input[at] = (byte) random.nextInt();
            case 3 -> input[at] = (byte) BORDERS[random.nextInt(BORDERS.length)];
            case 4 -> input[at] += (byte) (random.nextBoolean() ? 1 : -1);
            case 5 -> {
                return Arrays.copyOf(input, at);
            }
            case 6 -> {
                return Arrays.copyOf(input, input.length + random.nextInt(LONGEST_GROWTH));
            }
            default -> {
                return inserted(input, at, random);
            }
        }
        return input;
    }

    /** Repeats a piece of the input right after itself. */
    private static byte[] inserted(byte[] input, int at, SplittableRandom random) {
        int end = Math.min(input.length, at + random.nextInt(1, LONGEST_GROWTH));
        return new Frame.Octets()
                .bytes(Arrays.copyOf(input, end))
                .bytes(Arrays.copyOfRange(input, at, input.length))
                .toBytes();
    }
}
