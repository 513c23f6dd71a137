package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Texts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs benchmarks in a JVM of their own, and reads what JMH writes about them. */
final class Jmh {
    /** With the test dependencies, which this program itself does without. */
    private static final String CLASS_PATH = "portcullis.bench.classpath";

    /** The class path of programs in a JVM of their own. */
    static String classPath() {
        return System.getProperty(CLASS_PATH, "");
    }

    private Jmh() {}

    /**
     * The options of JMH for the iterations, with the allocations. A system property replaces the iterations, to shorten a trial
     * of this program.
     */
    static String[] options(String iterations) {
        return (System.getProperty("portcullis.bench.jmh", iterations) + " -prof gc").split(" ", -1);
    }

    /** A line of JMH's CSV. */
    record Line(Map<String, String> fields) {
        /** The method; after a colon, another quantity that was measured of it. */
        String name() {
            String name = fields.getOrDefault("Benchmark", "");
            int method = name.indexOf(':') < 0 ? name.lastIndexOf('.') : name.lastIndexOf('.', name.indexOf(':'));
            return name.substring(method + 1);
        }

        double score() {
            return Double.parseDouble(fields.getOrDefault("Score", ""));
        }

        String parameter(String parameter) {
            return fields.getOrDefault("Param: " + parameter, "");
        }
    }

    /**
     * Runs the benchmarks whose names match, at most so many seconds.
     *
     * @param log gets what JMH prints
     */
    static List<Line> run(int seconds, Path log, List<String> jvm, String name, String... options) {
        Path csv = Folders.work(name + ".csv");
        List<String> words = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin/java").toString()));
        words.addAll(jvm);
        words.addAll(List.of("-cp", classPath(), "org.openjdk.jmh.Main", name));
        words.addAll(Arrays.asList(options));
        words.addAll(List.of("-rf", "csv", "-rff", csv.toString()));
        if (Processes.exit(Processes.start(log, Processes.limited(seconds, words))) != 0) {
            throw new Failure("JMH: " + Texts.tail(log, 5));
        }
        return lines(Texts.read(csv));
    }

    static List<Line> lines(String csv) {
        List<String[]> rows = csv.lines()
                .map(line -> line.replaceAll("[\"\r]", "").split(",", -1))
                .toList();
        String[] heads = rows.getFirst();
        List<Line> lines = new ArrayList<>();
        for (String[] row : rows.subList(1, rows.size())) {
            Map<String, String> fields = new LinkedHashMap<>();
            for (int i = 0; i < heads.length && i < row.length; i++) {
                fields.put(heads[i], row[i]);
            }
            lines.add(new Line(fields));
        }
        return lines;
    }
}
