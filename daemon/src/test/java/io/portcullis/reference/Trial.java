package io.portcullis.reference;

import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Engine and reference side by side on one clock. Both get the same events, and must agree on every verdict, on the number of flows
 * and on the sums of the counters.
 */
public final class Trial {
    /** The two differ. */
    public static final class Mismatch extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Mismatch(String message) {
            super(message);
        }

        Mismatch(RuntimeException thrown) {
            super("the engine throws " + thrown, thrown);
        }
    }

    private static final int SLOT = 2048;
    private static final int BETWEEN_SUMS = 256;

    private final MemorySegment memory = MemorySegment.ofArray(new byte[Batch.CAPACITY * SLOT]);
    private final Wire wire = new Wire(memory);
    private final Batch batch = new Batch(memory, true);
    private final ReferenceFirewall reference;
    private final Verdict[] verdicts = new Verdict[Batch.CAPACITY];
    private Firewall firewall;
    private Settings settings = Settings.BASE;
    private long nowNs = 1;
    private boolean settled = true;
    private long frames;
    private long framesBefore;
    private long flowsBefore;
    private int batches;

    /** Both begin without flows, with the base configuration. */
    public Trial(Firewall.Source source) {
        firewall = source.apply(settings.policy());
        reference = new ReferenceFirewall(settings.reference());
        reference.advance(nowNs);
    }

    public ReferenceFirewall reference() {
        return reference;
    }

    public long nowNs() {
        return nowNs;
    }

    /** Number of decided frames. */
    public long frames() {
        return frames;
    }

    /** The reference's verdicts on the last batch. */
    public Verdict verdict(int i) {
        return verdicts[i];
    }

    /**
     * Plays steps until engine and reference differ.
     *
     * @return the difference, if there is one
     */
    static Optional<String> play(List<Step> steps, Firewall.Source source) {
        try {
            Trial trial = new Trial(source);
            List<Datagram> together = new ArrayList<>();
            for (Step step : steps) {
                if (step instanceof Step.Frame(Datagram datagram)) {
                    boolean joins = together.isEmpty()
                            || together.size() < Batch.CAPACITY
                                    && together.getFirst().direction() == datagram.direction();
                    if (!joins) {
                        trial.decide(together);
                        together.clear();
                    }
                    together.add(datagram);
                } else {
                    trial.decide(together);
                    together.clear();
                    trial.take(step);
                }
            }
            trial.decide(together);
            trial.take(new Step.Expire());
            trial.addUp();
            return Optional.empty();
        } catch (Mismatch mismatch) {
            return Optional.of(String.valueOf(mismatch.getMessage()));
        }
    }

    /** Plays one step. */
    public void take(Step step) {
        switch (step) {
            case Step.Frame frame -> decide(List.of(frame.datagram()));
            case Step.Wait wait -> {
                nowNs += wait.ns();
                settled = false;
                reference.advance(nowNs);
            }
            case Step.Expire expire -> {
                ask(() -> firewall.expire(nowNs));
                settled = true;
                compareFlows();
                compareStatistics();
            }
            case Step.Reload reload -> {
                settings = reload.settings();
                ask(() -> firewall.install(settings.policy(), nowNs));
                reference.install(settings.reference());
                settled = false;
            }
            case Step.Adopt adopt -> adopt(adopt);
            case Step.Crash crash -> restart();
            case Step.Restart restart -> {
                settings = restart.settings();
                reference.install(settings.reference());
                restart();
            }
        }
    }

    private void adopt(Step.Adopt adopt) {
        Datagram first = adopt.first();
        if (!reference.mayAdopt(first) || !(first.transport() instanceof Transport.Tcp tcp)) {
            return;
        }
        boolean inward = first.direction() == Direction.INGRESS;
        Adopted connection = new Adopted(
                first.isV6(),
                first.outside().high(),
                first.outside().low(),
                inward ? tcp.sourcePort() : tcp.destinationPort(),
                first.inside().high(),
                first.inside().low(),
                inward ? tcp.destinationPort() : tcp.sourcePort(),
                first.direction(),
                inward ? adopt.originatorShift() : adopt.responderShift(),
                inward ? adopt.responderShift() : adopt.originatorShift());
        ask(() -> {
            firewall.expire(nowNs);
            firewall.adopt(connection, nowNs);
        });
        reference.adopt(first, adopt.originatorShift(), adopt.responderShift());
        flowsBefore++;
        compareFlows();
    }

    /** Expired flows are still in the table: the next lookup must expire them. */
    private void restart() {
        Counters before = firewall.counters();
        ask(() -> firewall = firewall.crash(settings.policy(), nowNs));
        if (firewall.counters() != before) {
            framesBefore = frames;
            flowsBefore = reference.flows().size() + reference.ended();
        }
        settled = true;
        compareFlows();
        compareStatistics();
    }

    /** Decides about frames of one direction and time, at most {@link Batch#CAPACITY}. */
    public void decide(List<Datagram> datagrams) {
        if (datagrams.isEmpty()) {
            return;
        }
        Direction direction = datagrams.getFirst().direction();
        batch.clear();
        for (int i = 0; i < datagrams.size(); i++) {
            long at = (long) i * SLOT;
            batch.add(at, wire.write(datagrams.get(i), at));
        }
        ask(() -> firewall.decide(batch, direction, nowNs));
        for (int i = 0; i < datagrams.size(); i++) {
            Datagram datagram = datagrams.get(i);
            Verdict expected = reference.decide(datagram);
            verdicts[i] = expected;
            ReferenceFlow flow = expected.reason() == Reason.NONE ? reference.flowOf(datagram) : null;
            if (flow != null) {
                flow.count(direction, batch.length(i));
            }
            if (!isSaidOf(i, expected)) {
                throw new Mismatch((direction == Direction.INGRESS ? "in: " : "out: ") + datagram.notation()
                        + ": expected " + expected + ", got " + actual(i));
            }
        }
        frames += datagrams.size();
        compareFlows();
        if (++batches % BETWEEN_SUMS == 0 && settled) {
            addUp();
        }
    }

    private static void ask(Runnable question) {
        try {
            question.run();
        } catch (RuntimeException thrown) {
            throw new Mismatch(thrown);
        }
    }

    private boolean isSaidOf(int i, Verdict expected) {
        boolean sameRule = expected.rule() == null
                ? batch.rule(i) == Batch.NO_RULE
                : batch.rule(i) != Batch.NO_RULE
                        && expected.rule()
                                .equals(settings.policy().rule(batch.rule(i)).id());
        return batch.isAccepted(i) == expected.passes()
                && batch.reason(i) == expected.reason().ordinal()
                && (!expected.passes() || sameRule);
    }

    private Verdict actual(int i) {
        Reason reason = Reason.of(batch.reason(i));
        boolean named = batch.isAccepted(i) && batch.rule(i) != Batch.NO_RULE;
        return new Verdict(
                reason,
                batch.isAccepted(i) && reason != Reason.NONE,
                named ? settings.policy().rule(batch.rule(i)).id() : null);
    }

    /** Between two expiries the engine may hold expired flows. */
    private void compareFlows() {
        long expected = reference.flows().size();
        long actual = firewall.counters().total(Counters.Total.FLOWS);
        if (settled ? actual != expected : actual < expected) {
            throw new Mismatch("flows: expected " + expected + ", got " + actual);
        }
    }

    /** The statistics of all flows, in any order. */
    private void compareStatistics() {
        Map<List<Long>, Integer> surplus = new HashMap<>();
        firewall.statistics(nowNs).forEach(flow -> surplus.merge(flow, 1, Integer::sum));
        reference.flows().forEach(flow -> surplus.merge(flow.statistics(), -1, Integer::sum));
        surplus.values().removeIf(count -> count == 0);
        if (!surplus.isEmpty()) {
            throw new Mismatch(
                    "statistics of flows (first seen, packets and bytes in, packets and bytes out; 1: the engine"
                            + " has one more such flow, -1: one less): " + surplus);
        }
    }

    /** Packets passed and dropped add up to the frames; flows created less those ended, expired and evicted are the flows now. */
    private void addUp() {
        Counters counters = firewall.counters();
        long counted = 0;
        for (Direction direction : Direction.values()) {
            for (Reason reason : Reason.values()) {
                counted += counters.packets(direction, reason) + counters.auditedPackets(direction, reason);
            }
        }
        if (counted != frames - framesBefore) {
            throw new Mismatch("packets counted: expected " + (frames - framesBefore) + ", got " + counted);
        }
        long flows = counters.total(Counters.Total.FLOWS_CREATED)
                - counters.total(Counters.Total.FLOWS_EVICTED)
                - counters.total(Counters.Total.FLOWS_EXPIRED)
                - reference.ended()
                + flowsBefore;
        if (flows != counters.total(Counters.Total.FLOWS)) {
            throw new Mismatch("flows created - evicted - expired - ended: " + flows + " where there are "
                    + counters.total(Counters.Total.FLOWS));
        }
    }
}
