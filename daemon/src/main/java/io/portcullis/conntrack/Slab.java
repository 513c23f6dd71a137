package io.portcullis.conntrack;

import io.portcullis.packet.Tuple;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The memory of a flow table: a header page, then fixed entries, one flow each. Everything that outlives the process stands
 * here; little-endian, fixed offsets, no pointers, so that anybody who maps it can read it. Where the memory comes from is
 * the caller's: a file on a tmpfs, or plain memory.
 *
 * <p>An entry is {@value #ENTRY} bytes, two cache lines. What a lookup reads is the first:
 *
 * <pre>
 *   0  commit     32  the key's hash, never 0: published; 0: no flow. Written last of a new flow, first of one that ends
 *   4  created    32  counts the flows of the table: the order of their creation
 *   8  outside   128  address, high and low half; IPv4 in the low 32 bits of the low half
 *  24  inside    128  likewise
 *  40  service    64  ports, or ICMP type, code and identifier, 32; protocol, 8; VLAN ids, 24 ({@link Tuple#service})
 *  48  marks      32  key: 0 IPv6, 1 ICMP request from inside; fixed: 2 began inside, 3 admitted by failsafe; 4 replied;
 *                     5–6 phase of UDP; 7–10 state of TCP; 11–20 the originator's switches, 21–30 the responder's;
 *                     31 a failsafe rule has admitted the SYN inside
 *  52  rule       32  hash of the text of the rule that admitted it; 0: none did
 *  56  seen       64  monotonic time of the last packet that renewed it, ns, in the upper 60 bits; which timeout, in the lower 4
 * </pre>
 *
 * <p>The second belongs to TCP; only the flow's own packets read it:
 *
 * <pre>
 *  64  originator     64  end, highest allowed end
 *  72  originator     64  widest window, highest acknowledgment
 *  80  responder      64  as the originator's
 *  88  responder      64
 *  96  both           64  originator's and responder's sequence of the SYN; once it may have sent unseen, that end
 * 104  last segment   64  its end, its window (16), switches (16)
 * 112  last segment   64  its sequence, its acknowledgment (before there is one: that of a lone ACK)
 * 120  SYN inside     64  sequence, window (16), length (16) of a SYN that may begin anew
 * </pre>
 *
 * <p>The byte budget: 4 + 4 + 32 (addresses) + 4 + 4 + 4 + 4 + 8 = 64, and 8 words of 8. It closes because the windows of
 * the handshake and those of what follows are never needed together, and because a state's timeout and time are one word.
 *
 * <p>How it survives: a {@code kill} leaves each store done or not, and stores may have been done in any order but for
 * releases. A new flow is published by its commit word. A packet that only moves windows and times is written in place, as
 * every mix of old and new words admits nothing that neither did. Whatever changes more is bracketed: {@link #guard} keeps
 * the old entry in the header until {@link #unguard}, and {@link #restore} puts it back.
 */
public class Slab {
    /** Bytes before the first entry. */
    static final int HEADER = 4096;

    /** Bytes of an entry. */
    public static final int ENTRY = 128;

    public static final int COMMIT = 0;
    static final int CREATED = 4;
    public static final int OUTSIDE_HIGH = 8;
    public static final int OUTSIDE_LOW = 16;
    public static final int INSIDE_HIGH = 24;
    public static final int INSIDE_LOW = 32;
    public static final int SERVICE = 40;
    public static final int MARKS = 48;
    static final int RULE = 52;
    public static final int SEEN = 56;
    static final int TCP = 64;

    /** 0, or 1 + the number of the entry whose old content stands at {@link #GUARDED}. */
    public static final int GUARD = 512;

    static final int GUARDED = 640;

    /** The timeouts in force, 16 of 64 bits in the order of {@link Timeout}, ns; 0: unknown. */
    static final int TIMEOUTS = 768;

    /**
     * Likewise, until when those of before let no flow of the state live on: flows that no packet renewed after this are gone. As
     * {@link #SEEN}, with 1 for the state; 0: there is no such time.
     */
    static final int GONE = 896;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_HANDLE = INT.varHandle();

    private final MemorySegment memory;
    private final int capacity;

    /**
     * A view of memory that has a {@link TableHeader}.
     *
     * @param memory header and entries; 8-byte aligned
     */
    public Slab(MemorySegment memory) {
        this.memory = memory;
        capacity = (int) ((memory.byteSize() - HEADER) / ENTRY);
    }

    /** Bytes for so many entries. */
    static long bytes(long entries) {
        return HEADER + entries * ENTRY;
    }

    /** Number of entries. */
    public final int capacity() {
        return capacity;
    }

    /** Bytes from the start of the memory to an entry. */
    public static long offset(int entry) {
        return HEADER + (long) entry * ENTRY;
    }

    public final int getInt(long at) {
        return memory.get(INT, at);
    }

    public final long getLong(long at) {
        return memory.get(LONG, at);
    }

    public void putInt(long at, int value) {
        memory.set(INT, at, value);
    }

    void putLong(long at, long value) {
        memory.set(LONG, at, value);
    }

    /** A store that comes after all that were before it, and before none that come later in a release. */
    public void putIntRelease(long at, int value) {
        INT_HANDLE.setRelease(memory, at, value);
    }

    /** What is stored from now on is stored after this; nothing is done to the memory. */
    void fence() {
        VarHandle.storeStoreFence();
    }

    /** A copy of an entry. */
    final byte[] copy(int entry) {
        return memory.asSlice(offset(entry), ENTRY).toArray(ValueLayout.JAVA_BYTE);
    }

    /** An entry is no flow any more. */
    final void end(int entry) {
        putIntRelease(offset(entry) + COMMIT, 0);
        fence();
    }

    /** From here to {@link #unguard} an entry may be written in any order: a crash in between leaves the old one. */
    final void guard(int entry) {
        long from = offset(entry);
        for (int i = 0; i < ENTRY; i += Long.BYTES) {
            putLong(GUARDED + i, getLong(from + i));
        }
        putIntRelease(GUARD, entry + 1);
        fence();
    }

    /** The entry is whole again. */
    final void unguard() {
        putIntRelease(GUARD, 0);
        fence();
    }

    /** Puts back the entry that was being written when the process before this one ended. True: there was one. */
    public final boolean restore() {
        int guarded = getInt(GUARD) - 1;
        if (guarded == -1) {
            return false;
        }
        boolean known = guarded >= 0 && guarded < capacity;
        if (known) {
            for (int i = 0; i < ENTRY; i += Long.BYTES) {
                putLong(offset(guarded) + i, getLong(GUARDED + i));
            }
        }
        unguard();
        return known;
    }
}
