package io.portcullis.capture;

import java.util.List;

/**
 * A port whose frames a capture file holds: one interface description block.
 *
 * @param name as Wireshark shows it for each frame, {@code web0}
 * @param description a few words; empty: none
 * @param snapLength most bytes of a frame that the file keeps; {@link #WHOLE_FRAMES}: all
 */
public record CapturedPort(String name, String description, int snapLength) {
    /** {@link #snapLength} without a limit. */
    public static final int WHOLE_FRAMES = 0;

    public CapturedPort {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a port without a name");
        }
        if (snapLength < 0) {
            throw new IllegalArgumentException("snap length " + snapLength);
        }
    }

    /** The snap length under which the frames of all ports are whole, or as long as their own lets them be. */
    static int largestSnapLength(List<CapturedPort> ports) {
        boolean limited = ports.stream().noneMatch(port -> port.snapLength == WHOLE_FRAMES);
        return limited ? ports.stream().mapToInt(CapturedPort::snapLength).max().orElse(WHOLE_FRAMES) : WHOLE_FRAMES;
    }

    /** The bytes of a frame that the file keeps. */
    long kept(long length) {
        return snapLength == WHOLE_FRAMES ? length : Math.min(length, snapLength);
    }
}
