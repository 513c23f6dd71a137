package io.portcullis.port.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.packet.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Another NIC, on which a port receives in place of its own: programs in the kernel send there the frames of the port's NIC that
 * need a decision. The time stamp of such a frame may be a <em>tag</em>, which names the line of its flow and counts the flow's
 * frames. The programs count the frames that they send up, and the port answers how many of them it has taken: the difference is
 * what waits, or was lost on the way.
 *
 * @param nic its name
 * @param tagBase a time stamp with these seconds or later ones, unsigned, is a tag: the seconds are this and the line's number,
 *     the nanoseconds are the count
 * @param up 24 bytes that the programs write: frames sent up, frames dropped of flows without a line, and of those with one
 * @param taken 8 bytes that the port writes
 * @param mtu 4 bytes that the port writes: the longest packet that its own NIC carries
 */
public record Tap(String nic, int tagBase, MemorySegment up, MemorySegment taken, MemorySegment mtu) {
    private static final VarHandle COUNT = JAVA_LONG.varHandle();
    private static final VarHandle MTU = JAVA_INT.varHandle();

    /** The NIC as it is now; ENXIO where it is gone. */
    Nic open() throws ErrnoException {
        return Nics.find(nic).orElseThrow(() -> new ErrnoException(nic + ", the NIC of the fast path", Errno.ENXIO));
    }

    /** The port's own NIC has this MTU now. On the watch. */
    void carries(int bytes) {
        MTU.setOpaque(mtu, 0L, bytes);
    }

    /** The frames that the programs have sent up so far. Any thread. */
    long sentUp() {
        return (long) COUNT.getAcquire(up, 0L);
    }

    /** The frames that the programs have dropped so far, as too many waited. */
    long shed() {
        return (long) COUNT.getOpaque(up, (long) Long.BYTES) + (long) COUNT.getOpaque(up, 2L * Long.BYTES);
    }

    /** A look at the ring found no frame: all that were sent up before it are taken, or lost. On the event loop. */
    void foundEmpty(long sentUpBefore) {
        if ((long) COUNT.get(taken, 0L) != sentUpBefore) {
            COUNT.setOpaque(taken, 0L, sentUpBefore);
        }
    }

    /** Frames were taken, and more may wait. The number of taken frames is never above that of the frames sent up. On the event loop. */
    void took(int frames, long sentUpBefore) {
        COUNT.setOpaque(taken, 0L, Math.min((long) COUNT.get(taken, 0L) + frames, sentUpBefore));
    }

    /** Notes the tag of the last added frame of a batch. */
    void tag(Batch batch, int seconds, int nanoseconds) {
        batch.tag(seconds - tagBase, nanoseconds);
    }

    boolean isTag(int seconds) {
        return Integer.compareUnsigned(seconds, tagBase) >= 0;
    }
}
