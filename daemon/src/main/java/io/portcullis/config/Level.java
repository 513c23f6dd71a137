package io.portcullis.config;

/** The least grave messages that are logged. */
public enum Level {
    ERROR,
    WARN,
    INFO,
    DEBUG,
    TRACE
}
