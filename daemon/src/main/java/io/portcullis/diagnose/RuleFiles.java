package io.portcullis.diagnose;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.guard.NicAddresses;
import io.portcullis.policy.analysis.Expectations;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Reads configurations that a command line names. Every failure is a fault with one line of text, never an exception. */
public final class RuleFiles {
    /** The path of the installed one. */
    public static final Path INSTALLED = Path.of("/etc/portcullis/portcullis.yaml");

    private static final Path STANDARD_INPUT = Path.of("-");

    /** The outcome: a configuration and no faults, or no configuration and at least one fault. */
    public record Read(Optional<Config> config, List<ConfigError> faults) {}

    private RuleFiles() {}

    /**
     * Reads a file and its includes, and adds the addresses that the NICs have on this host.
     *
     * @param in standard input, for the file {@code -}, which can't include others
     */
    public static Read read(Path file, InputStream in) {
        try {
            Config config =
                    file.equals(STANDARD_INPUT) ? ConfigReader.read(in, file.toString()) : ConfigReader.load(file);
            return new Read(Optional.of(NicAddresses.added(config)), List.of());
        } catch (ConfigException e) {
            return new Read(Optional.empty(), e.errors());
        } catch (IOException e) {
            return failed(file, "cannot be read: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            return failed(file, defect(e));
        }
    }

    /**
     * Reads texts that were read before, and adds the addresses that the NICs have on this host.
     *
     * @param name of the configuration in messages
     * @param texts in the order of reading
     */
    public static Read of(String name, List<SourceText> texts) {
        try {
            return new Read(Optional.of(NicAddresses.added(ConfigReader.of(texts))), List.of());
        } catch (ConfigException e) {
            return new Read(Optional.empty(), e.errors());
        } catch (RuntimeException | Error e) {
            return failed(Path.of(name), defect(e));
        }
    }

    /** The claims of a configuration that do not hold, each with its counterexample. */
    public static List<ConfigError> broken(Path file, Config config) {
        try {
            return Expectations.broken(config);
        } catch (RuntimeException | Error e) {
            return failed(file, defect(e)).faults();
        }
    }

    private static Read failed(Path file, String text) {
        return new Read(Optional.empty(), List.of(new ConfigError(new Location(file.toString(), 0, 0), text)));
    }

    private static String defect(Throwable thrown) {
        return thrown instanceof OutOfMemoryError
                ? "too large for the memory of this process: PORTCULLIS_JAVA_OPTS=-Xmx…m gives more"
                : "cannot be checked, which is a defect of portcullis and not of the file: " + thrown;
    }
}
