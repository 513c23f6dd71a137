package io.portcullis.policy;

import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Rules as people, programs and attackers write them, and questions about them: from a seed, always the same. */
public final class RuleSample {
    private static final int[] USUAL_PORTS = {22, 25, 53, 80, 123, 443, 993, 3306, 5432, 8080};
    private static final int TCP = 6;
    private static final int UDP = 17;

    /** The shape of the rules. */
    public enum Shape {
        /** IPv4 blocks anywhere, of usual ports. */
        FEW_PORTS,
        /** IPv4 blocks anywhere, of random port ranges. */
        RANGES,
        /** IPv4 hosts of one /8, of random port ranges. */
        CLUSTER,
        /** Any address, of random port ranges. */
        ANYBODY,
        /** Of some addresses all 33 blocks that enclose them, of random port ranges. */
        NESTED,
        /** The same, asked about those addresses only: every question walks 33 blocks. */
        DEEPEST,
        /** IPv6 blocks of one /32, of random port ranges. */
        V6,
        /** Several protocols beside one another, all among them. */
        PROTOCOLS
    }

    /** One rule and the blocks of its peers. */
    record Entry(Rule rule, Cidr block) {}

    private final SplittableRandom random;
    private final Shape shape;
    public final List<Entry> entries = new ArrayList<>();

    public RuleSample(Shape shape, int rules, long seed) {
        this.shape = shape;
        random = new SplittableRandom(seed);
        Address nest = address();
        for (int i = 0; i < rules; i++) {
            if (i % 33 == 0) {
                nest = address();
            }
            Cidr block = switch (shape) {
                case FEW_PORTS, RANGES, PROTOCOLS -> block(address(), 8 + random.nextInt(25));
                case CLUSTER -> Cidr.of(address());
                case ANYBODY -> Cidr.ALL_V4;
                case NESTED, DEEPEST -> block(nest, i % 33);
                case V6 -> block(address(), random.nextBoolean() ? 128 : 40 + random.nextInt(60));
            };
            entries.add(new Entry(rule(block), block));
        }
    }

    private Rule rule(Cidr block) {
        int protocol = shape == Shape.PROTOCOLS ? new int[] {Rule.ALL, TCP, UDP, 47}[random.nextInt(4)] : TCP;
        List<PortRange> ports = Rule.hasPorts(protocol) ? List.of(ports()) : List.of();
        return new Rule(
                protocol, ports, Rule.ALL, Rule.ALL, List.of(new Peer.Net(block)), "", new Location("generated", 1, 1));
    }

    private PortRange ports() {
        if (shape == Shape.FEW_PORTS || shape == Shape.PROTOCOLS) {
            int port = USUAL_PORTS[random.nextInt(USUAL_PORTS.length)];
            return new PortRange(port, port);
        }
        int low = random.nextInt(65_536);
        return new PortRange(low, Math.min(65_535, low + random.nextInt(1000)));
    }

    private Address address() {
        return switch (shape) {
            case V6 -> new Address(true, 0x20010db8L << 32 | random.nextInt() & 0xffff_ffffL, random.nextLong());
            case CLUSTER -> new Address(false, 0, 0x0a00_0000L | random.nextInt(1 << 24));
            default -> new Address(false, 0, random.nextInt() & 0xffff_ffffL);
        };
    }

    private static Cidr block(Address address, int length) {
        return new Cidr(address.network(length), length);
    }

    public RuleSet compile() {
        RuleSetBuilder builder = new RuleSetBuilder();
        for (int i = 0; i < entries.size(); i++) {
            builder.add(i, entries.get(i).rule(), List.of(entries.get(i).block()));
        }
        return builder.build();
    }

    /** Asks one rule after the other: the result that {@link RuleSet#match} must have. */
    public static int naive(List<Entry> entries, boolean v6, int protocol, int selector, long high, long low) {
        Address peer = new Address(v6, high, low);
        for (int i = 0; i < entries.size(); i++) {
            Rule rule = entries.get(i).rule();
            boolean icmp = Rule.hasTypes(rule.protocol());
            boolean fits = (rule.protocol() == Rule.ALL || rule.protocol() == protocol)
                    && (!icmp || rule.protocol() == (v6 ? 58 : 1))
                    && rule.selectors().stream().anyMatch(range -> range.low() <= selector && selector <= range.high());
            if (fits && entries.get(i).block().contains(peer)) {
                return i;
            }
        }
        return RuleSet.NONE;
    }

    /** Questions; half of them from inside a rule's block, at one of its ports. */
    public static final class Questions {
        public final boolean v6;
        public final int[] protocols;
        public final int[] selectors;
        public final long[] highs;
        public final long[] lows;

        public Questions(boolean v6, int count) {
            this.v6 = v6;
            protocols = new int[count];
            selectors = new int[count];
            highs = new long[count];
            lows = new long[count];
        }
    }

    public Questions questions(int count) {
        Questions questions = new Questions(shape == Shape.V6, count);
        for (int i = 0; i < count; i++) {
            Address peer = address();
            questions.protocols[i] = shape == Shape.PROTOCOLS ? new int[] {TCP, UDP, 47}[random.nextInt(3)] : TCP;
            questions.selectors[i] = random.nextInt(65_536);
            if (shape == Shape.DEEPEST || random.nextBoolean()) {
                int asked = random.nextInt(entries.size());
                if (shape == Shape.DEEPEST) {
                    asked = Math.min(entries.size() - 1, asked - asked % 33 + 32);
                }
                Entry entry = entries.get(asked);
                Cidr block = entry.block();
                Address network = block.network();
                Address mask = new Address(network.isV6(), network.isV6() ? -1 : 0, network.isV6() ? -1 : 0xffff_ffffL)
                        .network(block.prefixLength());
                peer = new Address(
                        network.isV6(),
                        network.high() | peer.high() & ~mask.high(),
                        network.low() | peer.low() & ~mask.low());
                PortRange range = entry.rule().selectors().getFirst();
                questions.selectors[i] = range.low() + random.nextInt(range.high() - range.low() + 1);
            }
            questions.highs[i] = peer.high();
            questions.lows[i] = peer.low();
        }
        return questions;
    }
}
