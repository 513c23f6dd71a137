package io.portcullis.cli.replay;

import io.portcullis.cli.replay.EthernetFrame.Hint;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.packet.Packet;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads the beginning of a capture file and decides who is inside. In this order: {@code --local}; in host mode the directions that a
 * cooked capture has, which come before addresses; the interface's own addresses, if one of them takes part; the address that takes part in more frames than
 * any other (host mode).
 */
final class Survey {
    /** Frames of the beginning. */
    static final long FRAMES = 100_000;

    /** Addresses that are counted: the one that takes part in most frames comes early. */
    private static final int MOST_ADDRESSES = 1 << 16;

    /**
     * The outcome.
     *
     * @param local who is inside
     * @param usesHints true: the capture's own directions come first
     * @param source for the user: how it is known
     */
    record Local(LocalEnds local, boolean usesHints, String source) {
        @Override
        public String toString() {
            return usesHints
                    ? "the capture has the direction of each frame"
                    : local.isEmpty() ? "nobody is known to be inside" : "inside is " + local + " (" + source + ")";
        }
    }

    private final Map<Address, Long> frames = new HashMap<>();
    private long all;
    private long own;
    private boolean hasHints;

    private Survey() {}

    /**
     * Decides who is inside.
     *
     * @param given {@code --local}; empty: not given
     * @throws CaptureException if nothing says it, or the file can't be opened
     */
    static Local of(Path file, Interface iface, LocalEnds given) throws CaptureException {
        Survey survey = new Survey();
        survey.read(file, LocalEnds.of(iface.ownAddresses()));
        boolean isHost = iface.mode() instanceof Mode.Host;
        boolean usesHints = isHost && survey.hasHints;
        if (!given.isEmpty()) {
            return new Local(given, usesHints, "--local");
        }
        if (usesHints) {
            return new Local(LocalEnds.of(iface.ownAddresses()), true, "the capture");
        }
        if (survey.own > 0 || survey.all == 0) {
            LocalEnds own = LocalEnds.of(iface.ownAddresses());
            return new Local(own, false, own.isEmpty() ? "" : "addresses of " + iface.name());
        }
        if (isHost) {
            return survey.guess(file);
        }
        throw new CaptureException(file + ": "
                + (iface.ownAddresses().isEmpty()
                        ? iface.name() + " has no addresses in the configuration"
                        : "no frame is from or to an address of " + iface.name())
                + ", so nothing says which frames come from inside: name who is inside with --local ADDRESS[,…]");
    }

    /** A {@link Sides} that knows the MAC addresses of the beginning of the file. */
    static Sides sides(Path file, Local local) throws CaptureException {
        try (CaptureFile capture = CaptureFile.open(file)) {
            Sides sides = new Sides(local.local(), capture.linkType().hasMacs(), local.usesHints());
            forEach(capture, sides::of);
            return sides;
        }
    }

    private void read(Path file, LocalEnds ownAddresses) throws CaptureException {
        try (CaptureFile capture = CaptureFile.open(file)) {
            forEach(capture, (frame, packet) -> count(frame, packet, ownAddresses));
        }
    }

    /** What is done with each frame of the beginning. */
    private interface Reader {
        void read(EthernetFrame frame, Packet packet);
    }

    private static void forEach(CaptureFile capture, Reader reader) {
        FrameMemory memory = new FrameMemory();
        for (CapturedFrame next = whole(capture); next != null && capture.frames() <= FRAMES; next = whole(capture)) {
            EthernetFrame frame = capture.linkType().ethernet(next);
            memory.place(frame);
            reader.read(frame, memory.packet());
        }
    }

    /** The replay itself reports a corrupt frame. */
    private static @Nullable CapturedFrame whole(CaptureFile capture) {
        try {
            return capture.next();
        } catch (CaptureException reportedLater) {
            return null;
        }
    }

    private void count(EthernetFrame frame, Packet packet, LocalEnds ownAddresses) {
        hasHints |= frame.hint() == Hint.ARRIVED || frame.hint() == Hint.SENT;
        Ends ends = Ends.of(packet);
        if (ends == null || frame.hint() == Hint.LOOPBACK) {
            return;
        }
        all++;
        own += ownAddresses.contains(ends.source()) || ownAddresses.contains(ends.destination()) ? 1 : 0;
        add(ends.source());
        if (!ends.destination().equals(ends.source())) {
            add(ends.destination());
        }
    }

    private void add(Address address) {
        if (isOfOneHost(address) && (frames.size() < MOST_ADDRESSES || frames.containsKey(address))) {
            frames.merge(address, 1L, Long::sum);
        }
    }

    /** False: a group, all, or nobody yet. */
    private static boolean isOfOneHost(Address address) {
        return address.isV6()
                ? address.high() >>> 56 != 0xff && (address.high() | address.low()) != 0
                : address.low() != 0 && address.low() >>> 28 < 0xe;
    }

    private Local guess(Path file) throws CaptureException {
        List<Map.Entry<Address, Long>> most = frames.entrySet().stream()
                .sorted(Map.Entry.<Address, Long>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.naturalOrder())))
                .limit(2)
                .toList();
        if (most.size() == 2 && most.getFirst().getValue().equals(most.getLast().getValue())) {
            String both = most.stream().map(entry -> entry.getKey().toString()).collect(Collectors.joining(" and "));
            throw new CaptureException(file + ": " + both
                    + " take part in equally many frames, and none of them is an address of the interface here: name the one"
                    + " that is inside with --local");
        }
        if (most.isEmpty()) {
            throw new CaptureException(
                    file + ": no frame has the address of a host, so nothing says which frames come from inside:"
                            + " name who is inside with --local");
        }
        Map.Entry<Address, Long> first = most.getFirst();
        return new Local(
                LocalEnds.of(List.of(Cidr.of(first.getKey()))),
                false,
                "takes part in most frames: " + first.getValue() + " of " + all);
    }
}
