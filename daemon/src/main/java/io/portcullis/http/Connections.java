package io.portcullis.http;

import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The connections of one server. A new one is always accepted; above a limit another one is closed for it. So peers that hold
 * connections, or do not read their answers, can't exclude others. Used on the server's event loop only.
 */
public final class Connections {
    /** The usual limit of connections at a time. */
    public static final int MAX = 64;

    /** The usual limit of connections from one address, or of one user of a Unix socket. */
    public static final int MAX_OF_A_PEER = 16;

    /**
     * The most bytes of answers that are being sent. A body that goes to several peers counts once. A single body above this limit is
     * sent all the same.
     */
    public static final long MAX_HELD_BYTES = 32 << 20;

    private final int most;
    private final int mostOfPeer;

    /** In the order of their last request or answer, the oldest first. */
    private final Set<HttpConnection> open = new LinkedHashSet<>();

    Connections(int most, int mostOfPeer) {
        this.most = most;
        this.mostOfPeer = mostOfPeer;
    }

    /** Adds a new connection, and closes another one above a limit. */
    void admit(HttpConnection newcomer) {
        String peer = newcomer.peer();
        long ofPeer = open.stream().filter(other -> other.peer().equals(peer)).count();
        if (!peer.isEmpty() && ofPeer >= mostOfPeer) {
            victim(other -> other.peer().equals(peer)).ifPresent(this::cut);
        }
        if (open.size() >= most) {
            victim(_ -> true).ifPresent(this::cut);
        }
        open.add(newcomer);
    }

    /** Forgets a closed connection. */
    void remove(HttpConnection gone) {
        open.remove(gone);
    }

    /** Closes all. */
    void cutAll() {
        List.copyOf(open).forEach(this::cut);
    }

    /** Notes that a request has come, or an answer was sent. */
    void touch(HttpConnection active) {
        if (open.remove(active)) {
            open.add(active);
        }
    }

    /** Called before an answer is sent: above the limit of bytes, the connections that began first to receive theirs are closed. */
    @SuppressWarnings("ReferenceEquality") // one array counts once, for any number of connections that send it
    void limitHeld(HttpConnection taker) {
        while (heldBytes() > MAX_HELD_BYTES) {
            Optional<HttpConnection> slowest = open.stream()
                    .filter(other -> other.held() != null && other.held() != taker.held())
                    .findFirst();
            if (slowest.isEmpty()) {
                return;
            }
            cut(slowest.get());
        }
    }

    private long heldBytes() {
        Set<byte[]> bodies = Collections.newSetFromMap(new IdentityHashMap<>());
        for (HttpConnection connection : open) {
            byte[] body = connection.held();
            if (body != null) {
                bodies.add(body);
            }
        }
        return bodies.stream().mapToLong(body -> body.length).sum();
    }

    /**
     * The connection to close. First by state: without a request, then sending an answer, then computing one; then by peer: the one
     * with the most connections; then by age: the one with the oldest last request or answer.
     */
    private Optional<HttpConnection> victim(Predicate<HttpConnection> among) {
        Map<String, Integer> ofPeer = new HashMap<>();
        open.forEach(connection -> ofPeer.merge(connection.peer(), 1, Integer::sum));
        return open.stream()
                .filter(among)
                .min(Comparator.comparing(HttpConnection::state)
                        .thenComparingInt(connection -> -ofPeer.getOrDefault(connection.peer(), 0)));
    }

    private void cut(HttpConnection victim) {
        open.remove(victim);
        victim.cut();
    }
}
