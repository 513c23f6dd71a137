package io.portcullis.config;

/** What is logged. */
public record Log(Level level, Drops drops) {}
