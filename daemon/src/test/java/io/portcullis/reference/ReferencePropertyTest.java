package io.portcullis.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Compares engine and reference frame by frame on random sequences: few tuples, so that packets often belong to a flow; packets that
 * correct ends would send, and values next to every limit of windows and timeouts.
 */
@Tag("property")
final class ReferencePropertyTest {
    private static final int SEQUENCES = Integer.getInteger("portcullis.sequences", 1_500);
    private static final int STEPS = 120;

    /** The seed is the day: two runs of one day are the same. A failure names its seed. */
    private static final long FIRST_SEED =
            Long.getLong("portcullis.seed", System.currentTimeMillis() / 86_400_000 * SEQUENCES);

    private static final Address[] OUTSIDE = {
        Address.parse("198.51.100.7"),
        Address.parse("198.51.100.200"),
        Address.parse("2001:db8:9::7"),
        Address.parse("169.254.1.1"),
        Address.parse("fe80::1"),
        Address.parse("fe80::2")
    };
    private static final Address[] INSIDE = {
        Address.parse("10.0.0.1"),
        Address.parse("10.0.0.2"),
        Address.parse("2001:db8:1::1"),
        Address.parse("169.254.7.7"),
        Address.parse("fe80::2"),
        Address.parse("fe80::3")
    };
    /** Before the link-local ones. */
    private static final int GLOBAL = 3;

    private static final int[] PORTS = {80, 53, 4000};

    private final Map<Reason, Integer> seen = new EnumMap<>(Reason.class);
    private long openedBySyn;

    /** One of few tuples. */
    static Guesser.Target target(SplittableRandom random) {
        // Link-local addresses are few, so that most packets have others.
        int pair = random.nextInt(6) == 0 ? random.nextInt(GLOBAL, OUTSIDE.length) : random.nextInt(GLOBAL);
        Guesser.Kind[] kinds = Guesser.Kind.values();
        Guesser.Kind kind = random.nextInt(3) > 0 ? Guesser.Kind.TCP : kinds[random.nextInt(kinds.length)];
        int vlans = switch (random.nextInt(8)) {
            case 0 -> 10;
            case 1 -> 10 << 12 | 20;
            default -> 0;
        };
        return new Guesser.Target(
                vlans,
                OUTSIDE[pair],
                INSIDE[pair],
                kind,
                1024 + random.nextInt(4),
                PORTS[random.nextInt(PORTS.length)]);
    }

    /** Makes and plays one sequence of steps, up to the first difference. */
    private static final class Sequence {
        private final List<Step> steps = new ArrayList<>();
        private final Trial trial = new Trial(Firewall::engine);
        private final SplittableRandom random;
        private final Guesser guesser;
        private final List<Guesser.Target> targets = new ArrayList<>();
        private final List<Settings> settings = new ArrayList<>();

        Sequence(long seed) {
            random = new SplittableRandom(seed);
            guesser = new Guesser(random);
            boolean crowded = random.nextInt(3) == 0;
            int limit = crowded ? random.nextInt(1, 5) : Settings.MANY;
            for (int i = random.nextInt(1, crowded ? 8 : 4); i > 0; i--) {
                targets.add(target(random));
            }
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                boolean roomy = !crowded && random.nextInt(3) == 0;
                settings.add(roomy ? Settings.drawnRoomy(random, Settings.MANY) : Settings.drawn(random, limit));
            }
        }

        void run(Map<Reason, Integer> seen) {
            take(new Step.Reload(settings.getFirst()));
            for (Guesser.Target target : targets) {
                if (target.kind() == Guesser.Kind.TCP && random.nextInt(4) == 0) {
                    adopt(target);
                }
            }
            for (int i = 0; i < STEPS; i++) {
                int chance = random.nextInt(100);
                if (chance < 2) {
                    take(new Step.Reload(settings.get(random.nextInt(settings.size()))));
                } else if (chance < 4) {
                    take(
                            random.nextBoolean()
                                    ? new Step.Crash()
                                    : new Step.Restart(settings.get(random.nextInt(settings.size()))));
                } else if (chance < 5 && targets.getFirst().kind() == Guesser.Kind.TCP) {
                    adopt(targets.getFirst());
                } else if (chance < 14) {
                    take(new Step.Wait(pause()));
                    if (random.nextBoolean()) {
                        take(new Step.Expire());
                    }
                } else {
                    Guesser.Target target = targets.get(random.nextInt(targets.size()));
                    take(new Step.Frame(guesser.next(target, trial.reference())));
                    seen.merge(trial.verdict(0).reason(), 1, Integer::sum);
                }
            }
        }

        private void take(Step step) {
            steps.add(step);
            trial.take(step);
        }

        /** Adopts a connection. */
        private void adopt(Guesser.Target target) {
            if (target.vlans() != 0) {
                // Sockets of a host have no VLAN tags.
                return;
            }
            Direction direction = random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS;
            take(new Step.Adopt(guesser.first(target, direction), random.nextInt(-1, 15), random.nextInt(-1, 15)));
        }

        /** Waits, often until a flow is about to expire. */
        private long pause() {
            List<ReferenceFlow> flows = List.copyOf(trial.reference().flows());
            if (flows.isEmpty() || random.nextBoolean()) {
                return random.nextLong(1, 1L << random.nextInt(10, 38));
            }
            long endNs = trial.reference().endNs(flows.get(random.nextInt(flows.size())));
            return Math.max(1, endNs - trial.nowNs() + random.nextInt(-1, 2));
        }
    }

    @Test
    void everyVerdictAndEveryFlowAgreesWithTheReference() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) {
            Sequence sequence = new Sequence(seed);
            try {
                sequence.run(seen);
                openedBySyn += sequence.trial.reference().openedBySyn();
            } catch (Trial.Mismatch mismatch) {
                fail("seed " + seed + ": " + mismatch.getMessage() + "\n"
                        + Script.report(sequence.steps, "seed " + seed, Firewall::engine));
            }
        }
        assertTrue(openedBySyn > SEQUENCES / 100, openedBySyn + " connections were opened by a SYN inside them");
        for (Reason reason : REACHED) {
            int count = seen.getOrDefault(reason, 0);
            assertTrue(count > SEQUENCES / 100, reason + " only " + count + " times: " + seen);
        }
    }

    private static final List<Reason> REACHED = List.of(
            Reason.NONE,
            Reason.SOURCE_CHECK,
            Reason.ACL_DENY,
            Reason.ACL_DEFAULT,
            Reason.BAD_CHECKSUM,
            Reason.TCP_FLAGS,
            Reason.TCP_NO_SYN,
            Reason.TCP_STATE,
            Reason.TCP_WINDOW,
            Reason.RECHECK,
            Reason.ICMP_UNRELATED,
            Reason.NO_RULE,
            Reason.FLOW_LIMIT);
}
