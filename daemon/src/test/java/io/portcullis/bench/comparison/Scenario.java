package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Row;

/** One thing that is measured of each row, in turn. */
sealed interface Scenario permits TcpBulk, UdpRates, Connections, RoundTrips {
    /** In the lines that say what was dropped meanwhile. */
    String name();

    void measure(Row row);
}
