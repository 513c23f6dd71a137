package io.portcullis.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.NicEvents.Changes;
import io.portcullis.linux.netlink.NicEvents.Kind;
import io.portcullis.testing.Namespace;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Events of a namespace with a veth pair, t0 and t1, and the checks that follow them. */
@Tag("netns")
@Timeout(60)
class NicEventsTest {
    private static final Set<Kind> ALL = Set.of(Kind.values());

    private Namespace namespace;
    private NicEvents events;

    @BeforeEach
    void make() throws Exception {
        namespace = new Namespace("events");
        namespace.ip("link add t0 type veth peer name t1");
        events = namespace.in(NicEvents::start);
    }

    @AfterEach
    void remove() {
        events.close();
        assertFalse(events.isAlive());
        namespace.close();
    }

    private NicChecks checks(String name) throws Exception {
        return namespace.in(() -> NicChecks.start(name, events, System::nanoTime));
    }

    private BlockingQueue<Changes> told() throws Exception {
        BlockingQueue<Changes> told = new LinkedBlockingQueue<>();
        events.register(told::add);
        // The socket is open once a change has been reported.
        while (told.isEmpty()) {
            namespace.ip("link set t0 mtu " + (1_300 + told.size()));
            namespace.ip("link set t0 mtu 1500");
            Thread.sleep(10);
        }
        return told;
    }

    /** Waits for a change that fits; the class's time limit is the bound. */
    private static Changes until(BlockingQueue<Changes> told, Predicate<Changes> fits) throws InterruptedException {
        while (true) {
            Changes next = told.take();
            if (fits.test(next)) {
                return next;
            }
        }
    }

    private static void drain(BlockingQueue<Changes> told) throws InterruptedException {
        while (told.poll(200, TimeUnit.MILLISECONDS) != null) {
            // All of them.
        }
    }

    @Test
    void eachKindIsTold() throws Exception {
        BlockingQueue<Changes> told = told();
        drain(told);
        namespace.ip("addr add 192.0.2.1/24 dev t0");
        until(told, changes -> changes.equals(new Changes(Set.of(Kind.ADDRESSES), Set.of())));
        namespace.ip("addr del 192.0.2.1/24 dev t0");
        until(told, changes -> changes.equals(new Changes(Set.of(Kind.ADDRESSES), Set.of())));
        namespace.exec("tc qdisc add dev t0 clsact");
        until(told, changes -> changes.equals(new Changes(Set.of(Kind.FILTERS), Set.of())));
        namespace.ip("link set t0 mtu 1300");
        until(told, changes -> changes.equals(new Changes(Set.of(Kind.LINKS), Set.of())));
        int index = namespace.in(() -> Nics.index("t0"));
        namespace.ip("link add br0 type bridge");
        namespace.ip("link set t0 master br0");
        drain(told);
        namespace.ip("link set t0 nomaster");
        // A removal as a port of a bridge does not mean that the NIC is gone.
        assertEquals(Set.of(), until(told, Changes::links).deleted());
        namespace.ip("link del t1");
        until(told, changes -> changes.deleted().contains(index));
    }

    @Test
    void lostNotificationsAreReplacedByAQuery() throws Exception {
        namespace.in(() -> {
            NicEvents slow = new NicEvents();
            try (NetlinkEvents socket = slow.open()) {
                int gone = Nics.index("t1");
                // The NICs become known.
                namespace.ip("link set t0 mtu 1300");
                namespace.ip("link set t1 mtu 1300");
                assertEquals(
                        Set.of(), socket.await(1_000, slow::read).orElseThrow().deleted());
                namespace.ip("link add k0 type veth peer name k1");
                Nic kept = Nics.named("k0");
                // Each makes a notification of over 1 KiB: together several times the socket's buffer.
                int bufferLength = Integer.parseInt(
                        namespace.exec("sysctl -n net.core.rmem_default").strip());
                for (int i = 0; i < bufferLength / 400; i++) {
                    Nics.setUp(kept, i % 2 == 0);
                }
                namespace.ip("link del t1");
                Changes told = socket.await(1_000, slow::read).orElseThrow();
                assertEquals(ALL, told.kinds());
                assertTrue(told.deleted().contains(gone), told::toString);
                assertTrue(socket.await(0, slow::read).isEmpty());
            }
            return true;
        });
    }

    @Test
    void aSocketThatFailsIsOpenedAgain() throws Exception {
        BlockingQueue<Changes> told = told();
        drain(told);
        NetlinkEvents first = events.socket();
        assertNotNull(first);
        first.close();
        assertEquals(ALL, until(told, _ -> true).kinds());
        assertTrue(events.refusal().contains("ECANCELED"), events.refusal());
        int gone = namespace.in(() -> Nics.index("t1"));
        // While nobody listens.
        namespace.ip("link del t1");
        until(told, changes -> changes.deleted().contains(gone));
        assertEquals("", events.refusal());
        assertNotSame(first, events.socket());
        drain(told);
        namespace.ip("link add t2 type veth peer name t3");
        until(told, changes -> changes.kinds().contains(Kind.LINKS));
    }

    @Test
    void aCheckThatThrowsOrIsSlowDelaysNoOther() throws Exception {
        told();
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch isSlow = new CountDownLatch(1);
        AtomicInteger thrown = new AtomicInteger();
        BlockingQueue<Changes> seen = new LinkedBlockingQueue<>();
        AtomicReference<@Nullable Changes> afterDefect = new AtomicReference<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, _) -> thrown.incrementAndGet());
        try (NicChecks slow = checks("slow");
                NicChecks quick = checks("quick")) {
            slow.add(ALL, _ -> {
                isSlow.countDown();
                awaitUninterruptibly(end);
                return NicChecks.NO_TIMER;
            });
            quick.add(ALL, changes -> {
                if (thrown.get() == 0) {
                    throw new IllegalStateException("a defect");
                }
                afterDefect.compareAndSet(null, changes);
                return NicChecks.NO_TIMER;
            });
            quick.add(Set.of(Kind.LINKS), changes -> {
                seen.add(changes);
                return NicChecks.NO_TIMER;
            });
            assertTrue(isSlow.await(10, TimeUnit.SECONDS));
            drain(seen);
            long begin = System.nanoTime();
            namespace.in(() -> {
                Nics.setUp(Nics.named("t0"), true);
                return true;
            });
            until(seen, Changes::links);
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
            assertTrue(tookMs < 500, tookMs + " ms");
            while (afterDefect.get() == null) {
                Thread.sleep(10);
            }
            assertEquals(1, thrown.get());
            assertEquals(ALL, afterDefect.get().kinds());
            namespace.ip("addr add 192.0.2.1/24 dev t0");
            drain(seen);
            namespace.ip("addr add 192.0.2.2/24 dev t0");
            assertEquals(null, seen.poll(200, TimeUnit.MILLISECONDS), "no change of its kinds");
            end.countDown();
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
            end.countDown();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aCheckRunsAtItsTimeAndNotAfterItsEnd() throws Exception {
        try (NicChecks checks = checks("timer")) {
            AtomicInteger runs = new AtomicInteger();
            BlockingQueue<String> order = new LinkedBlockingQueue<>();
            Registration timer = checks.add(Set.of(), _ -> {
                runs.incrementAndGet();
                return 20;
            });
            long begin = System.nanoTime();
            while (runs.get() < 10) {
                Thread.sleep(1);
            }
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
            assertTrue(tookMs >= 170 && tookMs < 2_000, tookMs + " ms");
            timer.close();
            timer.close();
            int ended = runs.get();
            checks.add(Set.of(Kind.LINKS), _ -> {
                order.add("first");
                return NicChecks.NO_TIMER;
            });
            assertEquals("first", order.take());
            Thread.sleep(100);
            assertEquals(ended, runs.get());
            assertEquals(List.of(), List.copyOf(order));
        }
    }

    @Test
    void closeEndsAReaderThatWaits() throws Exception {
        NetlinkEvents socket = new NicEvents().open();
        AtomicReference<Throwable> ended = new AtomicReference<>();
        CountDownLatch started = new CountDownLatch(1);
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            started.countDown();
            try {
                while (true) {
                    socket.await(-1, netlink -> {
                        NetlinkEvents.skip(netlink);
                        return true;
                    });
                }
            } catch (Throwable thrown) {
                ended.set(thrown);
            }
        });
        assertTrue(started.await(5, TimeUnit.SECONDS));
        socket.close();
        socket.close();
        reader.join(5_000);
        assertFalse(reader.isAlive());
        assertTrue(
                String.valueOf(ended.get().getMessage()).endsWith("ECANCELED (Operation canceled)"), ended::toString);
        assertEquals(
                Errno.ECANCELED,
                assertThrows(ErrnoException.class, () -> socket.await(0, _ -> true))
                        .errno());
    }
}
