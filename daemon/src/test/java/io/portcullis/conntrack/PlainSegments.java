package io.portcullis.conntrack;

import io.portcullis.packet.Packet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Tells which segments are plain, for tests of other packages; changes nothing. */
public final class PlainSegments {
    private final MemorySegment copy = Arena.ofAuto().allocate(TableHeader.bytes(1), FlowLayout.ENTRY_BYTES);
    private final Slab slab = new Slab(copy);

    public PlainSegments() {}

    /** True: {@link PlainSegment} would follow the segment on this entry of a table's memory. */
    public boolean follows(MemorySegment memory, int entry, Packet packet, boolean fromOriginator) {
        MemorySegment.copy(memory, Slab.offset(entry), copy, Slab.offset(0), FlowLayout.ENTRY_BYTES);
        return PlainSegment.follow(slab, Slab.offset(0), packet, fromOriginator, 1);
    }
}
