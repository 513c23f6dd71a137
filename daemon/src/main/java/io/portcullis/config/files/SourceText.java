package io.portcullis.config.files;

/**
 * The text of one configuration file.
 *
 * @param name the file's name in errors and locations
 * @param yaml as read
 */
public record SourceText(String name, String yaml) {}
