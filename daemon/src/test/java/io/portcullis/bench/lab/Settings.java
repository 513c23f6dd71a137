package io.portcullis.bench.lab;

import java.util.List;

/**
 * How long the parts of the comparison are: in seconds, except steps (of the bisection) and pings (a millisecond each). iperf3
 * takes whole seconds only.
 *
 * @param limit of the run without its build: no round after the first begins that would end later
 * @param again the rows that are measured in the rounds after the first
 */
public record Settings(
        int warm,
        int bulk,
        double flood,
        double probe,
        int steps,
        double connecting,
        int pings,
        int limit,
        List<Row> again) {
    public static final int PING_INTERVAL_US = 1000;
    public static final int LOAD_PPS = 20_000;
    public static final int MANY_FLOWS = 1024;
    public static final String CONNECTIONS_AT_A_TIME = "32";

    public static Settings of(boolean quick) {
        return quick
                ? new Settings(1, 1, 0.3, 0.15, 5, 0.5, 250, 112, List.of(Row.WIRE, Row.NFT, Row.RING, Row.FAST))
                : new Settings(3, 5, 2, 1, 9, 4, 3000, 5400, List.of(Row.values()));
    }
}
