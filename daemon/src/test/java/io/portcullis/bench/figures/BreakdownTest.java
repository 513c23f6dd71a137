package io.portcullis.bench.figures;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The shares of perf's samples. */
final class BreakdownTest {
    @Test
    void aSampleOfPerfCountsOnceForTheFirstPartOfItsStack() {
        List<String> shares = Breakdown.of(Stream.of(
                        "portcullis-web0 1 cpu-clock:",
                        "\tffff packet_sendmsg ([kernel])",
                        "\tffff do_syscall_64 ([kernel])",
                        "",
                        "portcullis-web0 1 cpu-clock:",
                        "\t7f Interpreter (perf-1.map)",
                        "",
                        "portcullis-web0 1 cpu-clock:",
                        "",
                        "C2 CompilerThre 1 cpu-clock:",
                        "\t7f Compile (libjvm.so)"))
                .toList();
        assertEquals(List.of(" 25.0 %  kernel: send", " 50.0 %  Java", " 25.0 %  other threads"), shares);
    }
}
