package io.portcullis.port.memory;

import static io.portcullis.port.PortCounter.RECEIVED_BYTES;
import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.VlanTag;
import io.portcullis.port.FrameQueue;
import io.portcullis.port.Port;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortCounters;
import io.portcullis.port.PortState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * A port in memory: {@link #inject} makes a frame arrive, {@link #sent} holds the frames sent, and {@link #fail} makes every
 * send fail. Works in a channel on an event loop, and without one by direct calls of {@link #receive}, {@link #send} and
 * {@link #release}.
 */
public final class MemoryPort implements Port {
    private static final int BATCHES = 16;
    private static final int BATCH_LENGTH = 262_144;
    private static final int TYPE = EthernetHeader.TYPE;

    private final String nic;
    private final int mtuLength;
    private final FrameQueue arrived = new FrameQueue(BATCHES, BATCH_LENGTH, true);
    private final Queue<byte[]> sent = new ConcurrentLinkedQueue<>();
    private final PortCounters counters = new PortCounters();
    private volatile @Nullable PortCounter failure;
    private volatile PortState state = PortState.FORWARDING;

    /**
     * A port that forwards.
     *
     * @param nic result of {@link #nic}
     * @param mtuLength bytes of the longest payload that it sends, without Ethernet header and one VLAN tag
     */
    public MemoryPort(String nic, int mtuLength) {
        this.nic = nic;
        this.mtuLength = mtuLength;
    }

    /**
     * A frame arrives. Any thread.
     *
     * @param frame from the destination MAC address on, without FCS, at most 256 KiB; copied
     * @return false if the receive buffer is full or the port closed, and the frame lost
     */
    public boolean inject(byte[] frame) {
        return arrived.offer(frame);
    }

    /** The frames sent, oldest first; the caller removes them. Any thread. */
    public Queue<byte[]> sent() {
        return sent;
    }

    /**
     * From now on every frame is refused and counted as {@code refusal}, and the port is not forwarding. Any thread.
     *
     * @param refusal one of the {@code send-error} counters
     * @param reason see {@link PortState.NotForwarding}
     */
    public void fail(PortCounter refusal, String reason) {
        state = new PortState.NotForwarding(reason);
        failure = refusal;
    }

    /** Ends {@link #fail}. Any thread. */
    public void recover() {
        failure = null;
        state = PortState.FORWARDING;
    }

    @Override
    public String nic() {
        return nic;
    }

    @Override
    public FileDescriptor descriptor() {
        return arrived.descriptor();
    }

    /** Does nothing: frames arrive when they are injected. */
    @Override
    public void start(Runnable reopened) {}

    @Override
    public @Nullable Batch receive() {
        Batch batch = arrived.poll();
        if (batch != null) {
            counters.add(RECEIVED_FRAMES, batch.size());
            for (int i = 0; i < batch.size(); i++) {
                counters.add(RECEIVED_BYTES, batch.length(i));
            }
        }
        return batch;
    }

    @Override
    public void release(Batch batch) {
        arrived.release(batch);
    }

    @Override
    public void send(Batch batch) {
        for (long left = batch.accepted(); left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            byte[] frame = new byte[batch.length(i)];
            MemorySegment.copy(batch.memory(), ValueLayout.JAVA_BYTE, batch.offset(i), frame, 0, frame.length);
            PortCounter refusal = refusal(frame);
            if (refusal == null) {
                sent.add(frame);
                counters.add(SENT_FRAMES, 1);
                counters.add(SENT_BYTES, frame.length);
            } else {
                counters.add(refusal, 1);
            }
        }
    }

    private @Nullable PortCounter refusal(byte[] frame) {
        PortCounter failing = failure;
        if (failing != null) {
            return failing;
        }
        boolean tagged = frame.length >= TYPE + 2
                && (Byte.toUnsignedInt(frame[TYPE]) << 8 | Byte.toUnsignedInt(frame[TYPE + 1])) == EtherType.VLAN;
        return frame.length > EthernetHeader.LENGTH + (tagged ? VlanTag.LENGTH : 0) + mtuLength ? TOO_BIG : null;
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public PortState state() {
        return state;
    }

    @Override
    public void close() {
        arrived.close();
    }
}
