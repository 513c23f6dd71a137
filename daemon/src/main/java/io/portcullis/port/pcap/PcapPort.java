package io.portcullis.port.pcap;

import static io.portcullis.port.PortCounter.RECEIVED_BYTES;
import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENETDOWN;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENXIO;
import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TRUNCATED;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.packet.Batch;
import io.portcullis.port.FrameQueue;
import io.portcullis.port.Port;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortCounters;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pcap4j.core.Pcaps;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A NIC through libpcap (1.10), inbound frames only, promiscuous, in immediate mode.
 *
 * <p>Two threads of its own. The <em>reader</em> sits in {@code pcap_loop} and copies frames into the queue; when the
 * event loop does not keep up it waits, and the kernel's buffer (16 MiB) takes the rest. The <em>watch</em> looks once a
 * second at the NIC and at the kernel's drop counter; it alone opens and closes the capture and changes the state. While
 * the NIC is down or gone the capture is closed (libpcap would poll a thousand times a second) and the watch looks four
 * times a second for a NIC of that name that is up.
 *
 * <p>Frames are slots of the NIC's MTU + 18 bytes if its offloads are off when it is opened, of 64 KiB else: switch them
 * off first. A larger MTU is noticed, and the capture opened again. What we send passes through the same buffer and is
 * left out by libpcap, so a full buffer may count a copy of a frame that we sent as {@code ring-full}.
 */
public final class PcapPort implements Port {
    private static final Logger LOG = LoggerFactory.getLogger(PcapPort.class);

    private static final int BATCHES = 16;
    private static final long WATCH_MS = 1_000;
    private static final long RETRY_MS = 250;
    private static final long RETRY_LIMIT_MS = 2_000;
    private static final long END_MS = 1_000;

    // The native call copies a byte[] whole, there and back: one for each usual size of frame.
    private final byte[] shortFrame = new byte[2_048];
    private final byte[] jumboFrame = new byte[9_216];
    private final byte[] superFrame = new byte[Capture.SNAPLEN];

    private final String nic;
    private final FrameQueue arrived = new FrameQueue(BATCHES, Capture.SNAPLEN, true);
    private final PortCounters counters = new PortCounters();
    private final Semaphore looks = new Semaphore(0);
    private final Thread watch;
    private volatile @Nullable Capture capture;
    private volatile PortState state = PortState.FORWARDING;
    private volatile boolean gone;
    private volatile boolean closing;

    // The watch's own.
    private @Nullable Thread reader;
    private int dropsSeen;
    private long retryMs = RETRY_MS;

    private PcapPort(String nic) {
        this.nic = nic;
        this.watch =
                Thread.ofPlatform().daemon().name("portcullis-watch-" + nic).unstarted(this::watch);
    }

    /**
     * Opens a NIC. One that is down is opened as soon as it is up.
     *
     * @throws PortException if there is no such NIC, no libpcap, no privilege, or the NIC is not Ethernet
     */
    public static PcapPort open(String nic) throws PortException {
        Link link = Link.of(nic);
        if (link == null) {
            throw new PortException(Capture.noSuchNic(nic));
        }
        PcapPort port = new PcapPort(nic);
        boolean done = false;
        try {
            if (link.up()) {
                port.capture = Capture.open(nic, link);
            }
            port.state = stateOf(nic, link);
            done = true;
            return port;
        } finally {
            if (!done) {
                port.arrived.close();
            }
        }
    }

    /** What libpcap calls itself; empty where there is none, or none that the loader finds. */
    public static Optional<String> library() {
        try {
            return Optional.of(Pcaps.libVersion());
        } catch (LinkageError missing) {
            return Optional.empty();
        }
    }

    private static PortState stateOf(String nic, @Nullable Link link) {
        return link == null ? PortState.gone(nic) : PortState.of(nic, link.up(), link.carrier());
    }

    @Override
    public String nic() {
        return nic;
    }

    @Override
    public FileDescriptor descriptor() {
        return arrived.descriptor();
    }

    @Override
    public void start(Runnable reopened) {
        watch.start();
    }

    @Override
    public @Nullable Batch receive() {
        return arrived.poll();
    }

    @Override
    public void release(Batch batch) {
        arrived.release(batch);
    }

    @Override
    public void send(Batch batch) {
        Capture current = capture;
        if (current == null) {
            counters.add(gone ? SEND_ERROR_ENXIO : SEND_ERROR_ENETDOWN, Long.bitCount(batch.accepted()));
            return;
        }
        for (long left = batch.accepted(); left != 0; left &= left - 1) {
            int i = Long.numberOfTrailingZeros(left);
            int length = batch.length(i);
            byte[] frame =
                    length <= shortFrame.length ? shortFrame : length <= jumboFrame.length ? jumboFrame : superFrame;
            MemorySegment.copy(batch.memory(), ValueLayout.JAVA_BYTE, batch.offset(i), frame, 0, length);
            PortCounter refusal = current.send(frame, length);
            if (refusal == null) {
                counters.add(SENT_FRAMES, 1);
                counters.add(SENT_BYTES, length);
            } else {
                counters.add(refusal, 1);
            }
        }
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
        if (closing) {
            return;
        }
        closing = true;
        arrived.close();
        if (watch.getState() == Thread.State.NEW) {
            closeCapture();
            return;
        }
        looks.release();
        join(watch, 2 * END_MS);
    }

    private void watch() {
        Capture opened = capture;
        if (opened != null) {
            startReader(opened);
        }
        try {
            while (!closing) {
                look();
                looks.tryAcquire(capture == null ? retryMs : WATCH_MS, TimeUnit.MILLISECONDS);
                looks.drainPermits();
            }
        } catch (InterruptedException asked) {
            LOG.debug("{}: watch interrupted", nic, asked);
        } finally {
            closeCapture();
        }
    }

    private void look() {
        Link link = Link.of(nic);
        gone = link == null;
        Capture current = capture;
        if (current != null) {
            countDrops(current);
            if (isStale(current, link) && !closeCapture()) {
                return;
            }
        }
        if (capture == null && link != null && link.up()) {
            reopen(link);
        } else {
            changeTo(stateOf(nic, link));
        }
    }

    private boolean isStale(Capture current, @Nullable Link link) {
        return link == null
                || !link.up()
                || link.index() != current.link.index()
                || link.mtuLength() > current.link.mtuLength()
                || reader == null
                || !reader.isAlive();
    }

    private void reopen(Link link) {
        try {
            Capture opened = Capture.open(nic, link);
            dropsSeen = 0;
            capture = opened;
            startReader(opened);
            retryMs = RETRY_MS;
            changeTo(stateOf(nic, link));
        } catch (PortException refused) {
            retryMs = Math.min(2 * retryMs, RETRY_LIMIT_MS);
            changeTo(new PortState.NotForwarding(String.valueOf(refused.getMessage())));
        }
    }

    private void changeTo(PortState next) {
        if (next.equals(state)) {
            return;
        }
        state = next;
        switch (next) {
            case PortState.Forwarding _ -> LOG.info("{} forwards again", nic);
            case PortState.NotForwarding(String reason) -> LOG.warn("no frame passes: {}", reason);
        }
    }

    private void countDrops(Capture current) {
        int drops = current.kernelDrops();
        counters.add(RING_FULL, drops - dropsSeen & 0xffff_ffffL);
        dropsSeen = drops;
    }

    private void startReader(Capture current) {
        reader = Thread.ofPlatform().daemon().name("portcullis-pcap-" + nic).start(() -> read(current));
    }

    private void read(Capture current) {
        String why = current.listen(frame -> arrived(current, frame));
        if (why != null) {
            LOG.debug("{}: {}", nic, why);
        }
        looks.release();
    }

    private void arrived(Capture current, byte[] frame) {
        if (frame.length < current.originalLength()) {
            counters.add(TRUNCATED, 1);
            return;
        }
        try {
            if (arrived.put(frame)) {
                counters.add(RECEIVED_FRAMES, 1);
                counters.add(RECEIVED_BYTES, frame.length);
            }
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
    }

    // False: the reader has not ended yet, and libpcap's memory must stay.
    private boolean closeCapture() {
        Capture current = capture;
        if (current == null) {
            return true;
        }
        Thread reading = reader;
        if (reading != null) {
            current.breakLoop();
            reading.interrupt();
            if (!join(reading, END_MS)) {
                LOG.warn("{}: the reading thread has not ended within {} ms", nic, END_MS);
                return false;
            }
            reader = null;
        }
        capture = null;
        current.close();
        return true;
    }

    private static boolean join(Thread thread, long limitMs) {
        try {
            thread.join(limitMs);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }
}
