package io.portcullis.config;

/**
 * The text of one file of a configuration.
 *
 * @param name as faults and places call the file
 * @param yaml as it was read
 */
public record SourceText(String name, String yaml) {}
