package io.portcullis.cli.top;

import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.StatusReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The difference between two statuses, for one second.
 *
 * @param flowsCreated in all interfaces
 * @param flowsGone in all interfaces
 */
record Rates(List<Rate> rates, long flowsCreated, long flowsGone) {
    private static final List<String> DIRECTIONS = List.of("ingress", "egress");

    /** One direction of one interface. Packets and bytes of one second. */
    record Rate(
            String interfaceName, String direction, long passed, long passedBytes, long dropped, long droppedBytes) {}

    /** Empty: another daemon answered, or one that sends no bytes, or no time has passed. */
    static Optional<Rates> between(Snapshot before, Snapshot after) {
        StatusReport from = before.status();
        StatusReport to = after.status();
        double seconds = (after.ns() - before.ns()) / (double) TimeUnit.SECONDS.toNanos(1);
        if (from.pid() != to.pid() || !from.startedAt().equals(to.startedAt()) || seconds <= 0) {
            return Optional.empty();
        }
        Map<String, InterfaceStatus> earlier = from.interfaces().stream()
                .collect(Collectors.toMap(InterfaceStatus::name, each -> each, (first, _) -> first));
        List<Rate> rates = new ArrayList<>();
        double created = 0;
        double grown = 0;
        for (InterfaceStatus now : to.interfaces()) {
            InterfaceStatus then = earlier.get(now.name());
            // An interface that is guarded anew counts from 0.
            if (then == null || then.flowsCreated() > now.flowsCreated()) {
                continue;
            }
            for (String direction : DIRECTIONS) {
                rates.add(new Rate(
                        now.name(),
                        direction,
                        rate(then.passedPackets(), now.passedPackets(), direction, seconds),
                        rate(then.passedBytes(), now.passedBytes(), direction, seconds),
                        rate(then.droppedPackets(), now.droppedPackets(), direction, seconds),
                        rate(then.droppedBytes(), now.droppedBytes(), direction, seconds)));
            }
            created += now.flowsCreated() - then.flowsCreated();
            grown += now.flows() - then.flows();
        }
        return Optional.of(new Rates(
                List.copyOf(rates),
                Math.round(created / seconds),
                Math.max(0, Math.round((created - grown) / seconds))));
    }

    private static long rate(Map<String, Long> before, Map<String, Long> after, String direction, double seconds) {
        long difference = after.getOrDefault(direction, 0L) - before.getOrDefault(direction, 0L);
        return Math.max(0, Math.round(difference / seconds));
    }

    /** The sum of a direction over all interfaces. */
    Rate sum(String direction) {
        long[] sums = new long[4];
        for (Rate rate : rates) {
            if (rate.direction.equals(direction)) {
                sums[0] += rate.passed;
                sums[1] += rate.passedBytes;
                sums[2] += rate.dropped;
                sums[3] += rate.droppedBytes;
            }
        }
        return new Rate("", direction, sums[0], sums[1], sums[2], sums[3]);
    }
}
