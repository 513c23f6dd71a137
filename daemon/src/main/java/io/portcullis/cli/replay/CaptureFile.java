package io.portcullis.cli.replay;

import java.io.Closeable;
import java.io.EOFException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Timestamp;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.TimestampPrecision;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.Pcaps;

/** A pcap or pcapng file, read frame by frame with libpcap. */
final class CaptureFile implements Closeable {
    /** Bytes of a frame that are read. An IP packet has at most 65,575, and the engine holds no fragment of more than 128 KiB. */
    static final int LONGEST_FRAME = 128_000;

    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final long MS_PER_SECOND = 1_000;

    /** The seconds of a pcap file are unsigned, and libpcap reads them as signed: 1901 is 2037. */
    private static final long SECONDS_OF_PCAP = 1L << 32;

    /** In the year 2255, so that timeouts may be added to any time. */
    private static final long LAST_SECOND = 9_000_000_000L;

    private final Path file;
    private final PcapHandle handle;
    private final LinkType linkType;
    private long frames;

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

    /** The frames that were read. */
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
        try {
            byte[] bytes = handle.getNextRawPacketEx();
            frames++;
            MemorySegment read = MemorySegment.ofArray(bytes).asSlice(0, Math.min(bytes.length, LONGEST_FRAME));
            Integer original = handle.getOriginalLength();
            return new CapturedFrame(
                    frames,
                    epochNs(handle.getTimestamp()),
                    read,
                    Math.clamp(original == null ? 0 : original, (int) read.byteSize(), LONGEST_FRAME));
        } catch (EOFException end) {
            return null;
        } catch (PcapNativeException corrupt) {
            String text = String.valueOf(corrupt.getMessage()).replace("Error occurred in pcap_next_ex(): ", "");
            throw new CaptureException(file + ": frame " + (frames + 1) + " can't be read: " + text, corrupt);
        } catch (NotOpenException | TimeoutException impossible) {
            throw new IllegalStateException(file.toString(), impossible);
        }
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
