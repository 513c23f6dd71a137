package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.files.FileSnapshot;
import io.portcullis.config.files.SourceText;
import io.portcullis.guard.StartException;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    Candidate {
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
