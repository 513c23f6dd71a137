package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.files.FileSnapshot;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.guard.StartException;
import io.portcullis.service.process.Defects;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the files of a configuration. */
@FunctionalInterface
interface Reader {
    /**
     * The outcome of reading the files of a configuration: a configuration, or faults.
     *
     * @param config null: the files are faulty
     * @param texts the text of each file that was readable, in the order of reading
     * @param files the files as they were read, and the names at which an edit may change the outcome
     * @param faults one line each; none: the files are valid
     */
    record Candidate(@Nullable Config config, List<SourceText> texts, FileSnapshot files, List<String> faults) {
        /** Copies the lists. */
        public Candidate {
            texts = List.copyOf(texts);
            faults = List.copyOf(faults);
        }

        /** The same files, found to be faulty. */
        static Candidate faulty(FileSnapshot files, List<String> faults) {
            return new Candidate(null, List.of(), files, faults);
        }

        /**
         * The configuration.
         *
         * @throws StartException with the faults of the files
         */
        Config valid() throws StartException {
            if (config == null) {
                throw new StartException(faults);
            }
            return config;
        }
    }

    /** Reads real files. */
    Reader FILES = ConfigReader::load;

    /** As {@link ConfigReader#load(Path, Overlay, SourceFiles)} does. */
    Config load(Path file, Overlay overlay, SourceFiles sources) throws ConfigException;

    /**
     * Reads a file and all that it includes. Every failure is a fault of the files: a file that makes the reader fail (out of
     * memory, stack too deep) must not end the thread that reads it.
     */
    default Candidate read(Path file) {
        return read(file, Overlay.NONE);
    }

    /** As {@link #read(Path)}, with {@code overlay} in place of files of the file system. */
    default Candidate read(Path file, Overlay overlay) {
        SourceFiles sources = new SourceFiles();
        try {
            Config config = load(file, overlay, sources);
            return new Candidate(config, sources.texts(), sources.files(), List.of());
        } catch (ConfigException e) {
            return new Candidate(
                    null,
                    sources.texts(),
                    sources.files(),
                    e.errors().stream().map(ConfigError::toString).toList());
        } catch (RuntimeException | Error defect) {
            Defects.note("reading " + file, defect);
            return Candidate.faulty(sources.files(), List.of(file + ": can't be read: " + defect));
        }
    }
}
