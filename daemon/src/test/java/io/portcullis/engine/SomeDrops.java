package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Drops for tests of code that receives them. */
public final class SomeDrops {
    private SomeDrops() {}

    /** A drop of a frame, and {@code count} - 1 others. */
    public static Drop of(byte[] frame, Direction direction, Reason reason, boolean passed, int count) {
        Packet packet = new Packet();
        packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        Drop drop = new Drop();
        drop.of(packet, direction, reason, passed, 0);
        for (int i = 1; i < count; i++) {
            drop.again();
        }
        return drop;
    }

    /** A number of drops, each of one frame. */
    public static DropSamples.Taken taken(int count) {
        byte[] frame =
                Frame.tcp("198.51.100.7", 40_000, "10.0.0.1", 22, TcpFlags.SYN).bytes();
        Packet packet = new Packet();
        packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        List<Drop> drops = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Drop drop = new Drop();
            drop.of(packet, Direction.INGRESS, Reason.NO_RULE, false, 0);
            drops.add(drop);
        }
        return new DropSamples.Taken(drops, 0, List.of(), 0);
    }
}
