package io.portcullis.operations;

import java.util.List;
import java.util.Objects;

/**
 * {@code POST /v1/apply}: puts another configuration in force, and on the disk.
 *
 * @param files the one that includes the others first
 * @param complete true: no other file of the configuration's folder is part of it; false: the included files are those on the disk
 */
public record ApplyRequest(List<File> files, boolean complete, ChangeOptions options) {
    /**
     * One file.
     *
     * @param path relative to the folder of the configuration; empty: the configuration itself
     * @param text YAML
     */
    public record File(String path, String text) {
        public File {
            Objects.requireNonNull(path, "a file without path");
            Objects.requireNonNull(text, "a file without text");
        }
    }

    /** @throws IllegalArgumentException if there is no first file; the message is a sentence */
    public ApplyRequest {
        files = List.copyOf(Objects.requireNonNullElse(files, List.of()));
        options = Objects.requireNonNullElse(options, ChangeOptions.PLAIN);
        if (files.isEmpty() || !files.getFirst().path().isEmpty()) {
            throw new IllegalArgumentException("files must begin with the configuration itself, whose path is empty");
        }
    }

    /** The same with other options. */
    public ApplyRequest with(ChangeOptions other) {
        return new ApplyRequest(files, complete, other);
    }
}
