package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Remembers dropped frames for the log, without allocation and without letting a flood push out the rest. As samples: per
 * reason a fixed number of places, each for the sources that hash to it; what finds its place taken is counted there. Or
 * all of them, up to what fits between two takes. Belongs to the worker's thread.
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

    /** What is taken out at a time: some drops described, and how many frames they leave undescribed. */
    public record Taken(List<Drop> drops, long others) {
        /** True: nothing was dropped. */
        public boolean isEmpty() {
            return drops.isEmpty() && others == 0;
        }
    }

    /** From now on describes every drop that fits, or samples. */
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
        // Spread anew after every take: a source that shares its place with a flood is named a moment later.
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
     * Takes out what was noted since the last time.
     *
     * @param limit how many samples at the most: one of every reason before a second of any
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
        // Another place is first each time, so that no source is told of always and no other never.
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
