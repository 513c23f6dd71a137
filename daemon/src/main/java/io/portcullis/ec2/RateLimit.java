package io.portcullis.ec2;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A token bucket per access key: a key may make so many calls at once, and then so many a second (Amazon EC2 Developer Guide, "Request
 * throttling"). A key whose bucket is full takes no memory. Any thread.
 */
public final class RateLimit {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    /** Full buckets are forgotten when there are twice as many entries as after the last time, and at least so many. */
    private static final int FEW = 64;

    private final long interval;
    private final long depth;
    private final LongSupplier nanoTime;
    private final long start;

    /** By key: the time at which its bucket is full again, in nanoseconds since the start. */
    private final Map<String, Long> full = new HashMap<>();

    private int most = FEW;

    /**
     * A limit.
     *
     * @param perSecond calls of one key, 1 to 1,000,000
     * @param burst calls of one key at once, after it has made none for a while; 1 to 1,000,000
     * @param nanoTime a clock that never goes back, in nanoseconds: {@code System::nanoTime}
     */
    public RateLimit(int perSecond, int burst, LongSupplier nanoTime) {
        if (perSecond < 1 || perSecond > 1_000_000 || burst < 1 || burst > 1_000_000) {
            throw new IllegalArgumentException(perSecond + " calls a second, " + burst + " at once");
        }
        this.interval = SECOND / perSecond;
        this.depth = burst * interval;
        this.nanoTime = nanoTime;
        this.start = nanoTime.getAsLong();
    }

    /** Takes a token of the key's bucket; false: it is empty. */
    public synchronized boolean admits(String keyId) {
        long now = nanoTime.getAsLong() - start;
        long next = Math.max(now, full.getOrDefault(keyId, now)) + interval;
        if (next - now > depth) {
            return false;
        }
        full.put(keyId, next);
        if (full.size() > most) {
            full.values().removeIf(time -> time <= now);
            most = Math.max(FEW, 2 * full.size());
        }
        return true;
    }

    /** Number of keys whose bucket may not be full. */
    synchronized int size() {
        return full.size();
    }
}
