package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.policy.LogRules;
import io.portcullis.policy.Policy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps dropped frames, and first frames of admitted flows, for the log, without allocation. The policy says which of them. As
 * samples by default: each reason has {@value #PLACES} places, and a source hashes to two of them, of which it takes the first that
 * no other source has. A frame without a place only raises a count, so that a flood does not evict other sources, and two sources
 * never hide each other. Flows are samples too, as of a reason of their own. {@link #describeAll} keeps every dropped frame
 * instead, up to {@value #MOST_OF_ALL} between two takes. Belongs to the worker's thread.
 */
public final class DropSamples {
    private static final int PLACES = 16;
    private static final int REASONS = Reason.values().length;
    private static final int MOST_OF_ALL = 8_192;

    private final Drop[] samples = newDrops(REASONS * PLACES);
    private Drop[] all = new Drop[0];
    private int allSize;
    private long others;
    private int turn;
    private @Nullable Policy policy;
    private LogRules log = LogRules.STANDARD;

    DropSamples() {}

    /**
     * What came since the take before.
     *
     * @param drops described
     * @param others number of further dropped frames, not described
     * @param flows admitted ones, described
     * @param otherFlows number of further ones, not described
     */
    public record Taken(List<Drop> drops, long others, List<Drop> flows, long otherFlows) {
        /** True: there is nothing to log. */
        public boolean isEmpty() {
            return drops.isEmpty() && others == 0 && flows.isEmpty() && otherFlows == 0;
        }

        /** The flows alone. */
        public Taken withoutDrops() {
            return new Taken(List.of(), 0, flows, otherFlows);
        }
    }

    /** Keeps what a policy wants in the log from now on. */
    void install(Policy next) {
        policy = next;
        log = next.log();
    }

    /** Describes every drop from now on, or samples. */
    public void describeAll(boolean every) {
        if (every != all.length > 0) {
            all = newDrops(every ? MOST_OF_ALL : 0);
            others += allSize;
            allSize = 0;
        }
    }

    void note(Packet packet, Direction direction, Reason reason, boolean passed, long nowNs) {
        if (!log.refused() && isRefusal(reason) || isNever(packet)) {
            return;
        }
        if (all.length > 0) {
            if (allSize < all.length) {
                all[allSize++].of(packet, direction, reason, passed, nowNs);
            } else {
                others++;
            }
            return;
        }
        Drop drop = place(packet, reason);
        if (drop.count() == 0) {
            drop.of(packet, direction, reason, passed, nowNs);
        } else {
            drop.again();
        }
    }

    /** Notes the first frame of a flow, by the number of the rule that admitted it. */
    void noteFlow(Packet packet, Direction direction, int rule, long nowNs) {
        Policy inForce = policy;
        if (inForce == null || !log.accepted(rule) || isNever(packet)) {
            return;
        }
        Drop flow = place(packet, Reason.NONE);
        if (flow.count() == 0) {
            flow.ofFlow(packet, direction, inForce, rule, nowNs);
        } else {
            flow.again();
        }
    }

    private Drop place(Packet packet, Reason reason) {
        // The hash changes with every take: a source that shares its places with two floods now does not after the
        // next one.
        long spread = 0x9e3779b97f4a7c15L + turn * 0xbf58476d1ce4e5b8L;
        long mixed = (packet.sourceHigh() * 31 + packet.sourceLow()) * spread;
        int place = reason.ordinal() * PLACES + (int) (mixed >>> 60);
        Drop first = samples[place];
        if (first.count() == 0 || first.isFrom(packet)) {
            return first;
        }
        Drop second = samples[place ^ 1];
        return second.count() == 0 || second.isFrom(packet) ? second : first;
    }

    /** True: the reason says that no rule of a group admits the packet, now or when its flow began. */
    private static boolean isRefusal(Reason reason) {
        return reason == Reason.NO_RULE
                || reason == Reason.TCP_NO_SYN
                || reason == Reason.ICMP_UNRELATED
                || reason == Reason.RECHECK;
    }

    private boolean isNever(Packet packet) {
        return packet.isIp()
                && (log.isNever(packet.isV6(), packet.sourceHigh(), packet.sourceLow())
                        || log.isNever(packet.isV6(), packet.destinationHigh(), packet.destinationLow()));
    }

    /**
     * Takes out what came since the last take.
     *
     * @param limit on samples of drops, and on those of flows: every reason has its first before any has a second
     */
    public Taken take(int limit) {
        List<Drop> chosen = new ArrayList<>();
        for (int i = 0; i < allSize; i++) {
            chosen.add(new Drop(all[i]));
        }
        allSize = 0;
        // Starts at another place each time, so that every source is reported at some time.
        turn = (turn + 1) % PLACES;
        chooseSamples(chosen, 1, REASONS, limit);
        List<Drop> flows = new ArrayList<>();
        chooseSamples(flows, 0, 1, limit);
        Taken taken = new Taken(
                List.copyOf(chosen), others + forget(PLACES, samples.length), List.copyOf(flows), forget(0, PLACES));
        others = 0;
        return taken;
    }

    /** Chooses samples of the reasons from {@code first} to before {@code end}. */
    private void chooseSamples(List<Drop> chosen, int first, int end, int limit) {
        int[] next = new int[REASONS];
        int left = limit;
        boolean found = true;
        while (found && left > 0) {
            found = false;
            for (int reason = first; reason < end && left > 0; reason++) {
                Drop drop = nextSample(reason, next);
                if (drop != null) {
                    found = true;
                    left--;
                    chosen.add(new Drop(drop));
                    drop.forget();
                }
            }
        }
    }

    /** Empties the places from {@code first} to before {@code end}; the number of frames in them. */
    private long forget(int first, int end) {
        long frames = 0;
        for (int i = first; i < end; i++) {
            frames += samples[i].count();
            samples[i].forget();
        }
        return frames;
    }

    private @Nullable Drop nextSample(int reason, int[] next) {
        while (next[reason] < PLACES) {
            Drop drop = samples[reason * PLACES + (turn + next[reason]++) % PLACES];
            if (drop.count() > 0) {
                return drop;
            }
        }
        return null;
    }

    private static Drop[] newDrops(int count) {
        Drop[] drops = new Drop[count];
        for (int i = 0; i < count; i++) {
            drops[i] = new Drop();
        }
        return drops;
    }
}
