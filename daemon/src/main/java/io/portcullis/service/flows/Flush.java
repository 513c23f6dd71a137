package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.diagnose.Sessions;
import io.portcullis.net.IpProtocol;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.traffic.FlowConditions.Ends;
import io.portcullis.operations.traffic.FlowsRequest;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends the flows that meet the conditions of a request. For one request and one thread, which waits for the workers. */
final class Flush {
    private static final Logger LOG = LoggerFactory.getLogger(Flush.class);

    /** Flows of one worker that end by one command: bounds the memory. */
    private static final int MOST_AT_ONCE = 1 << 18;

    /** New flows that meet the conditions must not keep a flush going. */
    private static final int MOST_ROUNDS = 128;

    private static final long PATIENCE_MS = TimeUnit.SECONDS.toMillis(10);

    /** Flows that were selected, by entry and number. */
    private static final class Selected {
        private int[] entries = new int[64];
        private int[] numbers = new int[64];
        private int size;

        void add(FlowCopy flow) {
            if (size == entries.length) {
                entries = Arrays.copyOf(entries, 2 * size);
                numbers = Arrays.copyOf(numbers, 2 * size);
            }
            entries[size] = flow.entry();
            numbers[size] = flow.number();
            size++;
        }

        boolean isFull() {
            return size == MOST_AT_ONCE;
        }
    }

    private final FlushRequest request;
    private final Selection selection;
    private final Optional<Ends> session;
    private boolean hasSession;

    Flush(FlushRequest request, Selection selection) {
        this.request = request;
        this.selection = selection;
        this.session = Sessions.Ends.parse(request.session()).flatMap(Flush::ends);
    }

    private static Optional<Ends> ends(Sessions.Ends session) {
        return session.peerAddress().isV6() == session.localAddress().isV6()
                ? Optional.of(new Ends(
                        IpProtocol.TCP,
                        session.peerAddress(),
                        session.remotePort(),
                        session.localAddress(),
                        session.localPort()))
                : Optional.empty();
    }

    FlushReport run(Actor actor) {
        long nowNs = System.nanoTime();
        TopFlows shown = new TopFlows(FlowsRequest.Order.BYTES, request.limit(), nowNs);
        selection.read(nowNs, (table, flow) -> {
            shown.add(table, flow);
            hasSession |= isSession(flow);
        });
        if (hasSession && !request.allowLockout()) {
            String refusal = "the flow of your own ssh session is among them (" + text(session.orElseThrow())
                    + "): its next packet would be dropped; other conditions leave it out, --allow-lockout ends it too";
            return request.dryRun()
                    ? report(List.of(), List.of(refusal), shown, 0)
                    : report(List.of(refusal), List.of(), shown, 0);
        }
        if (request.dryRun()) {
            return report(List.of(), List.of(), shown, 0);
        }
        return end(shown, actor);
    }

    private FlushReport end(TopFlows shown, Actor actor) {
        long ended = 0;
        List<String> late = List.of();
        try {
            for (Selection.Table table : selection.tables()) {
                ended += end(table);
            }
        } catch (IllegalStateException silent) {
            late = List.of("not all of them have ended: " + silent.getMessage());
        }
        LOG.info(
                "flows flush: {} ended, condition {}; ordered by {}",
                ended == 1 ? "1 flow" : ended + " flows",
                conditions(),
                ChangeView.By.of(actor, "flush").name());
        return report(List.of(), late, shown, ended);
    }

    private long end(Selection.Table table) {
        long ended = 0;
        for (int round = 0; round < MOST_ROUNDS; round++) {
            Selected selected = new Selected();
            table.reader().read(System.nanoTime(), flow -> {
                if (!selected.isFull()
                        && table.on().match().test(flow)
                        && (request.allowLockout() || !isSession(flow))) {
                    selected.add(flow);
                }
            });
            ended += table.on()
                    .iface()
                    .ending()
                    .end(
                            table.worker(),
                            Arrays.copyOf(selected.entries, selected.size),
                            Arrays.copyOf(selected.numbers, selected.size),
                            PATIENCE_MS);
            if (!selected.isFull()) {
                return ended;
            }
        }
        return ended;
    }

    private boolean isSession(FlowCopy flow) {
        return session.isPresent() && FlowMatch.isBetween(flow, session.get());
    }

    private static String text(Ends ends) {
        return ends.one() + " port " + ends.onePort() + " to " + ends.other() + " port " + ends.otherPort();
    }

    private String conditions() {
        return request.all()
                ? "--all"
                : request.conditions().query().entrySet().stream()
                        .map(condition -> condition.getKey() + " " + condition.getValue())
                        .collect(Collectors.joining(", "));
    }

    private FlushReport report(List<String> errors, List<String> warnings, TopFlows shown, long ended) {
        return new FlushReport(
                errors.isEmpty(), errors, warnings, request.dryRun(), shown.seen(), ended, shown.inOrder());
    }
}
