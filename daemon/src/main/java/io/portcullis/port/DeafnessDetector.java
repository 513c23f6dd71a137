package io.portcullis.port;

/**
 * Detects a port that receives nothing although its NIC does. It is called once a second: with whether the port received frames,
 * and if not, with the frame counter of the NIC's driver. A port is deaf when the driver counts frames and the port receives none
 * of them: a program of others (XDP, AF_XDP) takes them, or the socket is broken in an unforeseen way.
 *
 * <p>One received frame ends it. Drivers count late, up to some seconds, and some count frames that are not for the host (of a
 * management controller, pause frames): so a port is deaf after {@value #CHECKS} checks with {@value #FRAMES} frames, close
 * together.
 *
 * <p>One object a NIC. One thread at a time.
 */
public final class DeafnessDetector {
    /** Checks at which the driver had counted more and the port had received nothing. */
    static final int CHECKS = 3;

    /** Frames that the port missed at those checks together. */
    static final int FRAMES = 30;

    /** Checks without a frame after which earlier misses no longer count: they were single frames. */
    static final int QUIET_CHECKS = 5;

    /** For a deaf port: checks without a frame after which it no longer counts as deaf. */
    static final int QUIET_CHECKS_WHILE_DEAF = 60;

    /** For a deaf port: checks between two attempts to reopen it. */
    static final int CHECKS_UNTIL_NEXT_TRY = 60;

    private static final long UNKNOWN = -1;

    private long counted = UNKNOWN;
    private long missed;
    private int missedChecks;
    private int quietChecks;
    private boolean deaf;
    private int deafChecks;

    /** The port received frames since the last check. */
    public void received() {
        counted = UNKNOWN;
        missed = 0;
        missedChecks = 0;
        quietChecks = 0;
        deaf = false;
        deafChecks = 0;
    }

    /**
     * The port received no frame since the last check.
     *
     * @param driverFrames frames that the NIC's driver has counted so far
     * @return true: the port has to be reopened now
     */
    public boolean receivedNothing(long driverFrames) {
        long more = counted == UNKNOWN ? 0 : driverFrames - counted;
        counted = driverFrames;
        if (more > 0) {
            missed += more;
            missedChecks++;
            quietChecks = 0;
        } else {
            quietChecks++;
            if (quietChecks >= (deaf ? QUIET_CHECKS_WHILE_DEAF : QUIET_CHECKS)) {
                received();
                counted = driverFrames;
                return false;
            }
        }
        if (!deaf) {
            deaf = missedChecks >= CHECKS && missed >= FRAMES;
            return deaf;
        }
        deafChecks++;
        return deafChecks % CHECKS_UNTIL_NEXT_TRY == 0;
    }

    /** True: frames arrive at the NIC, and the port receives none of them. */
    public boolean isDeaf() {
        return deaf;
    }
}
