package io.portcullis.service;

import io.portcullis.diagnose.Sessions;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.worker.CutOff;
import io.portcullis.worker.PeerTraffic;
import io.portcullis.worker.PeerWatch;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Watches the ssh session of the one who made a change, while the change waits for its confirmation: whether its frames pass. For one
 * thread at a time.
 */
final class SessionWatch {
    private final AtomicReference<Running> running;
    private final Set<String> watched = new HashSet<>();
    private @Nullable PeerWatch peer;
    private CutOff judge = new CutOff(PeerTraffic.NONE);

    /** Watches nothing. */
    SessionWatch(AtomicReference<Running> running) {
        this.running = running;
    }

    /**
     * Watches a session from now on.
     *
     * @param session {@code SSH_CONNECTION}; empty: none
     */
    void begin(String session) {
        end();
        // A client may send any text, and a start reads it again: what is no conversation is not watched.
        Optional<Sessions.Ends> ends = Sessions.Ends.parse(session)
                .filter(each -> each.peerAddress().isV6() == each.localAddress().isV6() && each.localPort() > 0);
        if (ends.isPresent()) {
            peer = new PeerWatch(
                    ends.get().peerAddress(),
                    ends.get().localAddress(),
                    ends.get().localPort());
            judge = new CutOff(PeerTraffic.NONE);
            watchNew();
        }
    }

    /** Interfaces that are guarded since, too. */
    private void watchNew() {
        PeerWatch session = peer;
        if (session != null) {
            for (GuardedInterface iface : running.get().guarded().values()) {
                if (watched.add(iface.name())) {
                    iface.workers().watch(session);
                }
            }
        }
    }

    /**
     * True: the session is cut off. Called every second.
     *
     * @param nowNs System.nanoTime()
     */
    boolean isCutOff(long nowNs) {
        if (peer == null) {
            return false;
        }
        watchNew();
        PeerTraffic sum = running.get().guarded().values().stream()
                .map(iface -> iface.workers().watched())
                .reduce(PeerTraffic.NONE, PeerTraffic::plus);
        return judge.isCutOff(sum, nowNs);
    }

    /** The address of the other end; empty: none is watched. */
    String peer() {
        PeerWatch session = peer;
        return session == null ? "" : session.peer().toString();
    }

    /** Watches nothing any more. */
    void end() {
        peer = null;
        watched.clear();
        running.get().guarded().values().forEach(iface -> iface.workers().unwatch());
    }
}
