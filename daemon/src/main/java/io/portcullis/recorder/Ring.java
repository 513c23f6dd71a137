package io.portcullis.recorder;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one worker's ring, for readers of any thread; {@link Recorder} writes it meanwhile.
 *
 * @param memory a file's, or of this process alone
 */
record Ring(MemorySegment memory, int worker, int snap) {
    private static final int TRIES = 3;

    /** Identifies the reasons and scopes of this version, whose ordinals are in the records. */
    private static final int WORDS = words();

    private static int words() {
        CRC32 sum = new CRC32();
        for (Reason reason : Reason.values()) {
            sum.update(reason.label().getBytes(StandardCharsets.US_ASCII));
        }
        return (int) sum.getValue();
    }

    /** Bytes of a ring that takes about as much memory, a whole number of records. */
    static long bytes(long memory, int snap) {
        long stride = RecordLayout.stride(snap);
        return RecordLayout.HEADER + Math.max(1, (memory - RecordLayout.HEADER) / stride) * stride;
    }

    /** Writes the header of empty memory. */
    void format() {
        memory.set(JAVA_INT, RecordLayout.STRIDE_AT, RecordLayout.stride(snap));
        memory.set(JAVA_INT, RecordLayout.PLACES_AT, places());
        memory.set(JAVA_INT, RecordLayout.WORDS_AT, WORDS);
        memory.set(JAVA_LONG, RecordLayout.MAGIC_AT, RecordLayout.MAGIC);
    }

    /** True: the memory has records that this version can read and continue. */
    boolean isUsable() {
        return memory.byteSize() > RecordLayout.HEADER
                && memory.get(JAVA_LONG, RecordLayout.MAGIC_AT) == RecordLayout.MAGIC
                && memory.get(JAVA_INT, RecordLayout.WORDS_AT) == WORDS
                && memory.get(JAVA_INT, RecordLayout.STRIDE_AT) == RecordLayout.stride(snap)
                && memory.get(JAVA_INT, RecordLayout.PLACES_AT) == places()
                && isWhole(RecordLayout.newest(memory));
    }

    /** The newest record is written before the header has its number, so it is there after a kill at any moment. */
    private boolean isWhole(long newest) {
        return newest == 0
                || newest > 0 && newest < Long.MAX_VALUE && RecordLayout.sequence(memory, at(newest)) == newest;
    }

    int places() {
        return Recorder.places(memory.byteSize(), snap);
    }

    private long at(long number) {
        return RecordLayout.HEADER + (number - 1) % places() * RecordLayout.stride(snap);
    }

    /** Shows a reader the records that are in the ring now, the oldest first. */
    void forEach(Consumer<DropRecord> reader) {
        long newest = newest();
        for (long number = oldest(newest); number <= newest; number++) {
            DropRecord read = read(at(number));
            if (read != null) {
                reader.accept(read);
            }
        }
    }

    /** Number of the newest record; 0: there is none. */
    long newest() {
        return Math.max(0, RecordLayout.newest(memory));
    }

    private long oldest(long newest) {
        return Math.max(1, newest - places() + 1);
    }

    /** A record as it was at one moment; null: there is none, or it is being replaced. */
    private @Nullable DropRecord read(long at) {
        for (int i = 0; i < TRIES; i++) {
            long number = RecordLayout.sequence(memory, at);
            if (number <= 0) {
                return null;
            }
            DropRecord read = copy(at, number);
            VarHandle.loadLoadFence();
            if (RecordLayout.sequence(memory, at) == number) {
                return read;
            }
        }
        return null;
    }

    private @Nullable DropRecord copy(long at, long number) {
        int flags = number(at, RecordLayout.FLAGS);
        int reason = number(at, RecordLayout.REASON);
        int scope = number(at, RecordLayout.SCOPE);
        int kept = number(at, RecordLayout.KEPT);
        if (reason < 0
                || reason >= Reason.values().length
                || scope < 0
                || scope >= Scope.values().length
                || kept < 0
                || kept > snap) {
            return null;
        }
        int ports = number(at, RecordLayout.PORTS);
        int kind = number(at, RecordLayout.KIND);
        boolean icmp = (flags & RecordLayout.ICMP) != 0;
        return new DropRecord(
                worker,
                number,
                memory.get(JAVA_LONG, at + RecordLayout.FIRST_NS),
                memory.get(JAVA_LONG, at + RecordLayout.LAST_NS),
                memory.get(JAVA_LONG, at + RecordLayout.PACKETS),
                memory.get(JAVA_LONG, at + RecordLayout.BYTES),
                Scope.values()[scope],
                (flags & RecordLayout.EGRESS) != 0 ? Direction.EGRESS : Direction.INGRESS,
                Reason.of(reason),
                (flags & RecordLayout.PASSED) != 0,
                address(at, flags, RecordLayout.SOURCE_HIGH),
                address(at, flags, RecordLayout.DESTINATION_HIGH),
                kind >>> 16,
                kind >>> 8 & 0xff,
                (flags & RecordLayout.TRANSPORT) != 0,
                icmp ? 0 : ports >>> 16,
                icmp ? 0 : ports & 0xffff,
                icmp ? ports >>> 8 & 0xff : 0,
                icmp ? ports & 0xff : 0,
                kind & 0xff,
                number(at, RecordLayout.VLANS),
                number(at, RecordLayout.NEAREST),
                number(at, RecordLayout.LENGTH),
                MemorySegment.ofArray(
                                memory.asSlice(at + RecordLayout.FRAME, kept).toArray(JAVA_BYTE))
                        .asReadOnly());
    }

    private int number(long at, int field) {
        return memory.get(JAVA_INT, at + field);
    }

    private @Nullable Address address(long at, int flags, int high) {
        if ((flags & RecordLayout.IP) == 0) {
            return null;
        }
        long low = memory.get(JAVA_LONG, at + high + Long.BYTES);
        return (flags & RecordLayout.V6) != 0
                ? new Address(true, memory.get(JAVA_LONG, at + high), low)
                : new Address(false, 0, low & 0xffff_ffffL);
    }

    /** Time of the oldest record, nanoseconds since 1970; empty: there is none. */
    OptionalLong oldestEpochNs() {
        long newest = newest();
        return newest == 0
                ? OptionalLong.empty()
                : OptionalLong.of(memory.get(JAVA_LONG, at(oldest(newest)) + RecordLayout.FIRST_NS));
    }

    /** Notes the nearest rule of a record that has none; a record that was replaced meanwhile stays without. */
    void annotate(long number, ToIntFunction<DropRecord> nearest) {
        long at = at(number);
        DropRecord record = read(at);
        if (record == null || record.number() != number || record.nearest() != DropRecord.NOT_LOOKED_FOR) {
            return;
        }
        int hash = nearest.applyAsInt(record);
        if (RecordLayout.sequence(memory, at) == number) {
            memory.set(JAVA_INT, at + RecordLayout.NEAREST, hash);
            if (RecordLayout.sequence(memory, at) != number) {
                memory.set(JAVA_INT, at + RecordLayout.NEAREST, DropRecord.NOT_LOOKED_FOR);
            }
        }
    }
}
