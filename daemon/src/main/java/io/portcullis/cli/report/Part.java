package io.portcullis.cli.report;

/**
 * A file of the archive.
 *
 * @param name path in the archive
 * @param about what it is, for the README
 * @param form how it is read
 * @param text content
 */
record Part(String name, String about, Form form, String text) {
    /** What the text of a part is written in. */
    enum Form {
        TEXT,
        JSON,
        YAML
    }

    /** The same with another content. */
    Part with(String other) {
        return new Part(name, about, form, other);
    }
}
