package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Row;

/** One measurement, taken of each row in turn. */
sealed interface Scenario permits TcpBulk, UdpRates, Connections, RoundTrips {
    /** Its name in the lines about drops. */
    String name();

    void measure(Row row);
}
