package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class AddressPairTest {
    private static final int[] WORKERS = {2, 3, 4, 7, 8, 16, 64};
    private static final int SEEDS = 100;
    private static final int PAIRS = 1 << 13;

    /** Pairs of addresses as networks use them; i counts from 0. */
    enum Network {
        MANY_CLIENTS_OF_ONE_SERVER {
            @Override
            long[] pair(int i) {
                return v4(0x0a000000 + i, 0xc6336407);
            }
        },
        ONE_CLIENT_OF_MANY_SERVERS {
            @Override
            long[] pair(int i) {
                return v4(0x0a000001, 0xc6330000 + i);
            }
        },
        SUBNETS_ONE_TO_ONE {
            @Override
            long[] pair(int i) {
                return v4(0x0a000000 + i, 0x0a800000 + i);
            }
        },
        SUBNETS_MIRRORED {
            @Override
            long[] pair(int i) {
                return v4(0x0a000000 + i, 0x0a80ffff - i);
            }
        },
        NEIGHBOURS {
            @Override
            long[] pair(int i) {
                return v4(0x0a000000 + 2 * i, 0x0a000001 + 2 * i);
            }
        },
        EACH_WITH_ITSELF {
            @Override
            long[] pair(int i) {
                return v4(0x0a000000 + i, 0x0a000000 + i);
            }
        },
        EACH_WITH_EACH {
            @Override
            long[] pair(int i) {
                return v4(0x0a000000 + (i & 0x7f), 0x0a000080 + (i >> 7));
            }
        },
        ONE_HOST_OF_EACH_24 {
            @Override
            long[] pair(int i) {
                return v4(0x0a000001 + (i << 8), 0xc6336407);
            }
        },
        ONE_HOST_OF_EACH_18 {
            @Override
            long[] pair(int i) {
                return v4(1 + (i << 14), 0xc6336407);
            }
        },
        V6_HOSTS_OF_ONE_SERVER {
            @Override
            long[] pair(int i) {
                return v6(0, i, 1, 1);
            }
        },
        V6_SUBNETS_OF_ONE_SERVER {
            @Override
            long[] pair(int i) {
                return v6(i, 1, 1 << 20, 1);
            }
        },
        V6_ONE_TO_ONE {
            @Override
            long[] pair(int i) {
                return v6(1, i, 2, i);
            }
        },
        V6_SUBNETS_ONE_TO_ONE {
            @Override
            long[] pair(int i) {
                return v6(i, i, i + 0x10000L, i);
            }
        },
        V6_HIGH_BITS_OF_THE_HOST {
            @Override
            long[] pair(int i) {
                return v6(1, (long) i << 48, 2, 1);
            }
        };

        abstract long[] pair(int i);

        static long[] v4(int one, int other) {
            return new long[] {0, Integer.toUnsignedLong(one), 0, Integer.toUnsignedLong(other)};
        }

        static long[] v6(long subnet, long host, long otherSubnet, long otherHost) {
            long prefix = 0x20010db8_00000000L;
            return new long[] {prefix + subnet, host, prefix + otherSubnet, otherHost};
        }
    }

    private static int hash(int seed, long... pair) {
        return AddressPair.hash(seed, pair[0], pair[1], pair[2], pair[3]);
    }

    private static Packet parsed(byte[] frame) {
        Packet packet = new Packet();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        return packet;
    }

    @Test
    @Tag("property")
    void theOrderDoesNotMatter() {
        for (long seed = 1; seed <= 10_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int key = random.nextInt();
            long[] pair = random.longs(4).toArray();
            assertEquals(hash(key, pair), hash(key, pair[2], pair[3], pair[0], pair[1]), "seed " + seed);
        }
    }

    @Test
    void packetAndQuoteHaveThePairOfTheirAddresses() {
        for (String[] of : new String[][] {{"198.51.100.7", "10.0.0.1"}, {"2001:db8:9::7", "fe80::1:2:3:4"}}) {
            boolean v6 = of[0].contains(":");
            Frame inner = Frame.udp(of[0], 1, of[1], 2).payload(8);
            Packet packet = parsed(inner.bytes());
            int expected =
                    hash(7, packet.sourceHigh(), packet.sourceLow(), packet.destinationHigh(), packet.destinationLow());
            assertEquals(expected, AddressPair.hash(7, packet));
            Packet error = parsed(Frame.icmp(of[1], of[0], v6 ? 1 : 3, 0, 0)
                    .payload(inner.ip())
                    .bytes());
            QuotedPacket quote = new QuotedPacket();
            assertTrue(error.readQuote(quote));
            assertEquals(expected, AddressPair.hash(7, quote));
        }
    }

    /**
     * Computed by a program in another language. With another function, flows of an earlier version would be in the wrong tables.
     */
    @Test
    void theFunctionIsThisOne() {
        assertEquals(0x72454c75, hash(0, Network.v4(0x0a000001, 0xc6336407)));
        assertEquals(0x642a3a31, hash(0x12345678, Network.v6(1, 2, 3, 4)));
    }

    @Test
    void aWorkerIsAnUnsignedRemainder() {
        assertEquals(0, AddressPair.worker(-1, 1));
        assertEquals(3, AddressPair.worker(-1, 4));
        assertEquals(0, AddressPair.worker(-1, 3));
        assertEquals(2, AddressPair.worker(Integer.MIN_VALUE, 3));
    }

    @ParameterizedTest
    @EnumSource
    void eachWorkerGetsItsShare(Network network) {
        for (int seed = -SEEDS / 2; seed < SEEDS / 2; seed++) {
            int[] hashes = new int[PAIRS];
            for (int i = 0; i < PAIRS; i++) {
                hashes[i] = hash(seed, network.pair(i));
            }
            for (int workers : WORKERS) {
                int[] shares = new int[workers];
                for (int hash : hashes) {
                    shares[AddressPair.worker(hash, workers)]++;
                }
                double expected = (double) PAIRS / workers;
                double square = Arrays.stream(shares)
                        .mapToDouble(share -> (share - expected) * (share - expected) / expected)
                        .sum();
                // Fair dice exceed it once in 10^8 (Laurent and Massart 2000, lemma 1).
                double freedom = workers - 1;
                double bound = freedom + 2 * Math.sqrt(freedom * 18.4) + 2 * 18.4;
                String context = "seed " + seed + ": chi-square of " + Arrays.toString(shares);
                assertTrue(square < bound, context);
            }
        }
    }

    /**
     * Two pairs whose difference a weaker hash would not see, whatever its seed: over many seeds they collide as often as chance
     * predicts.
     */
    @Test
    void nobodyChoosesAWorkerWithoutTheSeed() {
        long[] base = {0x20010db8_00000000L, 1, 0x20010db8_00010000L, 2};
        long[][] others = {
            {base[0] ^ 1L << 63, base[1] ^ 1L << 63, base[2], base[3]},
            {base[0] ^ 1L << 63, base[1], base[2] ^ 1L << 63, base[3]},
            {base[0] ^ 1L << 63 ^ 1L << 31, base[1], base[2], base[3]},
            {base[0], base[1] + 1, base[2], base[3] - 1},
            {base[0], base[1] + 1, base[2], base[3] + 1},
            {base[0], base[1] + 0x10000, base[2], base[3] - 1},
            {base[0], Long.reverse(base[1]), base[2], base[3]},
            {base[0], base[1] ^ 1L << 16 ^ 1L << 31, base[2], base[3]},
            {base[1], base[0], base[2], base[3]},
            {base[0], base[3], base[2], base[1]},
            {base[0], 0x0001_0000_0000_0000L, base[2], base[3]},
        };
        int seeds = 20_000;
        for (long[] other : others) {
            for (int workers : new int[] {2, 4, 64}) {
                SplittableRandom random = new SplittableRandom(1);
                int met = 0;
                for (int i = 0; i < seeds; i++) {
                    int seed = random.nextInt();
                    met += AddressPair.worker(hash(seed, base), workers)
                                    == AddressPair.worker(hash(seed, other), workers)
                            ? 1
                            : 0;
                }
                double chance = 1.0 / workers;
                double deviation = Math.sqrt(seeds * chance * (1 - chance));
                assertTrue(
                        Math.abs(met - seeds * chance) < 5 * deviation,
                        Arrays.toString(other) + " meet " + met + " times of " + seeds + " with " + workers);
            }
        }
    }

    @Test
    void theMultipliersAreOddAndDiffer() {
        for (int seed : new int[] {0, 1, -1, 0x9e3779b9, Integer.MIN_VALUE}) {
            int[] multipliers = IntStream.range(0, AddressPair.PIECES)
                    .map(piece -> AddressPair.multiplier(seed, piece))
                    .toArray();
            assertEquals(
                    AddressPair.PIECES, Arrays.stream(multipliers).distinct().count(), "seed " + seed);
            assertTrue(Arrays.stream(multipliers).allMatch(multiplier -> (multiplier & 1) == 1), "seed " + seed);
        }
    }
}
