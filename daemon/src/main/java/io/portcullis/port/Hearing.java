package io.portcullis.port;

/**
 * Judges whether a port hears what its NIC receives: told once a second whether the port has had frames, and if not, what the
 * NIC's driver has counted. A port is deaf when the driver goes on counting frames and the port has none of them: a program of
 * others (XDP, AF_XDP) takes them, or its socket is broken in a way that nobody foresaw.
 *
 * <p>One frame is enough to be no longer deaf. Drivers count late, up to some seconds, and some count what is for others (a
 * management controller, pause frames): so it takes {@value #LOOKS} looks and {@value #FRAMES} frames, close together.
 *
 * <p>Of one NIC. One thread at a time.
 */
public final class Hearing {
    /** Looks at which the driver had counted more, and the port had had nothing. */
    static final int LOOKS = 3;

    /** Frames that the port missed at those looks together. */
    static final int FRAMES = 30;

    /** Looks without a frame after which what was missed before is forgotten: it was a few frames now and then. */
    static final int QUIET_LOOKS = 5;

    /** Of a deaf port: looks without a frame after which nobody can say any more that it is deaf. */
    static final int QUIET_LOOKS_WHILE_DEAF = 60;

    /** Of a deaf port: looks after which it is opened anew once more. */
    static final int LOOKS_UNTIL_NEXT_TRY = 60;

    private static final long UNKNOWN = -1;

    private long counted = UNKNOWN;
    private long missed;
    private int missedLooks;
    private int quietLooks;
    private boolean deaf;
    private int deafLooks;

    /** The port has had frames since the last look. */
    public void heard() {
        counted = UNKNOWN;
        missed = 0;
        missedLooks = 0;
        quietLooks = 0;
        deaf = false;
        deafLooks = 0;
    }

    /**
     * The port has had no frame since the last look.
     *
     * @param received frames that the NIC's driver has counted so far
     * @return true: it is time to open the port anew
     */
    public boolean heardNothing(long received) {
        long more = counted == UNKNOWN ? 0 : received - counted;
        counted = received;
        if (more > 0) {
            missed += more;
            missedLooks++;
            quietLooks = 0;
        } else {
            quietLooks++;
            if (quietLooks >= (deaf ? QUIET_LOOKS_WHILE_DEAF : QUIET_LOOKS)) {
                heard();
                counted = received;
                return false;
            }
        }
        if (!deaf) {
            deaf = missedLooks >= LOOKS && missed >= FRAMES;
            return deaf;
        }
        deafLooks++;
        return deafLooks % LOOKS_UNTIL_NEXT_TRY == 0;
    }

    /** True: frames arrive at the NIC, and the port has none of them. */
    public boolean isDeaf() {
        return deaf;
    }
}
