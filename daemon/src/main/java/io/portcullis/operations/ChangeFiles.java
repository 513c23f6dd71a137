package io.portcullis.operations;

import java.util.List;

/**
 * {@code GET /v1/change}: a change with the files of its configuration.
 *
 * @param files in the order of reading
 */
public record ChangeFiles(ChangeView change, List<File> files) {
    /**
     * One file.
     *
     * @param name its path
     */
    public record File(String name, String text) {}

    public ChangeFiles {
        files = List.copyOf(files);
    }
}
