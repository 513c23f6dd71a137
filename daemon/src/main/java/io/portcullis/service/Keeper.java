package io.portcullis.service;

import io.portcullis.intercept.Interception;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LinkWatch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that looks after an interface's NICs and programs: on news of links, and every ten seconds, for programs come and go
 * without news. Where programs have a deadline it moves that on ten times a second.
 */
final class Keeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);

    private static final int ALIVE_MS = 100;
    private static final int LOOK_MS = 10_000;

    /** While something is wrong. */
    private static final int RETRY_MS = 1_000;

    private static final long END_MS = 2_000;

    private final String name;
    private final Interception interception;
    private final LinkWatch links;
    private final Thread thread;
    private volatile List<String> problems = List.of();

    private Keeper(String name, Interception interception, LinkWatch links) {
        this.name = name;
        this.interception = interception;
        this.links = links;
        this.thread =
                Thread.ofPlatform().daemon().name("portcullis-keep-" + name).unstarted(this::run);
    }

    /**
     * Starts to look.
     *
     * @throws ErrnoException if the kernel tells of no links (rtnetlink)
     */
    static Keeper start(String name, Interception interception) throws ErrnoException {
        Keeper keeper = new Keeper(name, interception, LinkWatch.open());
        keeper.thread.start();
        return keeper;
    }

    /** What is wrong now, one sentence each. */
    List<String> problems() {
        return problems;
    }

    private void run() {
        long lookedNs = System.nanoTime();
        while (true) {
            try {
                int lookMs = problems.isEmpty() ? LOOK_MS : RETRY_MS;
                boolean news = !links.next(interception.mustSayAlive() ? ALIVE_MS : lookMs)
                        .isEmpty();
                long nowNs = System.nanoTime();
                interception.alive(nowNs);
                if (news || nowNs - lookedNs >= TimeUnit.MILLISECONDS.toNanos(lookMs)) {
                    look(nowNs);
                    lookedNs = nowNs;
                }
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ECANCELED) {
                    return;
                }
                LOG.error("{}: its NICs are not looked after any more: {}", name, refused.getMessage());
                return;
            }
        }
    }

    private void look(long newsNs) {
        List<String> done = new ArrayList<>();
        List<String> now = interception.look(done);
        long afterMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - newsNs);
        done.forEach(line -> LOG.warn("{}: {} ({} ms after the news)", name, line, afterMs));
        if (!now.equals(problems)) {
            now.stream().filter(problem -> !problems.contains(problem)).forEach(problem -> LOG.error("{}", problem));
            if (now.isEmpty()) {
                LOG.info("{}: all is as it should be again", name);
            }
            problems = now;
        }
    }

    /** Ends it. */
    @Override
    public void close() {
        links.close();
        try {
            thread.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
