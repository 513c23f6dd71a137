package io.portcullis.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.review.FlowReview;
import io.portcullis.engine.review.Reviewer;
import io.portcullis.net.Direction;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.TcpFlags;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A review of random flows under random policies agrees with the reference about each flow, and with the fate of each flow once
 * that policy applies.
 */
@Tag("property")
final class FlowReviewPropertyTest {
    private static final int WORLDS = 300;
    private static final int STEPS = 60;
    private static final int POLICIES = 4;
    private static final Set<Reason> CUTS = Set.of(Reason.ACL_DENY, Reason.ACL_DEFAULT, Reason.RECHECK);

    private long refused;
    private long cut;
    private long untouched;
    private long cutThoughAdmitted;

    /** Flows of many kinds, in an engine and in the reference. */
    private static final class World {
        private final SplittableRandom random;
        private final Trial trial;

        @SuppressWarnings("NullAway.Init") // the trial makes it
        private Engine engine;

        World(long seed) {
            random = new SplittableRandom(seed);
            Guesser guesser = new Guesser(random);
            trial = new Trial(policy -> {
                Firewall firewall = Firewall.engine(policy);
                engine = ((Firewall.Running) firewall).engine();
                return firewall;
            });
            trial.take(new Step.Reload(
                    random.nextInt(3) > 0
                            ? Settings.drawnRoomy(random, Settings.MANY)
                            : Settings.drawn(random, Settings.MANY)));
            List<Guesser.Target> targets = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Guesser.Target target = ReferencePropertyTest.target(random);
                targets.add(target);
                if (target.kind() == Guesser.Kind.TCP && target.vlans() == 0 && random.nextInt(4) == 0) {
                    Direction direction = random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS;
                    trial.take(new Step.Adopt(guesser.first(target, direction), -1, 7));
                }
            }
            for (int i = 0; i < STEPS; i++) {
                if (random.nextInt(30) == 0) {
                    trial.take(new Step.Wait(random.nextLong(1, 30_000_000_000L)));
                }
                trial.take(
                        new Step.Frame(guesser.next(targets.get(random.nextInt(targets.size())), trial.reference())));
            }
        }

        FlowReview review(Settings next) {
            Reviewer reviewer = engine.review(next.policy(), Integer.MAX_VALUE);
            while (!reviewer.proceed(3, trial.nowNs())) {
                // On to the next slice.
            }
            return reviewer.result();
        }
    }

    private static FlowReview.Example expected(ReferenceFlow flow, ReferencePolicy next) {
        Datagram first = flow.first;
        String rule = next.ruleFor(first);
        boolean failsafe = ReferencePolicy.isFailsafe(rule);
        boolean denied = next.askAcl(first) != Reason.NONE;
        boolean answersDenied = next.askAcl(packet(flow, false)) != Reason.NONE;
        boolean ends = next.rechecks() && rule == null;
        boolean inward = first.direction() == Direction.INGRESS;
        int source = port(first, true);
        int destination = port(first, false);
        return new FlowReview.Example(
                first.direction(),
                first.protocol(),
                first.outside(),
                inward ? source : destination,
                first.inside(),
                inward ? destination : source,
                first.vlans(),
                rule == null || denied && !failsafe,
                ends || (denied || answersDenied) && !(flow.failsafe && failsafe));
    }

    private static int port(Datagram datagram, boolean source) {
        return switch (datagram.transport()) {
            case Transport.Tcp tcp -> source ? tcp.sourcePort() : tcp.destinationPort();
            case Transport.Ports ports -> source ? ports.sourcePort() : ports.destinationPort();
            case Transport.Icmp icmp -> 0;
            case Transport.Other other -> 0;
        };
    }

    /** A packet inside a flow, in the direction of its first packet or the other one. */
    private static Datagram packet(ReferenceFlow flow, boolean original) {
        Datagram first = flow.first;
        int source = port(first, original);
        int destination = port(first, !original);
        Transport transport = switch (first.transport()) {
            case Transport.Tcp tcp -> new Transport.Tcp(source, destination, TcpFlags.ACK, tcp.sequence(), 1, 100);
            case Transport.Ports ports -> new Transport.Ports(ports.protocol(), source, destination);
            case Transport.Icmp icmp ->
                new Transport.Icmp(
                        original ? icmp.type() : Icmp.replyOf(first.isV6(), icmp.type()),
                        icmp.code(),
                        icmp.identifier(),
                        null);
            case Transport.Other other -> other;
        };
        return new Datagram(
                original ? first.direction() : first.direction().opposite(),
                first.vlans(),
                original ? first.source() : first.destination(),
                original ? first.destination() : first.source(),
                transport,
                0,
                false);
    }

    @Test
    void agreesWithTheReferenceAndWithTheFateOfEachFlow() {
        for (long seed = 1; seed <= WORLDS; seed++) {
            World world = new World(seed);
            for (int i = 0; i < POLICIES; i++) {
                compare(world, Settings.drawn(world.random, Settings.MANY), "seed " + seed);
            }
            Settings next = Settings.drawn(world.random, Settings.MANY);
            FlowReview before = world.review(next);
            world.trial.take(new Step.Reload(next));
            // Flows that are over by shorter timeouts have ended.
            FlowReview after = compare(world, next, "seed " + seed + ", in force");
            assertTrue(new HashSet<>(before.sample()).containsAll(after.sample()), "seed " + seed);
            world.trial.take(new Step.Expire());
            List.copyOf(world.trial.reference().flows()).forEach(flow -> happens(world, flow, next.reference()));
        }
        assertTrue(Math.min(refused, cut) > WORLDS, refused + " refused, " + cut + " cut");
        assertTrue(untouched > WORLDS, untouched + " untouched");
        assertTrue(cutThoughAdmitted > WORLDS / 10, cutThoughAdmitted + " cut by the ACL alone");
    }

    private FlowReview compare(World world, Settings next, String what) {
        Set<FlowReview.Example> touched = new HashSet<>();
        long refusals = 0;
        long cuts = 0;
        for (ReferenceFlow flow : world.trial.reference().flows()) {
            FlowReview.Example example = expected(flow, next.reference());
            refusals += example.refused() ? 1 : 0;
            cuts += example.cut() ? 1 : 0;
            if (example.refused() || example.cut()) {
                touched.add(example);
            } else {
                untouched++;
            }
            cutThoughAdmitted += example.cut() && !example.refused() ? 1 : 0;
        }
        FlowReview review = world.review(next);
        String where = what + ", " + next;
        assertEquals(world.trial.reference().flows().size(), review.tracked(), where);
        assertEquals(refusals, review.refused(), where);
        assertEquals(cuts, review.cut(), where);
        assertEquals(touched, new HashSet<>(review.sample()), where);
        refused += refusals;
        cut += cuts;
        return review;
    }

    /** Sends a packet of each direction: one of them is dropped by recheck or by the ACL where the review says so. */
    private static void happens(World world, ReferenceFlow flow, ReferencePolicy inForce) {
        boolean isCut = false;
        for (boolean original : new boolean[] {true, false}) {
            Datagram packet = packet(flow, original);
            if (inForce.failsSourceCheck(packet)) {
                return;
            }
            if (world.trial.reference().flowOf(packet) == flow) {
                world.trial.decide(List.of(packet));
                isCut |= CUTS.contains(world.trial.verdict(0).reason());
            }
        }
        assertEquals(expected(flow, inForce).cut(), isCut, flow.first.notation());
    }
}
