package io.portcullis.config.files;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The state of all files that a configuration was read from, and of all names under which the reader looked for files. If a later
 * snapshot is equal, nothing has changed: no file's device, inode, size or times, and no file has appeared or gone.
 *
 * @param fingerprints by each name, {@link FilePattern#fingerprint}
 */
public record FileSnapshot(Map<FilePattern, String> fingerprints) {
    /** Of no file. */
    public static final FileSnapshot NONE = new FileSnapshot(Map.of());

    /** Copies the map. */
    public FileSnapshot {
        fingerprints = Collections.unmodifiableMap(new LinkedHashMap<>(fingerprints));
    }

    /** Of one file as it is now: where nothing of a configuration has been read yet. */
    public static FileSnapshot of(Path file) {
        FilePattern pattern = FilePattern.of(file);
        return new FileSnapshot(Map.of(pattern, pattern.fingerprint()));
    }

    /** The same names as they are now. */
    public FileSnapshot current() {
        Map<FilePattern, String> now = new LinkedHashMap<>();
        fingerprints.keySet().forEach(pattern -> now.put(pattern, pattern.fingerprint()));
        return new FileSnapshot(now);
    }
}
