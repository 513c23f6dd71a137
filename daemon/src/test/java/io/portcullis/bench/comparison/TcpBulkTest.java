package io.portcullis.bench.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The rate in the text that iperf3 prints. */
final class TcpBulkTest {
    @Test
    void iperf3SaysTheSumLast() {
        String output = """
                [  5]   0.00-1.00   sec   500 MBytes  4190 Mbits/sec    0             sender
                [  5]   0.00-1.00   sec   500 MBytes  4180 Mbits/sec                  receiver
                [SUM]   0.00-1.00   sec  1000 MBytes  8390 Mbits/sec    0             sender
                [SUM]   0.00-1.00   sec   999 MBytes  8380 Mbits/sec                  receiver
                """;
        assertEquals(8.38, TcpBulk.gbits(output));
    }
}
