package io.portcullis.control;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.user.Groups;
import io.portcullis.linux.user.SocketPeer;
import io.portcullis.linux.user.Users;
import io.portcullis.operations.Actor;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may change something through the control socket: root, the daemon's own user, and the members of the group
 * {@code control.admins}. The group is looked up anew for each request. A lookup may wait for a network, so it has a thread of its own
 * and a limit; root does not depend on one. Any thread.
 */
public final class Admins implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Admins.class);

    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final long FRESH_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int MOST_LOOKUPS = 256;

    /**
     * A group, as it was found last.
     *
     * @param trouble why nobody is admitted by it; empty: its members are
     */
    private record Looked(String group, OptionalInt number, String trouble, long atNs) {}

    private final Supplier<String> group;
    private final Duration patience;
    private final ExecutorService lookups;
    private final AtomicBoolean looking = new AtomicBoolean();
    private volatile Looked last = new Looked("", OptionalInt.empty(), "", System.nanoTime());

    /**
     * Looks nothing up yet.
     *
     * @param group name of the group now; empty: root alone
     */
    public Admins(Supplier<String> group) {
        this(group, PATIENCE);
    }

    Admins(Supplier<String> group, Duration patience) {
        this.group = group;
        this.patience = patience;
        this.lookups = new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MOST_LOOKUPS),
                Thread.ofPlatform().daemon().name("portcullis-admins").factory());
    }

    /** Decides about a process; completes within the limit of a lookup. */
    CompletableFuture<Verdict> decide(SocketPeer peer) {
        try {
            return CompletableFuture.supplyAsync(() -> lookUp(peer), lookups)
                    .completeOnTimeout(withoutLookup(peer), patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException full) {
            LOG.debug("too many lookups wait, or the daemon stops", full);
            return CompletableFuture.completedFuture(withoutLookup(peer));
        }
    }

    private Verdict lookUp(SocketPeer peer) {
        boolean hasLogin = peer.loginUid() != SocketPeer.NOBODY;
        Actor actor = new Actor(peer.uid(), peer.loginUid(), name(hasLogin ? peer.loginUid() : peer.uid()), peer.pid());
        if (peer.isTrusted()) {
            return Verdict.admitted(actor);
        }
        String admins = group.get();
        if (admins.isEmpty()) {
            return Verdict.refused(actor, name(peer.uid()), admins, "");
        }
        Looked looked = look(admins);
        return looked.number.isPresent() && peer.isMember(looked.number.getAsInt())
                ? Verdict.admitted(actor)
                : Verdict.refused(actor, name(peer.uid()), admins, looked.trouble);
    }

    private Verdict withoutLookup(SocketPeer peer) {
        Actor actor = new Actor(peer.uid(), peer.loginUid(), "", peer.pid());
        return peer.isTrusted()
                ? Verdict.admitted(actor)
                : Verdict.refused(actor, "", group.get(), "which was not found within " + patience.toMillis() + " ms");
    }

    private static String name(int uid) {
        try {
            return Users.name(uid).orElse("");
        } catch (ErrnoException unknown) {
            LOG.debug("the name of uid {} is not known", Integer.toUnsignedString(uid), unknown);
            return "";
        }
    }

    private Looked look(String admins) {
        OptionalInt number = OptionalInt.empty();
        String trouble = "";
        try {
            number = Groups.number(admins);
            if (number.isEmpty()) {
                trouble = "which this host does not have, so root alone may (groupadd " + admins + " makes it)";
            }
        } catch (ErrnoException unknown) {
            trouble = "which can't be looked up, so root alone may (" + unknown.getMessage() + ")";
        }
        Looked looked = new Looked(admins, number, trouble, System.nanoTime());
        last = looked;
        return looked;
    }

    /** Why the group admits nobody, as it was found within the last seconds; empty: it does, or there is none. Does not wait. */
    public Optional<String> trouble() {
        String admins = group.get();
        if (admins.isEmpty()) {
            return Optional.empty();
        }
        Looked known = last;
        boolean isSame = known.group.equals(admins);
        if ((!isSame || System.nanoTime() - known.atNs > FRESH_NS) && looking.compareAndSet(false, true)) {
            try {
                lookups.execute(() -> {
                    look(admins);
                    looking.set(false);
                });
            } catch (RejectedExecutionException full) {
                LOG.debug("too many lookups wait, or the daemon stops", full);
                looking.set(false);
            }
        }
        return isSame && !known.trouble.isEmpty()
                ? Optional.of("control.admins admits the group " + admins + ", " + known.trouble)
                : Optional.empty();
    }

    /** Ends the thread. */
    @Override
    public void close() {
        lookups.shutdownNow();
    }
}
