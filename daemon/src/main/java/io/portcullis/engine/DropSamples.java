package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps dropped frames for the log, without allocation. As samples by default: each reason has {@value #PLACES} places, and a source
 * hashes to one of them. A frame whose place is occupied only raises its count, so that a flood does not evict other sources.
 * {@link #describeAll} keeps every frame instead, up to {@value #MOST_OF_ALL} between two takes. Belongs to the worker's thread.
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

    DropSamples() {}

    /**
     * The drops since the take before.
     *
     * @param drops described
     * @param others number of further frames, not described
     */
    public record Taken(List<Drop> drops, long others) {
        /** True: nothing was dropped. */
        public boolean isEmpty() {
            return drops.isEmpty() && others == 0;
        }
    }

    /** Describes every drop from now on, or samples. */
    public void describeAll(boolean every) {
        if (every != all.length > 0) {
            all = newDrops(every ? MOST_OF_ALL : 0);
            others += allSize;
            allSize = 0;
        }
    }

    void note(Packet packet, Direction direction, Reason reason, boolean passed) {
        if (all.length > 0) {
            if (allSize < all.length) {
                all[allSize++].of(packet, direction, reason, passed);
            } else {
                others++;
            }
            return;
        }
        // The hash changes with every take: a source that shares its place with a flood now does not after the next
        // one.
        long spread = 0x9e3779b97f4a7c15L + turn * 0xbf58476d1ce4e5b8L;
        long mixed = (packet.sourceHigh() * 31 + packet.sourceLow()) * spread;
        Drop drop = samples[reason.ordinal() * PLACES + (int) (mixed >>> 60)];
        if (drop.count() == 0) {
            drop.of(packet, direction, reason, passed);
        } else {
            drop.again();
        }
    }

    /**
     * Takes out the drops since the last take.
     *
     * @param limit on samples: every reason has its first before any has a second
     */
    public Taken take(int limit) {
        List<Drop> chosen = new ArrayList<>();
        for (int i = 0; i < allSize; i++) {
            chosen.add(new Drop(all[i]));
        }
        allSize = 0;
        chooseSamples(chosen, limit);
        Taken taken = new Taken(List.copyOf(chosen), others);
        others = 0;
        return taken;
    }

    private void chooseSamples(List<Drop> chosen, int limit) {
        // Starts at another place each time, so that every source is reported at some time.
        turn = (turn + 1) % PLACES;
        int[] next = new int[REASONS];
        int left = limit;
        boolean found = true;
        while (found && left > 0) {
            found = false;
            for (int reason = 0; reason < REASONS && left > 0; reason++) {
                Drop drop = nextSample(reason, next);
                if (drop != null) {
                    found = true;
                    left--;
                    chosen.add(new Drop(drop));
                    drop.forget();
                }
            }
        }
        for (Drop drop : samples) {
            others += drop.count();
            drop.forget();
        }
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
