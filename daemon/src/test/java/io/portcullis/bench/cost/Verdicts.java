package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Processes;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** One verdict about a new flow with few rules and with many, and the compilation of many, by JMH. */
final class Verdicts {
    private static final int SECONDS = 3600;

    private Verdicts() {}

    /** One shape of rules and their number. */
    private record Key(String shape, int rules) {
        static Key of(Jmh.Line line) {
            return new Key(line.parameter("shape"), Integer.parseInt(line.parameter("rules")));
        }
    }

    static void run(boolean quick) {
        Path log = Folders.work("jmh.log");
        String[] iterations = Jmh.options(quick ? "-wi 2 -i 3 -w 500ms -r 500ms" : "-wi 3 -i 5 -w 1 -r 1");
        List<Jmh.Line> verdicts = Jmh.run(SECONDS, log, List.of(), "RuleSetBenchmark", iterations);
        List<Jmh.Line> compiled = Jmh.run(SECONDS, log, List.of(), "CompileBenchmark");
        rows(verdicts).forEach(Console::say);
        Console.say(
                "compiling 100,000 rules: %.0f ms in the slowest shape (mean of 5, the first of a JVM included)",
                compiled.stream().mapToDouble(Jmh.Line::score).max().orElseThrow());
    }

    static List<String> rows(List<Jmh.Line> lines) {
        List<String> rows = lines.stream()
                .map(Key::of)
                .distinct()
                .sorted(Comparator.comparingInt(Key::rules))
                .map(key -> Numbers.format(
                        "%-10s %8d %12.0f %14.0f %14.0f %10.3f",
                        key.shape,
                        key.rules,
                        score(lines, key, "compiled"),
                        score(lines, key, "naive"),
                        score(lines, key, "naive") / score(lines, key, "compiled"),
                        score(lines, key, "compiled:gc.alloc.rate.norm")))
                .toList();
        String heads = Numbers.format(
                "%-10s %8s %12s %14s %14s %10s",
                "rules", "number", "compiled, ns", "naive, ns", "naive/compiled", "B/verdict");
        return Processes.concat(List.of(heads), rows);
    }

    /** NaN if there is none. JMH sometimes writes a dot before the name of a profiler's quantity. */
    private static double score(List<Jmh.Line> lines, Key key, String name) {
        return lines.stream()
                .filter(line ->
                        Key.of(line).equals(key) && line.name().replace("·", "").equals(name))
                .mapToDouble(Jmh.Line::score)
                .findFirst()
                .orElse(Double.NaN);
    }
}
