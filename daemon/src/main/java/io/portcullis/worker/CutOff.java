package io.portcullis.worker;

import java.util.concurrent.TimeUnit;

/**
 * Says whether a change has cut a watched conversation off: for {@value #LIMIT_S} s frames of it have come, some of them were
 * dropped, and they have not passed in both directions. Made when the change comes into force, and asked about once a second.
 *
 * <p>No evidence is:
 *
 * <ul>
 *   <li>silence, however long: an idle session sends nothing, and neither does one whose frames end before they reach us (a dead
 *       link, a lost route);
 *   <li>a single retransmission: frames must have been dropped in {@value #FEWEST_SECONDS} different seconds;
 *   <li>one direction alone without a drop: the other direction takes another way, or an end has stopped.
 * </ul>
 *
 * <p>Where ARP or NDP is dropped between two hosts on one link, their dropped requests are the frames that are seen. A peer behind
 * a router whose address is not found any longer sends nothing that we see, and is no evidence.
 *
 * <p>For one thread.
 */
public final class CutOff {
    private static final int LIMIT_S = 10;
    private static final int FEWEST_SECONDS = 2;
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(LIMIT_S);
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);

    private PeerTraffic before;

    // Of the frames since both directions have passed, or since a silence as long as the limit.
    private boolean any;
    private long sinceNs;
    private long lastNs;
    private boolean ingressPassed;
    private boolean egressPassed;
    /** In how many seconds frames were dropped. */
    private int seconds;

    private long lastSecond;

    /**
     * Begins to judge.
     *
     * @param before the frames so far
     */
    public CutOff(PeerTraffic before) {
        this.before = before;
    }

    /**
     * True: the conversation is cut off.
     *
     * @param sums the frames so far, of all workers and interfaces
     * @param nowNs monotonic time, nanoseconds; never less than at the call before
     */
    public boolean isCutOff(PeerTraffic sums, long nowNs) {
        PeerTraffic fresh = sums.since(before);
        before = sums;
        if (fresh.seen() > 0) {
            note(fresh, nowNs);
        }
        return any && seconds >= FEWEST_SECONDS && nowNs - sinceNs >= LIMIT_NS && nowNs - lastNs < LIMIT_NS;
    }

    private void note(PeerTraffic fresh, long nowNs) {
        if (!any || nowNs - lastNs >= LIMIT_NS) {
            begin(nowNs);
        }
        lastNs = nowNs;
        long second = (nowNs - sinceNs) / SECOND_NS;
        if (fresh.dropped() > 0 && (seconds == 0 || second != lastSecond)) {
            seconds++;
            lastSecond = second;
        }
        ingressPassed |= fresh.ingressPassed() > 0;
        egressPassed |= fresh.egressPassed() > 0;
        if (ingressPassed && egressPassed) {
            any = false;
        }
    }

    private void begin(long nowNs) {
        any = true;
        sinceNs = nowNs;
        ingressPassed = false;
        egressPassed = false;
        seconds = 0;
    }
}
