package io.portcullis.fastpath;

import io.portcullis.conntrack.FlowLayout;

/**
 * The layout of the memory that the daemon shares with its programs in the kernel: one value of a BPF array, mapped by the daemon.
 * First the gate ({@value #GATE_BYTES} bytes), then the index, then the lines. Little-endian, each word at its natural alignment.
 * A program of an earlier daemon may still use it, so no field moves within a {@link #VERSION}.
 *
 * <p>A <em>line</em> is the part of a flow that the programs need: they forward the packets of a flow that has a valid
 * <em>grant</em> in its line. The daemon's table stays the place where the flow lives; what the programs learn is folded into it.
 *
 * <p>The gate. Each group of fields has a cache line of its own:
 *
 * <pre>
 * offset bytes  field                                                                         written by
 *     0    4    magic, {@link #MAGIC}                                                          daemon
 *     4    4    version                                                                        daemon
 *     8    4    lines                                                                          daemon
 *    16   16    key of the index's hash, two words                                             daemon
 *    64    2    epoch, never 0                                                                 daemon
 *    72    8    deadline: monotonic time, ns; past it the programs act as for a dead daemon    daemon
 *    80    8    longest packet that each port's peer carries, from the IP header on:
 *               ingress 4 bytes, egress 4 bytes                                                daemon
 *    88    4    frames that may wait for the daemon: above it new flows' frames are shed       daemon
 *    92    4    the same for frames of flows with a line                                       daemon
 *    96    4    frames of one source in a window, above which new flows' frames are shed       daemon
 *   128    8    ingress: frames sent up                                                        programs
 *   136    8    ingress: frames of new flows that were shed                                    programs
 *   144    8    ingress: frames of flows with a line that were shed                            programs
 *   192   24    egress: the same three                                                         programs
 *   256    8    ingress: frames that the daemon has taken                                      daemon
 *   320    8    egress: the same                                                               daemon
 *  4096 4096    for each of 64 processors (number modulo 64) 64 bytes: forwarded packets and
 *               bytes of ingress, then of egress, 8 bytes each                                 programs
 *  8192 4096    frames without a line in this window, sent up or shed, by a hash of the source:
 *               1,024 counts of 4 bytes; not counted where frames of new flows have no limit   programs; daemon zeroes
 * </pre>
 *
 * <p>The index: {@link #SLOTS_PER_LINE} words of 8 bytes for each line, with the hash of a key in the upper half and line + 1 in the
 * lower; 0 is a free slot. A key is in one of the {@link #PROBES} slots from (hash * slots) >>> 32 on, without a wrap; a search
 * looks at all of them, so a removal leaves a hole. Behind the last slot there is none: the search ends there. The hash is {@link io.portcullis.packet.SipHash} with the gate's key.
 *
 * <p>A line of {@value #LINE_BYTES} bytes. The key, the flags and the TCP words are at the offsets of {@link FlowLayout} and mean the
 * same:
 *
 * <pre>
 * offset bytes  field                                                                         written by
 *   0    8      grant: epoch 16 bits, egress count 24, ingress count 24 (lowest); 0: none      daemon
 *   8   40      key                                                                            daemon
 *  48    4      flags                                                                          daemon
 *  52    4      timeout, in units of 2^20 ns                                                   daemon
 *  56    8      last seen: monotonic time of the last packet, ns; the daemon sets it before a
 *               grant: a flow is idle from that time on                                         programs; daemon before a grant
 *  64   32      TCP: both sides' ends and windows                                              both join, each 4 bytes
 *  96    4      ingress: frames of the flow sent up                                            programs
 * 100    4      egress: the same                                                               programs
 * 104    8      TCP: last segment, connection bits                                             both, whole word
 * 112    8      TCP: last segment, sequence and acknowledgment                                 both, whole word
 * 120    4      entry of the flow in the daemon's table                                        daemon
 * 124    4      number of the flow in the daemon's table                                       daemon
 * 128   32      forwarded: packets and bytes of ingress, then of egress, 8 bytes each          programs
 * 160   32      the same four, as far as they are folded into the table                        daemon
 * </pre>
 *
 * <p>A grant is valid if its epoch is the gate's or a later one (the signed difference of 16 bits is not negative), its two counts are
 * the low 24 bits of the frames sent up, and bit {@link #ALLOWS_INGRESS} or {@link #ALLOWS_EGRESS} of the line's flags allows the
 * direction. A frame of a flow with a line that is sent up increments the flow's count first, so it voids the grant by itself, and
 * later frames follow it. It carries its line and the new count as its time stamp ({@link #TAG_BASE}), so that the daemon knows which
 * frames of the flow are before it. A line's counts of frames go on from one flow to the next.
 *
 * <p>A program reads the grant before the flags. It compares times as signed numbers: the daemon's clock is finer than its own.
 */
public final class FastLayout {
    public static final int MAGIC = 0x7063_6670;
    public static final int VERSION = 1;

    public static final int GATE_BYTES = 16_384;
    public static final int LINE_BYTES = 192;
    public static final int SLOTS_PER_LINE = 4;
    public static final int PROBES = 8;

    // Of the gate.

    public static final int GATE_MAGIC = 0;
    public static final int GATE_VERSION = 4;
    public static final int GATE_LINES = 8;
    public static final int GATE_KEY = 16;
    public static final int GATE_EPOCH = 64;
    public static final int GATE_DEADLINE = 72;
    public static final int GATE_MTU_INGRESS = 80;
    public static final int GATE_MTU_EGRESS = 84;
    public static final int GATE_LIMIT_NEW = 88;
    public static final int GATE_LIMIT_KNOWN = 92;
    public static final int GATE_SHARE = 96;

    /** Ingress: {@link #UP}, {@link #SHED_NEW} and {@link #SHED_KNOWN} from here; egress {@link #PER_DIRECTION} bytes later. */
    public static final int GATE_UP = 128;

    public static final int PER_DIRECTION = 64;
    public static final int UP = 0;
    public static final int SHED_NEW = 8;
    public static final int SHED_KNOWN = 16;

    /** Ingress; egress {@link #PER_DIRECTION} bytes later. */
    public static final int GATE_TAKEN = 256;

    public static final int GATE_PROCESSORS = 4096;
    public static final int PROCESSORS = 64;
    public static final int PROCESSOR_BYTES = 64;
    public static final int GATE_SOURCES = 8192;
    public static final int SOURCES = 1024;

    // Of a line; the key and the TCP words as in FlowLayout.

    public static final int GRANT = 0;
    public static final int FLAGS = FlowLayout.FLAGS;
    public static final int TIMEOUT = 52;
    public static final int LAST_SEEN = 56;
    public static final int INGRESS_UP = 96;
    public static final int EGRESS_UP = 100;
    public static final int ENTRY = 120;
    public static final int NUMBER = 124;
    public static final int FORWARDED = 128;
    public static final int FOLDED = 160;

    /** Within {@link #FORWARDED} and {@link #FOLDED}: packets, then bytes, of ingress; egress 16 bytes later. */
    public static final int PACKETS = 0;

    public static final int BYTES = 8;
    public static final int COUNTS_PER_DIRECTION = 16;

    /** Shift from nanoseconds to the unit of {@link #TIMEOUT}. */
    public static final int TIMEOUT_SHIFT = 20;

    /** In a line's flags, in place of {@link FlowLayout#FAILSAFE}: packets from outside may be forwarded. */
    public static final int ALLOWS_INGRESS = 1 << 3;

    /** In a line's flags, in place of {@link FlowLayout#REPLIED}: packets from inside may be forwarded. */
    public static final int ALLOWS_EGRESS = 1 << 4;

    /** Bits of a count of frames sent up that a grant and a tag hold. */
    public static final int COUNT_BITS = 24;

    public static final int COUNT_MASK = (1 << COUNT_BITS) - 1;
    public static final int GRANT_EGRESS_SHIFT = COUNT_BITS;
    public static final int GRANT_EPOCH_SHIFT = 2 * COUNT_BITS;

    /**
     * A frame of a flow with a line has, as its time stamp in a packet socket's ring, TAG_BASE + line in the seconds (unsigned) and
     * its count in the nanoseconds. No clock shows such seconds before the year 2097.
     */
    public static final int TAG_BASE = 0xf000_0000;

    private FastLayout() {}

    /** Number of slots of the index. */
    public static int slots(int lines) {
        return lines * SLOTS_PER_LINE;
    }

    /** Offset of a slot of the index. */
    public static long slot(int number) {
        return GATE_BYTES + (long) number * Long.BYTES;
    }

    /**
     * Offset of a line.
     *
     * @param lines number of all lines
     */
    public static long line(int lines, int number) {
        return slot(slots(lines)) + (long) number * LINE_BYTES;
    }

    /**
     * Bytes of the memory.
     *
     * @param lines a power of two, at most 2^24
     */
    public static long bytes(int lines) {
        return line(lines, lines);
    }
}
