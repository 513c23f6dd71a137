package io.portcullis.fastpath;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Two hosts that exchange the packets of one key, and what the simulation knows about them. */
final class SimulatedFlow {
    private static final int FIN = 1;
    private static final int SYN = 2;
    private static final int RST = 4;
    private static final int ACK = 16;
    private static final int TCP = 6;
    private static final int DATA = 100;
    private static final int WINDOW = 65_535;
    private static final int TCP_AT = 14 + 20;

    /** One end of a TCP connection. */
    private static final class Side {
        private boolean begun;
        private boolean established;
        private boolean finished;
        private int start;
        private int next;
        private int acknowledged;
        private int received;
    }

    final int index;
    final Tuple tuple = new Tuple();
    /** Of its first packet. */
    final Direction original;

    private final byte[][] frames = new byte[2][];
    private final byte[][] dataFrames = new byte[2][];
    private final Side[] sides = {new Side(), new Side()};
    /** Of both directions: packets that arrived, and the last that was delivered. */
    private final long[] arrived = new long[2];

    private final long[] delivered = new long[2];

    // Of both directions: packets that the table must have counted, and those that ended flows had.
    final long[] counted = new long[2];
    final long[] ended = new long[2];
    final long[] deliveries = new long[2];
    long endedAt = -1;

    SimulatedFlow(int index, Direction original, Frame request, Frame answer, boolean isTcp) {
        this.index = index;
        this.original = original;
        int way = original.ordinal();
        frames[way] = request.bytes();
        frames[1 - way] = answer.bytes();
        if (isTcp) {
            dataFrames[way] = request.payload(DATA).bytes();
            dataFrames[1 - way] = answer.payload(DATA).bytes();
        }
        Packet packet = new Packet();
        packet.parse(MemorySegment.ofArray(frames[way]), 0, frames[way].length);
        tuple.of(packet, original);
    }

    boolean isTcp() {
        return tuple.protocol() == TCP;
    }

    /** The next packet of a direction; null: the host has nothing to send. */
    @Nullable
    SimulatedPacket next(Direction direction, SplittableRandom random) {
        if (isTcp()) {
            return nextSegment(direction, random);
        }
        return packet(direction, 0, 0, 0, 0);
    }

    private SimulatedPacket packet(Direction direction, int flags, int sequence, int length, int acknowledgment) {
        int way = direction.ordinal();
        arrived[way]++;
        byte[] frame = length == 0 ? frames[way] : dataFrames[way];
        int end = sequence + length + ((flags & (SYN | FIN)) != 0 ? 1 : 0);
        return new SimulatedPacket(
                this, direction, arrived[way], frame.length, flags, sequence, end, acknowledgment, WINDOW);
    }

    private @Nullable SimulatedPacket nextSegment(Direction direction, SplittableRandom random) {
        Side me = sides[direction.ordinal()];
        boolean opens = direction == original;
        if (opens && (!me.begun || random.nextInt(400) == 0)) {
            begin(me, random);
            sides[1 - direction.ordinal()].begun = false;
            return packet(direction, SYN, me.start, 0, 0);
        }
        if (!me.begun) {
            return null;
        }
        if (!me.established) {
            return packet(direction, opens ? SYN : SYN | ACK, me.start, 0, opens ? 0 : me.received);
        }
        int kind = random.nextInt(500);
        if (kind == 0) {
            return packet(direction, RST | ACK, me.next, 0, me.received);
        }
        if (kind < 4 && !me.finished) {
            me.finished = true;
            return packet(direction, FIN | ACK, me.next, 0, me.received);
        }
        if (kind < 300 && !me.finished && me.next - me.acknowledged < 8_000) {
            me.next += DATA;
            return packet(direction, ACK, me.next - DATA, DATA, me.received);
        }
        if (kind < 350 && me.next - me.acknowledged >= DATA) {
            return packet(direction, ACK, me.acknowledged, DATA, me.received);
        }
        return packet(direction, ACK, me.next, 0, me.received);
    }

    private static void begin(Side side, SplittableRandom random) {
        side.begun = true;
        side.established = false;
        side.finished = false;
        side.start = random.nextInt();
        side.next = side.start + 1;
        side.acknowledged = side.next;
    }

    /** A packet reaches its receiver; the fault, or null. */
    @Nullable
    String deliver(SimulatedPacket packet, SplittableRandom random) {
        int way = packet.direction().ordinal();
        if (packet.number() <= delivered[way]) {
            return packet.direction() + " " + packet.number() + " after " + delivered[way];
        }
        delivered[way] = packet.number();
        deliveries[way]++;
        if (isTcp()) {
            receive(sides[1 - way], packet, random);
        }
        return null;
    }

    private static void receive(Side me, SimulatedPacket packet, SplittableRandom random) {
        boolean syn = (packet.flags() & SYN) != 0;
        boolean ack = (packet.flags() & ACK) != 0;
        if ((packet.flags() & RST) != 0) {
            me.begun = false;
        } else if (syn && !ack) {
            begin(me, random);
            me.received = packet.end();
        } else if (!me.begun) {
            return;
        } else if (!me.established) {
            if (packet.acknowledgment() == me.start + 1) {
                me.established = true;
                me.received = packet.end();
            }
        } else if (!syn) {
            me.received = packet.end() - me.received > 0 ? packet.end() : me.received;
            me.acknowledged = packet.acknowledgment() - me.acknowledged > 0 && packet.acknowledgment() - me.next <= 0
                    ? packet.acknowledgment()
                    : me.acknowledged;
        }
    }

    /** Writes the frame of a packet; returns its length. */
    int write(SimulatedPacket packet, MemorySegment memory, long at) {
        int way = packet.direction().ordinal();
        int payload = packet.end() - packet.sequence();
        byte[] frame = isTcp() && payload >= DATA ? dataFrames[way] : frames[way];
        MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, at, frame.length);
        if (isTcp()) {
            put32(memory, at + TCP_AT + 4, packet.sequence());
            put32(memory, at + TCP_AT + 8, packet.acknowledgment());
            memory.set(ValueLayout.JAVA_BYTE, at + TCP_AT + 13, (byte) packet.flags());
        }
        return frame.length;
    }

    private static void put32(MemorySegment memory, long at, int value) {
        for (int i = 0; i < 4; i++) {
            memory.set(ValueLayout.JAVA_BYTE, at + i, (byte) (value >>> 24 - 8 * i));
        }
    }
}
