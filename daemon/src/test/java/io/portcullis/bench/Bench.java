package io.portcullis.bench;

import io.portcullis.bench.comparison.Comparison;
import io.portcullis.bench.cost.Ec2Cost;
import io.portcullis.bench.cost.FlowCost;
import io.portcullis.bench.cost.HostCost;
import io.portcullis.bench.cost.ReloadCost;
import io.portcullis.bench.cost.RuleCost;
import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Options;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.Texts;
import io.portcullis.testing.FileTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Measures the firewall beside other programs that forward frames. {@code scripts/bench} builds and starts it. Exit code 1: a
 * step failed, and one line says why; 2: the options are wrong.
 */
public final class Bench {
    private Bench() {}

    /** Takes the words that {@code scripts/bench --help} explains. */
    public static void main(String... words) {
        // SIGINT, SIGTERM and SIGHUP run this hook, then end the JVM with 128 plus their number.
        Runtime.getRuntime().addShutdownHook(new Thread(Bench::cleanUp, "clean-up"));
        System.exit(run(List.of(words)));
    }

    private static int run(List<String> words) {
        try {
            measure(Options.parse(words, Folders.root()));
            return 0;
        } catch (Options.Misuse misuse) {
            Console.complain("bench: " + misuse.getMessage());
            System.err.print(Texts.read(Folders.root().resolve("scripts/bench.d/usage")));
            return 2;
        } catch (Failure | UncheckedIOException failure) {
            // After a signal, what fails is a consequence of the signal, and is not reported.
            if (!Processes.isCleaning()) {
                Console.complain("bench: " + failure.getMessage());
            }
            return 1;
        }
    }

    private static void measure(Options options) {
        if (options.mode() == Options.Mode.DOWN) {
            removeLeftOvers();
            return;
        }
        if (options.mode() != Options.Mode.FLOWS) {
            Namespaces.refuseLeftOvers();
            isOurs = true;
        }
        // A daemon keeps its state for later starts in this folder, apart from the state of an installed daemon.
        Processes.environment("STATE_DIRECTORY", Folders.work("lasting").toString());
        switch (options.mode()) {
            case COMPARISON, STALLS -> new Comparison(options).run();
            case HOST -> new HostCost(options).run();
            case RULES -> new RuleCost(options).run();
            case RELOAD -> new ReloadCost(options).run();
            case EC2 -> new Ec2Cost(options).run();
            case FLOWS -> FlowCost.run(options.quick());
            case DOWN -> throw new IllegalStateException();
        }
    }

    /** Whether this run made what is in the namespaces. */
    private static volatile boolean isOurs;

    private static void cleanUp() {
        Processes.beginCleaning();
        try {
            if (isOurs) {
                Namespaces.removeAll();
            }
            FileTree.delete(Folders.work());
        } catch (Failure | UncheckedIOException failure) {
            Console.complain("bench: " + failure.getMessage());
            Runtime.getRuntime().halt(1);
        }
    }

    private static void removeLeftOvers() {
        Namespaces.removeAll();
        for (String folder : List.of("/dev/shm", "/tmp")) {
            try (DirectoryStream<Path> left = Files.newDirectoryStream(Path.of(folder), "portcullis-bench.??????")) {
                left.forEach(FileTree::delete);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
