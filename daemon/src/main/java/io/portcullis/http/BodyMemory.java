package io.portcullis.http;

import io.netty.channel.Channel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory for the large bodies, and the long lines, of a server's requests, from their head until their answer. All of them together have at most
 * {@link #most} bytes; one that does not fit is refused, and its sender tries again. Small bodies are bounded by the number of
 * connections and of requests that wait. On the server's event loop only.
 */
final class BodyMemory {
    /** The most bytes of a small body. */
    static final int SMALL = HttpServer.MAX_BODY_LENGTH;

    /** The part of the heap that bodies may take: what is made of them takes much more. */
    private static final int SHARE_OF_HEAP = 16;

    private record Holder(long bytes, Channel from, boolean trusted, boolean whole) {}

    /** By body, which are equal to themselves only, in the order of their heads. */
    private final Map<Body, Holder> held = new LinkedHashMap<>();

    /** The most bytes of all large bodies, and so of one. */
    static long most() {
        return Math.min(HttpServer.LARGEST_BODY, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
    }

    /**
     * Takes memory for a body, or more of it. A trusted sender takes the place of others whose bodies are not here yet; their
     * connections are closed.
     *
     * @param bytes of the whole body, as far as it is known
     * @param from its connection
     * @return false: it does not fit now; the body keeps what it had
     */
    boolean reserve(Body body, long bytes, Channel from, boolean trusted) {
        if (bytes <= SMALL) {
            return true;
        }
        Holder before = held.get(body);
        long others = total() - (before == null ? 0 : before.bytes);
        if (trusted) {
            others -= evict(others + bytes - most());
        }
        if (others + bytes > most()) {
            return false;
        }
        held.put(body, new Holder(bytes, from, trusted, false));
        return true;
    }

    /** Notes that a body is here: nobody takes its place any more. */
    void received(Body body) {
        held.computeIfPresent(body, (_, holder) -> new Holder(holder.bytes, holder.from, holder.trusted, true));
    }

    /** Frees the memory of a body. */
    void release(Body body) {
        if (body != Body.NONE) {
            held.remove(body);
            body.clear();
        }
    }

    private long total() {
        return held.values().stream().mapToLong(Holder::bytes).sum();
    }

    /** Closes connections, the oldest first, until that many bytes are free; how many are. */
    private long evict(long wanted) {
        long freed = 0;
        for (Body body : List.copyOf(held.keySet())) {
            Holder holder = held.get(body);
            if (freed < wanted && holder != null && !holder.trusted && !holder.whole) {
                release(body);
                var _ = holder.from.close();
                freed += holder.bytes;
            }
        }
        return freed;
    }
}
