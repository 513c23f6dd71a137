package io.portcullis.cli.replay;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Fragments that the engine holds until the first of their datagram comes. The engine returns copies without numbers, so they are found
 * by their bytes. The engine limits how many there are.
 */
final class WaitingFragments {
    /**
     * A fragment that waits.
     *
     * @param present bytes that the capture has
     * @param length bytes of the whole frame
     */
    record Waiting(long number, long epochNs, Subject subject, int present, int length) {}

    private record Key(long length, int hash) {}

    private final Map<Key, Deque<Waiting>> waiting = new HashMap<>();

    void add(MemorySegment frame, Waiting fragment) {
        waiting.computeIfAbsent(key(frame), _ -> new ArrayDeque<>()).add(fragment);
    }

    /** Removes the oldest fragment with these bytes; null: there is none. */
    @Nullable
    Waiting remove(MemorySegment frame) {
        Key key = key(frame);
        Deque<Waiting> same = waiting.get(key);
        if (same == null) {
            return null;
        }
        Waiting oldest = same.remove();
        if (same.isEmpty()) {
            waiting.remove(key);
        }
        return oldest;
    }

    private static Key key(MemorySegment frame) {
        return new Key(frame.byteSize(), Arrays.hashCode(frame.toArray(ValueLayout.JAVA_BYTE)));
    }
}
