package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Sources;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.guard.StartException;
import java.nio.file.Path;
import java.util.List;

/** Reads the files of a configuration. */
@FunctionalInterface
interface Reader {
    /** Those that there are. */
    Reader FILES = ConfigReader::load;

    /** As {@link ConfigReader#load(Path, Sources)} does. */
    Config load(Path file, Sources sources) throws ConfigException;

    /**
     * Reads them. Whatever goes wrong is a refusal: a file that makes the reader fail, out of memory or depth of the stack for one,
     * must not end the thread that reads it.
     *
     * @throws StartException with all faults
     */
    default Config read(Path file, Sources sources) throws StartException {
        try {
            return load(file, sources);
        } catch (ConfigException e) {
            throw new StartException(
                    e.faults().stream().map(ConfigError::toString).toList());
        } catch (RuntimeException | Error defect) {
            Defects.note("reading " + file, defect);
            throw new StartException(List.of(file + ": can't be read: " + defect));
        }
    }
}
