package io.portcullis.packet;

import java.lang.foreign.MemorySegment;

/**
 * Up to {@value #CAPACITY} frames that arrived at one port together, in the order of their arrival, and the decision about each.
 * Frame {@code i} lies in {@link #memory()} at {@link #offset} with {@link #length}, from the destination MAC address on (no
 * FCS); nobody copies it.
 *
 * <p>Life: the port fills the batch ({@link #clear}, {@link #add}), the engine decides ({@link #accept}, {@link #drop}, {@link #hold}),
 * the peer port sends the accepted frames, the first port releases it. A batch belongs to one thread at a time; its content is
 * valid only while the pipeline call that passed it runs.
 */
public final class Batch {
    /** Maximum number of frames: each has one bit of a {@code long}. */
    public static final int CAPACITY = 64;

    /** Bytes of struct virtio_net_hdr (include/uapi/linux/virtio_net.h), directly before each frame unless {@link #unmarkedOffload}. */
    public static final int VNET_HEADER = 10;

    /** {@link #rule} of a frame that was decided without a rule: part of a flow, or link traffic. */
    public static final int NO_RULE = -1;

    /** State of a frame's layer 4 checksum, as far as the port knows. */
    public enum Checksum {
        /** Not verified. */
        UNKNOWN,
        /** Right, says the NIC or the stack that sent the frame. */
        VERIFIED,
        /** A later NIC finishes it; until then the field holds the folded sum of the pseudo-header. */
        PARTIAL
    }

    private final MemorySegment memory;
    private final boolean unmarkedOffload;
    private final long[] offset = new long[CAPACITY];
    private final int[] length = new int[CAPACITY];
    private final int[] rule = new int[CAPACITY];
    private final byte[] reason = new byte[CAPACITY];
    private final Checksum[] checksum = new Checksum[CAPACITY];
    private final int[] checksumStart = new int[CAPACITY];
    private final int[] checksumField = new int[CAPACITY];
    private final int[] segmentLength = new int[CAPACITY];
    private final byte[] home = new byte[CAPACITY];
    private final long[] tag = new long[CAPACITY];
    private int size;
    private long accepted;
    private long held;
    private long elsewhere;
    private long superFrames;

    /**
     * A batch over a port's memory.
     *
     * @param memory memory of the frames; owned by the port
     * @param unmarkedOffload true: the port cannot distinguish an unfinished checksum from a wrong one (libpcap); a checksum
     *     that equals the folded sum of the pseudo-header is then an unfinished one. False: {@link #VNET_HEADER} bytes of
     *     struct virtio_net_hdr directly before each frame say so
     */
    public Batch(MemorySegment memory, boolean unmarkedOffload) {
        this.memory = memory;
        this.unmarkedOffload = unmarkedOffload;
    }

    /** Removes all frames. */
    public void clear() {
        size = 0;
        accepted = 0;
        held = 0;
        elsewhere = 0;
        superFrames = 0;
    }

    /**
     * Appends a frame in {@link #memory()}.
     *
     * @param frameOffset bytes from the start of the memory to the destination MAC address
     * @param frameLength bytes, without FCS
     * @throws ArrayIndexOutOfBoundsException if the batch {@link #isFull}
     */
    public void add(long frameOffset, int frameLength) {
        offset[size] = frameOffset;
        length[size] = frameLength;
        rule[size] = NO_RULE;
        reason[size] = 0;
        checksum[size] = Checksum.UNKNOWN;
        checksumStart[size] = 0;
        checksumField[size] = 0;
        segmentLength[size] = 0;
        tag[size] = 0;
        size++;
    }

    /** Marks the layer 4 checksum of the last added frame as right. */
    public void verified() {
        verified(size - 1);
    }

    /** Marks the layer 4 checksum of frame {@code i} as right. */
    public void verified(int i) {
        checksum[i] = Checksum.VERIFIED;
    }

    /**
     * Marks the layer 4 checksum of the last added frame as one that a later NIC finishes.
     *
     * @param start bytes from the start of the frame to the first byte that is summed
     * @param field bytes from the start of the frame to the two bytes where the sum is written
     */
    public void partial(int start, int field) {
        checksum[size - 1] = Checksum.PARTIAL;
        checksumStart[size - 1] = start;
        checksumField[size - 1] = field;
    }

    /**
     * Marks the last added frame as a super-frame: several packets with the same headers in one.
     *
     * @param payload bytes of layer 4 payload in each packet but the last, which may have fewer
     */
    public void segments(int payload) {
        segmentLength[size - 1] = payload;
        superFrames |= 1L << size - 1;
    }

    /**
     * Notes the line of the fast path for the flow of the last added frame.
     *
     * @param line number of the line
     * @param count of frames of the flow that a program has sent up, with this one
     */
    public void tag(int line, int count) {
        tag[size - 1] = line + 1L << 32 | count & 0xffff_ffffL;
    }

    /** Line + 1 of frame {@code i} in the upper half, its count in the lower; 0: the frame has no line. */
    public long tag(int i) {
        return tag[i];
    }

    /** The memory of all frames of this batch. */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * True: a checksum equal to the folded sum of the pseudo-header is an unfinished one. False: each frame has its vnet
     * header directly before it.
     */
    public boolean unmarkedOffload() {
        return unmarkedOffload;
    }

    /** Number of frames. */
    public int size() {
        return size;
    }

    /** True: {@link #add} would fail. */
    public boolean isFull() {
        return size == CAPACITY;
    }

    /** Bytes from the start of {@link #memory()} to frame {@code i}. */
    public long offset(int i) {
        return offset[i];
    }

    /** Bytes of frame {@code i}. */
    public int length(int i) {
        return length[i];
    }

    /** State of the layer 4 checksum of frame {@code i}. */
    public Checksum checksum(int i) {
        return checksum[i];
    }

    /** If {@link Checksum#PARTIAL}: bytes from the start of frame {@code i} to the first byte that is summed. */
    public int checksumStart(int i) {
        return checksumStart[i];
    }

    /** If {@link Checksum#PARTIAL}: bytes from the start of frame {@code i} to the checksum field. */
    public int checksumField(int i) {
        return checksumField[i];
    }

    /** Bit {@code i} is set: frame {@code i} is a super-frame. */
    public long superFrames() {
        return superFrames;
    }

    /** Bytes of payload in each packet of super-frame {@code i} but the last; 0: the frame is one packet. */
    public int segmentLength(int i) {
        return segmentLength[i];
    }

    /**
     * Accepts frame {@code i}.
     *
     * @param creditedRule number of the rule that admitted it, or {@link #NO_RULE}
     */
    public void accept(int i, int creditedRule) {
        accepted |= 1L << i;
        held &= ~(1L << i);
        rule[i] = creditedRule;
        reason[i] = 0;
    }

    /**
     * Drops frame {@code i}.
     *
     * @param dropReason ordinal of the engine's reason
     */
    public void drop(int i, int dropReason) {
        accepted &= ~(1L << i);
        held &= ~(1L << i);
        reason[i] = (byte) dropReason;
    }

    /** Holds frame {@code i}: a copy waits for the decision about its datagram. */
    public void hold(int i) {
        accepted &= ~(1L << i);
        held |= 1L << i;
        reason[i] = 0;
    }

    /**
     * Accepts frame {@code i}, which would be dropped if the interface did not only audit.
     *
     * @param dropReason ordinal of the engine's reason
     */
    public void wouldDrop(int i, int dropReason) {
        accepted |= 1L << i;
        held &= ~(1L << i);
        rule[i] = NO_RULE;
        reason[i] = (byte) dropReason;
    }

    /** Leaves frame {@code i} to another worker; numbers start at 0. */
    public void belongsTo(int i, int worker) {
        elsewhere |= 1L << i;
        accepted &= ~(1L << i);
        home[i] = (byte) worker;
    }

    /** Bit {@code i} is set: frame {@code i} belongs to another worker, {@link #home}. */
    public long elsewhere() {
        return elsewhere;
    }

    /** The worker that frame {@code i} belongs to. */
    public int home(int i) {
        return home[i];
    }

    /** Bit {@code i} is set: frame {@code i} is accepted. */
    public long accepted() {
        return accepted;
    }

    /** True: frame {@code i} is accepted. */
    public boolean isAccepted(int i) {
        return (accepted >>> i & 1) != 0;
    }

    /** True: frame {@code i} is held. */
    public boolean isHeld(int i) {
        return (held >>> i & 1) != 0;
    }

    /** Number of the rule that admitted frame {@code i}, or {@link #NO_RULE}. */
    public int rule(int i) {
        return rule[i];
    }

    /** Ordinal of the reason why frame {@code i} is or would be dropped; 0: none. */
    public int reason(int i) {
        return reason[i];
    }
}
