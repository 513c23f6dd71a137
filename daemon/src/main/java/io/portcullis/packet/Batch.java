package io.portcullis.packet;

import java.lang.foreign.MemorySegment;

/**
 * Up to {@value #CAPACITY} frames that arrived at one port together, in the order of their arrival, and what was decided
 * about each. The frames lie in {@link #memory()}, at {@link #offset} with {@link #length}, from the destination MAC
 * address on (no FCS); nobody copies them.
 *
 * <p>Life: the port fills it ({@link #clear}, {@link #add}), the engine decides ({@link #accept}, {@link #drop}, {@link #hold}), the
 * peer port sends the accepted frames, the first port takes it back. It belongs to one thread at a time, and its content
 * is valid only while the pipeline call that brought it runs.
 */
public final class Batch {
    /** Frames at the most; one bit of a {@code long} each. */
    public static final int CAPACITY = 64;

    /** Bytes of struct virtio_net_hdr (include/uapi/linux/virtio_net.h), which stands before a frame that is marked. */
    public static final int VNET_HEADER = 10;

    /** {@link #rule} of a frame that no rule was asked about: part of a flow, or link traffic. */
    public static final int NO_RULE = -1;

    /** What the port knows of a frame's layer 4 checksum. */
    public enum Checksum {
        /** Nothing. */
        UNKNOWN,
        /** The NIC, or the stack that sent it, found it right. */
        VERIFIED,
        /** A later NIC fills it in; until then the field holds the folded sum of the pseudo-header. */
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
    private int size;
    private long accepted;
    private long held;
    private long elsewhere;
    private long superFrames;

    /**
     * A batch over a port's memory.
     *
     * @param memory where the frames will lie; owned by the port
     * @param unmarkedOffload true where the port cannot tell a checksum that the sender's NIC was to fill in from a wrong
     *     one (libpcap): one that equals the folded pseudo-header sum is then taken as unfinished. False where each frame
     *     has {@link #VNET_HEADER} bytes of struct virtio_net_hdr right before it, which say so
     */
    public Batch(MemorySegment memory, boolean unmarkedOffload) {
        this.memory = memory;
        this.unmarkedOffload = unmarkedOffload;
    }

    /** Forgets the frames. */
    public void clear() {
        size = 0;
        accepted = 0;
        held = 0;
        elsewhere = 0;
        superFrames = 0;
    }

    /**
     * Appends a frame that lies in {@link #memory()}.
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
        size++;
    }

    /** The layer 4 checksum of the frame that was added last is right. */
    public void verified() {
        verified(size - 1);
    }

    /** The layer 4 checksum of frame {@code i} is right. */
    public void verified(int i) {
        checksum[i] = Checksum.VERIFIED;
    }

    /**
     * The layer 4 checksum of the frame that was added last is for a later NIC to fill in.
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
     * The frame that was added last is a super-frame: it stands for several packets with the same headers.
     *
     * @param payload bytes of layer 4 payload in each of them but the last, which may have fewer
     */
    public void segments(int payload) {
        segmentLength[size - 1] = payload;
        superFrames |= 1L << size - 1;
    }

    /** The memory in which all frames of this batch lie. */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * True: a checksum equal to the folded pseudo-header sum is an unfinished one. False: each frame has its vnet header
     * before it.
     */
    public boolean unmarkedOffload() {
        return unmarkedOffload;
    }

    /** Number of frames. */
    public int size() {
        return size;
    }

    /** True: {@link #add} has no place left. */
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

    /** What is known of the layer 4 checksum of frame {@code i}. */
    public Checksum checksum(int i) {
        return checksum[i];
    }

    /** Where {@link Checksum#PARTIAL}: bytes from the start of frame {@code i} to the first byte that is summed. */
    public int checksumStart(int i) {
        return checksumStart[i];
    }

    /** Where {@link Checksum#PARTIAL}: bytes from the start of frame {@code i} to where the sum is written. */
    public int checksumField(int i) {
        return checksumField[i];
    }

    /** Bit {@code i} is set when frame {@code i} is a super-frame. */
    public long superFrames() {
        return superFrames;
    }

    /** Bytes of payload in each packet that frame {@code i} stands for; 0 where it is one packet. */
    public int segmentLength(int i) {
        return segmentLength[i];
    }

    /**
     * Frame {@code i} passes.
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
     * Frame {@code i} is dropped.
     *
     * @param dropReason ordinal of the engine's reason
     */
    public void drop(int i, int dropReason) {
        accepted &= ~(1L << i);
        held &= ~(1L << i);
        reason[i] = (byte) dropReason;
    }

    /** Frame {@code i} is not decided about yet: a copy of it waits for what decides. */
    public void hold(int i) {
        accepted &= ~(1L << i);
        held |= 1L << i;
        reason[i] = 0;
    }

    /**
     * Frame {@code i} passes, though it would be dropped if anything were.
     *
     * @param dropReason ordinal of the engine's reason
     */
    public void wouldDrop(int i, int dropReason) {
        accepted |= 1L << i;
        held &= ~(1L << i);
        rule[i] = NO_RULE;
        reason[i] = (byte) dropReason;
    }

    /** Frame {@code i} is not decided about: it is another worker's, from 0. */
    public void belongsTo(int i, int worker) {
        elsewhere |= 1L << i;
        accepted &= ~(1L << i);
        home[i] = (byte) worker;
    }

    /** Bit {@code i} is set when frame {@code i} is another worker's, {@link #home}. */
    public long elsewhere() {
        return elsewhere;
    }

    /** The worker that frame {@code i} belongs to. */
    public int home(int i) {
        return home[i];
    }

    /** Bit {@code i} is set when frame {@code i} passes. */
    public long accepted() {
        return accepted;
    }

    /** True when frame {@code i} passes. */
    public boolean isAccepted(int i) {
        return (accepted >>> i & 1) != 0;
    }

    /** True when frame {@code i} waits. */
    public boolean isHeld(int i) {
        return (held >>> i & 1) != 0;
    }

    /** Number of the rule that admitted frame {@code i}, or {@link #NO_RULE}. */
    public int rule(int i) {
        return rule[i];
    }

    /** Ordinal of the reason why frame {@code i} was or would be dropped; 0 where none. */
    public int reason(int i) {
        return reason[i];
    }
}
