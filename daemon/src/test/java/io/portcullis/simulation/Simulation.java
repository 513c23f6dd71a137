package io.portcullis.simulation;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.reference.Datagram;
import io.portcullis.reference.Firewall;
import io.portcullis.reference.Guesser;
import io.portcullis.reference.ReferenceFlow;
import io.portcullis.reference.Settings;
import io.portcullis.reference.Step;
import io.portcullis.reference.Trial;
import io.portcullis.reference.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A small world on one virtual clock, random from one seed: hosts on both sides with some conversations at a time, a path that
 * loses, doubles and reorders packets, an attacker who knows more than real ones can, and between them engine and reference, under
 * reloads, crashes and expiry.
 *
 * <p>In a <em>calm</em> world every configuration admits everything, with space for all flows and long timeouts. There no segment of a
 * connection that the attacker has not touched may be dropped, under any reload and any crash. In some calm worlds the table is full:
 * there this holds for connections from the moment when they cannot be evicted.
 */
final class Simulation {
    /** A conversation: it acts when one of its packets arrives or its timer fires. */
    interface Conversation {
        /** The firewall passed a packet of it, and the path did not lose it. */
        void delivered(Arrival arrival);

        /** A timer of it fires. */
        void timer(int which);

        /** True: it has ended. */
        boolean isOver();

        /** The tuple from which a guesser forges its packets. */
        Guesser.Target target();

        /** A forged packet of it has passed: drops of it are allowed from now on. */
        void disturbed();

        /**
         * A packet of it has passed the firewall, in this order.
         *
         * @param spared true: a full table does not evict its flow
         */
        default void passed(boolean spared) {}

        /**
         * True: the firewall must pass all of it, in a calm world.
         *
         * @param full the table may be full
         */
        boolean isInnocent(boolean full);
    }

    /** A packet of an innocent connection is dropped. */
    static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient Datagram dropped;

        Cut(Datagram dropped, Verdict verdict) {
            super("an admitted connection is cut: " + dropped.notation() + " -> " + verdict);
            this.dropped = dropped;
        }

        Datagram dropped() {
            return dropped;
        }
    }

    /** A packet on its way; a forged one has no content that its conversation understands. */
    record Arrival(
            Datagram datagram,
            @Nullable Conversation conversation,
            @Nullable Object content) {}

    /** An event at a time; events of one time are in the order of planning. */
    private record Event(
            long atNs,
            long order,
            @Nullable Arrival atFirewall,
            @Nullable Arrival atHost,
            @Nullable Conversation timer,
            int which)
            implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return atNs != other.atNs ? Long.compare(atNs, other.atNs) : Long.compare(order, other.order);
        }
    }

    private static final long MILLI = 1_000_000L;
    private static final long TOGETHER_NS = 50_000;
    private static final long HOUSEKEEPING_NS = 50 * MILLI;
    private static final int CONVERSATIONS = 24;
    private static final int ADDRESSES = 4;

    /** Ports of conversations are below; floods have those above, so that they hit no conversation by chance. */
    private static final int FIRST_PORT = 1024;

    private static final int LAST_PORT = 60_000;

    private final SplittableRandom random;
    private final Guesser guesser;
    private final Trial trial;
    private final @Nullable List<Step> record;
    private final boolean calm;
    private final int maxFlows;
    private final int floodFrames;
    private final double loss;
    private final int jitterNs;
    private final int attacks;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<Conversation> conversations = new ArrayList<>();
    private final List<Arrival> together = new ArrayList<>();
    private final List<Datagram> datagrams = new ArrayList<>();
    private long planned;
    private long nextHousekeepingNs;
    private int nextPort = FIRST_PORT;
    private long delivered;
    private long mostFlows;

    /**
     * A world.
     *
     * @param record receives all steps; null: they are not recorded
     */
    Simulation(long seed, Firewall.Source source, @Nullable List<Step> record) {
        random = new SplittableRandom(seed);
        guesser = new Guesser(random.split());
        trial = new Trial(source);
        this.record = record;
        calm = random.nextInt(3) == 0;
        int[] limits = {2, 50, 1_000};
        maxFlows = random.nextInt(3) > 0 ? Settings.MANY : limits[random.nextInt(limits.length)];
        floodFrames = random.nextInt(6) == 0 ? 2_000 : 20;
        loss = random.nextInt(3) == 0 ? 0 : random.nextDouble() * 0.08;
        jitterNs = random.nextInt(3) == 0 ? 1 : random.nextInt(1, 20_000_000);
        attacks = random.nextInt(4);
    }

    /**
     * Lets it run.
     *
     * @param frames at least so many reach the firewall
     * @return how many did
     * @throws Trial.Mismatch where engine and reference differ
     * @throws Cut where both drop what is innocent
     */
    long run(long frames) {
        reload();
        while (trial.frames() < frames) {
            while (conversations.size() < CONVERSATIONS) {
                begin();
            }
            Event event = events.remove();
            if (event.atNs > nextHousekeepingNs) {
                keepHouse();
            }
            if (event.atFirewall != null) {
                arriveTogether(event.atNs, event.atFirewall);
            } else {
                advance(event.atNs);
                happen(event);
            }
        }
        take(new Step.Expire());
        return trial.frames();
    }

    /** Packets that reached the host they were sent to. */
    long delivered() {
        return delivered;
    }

    /** The most flows at one time. */
    long mostFlows() {
        return mostFlows;
    }

    private void happen(Event event) {
        if (event.atHost != null && event.atHost.conversation != null) {
            event.atHost.conversation.delivered(event.atHost);
            delivered++;
        }
        if (event.timer != null) {
            event.timer.timer(event.which);
        }
    }

    SplittableRandom random() {
        return random;
    }

    long nowNs() {
        return trial.nowNs();
    }

    /** Sets a timer. */
    void wake(Conversation conversation, int which, long atNs) {
        events.add(new Event(Math.max(atNs, nowNs()), planned++, null, null, conversation, which));
    }

    /** Sends a packet to the host, past the firewall, which starts later. */
    void sendUnguarded(Datagram datagram, Conversation conversation, Object content) {
        Arrival arrival = new Arrival(datagram, conversation, content);
        events.add(new Event(arrivalNs(), planned++, null, arrival, null, 0));
    }

    /** Sends a packet to the firewall. */
    void send(Datagram datagram, @Nullable Conversation conversation, @Nullable Object content) {
        Arrival arrival = new Arrival(datagram, conversation, content);
        if (random.nextDouble() >= loss) {
            events.add(new Event(arrivalNs(), planned++, arrival, null, null, 0));
        }
        if (loss > 0 && random.nextInt(200) == 0) {
            events.add(new Event(arrivalNs(), planned++, arrival, null, null, 0));
        }
    }

    /** Adopts a connection; false: the table is full. */
    boolean adopt(Datagram first, int originatorShift, int responderShift) {
        boolean adopts = trial.reference().mayAdopt(first);
        take(new Step.Adopt(first, originatorShift, responderShift));
        return adopts;
    }

    private long arrivalNs() {
        return nowNs() + 10 * MILLI + random.nextInt(jitterNs);
    }

    private void advance(long toNs) {
        if (toNs > nowNs()) {
            take(new Step.Wait(toNs - nowNs()));
        }
    }

    private void take(Step step) {
        if (record != null) {
            record.add(step);
        }
        trial.take(step);
    }

    /** Packets of one side within a short time are one batch. */
    private void arriveTogether(long firstNs, Arrival first) {
        together.clear();
        datagrams.clear();
        Arrival arrival = first;
        long lastNs = firstNs;
        while (arrival != null) {
            together.add(arrival);
            datagrams.add(arrival.datagram);
            Event next = events.peek();
            arrival = next != null && next.atNs <= firstNs + TOGETHER_NS ? next.atFirewall : null;
            if (arrival != null
                    && (arrival.datagram.direction() != first.datagram.direction()
                            || together.size() == Batch.CAPACITY)) {
                arrival = null;
            }
            if (next != null && arrival != null) {
                lastNs = next.atNs;
                events.remove();
            }
        }
        advance(lastNs);
        decide();
    }

    private void decide() {
        if (record != null) {
            datagrams.forEach(datagram -> record.add(new Step.Frame(datagram)));
        }
        trial.decide(datagrams);
        for (int i = 0; i < together.size(); i++) {
            Arrival arrival = together.get(i);
            Conversation conversation = arrival.conversation;
            boolean passes = trial.verdict(i).passes();
            if (conversation == null) {
                continue;
            }
            boolean forged = arrival.content == null;
            if (!passes && !forged && calm && conversation.isInnocent(maxFlows < Settings.MANY)) {
                throw new Cut(arrival.datagram, trial.verdict(i));
            }
            if (passes && !forged) {
                ReferenceFlow flow = trial.reference().flowOf(arrival.datagram);
                conversation.passed(flow != null && flow.precedence() == ReferenceFlow.NEVER);
            }
            if (passes && forged) {
                conversation.disturbed();
            } else if (passes && random.nextDouble() >= loss) {
                events.add(new Event(arrivalNs(), planned++, null, arrival, null, 0));
            }
        }
    }

    private void keepHouse() {
        nextHousekeepingNs = nowNs() + HOUSEKEEPING_NS;
        take(new Step.Expire());
        mostFlows = Math.max(mostFlows, trial.reference().flows().size());
        conversations.removeIf(Conversation::isOver);
        if (random.nextInt(40) == 0) {
            reload();
        }
        if (random.nextInt(40) == 0) {
            take(random.nextBoolean() ? new Step.Crash() : new Step.Restart(settings()));
        }
        for (int i = random.nextInt(attacks + 1); i > 0; i--) {
            attack();
        }
    }

    private void reload() {
        take(new Step.Reload(settings()));
    }

    private Settings settings() {
        return calm ? Settings.drawnRoomy(random, maxFlows) : Settings.drawn(random, maxFlows);
    }

    /** Forgeries about one conversation, or a flood of first packets, which may be answered. */
    private void attack() {
        if (random.nextInt(4) == 0 || conversations.isEmpty()) {
            flood();
            return;
        }
        Conversation victim = conversations.get(random.nextInt(conversations.size()));
        for (int i = random.nextInt(1, 20); i > 0; i--) {
            send(guesser.next(victim.target(), trial.reference()), victim, null);
        }
    }

    private void flood() {
        Direction direction = random.nextInt(4) == 0 ? Direction.EGRESS : Direction.INGRESS;
        Guesser.Kind[] kinds = Guesser.Kind.values();
        Guesser.Kind kind = kinds[random.nextInt(kinds.length)];
        boolean answered = random.nextBoolean();
        for (int i = random.nextInt(1, floodFrames); i > 0; i--) {
            Guesser.Target target = target(kind, random.nextInt(LAST_PORT + 1, 65_536));
            if (answered) {
                FloodTalk.begin(this, target, direction, guesser);
            } else {
                send(guesser.first(target, direction), null, null);
            }
        }
    }

    private Guesser.Target target(Guesser.Kind kind, int port) {
        boolean v6 = random.nextInt(3) == 0;
        int outside = 7 + random.nextInt(ADDRESSES);
        int inside = 1 + random.nextInt(2);
        return new Guesser.Target(
                random.nextInt(8) == 0 ? 10 : 0,
                v6 ? new Address(true, 0x20010db8_00090000L, outside) : new Address(false, 0, 0xc6336400L + outside),
                v6 ? new Address(true, 0x20010db8_00010000L, inside) : new Address(false, 0, 0x0a000000L + inside),
                kind,
                port,
                random.nextInt(3) == 0 ? 53 : 80);
    }

    private void begin() {
        Guesser.Kind[] kinds = Guesser.Kind.values();
        Guesser.Kind kind = random.nextInt(4) > 0 ? Guesser.Kind.TCP : kinds[random.nextInt(kinds.length)];
        Guesser.Target target = target(kind, nextPort);
        nextPort = nextPort == LAST_PORT ? FIRST_PORT : nextPort + 1;
        Direction direction = random.nextInt(3) == 0 ? Direction.EGRESS : Direction.INGRESS;
        conversations.add(
                kind == Guesser.Kind.TCP
                        ? TcpTalk.begin(this, target, direction, random.nextInt(5) == 0)
                        : DatagramTalk.begin(this, target, direction, guesser));
    }
}
