package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.FileSet;
import io.portcullis.config.Legible;
import io.portcullis.config.SourceText;
import io.portcullis.config.Sources;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.config.read.LegibleReader;
import io.portcullis.guard.NicAddresses;
import io.portcullis.guard.StartException;
import io.portcullis.history.LastGood;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a start finds: the configuration of the files; where they are faulty, or break a claim of theirs, the last good one; where
 * there is none, nothing.
 *
 * @param config null: none
 * @param texts of the files, as they were read, where they are right
 * @param files what was read, and where an edit may change the outcome
 * @param faults of the files; empty: they are right
 */
record Startup(@Nullable Config config, List<SourceText> texts, FileSet files, List<String> faults) {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);

    /** Copies the collections. */
    Startup {
        texts = List.copyOf(texts);
        faults = List.copyOf(faults);
    }

    /** Reads the files, and where that must be the last good ones. */
    static Startup read(Path file, LastGood lastGood) {
        return read(file, lastGood, Reader.FILES);
    }

    /** As the other one, with files read by {@code reader}. */
    static Startup read(Path file, LastGood lastGood, Reader reader) {
        Sources sources = new Sources();
        List<String> faults;
        try {
            Config written = reader.read(file, sources);
            faults = ExpectationGate.faultsAtStart(written, NicAddresses.added(written));
            if (faults.isEmpty()) {
                return new Startup(written, sources.texts(), sources.files(), faults);
            }
        } catch (StartException e) {
            faults = e.faults();
        }
        return new Startup(before(lastGood).orElse(null), List.of(), sources.files(), faults);
    }

    private static Optional<Config> before(LastGood lastGood) {
        switch (lastGood.find()) {
            case LastGood.Found.Kept(List<SourceText> kept) -> {
                try {
                    return Optional.of(ConfigReader.of(kept));
                } catch (ConfigException e) {
                    LOG.error("the last good configuration is not right any more: {}", e.faults());
                } catch (RuntimeException | Error defect) {
                    Defects.note("reading the last good configuration", defect);
                }
            }
            case LastGood.Found.Nothing(String reason) -> LOG.error("there is no last good configuration: {}", reason);
        }
        return Optional.empty();
    }

    /** What is legible of the file; nothing where looking for it brings out a defect of portcullis. */
    static Legible legible(Path file) {
        try {
            return LegibleReader.read(file);
        } catch (RuntimeException | Error defect) {
            Defects.note("reading what is legible of " + file, defect);
            return new Legible(List.of(), Optional.empty(), Optional.empty());
        }
    }

    /** True: the last good configuration is in force in place of the files. */
    boolean degraded() {
        return config != null && !faults.isEmpty();
    }
}
