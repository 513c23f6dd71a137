package io.portcullis.config;

import io.portcullis.config.read.ConfigReader;
import java.util.List;

/** What {@link ConfigReader#load(java.nio.file.Path, Sources)} came across, whether it came to a configuration or not. One thread. */
public final class Sources {
    private List<SourceText> texts = List.of();
    private FileSet files = FileSet.NONE;

    public void found(List<SourceText> read, FileSet where) {
        texts = List.copyOf(read);
        files = where;
    }

    /** The text of each file that could be read, in the order of reading: {@link ConfigReader#of} makes the same configuration of them. */
    public List<SourceText> texts() {
        return texts;
    }

    /** The files, each as it was when reading began, and where others would have been found. */
    public FileSet files() {
        return files;
    }
}
