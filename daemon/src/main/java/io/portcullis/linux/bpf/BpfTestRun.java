package io.portcullis.linux.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What a program made of a frame that no NIC has seen (bpf(2), BPF_PROG_TEST_RUN). It counts as a frame of the namespace's
 * {@code lo}, with an unknown checksum. A redirection is a verdict only: the frame goes nowhere.
 */
public final class BpfTestRun {
    /**
     * The fields of struct __sk_buff that a test can set, before or after a run.
     *
     * @param mark packet mark
     * @param priority as it is
     * @param timeNs time stamp
     * @param segments packets that the frame stands for; 0 for most
     * @param segmentBytes payload of each of them; 0: it is one packet
     */
    public record Context(int mark, int priority, long timeNs, int segments, int segmentBytes) {
        /** Of a common frame: all zeroes. */
        public static final Context NONE = new Context(0, 0, 0, 0, 0);
    }

    private static final int BPF_PROG_TEST_RUN = 10;
    private static final int ATTRIBUTES = 80;

    /** Bytes that a program may add. */
    private static final int GROWTH = 256;

    private static final int SKB_LENGTH = 192;
    private static final int PRIORITY = 32;
    private static final int TIME = 152;
    private static final int SEGMENTS = 164;
    private static final int SEGMENT_BYTES = 176;

    private final int verdict;
    private final byte[] frame;
    private final Context context;
    private final int runNs;

    private BpfTestRun(int verdict, byte[] frame, Context context, int runNs) {
        this.verdict = verdict;
        this.frame = frame;
        this.context = context;
        this.runNs = runNs;
    }

    /**
     * Runs a program. Maps change as for a real frame.
     *
     * @param frame from the destination MAC address on
     * @param repeat runs, each with the frame that the run before has left; at least 1
     * @throws ErrnoException EPERM without CAP_BPF; EINVAL where the kernel can't run it
     */
    public static BpfTestRun of(Bpf program, byte[] frame, Context context, int repeat) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(frame.length + GROWTH);
            MemorySegment skb = arena.allocate(SKB_LENGTH, 8);
            skb.set(JAVA_INT, BpfProgram.SKB_MARK, context.mark);
            skb.set(JAVA_INT, PRIORITY, context.priority);
            skb.set(JAVA_LONG, TIME, context.timeNs);
            skb.set(JAVA_INT, SEGMENTS, context.segments);
            skb.set(JAVA_INT, SEGMENT_BYTES, context.segmentBytes);
            MemorySegment skbOut = arena.allocate(SKB_LENGTH, 8);
            // u32 prog_fd, retval, data_size_in, data_size_out, u64 data_in, data_out, u32 repeat, duration,
            // ctx_size_in, ctx_size_out, u64 ctx_in, ctx_out, u32 flags, cpu, batch_size
            MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
            attributes.set(JAVA_INT, 0, program.fd());
            attributes.set(JAVA_INT, 8, frame.length);
            attributes.set(JAVA_INT, 12, (int) out.byteSize());
            attributes.set(JAVA_LONG, 16, arena.allocateFrom(JAVA_BYTE, frame).address());
            attributes.set(JAVA_LONG, 24, out.address());
            attributes.set(JAVA_INT, 32, repeat);
            attributes.set(JAVA_INT, 40, SKB_LENGTH);
            attributes.set(JAVA_INT, 44, SKB_LENGTH);
            attributes.set(JAVA_LONG, 48, skb.address());
            attributes.set(JAVA_LONG, 56, skbOut.address());
            ErrnoException.check(Libc.bpf(BPF_PROG_TEST_RUN, attributes), "bpf(BPF_PROG_TEST_RUN)");
            return new BpfTestRun(
                    attributes.get(JAVA_INT, 4),
                    out.asSlice(0, attributes.get(JAVA_INT, 12)).toArray(JAVA_BYTE),
                    new Context(
                            skbOut.get(JAVA_INT, BpfProgram.SKB_MARK),
                            skbOut.get(JAVA_INT, PRIORITY),
                            skbOut.get(JAVA_LONG, TIME),
                            skbOut.get(JAVA_INT, SEGMENTS),
                            skbOut.get(JAVA_INT, SEGMENT_BYTES)),
                    attributes.get(JAVA_INT, 36));
        }
    }

    /** What the program returned. */
    public int verdict() {
        return verdict;
    }

    /** The frame afterwards, from the destination MAC address on. */
    public byte[] frame() {
        return frame.clone();
    }

    /** The context of the frame afterwards. */
    public Context context() {
        return context;
    }

    /** Time of one run, ns: the mean of all. */
    public int runNs() {
        return runNs;
    }
}
