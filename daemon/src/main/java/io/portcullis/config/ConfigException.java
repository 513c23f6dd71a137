package io.portcullis.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration is invalid; carries all its errors. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<ConfigError> errors;

    public ConfigException(List<ConfigError> errors) {
        this.errors = List.copyOf(errors);
    }

    /** All errors, one per line. */
    @Override
    public String getMessage() {
        return errors.stream().map(ConfigError::toString).collect(Collectors.joining("\n"));
    }

    /** All errors of all files, at least one, in the order of the files. */
    public List<ConfigError> errors() {
        return errors;
    }
}
