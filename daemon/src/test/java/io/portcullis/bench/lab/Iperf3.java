package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Failure;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One TCP stream between a client and a running server.
 *
 * @param seconds its duration; the first second is not counted
 */
public record Iperf3(String server, int seconds) {
    private static final Pattern RECEIVED =
            Pattern.compile("(?s)\"sum_received\".*?\"bits_per_second\":\\s*([-+.0-9eE]+)");

    /** Received Gbit/s, to three digits. */
    public double run(String... options) {
        Path output = Folders.work("bulk");
        List<String> words = Namespaces.inside(
                Namespaces.CLIENT,
                Processes.concat(
                        List.of(
                                "iperf3",
                                "--client",
                                server,
                                "--time",
                                Integer.toString(seconds),
                                "--omit",
                                "1",
                                "--json"),
                        List.of(options)));
        int exit = Processes.exit(Processes.start(output, Processes.limited(seconds + 20.0, words)));
        if (exit != 0) {
            throw new Failure("iperf3: " + Texts.tail(output, 3));
        }
        return gbits(Texts.read(output));
    }

    public static double gbits(String json) {
        Matcher received = RECEIVED.matcher(json);
        if (!received.find()) {
            throw new Failure("iperf3 does not say what it received");
        }
        return Math.rint(Double.parseDouble(received.group(1)) / 1e6) / 1e3;
    }
}
