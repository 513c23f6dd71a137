package io.portcullis.hits.file;

import io.portcullis.hits.WallTime;

/** Reads the clocks in which hits are noted and shown. */
public final class HitClock {
    private HitClock() {}

    /** Both clocks now. */
    public static WallTime now() {
        return new WallTime(System.currentTimeMillis(), System.nanoTime());
    }
}
