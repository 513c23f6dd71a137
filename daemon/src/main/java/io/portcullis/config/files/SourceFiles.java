package io.portcullis.config.files;

import java.util.List;

/**
 * The files that {@code ConfigReader.load} has read, filled in whether the configuration was valid or not. For one thread.
 */
public final class SourceFiles {
    private List<SourceText> texts = List.of();
    private FileSnapshot files = FileSnapshot.NONE;

    /** Replaces both lists. */
    public void set(List<SourceText> newTexts, FileSnapshot newFiles) {
        texts = List.copyOf(newTexts);
        files = newFiles;
    }

    /** The text of each file that was readable, in the order of reading. {@code ConfigReader.of} makes the same configuration of them. */
    public List<SourceText> texts() {
        return texts;
    }

    /** The files as they were when reading began, and the names under which further files would have been found. */
    public FileSnapshot files() {
        return files;
    }
}
