package io.portcullis.bench.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.lab.Iperf3;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The values in the output of iperf3, ping, JMH and the daemon's log. */
final class OutputsTest {
    @Test
    void theJsonOfIperf3CountsWhatArrived() {
        String json = """
                {"end": {"sum_sent": {"bits_per_second": 2e10},
                 "sum_received": {"seconds": 5, "bits_per_second":	16432123456.7}}}
                """;
        assertEquals(16.432, Iperf3.gbits(json));
        assertThrows(Failure.class, () -> Iperf3.gbits("{\"error\": \"no\"}"));
    }

    @Test
    void aReplyThatWasOnItsWayBeforeTheCrashDoesNotCount() {
        String pings = """
                PING 198.18.0.2 (198.18.0.2) 56(84) bytes of data.
                [100.010] 64 bytes from 198.18.0.2: icmp_seq=1 ttl=64 time=0.1 ms
                [100.500] From 198.18.0.1 icmp_seq=2 Destination Host Unreachable
                [100.900] 64 bytes from 198.18.0.2: icmp_seq=9 ttl=64 time=0.1 ms
                """;
        assertEquals(100.9, HostCost.firstReplyAfter(pings, 100));
    }

    @Test
    void reloadsAreReadOutOfTheLog() {
        String log = """
                a started: b
                c reloaded: read 20 ms, compiled 5 ms, published 1 ms
                c reloaded: read 7 ms, compiled 5 ms, published 1 ms
                """;
        assertEquals(List.of(13, 26), ReloadCost.times(log));
        assertEquals("read 20 ms, compiled 5 ms, published 1 ms", RuleCost.slowest(log));
    }

    @Test
    void flowsAreMediansOfIterationsBesideTheYardstick() {
        String log = """
                # Benchmark: io.portcullis.FlowBenchmark.engine
                # Parameters: (flows = 10000)
                # Warmup Iteration   1: 500.0 ns/op
                Iteration   1: 90.000 ns/op
                Iteration   2: 80.000 ns/op
                Iteration   3: 200.000 ns/op
                # Benchmark: io.portcullis.FlowBenchmark.yardstick
                # Parameters: (flows = 10000)
                Iteration   1: 30.000 ns/op
                """;
        String csv = """
                "Benchmark","Mode","Score","Param: flows"
                "io.portcullis.FlowBenchmark.engine","avgt",123.3,10000
                "io.portcullis.FlowBenchmark.engine:gc.alloc.rate.norm","avgt",0.002,10000
                "io.portcullis.FlowBenchmark.yardstick","avgt",30.0,10000
                "io.portcullis.FlowBenchmark.yardstick:gc.alloc.rate.norm","avgt",56.1,10000
                """;
        List<String> rows = FlowCost.rows(Jmh.lines(csv), new Iterations(log));
        assertEquals("engine                      10000         90            3.0      0.002", rows.get(1));
        assertEquals("yardstick                   10000         30            1.0     56.100", rows.get(2));
    }

    @Test
    void verdictsAreSortedByTheNumberOfRules() {
        String csv = """
                "Benchmark","Score","Param: rules","Param: shape"
                "a.RuleSetBenchmark.compiled",60,1000,BLOCKS
                "a.RuleSetBenchmark.compiled:gc.alloc.rate.norm",0.001,1000,BLOCKS
                "a.RuleSetBenchmark.compiled",20,10,BLOCKS
                "a.RuleSetBenchmark.compiled:gc.alloc.rate.norm",0.002,10,BLOCKS
                "a.RuleSetBenchmark.naive",600,1000,BLOCKS
                "a.RuleSetBenchmark.naive",100,10,BLOCKS
                """;
        List<String> rows = Verdicts.rows(Jmh.lines(csv));
        assertEquals("BLOCKS           10           20            100              5      0.002", rows.get(1));
        assertEquals("BLOCKS         1000           60            600             10      0.001", rows.get(2));
    }

    @Test
    void recoveryAndExpiryHaveALineEach() {
        String csv = """
                "Benchmark","Score"
                "a.RecoveryBenchmark.recover",301.4
                "a.RecoveryBenchmark.sweep:p0.999",30.0
                "a.RecoveryBenchmark.sweep:p1.00",99.6
                """;
        assertEquals(
                List.of(
                        "a start finds 1,000,000 flows in 301 ms (mean of 3, the first of a JVM included)",
                        "a turn of forgetting takes 30 us (999 of 1,000); the longest, with what else the machine did: 100 us"),
                FlowCost.recovery(Jmh.lines(csv)));
    }
}
