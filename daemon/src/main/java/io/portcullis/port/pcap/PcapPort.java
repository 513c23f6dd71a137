package io.portcullis.port.pcap;

import static io.portcullis.port.PortCounter.RECEIVED_BYTES;
import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENETDOWN;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENXIO;
import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static io.portcullis.port.PortCounter.TRUNCATED;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.packet.HeldNic;
import io.portcullis.packet.Batch;
import io.portcullis.port.DeafnessDetector;
import io.portcullis.port.FrameQueue;
import io.portcullis.port.LinkHeader;
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
 * <p>It has two threads. The <em>reader</em> runs {@code pcap_loop} and copies frames into the queue; when the event loop does
 * not keep up it waits, and the kernel's buffer (16 MiB) holds the rest. The <em>watch</em> checks the NIC and the kernel's drop
 * counter once a second; only it opens and closes the capture and changes the state. While the NIC is down or gone the capture
 * is closed (libpcap would poll a thousand times a second), and the watch checks four times a second whether it is up, or
 * whether there is another NIC of its name. A NIC that left the namespace and came back is another NIC, whatever its index; a
 * NIC with a new name or MAC address is the same.
 *
 * <p>A slot has the NIC's MTU + 18 bytes if its offloads are off when it is opened, else 64 KiB: switch them off first. A larger
 * MTU makes the watch reopen the capture. Frames that the port sends pass through the same buffer and libpcap discards them, so
 * a full buffer may count a copy of a sent frame as {@code ring-full}.
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
    private final Semaphore wakeUps = new Semaphore(0);
    private final Thread watch;
    private volatile @Nullable Capture capture;
    private volatile PortState state = PortState.FORWARDING;
    private volatile boolean gone;
    private volatile int mtuLength;
    private volatile boolean closing;

    /** The reader has a frame, and perhaps waits for space in the queue. */
    private volatile boolean handingOver;

    // Used by the watch; before it starts, by the thread that opens the port.
    private @Nullable HeldNic held;
    private DeafnessDetector deafness = new DeafnessDetector();
    private @Nullable Thread reader;
    private int dropsSeen;
    private long framesSeen;
    private long retryMs = RETRY_MS;

    private PcapPort(String nic) {
        this.nic = nic;
        this.watch = LastingThread.unstarted("portcullis-watch-" + nic, this::watch);
    }

    /**
     * Opens a NIC. One that is down is opened as soon as it is up.
     *
     * @throws PortException if there is no such NIC, no libpcap, no privilege, or the NIC is not Ethernet
     */
    public static PcapPort open(String nic) throws PortException {
        PcapPort port = new PcapPort(nic);
        boolean done = false;
        try {
            Nic found = Nics.named(nic);
            port.hold(found);
            if (found.up()) {
                port.capture = port.newCapture(found);
            }
            port.state = port.stateOf(Optional.of(found));
            done = true;
            return port;
        } catch (ErrnoException refused) {
            throw new PortException(explain(nic, refused), refused);
        } finally {
            if (!done) {
                port.close();
            }
        }
    }

    private static String explain(String nic, ErrnoException refused) {
        return switch (refused.errno()) {
            case Errno.ENODEV -> Capture.noSuchNic(nic);
            case Errno.EPERM -> Capture.noPrivilege(nic);
            default -> nic + ": " + refused.getMessage();
        };
    }

    /** From now on this NIC is the port's, whatever its name. */
    private void hold(Nic found) throws ErrnoException {
        mtuLength = found.mtu();
        held = HeldNic.of(found);
        deafness = new DeafnessDetector();
    }

    private void unhold() {
        HeldNic last = held;
        held = null;
        if (last != null) {
            last.close();
        }
    }

    /** libpcap opens a NIC by name: the name must still be that of the held NIC afterwards. */
    private Capture newCapture(Nic found) throws PortException, ErrnoException {
        Capture opened = Capture.open(found);
        HeldNic expected = held;
        if (expected == null
                || !expected.isThere()
                || !Nics.indexed(found.index()).name().equals(found.name())) {
            opened.close();
            throw new PortException(found.name() + " changed while it was being opened");
        }
        return opened;
    }

    /** libpcap's version text; empty where the loader finds no libpcap. */
    public static Optional<String> library() {
        try {
            return Optional.of(Pcaps.libVersion());
        } catch (LinkageError missing) {
            return Optional.empty();
        }
    }

    private PortState stateOf(Optional<Nic> found) {
        if (found.isEmpty()) {
            return PortState.gone(nic);
        }
        Nic now = found.get();
        PortState link = PortState.of(now.name(), now.up(), now.carrier());
        return deafness.isDeaf() && link.equals(PortState.FORWARDING) ? PortState.deaf(now.name()) : link;
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
            if (refusal == TOO_BIG && LinkHeader.carries(batch, i, mtuLength, LinkHeader.longest(current.nic))) {
                refusal = current.sendLong(batch, i);
            }
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
            closeAll();
            return;
        }
        wakeUps.release();
        join(watch, 2 * END_MS);
    }

    private void watch() {
        Capture opened = capture;
        if (opened != null && reader == null) {
            startReader(opened);
        }
        try {
            while (!closing) {
                checkAndReport();
                wakeUps.tryAcquire(capture == null ? retryMs : WATCH_MS, TimeUnit.MILLISECONDS);
                wakeUps.drainPermits();
            }
        } catch (InterruptedException asked) {
            LOG.debug("{}: watch interrupted", nic, asked);
        }
        closeAll();
    }

    private void closeAll() {
        closeCapture();
        unhold();
    }

    private void checkAndReport() {
        try {
            check();
        } catch (ErrnoException refused) {
            changeTo(new PortState.NotForwarding(
                    nic + ": the link state is unknown, the NIC can't be watched: " + refused.getMessage()));
        }
    }

    private void check() throws ErrnoException {
        HeldNic last = held;
        if (last != null && !last.isThere()) {
            // libpcap does not always notice: if a NIC of the same name is up again soon, it reads on and receives
            // nothing.
            if (!closeCapture()) {
                return;
            }
            unhold();
        }
        Optional<Nic> found = find();
        gone = found.isEmpty();
        found.ifPresent(now -> mtuLength = now.mtu());
        Capture current = capture;
        if (current != null) {
            boolean anew = readCounts(current);
            if ((anew || isStale(current, found)) && !closeCapture()) {
                return;
            }
        }
        if (capture == null && found.isPresent() && found.get().up()) {
            reopen(found.get());
        } else {
            changeTo(stateOf(found));
        }
    }

    /** The held NIC, whatever its name now; where none is held, the NIC with the port's name. */
    private Optional<Nic> find() throws ErrnoException {
        HeldNic current = held;
        if (current == null) {
            return Nics.find(nic);
        }
        try {
            return Optional.of(Nics.indexed(current.nic().index()));
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    private boolean isStale(Capture current, Optional<Nic> found) {
        Thread reading = reader;
        return found.isEmpty()
                || !found.get().up()
                || found.get().mtu() > current.nic.mtu()
                || reading == null
                || !reading.isAlive();
    }

    private void reopen(Nic found) {
        try {
            if (held == null) {
                hold(found);
            }
            Capture opened = newCapture(found);
            dropsSeen = 0;
            capture = opened;
            startReader(opened);
            retryMs = RETRY_MS;
            changeTo(stateOf(Optional.of(found)));
        } catch (PortException refused) {
            notOpened(String.valueOf(refused.getMessage()));
        } catch (ErrnoException refused) {
            notOpened(explain(nic, refused));
        }
    }

    private void notOpened(String reason) {
        retryMs = Math.min(2 * retryMs, RETRY_LIMIT_MS);
        changeTo(new PortState.NotForwarding(reason));
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

    /** True: the port is deaf ({@link DeafnessDetector}) and has to reopen the NIC now. */
    private boolean readCounts(Capture current) throws ErrnoException {
        int drops = current.kernelDrops();
        counters.add(RING_FULL, drops - dropsSeen & 0xffff_ffffL);
        dropsSeen = drops;
        long all = counters.get(RECEIVED_FRAMES) + counters.get(TRUNCATED) + counters.get(RING_FULL);
        boolean received = all != framesSeen || handingOver;
        framesSeen = all;
        if (received) {
            deafness.received();
            return false;
        }
        return deafness.receivedNothing(Nics.receivedFrames(current.nic.index()));
    }

    private void startReader(Capture current) {
        reader = Thread.ofPlatform().daemon().name("portcullis-pcap-" + nic).start(() -> read(current));
    }

    private void read(Capture current) {
        String why = current.listen(frame -> arrived(current, frame));
        if (why != null) {
            LOG.debug("{}: {}", nic, why);
        }
        wakeUps.release();
    }

    private void arrived(Capture current, byte[] frame) {
        if (frame.length < current.originalLength()) {
            counters.add(TRUNCATED, 1);
            return;
        }
        handingOver = true;
        try {
            if (arrived.put(frame)) {
                counters.add(RECEIVED_FRAMES, 1);
                counters.add(RECEIVED_BYTES, frame.length);
            }
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        } finally {
            handingOver = false;
        }
    }

    // False: the reader still runs, and libpcap's memory must stay.
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
