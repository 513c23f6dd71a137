package io.portcullis.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The files that a configuration was read from, as they were found, and the names under which there was none, or might be others. Where
 * another {@link #look} is equal, nothing has changed: not the device, inode, size or times of any file, and not what there is.
 *
 * @param found by each name, what was there: for comparison only
 */
public record FileSet(Map<Sought, String> found) {
    /** Of no configuration. */
    public static final FileSet NONE = new FileSet(Map.of());

    /** Copies the map. */
    public FileSet {
        found = Collections.unmodifiableMap(new LinkedHashMap<>(found));
    }

    /** Of a configuration of which nothing was read yet: the file alone, as it is now. */
    public static FileSet of(Path file) {
        Sought sought = Sought.of(file);
        return new FileSet(Map.of(sought, sought.found()));
    }

    /** The same names, as they are now. */
    public FileSet look() {
        Map<Sought, String> now = new LinkedHashMap<>();
        found.keySet().forEach(each -> now.put(each, each.found()));
        return new FileSet(now);
    }
}
