package io.portcullis.policy;

import io.portcullis.config.Cidr;
import io.portcullis.config.PortRange;
import java.util.List;

/** Asks one rule after the other: the shortest form that is right. */
final class LinearRules implements RuleSet {
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;

    /** One rule with its sources resolved to addresses. */
    static final class Entry {
        private static final int ALL = -1;

        private final int number;
        private final int protocol;
        private final int[] lowest;
        private final int[] highest;
        private final long[] v4;
        private final long[] v4Mask;
        private final long[] v6;
        private final long[] v6Mask;

        /**
         * A rule.
         *
         * @param number in the policy's list
         * @param protocol 0 to 255, or -1 for all
         * @param selectors ranges of ports, or of type × 256 + code; empty: all
         * @param peers the addresses it admits
         */
        Entry(int number, int protocol, List<PortRange> selectors, List<Cidr> peers) {
            this.number = number;
            this.protocol = protocol;
            lowest = selectors.stream().mapToInt(PortRange::low).toArray();
            highest = selectors.stream().mapToInt(PortRange::high).toArray();
            List<Cidr> fours = peers.stream().filter(cidr -> !cidr.isV6()).toList();
            List<Cidr> sixes = peers.stream().filter(Cidr::isV6).toList();
            v4 = new long[fours.size()];
            v4Mask = new long[v4.length];
            for (int i = 0; i < v4.length; i++) {
                v4[i] = fours.get(i).network().low();
                v4Mask[i] = upperBits(fours.get(i).prefixLength() + 32);
            }
            v6 = new long[sixes.size() * 2];
            v6Mask = new long[v6.length];
            for (int i = 0; i < sixes.size(); i++) {
                Cidr cidr = sixes.get(i);
                v6[2 * i] = cidr.network().high();
                v6[2 * i + 1] = cidr.network().low();
                v6Mask[2 * i] = upperBits(Math.min(64, cidr.prefixLength()));
                v6Mask[2 * i + 1] = upperBits(Math.max(0, cidr.prefixLength() - 64));
            }
        }

        private static long upperBits(int count) {
            return count == 0 ? 0 : -1L << (64 - count);
        }

        boolean admits(boolean isV6, int packetProtocol, int selector, long peerHigh, long peerLow) {
            if (protocol != ALL && protocol != packetProtocol) {
                return false;
            }
            if (protocol == ICMP && isV6 || protocol == ICMPV6 && !isV6) {
                return false;
            }
            return admitsSelector(selector) && (isV6 ? admitsV6(peerHigh, peerLow) : admitsV4(peerLow));
        }

        private boolean admitsSelector(int selector) {
            for (int i = 0; i < lowest.length; i++) {
                if (selector >= lowest[i] && selector <= highest[i]) {
                    return true;
                }
            }
            return lowest.length == 0;
        }

        private boolean admitsV4(long peer) {
            for (int i = 0; i < v4.length; i++) {
                if ((peer & v4Mask[i]) == v4[i]) {
                    return true;
                }
            }
            return false;
        }

        private boolean admitsV6(long peerHigh, long peerLow) {
            for (int i = 0; i < v6.length; i += 2) {
                if ((peerHigh & v6Mask[i]) == v6[i] && (peerLow & v6Mask[i + 1]) == v6[i + 1]) {
                    return true;
                }
            }
            return false;
        }
    }

    private final Entry[] entries;

    LinearRules(List<Entry> entries) {
        this.entries = entries.toArray(Entry[]::new);
    }

    @Override
    public int match(boolean v6, int protocol, int selector, long peerHigh, long peerLow) {
        for (Entry entry : entries) {
            if (entry.admits(v6, protocol, selector, peerHigh, peerLow)) {
                return entry.number;
            }
        }
        return NONE;
    }
}
