package io.portcullis.cli.top;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.FlowConditions;
import io.portcullis.operations.traffic.FlowsReport.Traffic;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersRequest;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Asks the daemon again and again, on a thread of its own: keys work while the daemon hangs. */
final class Refresh {
    private static final int MOST_ROWS = 300;
    private static final String MINUTES_OF_DROPS = "600";

    private final DaemonSocket daemon;
    private final long periodMs;
    private volatile Panel seen = Panel.RATES;
    private boolean peersTurn;
    private TalkersReport peers = nobody(TalkersRequest.By.PEER);
    private TalkersReport flows = nobody(TalkersRequest.By.FLOW);
    private final AtomicReference<@Nullable Consumer<Top>> news = new AtomicReference<>();

    Refresh(DaemonSocket daemon, long periodMs) {
        this.daemon = daemon;
        this.periodMs = periodMs;
    }

    /** Before the first answer. */
    private static TalkersReport nobody(TalkersRequest.By by) {
        return new TalkersReport("", 0, by.label(), 0, 0, 0, new Traffic(0, 0, 0, 0), List.of());
    }

    /** Begins; the program's end is its end. */
    void start() {
        Thread.ofPlatform().daemon().name("top-refresh").start(this::run);
    }

    /** The latest answer or trouble, once; null: there is none. */
    @Nullable
    Consumer<Top> news() {
        return news.getAndSet(null);
    }

    private void run() {
        while (true) {
            long startNs = System.nanoTime();
            try {
                Snapshot snapshot = ask();
                news.set(top -> top.accept(snapshot));
            } catch (Unreachable | DaemonSocket.Refused | RuntimeException e) {
                // Whatever the answer was: without this thread the screen would go on with old figures, and say
                // nothing.
                String sentence = e instanceof RuntimeException
                        ? "the answer makes no sense: " + e
                        : String.valueOf(e.getMessage());
                peers = nobody(TalkersRequest.By.PEER);
                flows = nobody(TalkersRequest.By.FLOW);
                news.set(top -> top.trouble(sentence));
            }
            long restNs = TimeUnit.MILLISECONDS.toNanos(periodMs) - (System.nanoTime() - startNs);
            LockSupport.parkNanos(Math.max(restNs, TimeUnit.MILLISECONDS.toNanos(50)));
        }
    }

    private Snapshot ask() throws Unreachable, DaemonSocket.Refused {
        StatusReport status = daemon.ask("GET", "/v1/status", Map.of(), StatusReport.class);
        long ns = System.nanoTime();
        ZonedDateTime at = ZonedDateTime.now(ZoneId.systemDefault());
        DropsReport drops = daemon.ask(
                "GET",
                "/v1/drops",
                Map.of("since", MINUTES_OF_DROPS, "limit", Integer.toString(MOST_ROWS)),
                DropsReport.class);
        if (isPeersTurn()) {
            peers = talkers(TalkersRequest.By.PEER);
        } else {
            flows = talkers(TalkersRequest.By.FLOW);
        }
        return new Snapshot(at, ns, status, drops, peers, flows);
    }

    /**
     * An answer about talkers is the difference to the answer before: a second question at once would get that of a moment. So each
     * refresh has one, about what is seen, or about the other one than before where both are.
     */
    private boolean isPeersTurn() {
        peersTurn = switch (seen) {
            case TALKERS -> true;
            case FLOWS -> false;
            case RATES, DROPS -> !peersTurn;
        };
        return peersTurn;
    }

    /** The panel that is seen now. */
    void show(Panel panel) {
        seen = panel;
    }

    private TalkersReport talkers(TalkersRequest.By by) throws Unreachable, DaemonSocket.Refused {
        long intervalMs = Math.clamp(periodMs, TalkersRequest.SHORTEST_MS, TalkersRequest.LONGEST_MS);
        TalkersRequest request =
                new TalkersRequest(FlowConditions.ALL, by, TalkersRequest.Order.BYTES, intervalMs, MOST_ROWS);
        return daemon.ask("GET", "/v1/talkers", request.query(), TalkersReport.class);
    }
}
