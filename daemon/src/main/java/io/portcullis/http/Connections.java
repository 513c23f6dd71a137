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
 * The connections of one server. A new one is always accepted, and where there are too many another is closed for it: peers that
 * hold connections or do not read their answers shut nobody out. On the server's loop only.
 */
public final class Connections {
    /** At a time. */
    public static final int MAX = 64;

    /** Of them, from one address; peers of a Unix socket have none. */
    public static final int MAX_OF_A_PEER = 16;

    /**
     * Bytes of answers that peers are taking. A body that several take counts once. One that is longer than this alone is sent all
     * the same.
     */
    public static final long MAX_HELD_BYTES = 32 << 20;

    /** In the order of their last request or answer, the longest ago first. */
    private final Set<HttpConnection> open = new LinkedHashSet<>();

    /** Takes a new connection, and closes another where there are too many. */
    void admit(HttpConnection newcomer) {
        String peer = newcomer.peer();
        long ofPeer = open.stream().filter(each -> each.peer().equals(peer)).count();
        if (!peer.isEmpty() && ofPeer >= MAX_OF_A_PEER) {
            victim(each -> each.peer().equals(peer)).ifPresent(this::cut);
        }
        if (open.size() >= MAX) {
            victim(_ -> true).ifPresent(this::cut);
        }
        open.add(newcomer);
    }

    /** One was closed. */
    void remove(HttpConnection gone) {
        open.remove(gone);
    }

    /** Closes all. */
    void cutAll() {
        List.copyOf(open).forEach(this::cut);
    }

    /** A request has come, or an answer was taken. */
    void touch(HttpConnection active) {
        if (open.remove(active)) {
            open.add(active);
        }
    }

    /** Before an answer is sent: where peers hold too many bytes, those are closed that began longest ago to take theirs. */
    @SuppressWarnings("ReferenceEquality") // the very same bytes count once, however many connections send them
    void limitHeld(HttpConnection taker) {
        while (heldBytes() > MAX_HELD_BYTES) {
            Optional<HttpConnection> slowest = open.stream()
                    .filter(each -> each.held() != null && each.held() != taker.held())
                    .findFirst();
            if (slowest.isEmpty()) {
                return;
            }
            cut(slowest.get());
        }
    }

    private long heldBytes() {
        Set<byte[]> bodies = Collections.newSetFromMap(new IdentityHashMap<>());
        for (HttpConnection each : open) {
            byte[] body = each.held();
            if (body != null) {
                bodies.add(body);
            }
        }
        return bodies.stream().mapToLong(body -> body.length).sum();
    }

    /**
     * The connection to close: one without a request before one that takes an answer, and that before one whose answer is being
     * worked on; then one of the peer with the most connections; then the one without a request or an answer for longest.
     */
    private Optional<HttpConnection> victim(Predicate<HttpConnection> among) {
        Map<String, Integer> ofPeer = new HashMap<>();
        open.forEach(each -> ofPeer.merge(each.peer(), 1, Integer::sum));
        return open.stream()
                .filter(among)
                .min(Comparator.comparing(HttpConnection::state)
                        .thenComparingInt(each -> -ofPeer.getOrDefault(each.peer(), 0)));
    }

    private void cut(HttpConnection victim) {
        open.remove(victim);
        victim.cut();
    }
}
