package io.portcullis.system.principle;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The health that a daemon reported and the traffic that passed, each probed several times a second.
 *
 * @param health whether /healthz said ok
 * @param traffic whether a client's new connection to an admitted port was answered
 */
record Timeline(List<Sample> health, List<Sample> traffic) {
    /** One answer, or its absence. */
    record Sample(long ms, boolean ok) {}

    private record Event(Sample sample, boolean isHealth) {}

    /** The longest time for which /healthz said ok while traffic did not pass, in milliseconds. */
    long longestLie() {
        List<Event> events = Stream.concat(
                        health.stream().map(sample -> new Event(sample, true)),
                        traffic.stream().map(sample -> new Event(sample, false)))
                .sorted(Comparator.comparingLong(event -> event.sample().ms()))
                .toList();
        boolean healthy = false;
        boolean passes = true;
        long since = 0;
        long longest = 0;
        for (Event event : events) {
            boolean lied = healthy && !passes;
            if (event.isHealth()) {
                healthy = event.sample().ok();
            } else {
                passes = event.sample().ok();
            }
            if (lied) {
                longest = Math.max(longest, event.sample().ms() - since);
            } else if (healthy && !passes) {
                since = event.sample().ms();
            }
        }
        return longest;
    }
}
