package io.portcullis.fastpath;

import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfArray;
import io.portcullis.linux.bpf.BpfException;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.net.Direction;

/**
 * A program for one port of an interface: it forwards the frames of flows with a valid grant ({@link FastLayout}), updates their
 * lines, and sends all others to the daemon. It forwards TCP segments that leave an established connection as it is, UDP, and ICMP
 * echo, over IPv4 without options and IPv6 without extension headers, untagged or with one VLAN tag that the kernel has taken out of
 * the frame. Nothing is forwarded that the engine would drop.
 *
 * @param array the memory, of {@link FastLayout#bytes} bytes, with its gate
 * @param lines number of lines of the memory
 * @param direction of the frames that arrive there: egress is from inside to outside
 * @param route what it does with the frames of flows with a grant
 * @param tap index of the private NIC whose receiving side gets the frames that are sent up; a dead one ignores it
 * @param verifies false: layer 4 checksums are not verified
 * @param life whether it is for a daemon that lives
 */
public record FastProgram(
        BpfArray array, int lines, Direction direction, Route route, int tap, boolean verifies, Life life) {
    /** Whether a program is for a daemon that lives. */
    public enum Life {
        /** Sends frames up; past the gate's deadline it acts as {@link #DEAD}. */
        LIVE,
        /** Drops what it can't forward. It does not compare a grant's counts, as nobody takes what has gone up. */
        DEAD
    }

    /** How a frame of a flow with a grant goes on. */
    public sealed interface Route {
        /**
         * It leaves by the other NIC of a bridge, with our mark.
         *
         * @param other index of that NIC
         */
        record Bridge(int other, Mark mark) implements Route {}

        /**
         * It passes to the next program of its NIC, and so do frames with our mark.
         *
         * @param marksPassed true: a frame of a flow with a grant gets our mark, so that a later program passes it
         * @param clearsMark true: our mark is removed from the frames that have it
         */
        record Host(Mark mark, boolean marksPassed, boolean clearsMark) implements Route {}
    }

    /**
     * A packet mark. A frame is ours if the masked bits of its mark have our value.
     *
     * @param mask which bits; the others are left alone
     */
    public record Mark(int value, int mask) {}

    /** What the kernel offers. */
    public enum Features {
        /** A coarse clock (5.11), and a function that makes a time stamp one of arrival (5.18). */
        TIME_STAMPS(true, true),
        COARSE_CLOCK(true, false),
        FEWEST(false, false);

        final boolean coarseClock;
        final boolean timeStamps;

        Features(boolean coarseClock, boolean timeStamps) {
            this.coarseClock = coarseClock;
            this.timeStamps = timeStamps;
        }
    }

    /** Checks the lines. */
    public FastProgram {
        if (Integer.bitCount(lines) != 1 || lines < 2 || array.bytes() != FastLayout.bytes(lines)) {
            throw new IllegalArgumentException(lines + " lines in " + array.bytes() + " bytes");
        }
    }

    /**
     * Loads it, with the functions that the kernel has.
     *
     * @throws BpfException of the first attempt, if the kernel refuses all of them
     */
    public Bpf load() throws BpfException {
        return Bpf.load(build(featuresOfKernel()));
    }

    /**
     * What this kernel offers to such a program: the most with which it can be loaded.
     *
     * @throws BpfException of the first attempt, if the kernel refuses all of them
     */
    public Features featuresOfKernel() throws BpfException {
        BpfException first = null;
        for (Features features : Features.values()) {
            try {
                tryWith(features);
                return features;
            } catch (BpfException refused) {
                if (first != null) {
                    first.addSuppressed(refused);
                } else {
                    first = refused;
                }
            }
        }
        throw first;
    }

    /** Loads it, and drops it again. */
    public void tryWith(Features features) throws BpfException {
        Bpf.load(build(features)).close();
    }

    /** The program for a kernel with these features. */
    public BpfProgram build(Features features) {
        FastCode code = new FastCode(this, features);
        new Parsing(code).emit();
        new Hashing(code).emit();
        new Finding(code).emit();
        new Granting(code).emit();
        new Summing(code).emit();
        new Timing(code).emit();
        new Following(code).emit();
        new Accounting(code).emit();
        new SendingUp(code).emit();
        return code.assembly.build(life == Life.LIVE ? "portcullis_fast" : "portcullis_dead");
    }
}
