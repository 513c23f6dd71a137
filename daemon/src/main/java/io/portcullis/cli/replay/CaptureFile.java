package io.portcullis.cli.replay;

import java.io.Closeable;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.TimestampPrecision;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.Pcaps;
import org.pcap4j.core.RawPacketListener;

/**
 * A pcap or pcapng file, read with libpcap, some frames at a time: pcap4j's call for one frame leaves native memory behind that
 * the collector has to find.
 */
final class CaptureFile implements Closeable {
    /** Bytes of a frame that are read. An IP packet has at most 65,575, and the engine holds no fragment of more than 128 KiB. */
    static final int LONGEST_FRAME = 128_000;

    private static final int FRAMES_AT_ONCE = 64;

    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final long MS_PER_SECOND = 1_000;

    /** The seconds of a pcap file are unsigned, and libpcap reads them as signed: 1901 is 2037. */
    private static final long SECONDS_OF_PCAP = 1L << 32;

    /** In the year 2255, so that timeouts may be added to any time. */
    private static final long LAST_SECOND = 9_000_000_000L;

    private final Path file;
    private final PcapHandle handle;
    private final LinkType linkType;
    private final Deque<CapturedFrame> read = new ArrayDeque<>(FRAMES_AT_ONCE);
    private long arrived;
    private long frames;
    private @Nullable CaptureException corrupt;

    private CaptureFile(Path file, PcapHandle handle, LinkType linkType) {
        this.file = file;
        this.handle = handle;
        this.linkType = linkType;
    }

    /**
     * Opens a file.
     *
     * @throws CaptureException if it can't be read, is no capture, or has another link type than {@link LinkType} names
     */
    static CaptureFile open(Path file) throws CaptureException {
        if (!Files.exists(file)) {
            throw new CaptureException(file + ": no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new CaptureException(file + ": not a regular file, and replay reads its beginning more than once");
        }
        if (!Files.isReadable(file)) {
            throw new CaptureException(file + ": permission denied");
        }
        PcapHandle handle = opened(file);
        int number = handle.getDlt().value();
        LinkType linkType = LinkType.of(number).orElse(null);
        if (linkType == null) {
            String name = handle.getDlt().name();
            handle.close();
            throw new CaptureException(file + ": link type " + number + " (" + name
                    + "); replay reads Ethernet, Linux cooked captures (SLL and SLL2) and raw IP");
        }
        return new CaptureFile(file, handle, linkType);
    }

    private static PcapHandle opened(Path file) throws CaptureException {
        try {
            // An absolute path: "-" would be standard input.
            return Pcaps.openOffline(file.toAbsolutePath().toString(), TimestampPrecision.NANO);
        } catch (PcapNativeException refused) {
            throw new CaptureException(
                    file + ": not a pcap or pcapng file that libpcap can read: " + refused.getMessage(), refused);
        } catch (LinkageError missing) {
            throw new CaptureException(
                    "libpcap is not installed, or not where the loader looks (Debian and Ubuntu: apt install libpcap0.8;"
                            + " Fedora and RHEL: dnf install libpcap)",
                    missing);
        }
    }

    LinkType linkType() {
        return linkType;
    }

    /** The frames that {@link #next} has returned. */
    long frames() {
        return frames;
    }

    /**
     * The next frame.
     *
     * @return null at the end of the file
     * @throws CaptureException if the file is corrupt or ends in the middle of a frame; the message has the frame's number
     */
    @Nullable
    CapturedFrame next() throws CaptureException {
        if (read.isEmpty() && corrupt == null) {
            readMore();
        }
        CapturedFrame next = read.poll();
        if (next != null) {
            frames++;
        } else if (corrupt != null) {
            throw corrupt;
        }
        return next;
    }

    private void readMore() {
        try {
            handle.loop(FRAMES_AT_ONCE, (RawPacketListener) this::take);
        } catch (PcapNativeException e) {
            String text = String.valueOf(e.getMessage()).replace("Error occurred: ", "");
            corrupt = new CaptureException(file + ": frame " + (arrived + 1) + " can't be read: " + text, e);
        } catch (NotOpenException | InterruptedException impossible) {
            throw new IllegalStateException(file.toString(), impossible);
        }
    }

    private void take(byte[] bytes) {
        arrived++;
        MemorySegment part = MemorySegment.ofArray(bytes).asSlice(0, Math.min(bytes.length, LONGEST_FRAME));
        Integer original = handle.getOriginalLength();
        read.add(new CapturedFrame(
                arrived,
                epochNs(handle.getTimestamp()),
                part,
                Math.clamp(original == null ? 0 : original, (int) part.byteSize(), LONGEST_FRAME)));
    }

    private static long epochNs(Timestamp time) {
        long seconds = Math.floorDiv(time.getTime(), MS_PER_SECOND);
        long counted = seconds < 0 ? seconds + SECONDS_OF_PCAP : seconds;
        return Math.clamp(counted, 0, LAST_SECOND) * NS_PER_SECOND + time.getNanos();
    }

    @Override
    public void close() {
        handle.close();
    }
}
