package io.portcullis.config.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Files that are read in place of those of the file system: a configuration that is not written yet.
 *
 * @param texts by path, absolute and normalized
 * @param owned all other files below this folder count as missing; null: they are read
 * @param hidden these files count as missing
 */
public record Overlay(Map<Path, String> texts, @Nullable Path owned, Set<Path> hidden) {
    /** The file system as it is. */
    public static final Overlay NONE = new Overlay(Map.of(), null, Set.of());

    /** Copies the collections. */
    public Overlay {
        texts = Map.copyOf(texts);
        hidden = Set.copyOf(hidden);
    }

    /** The path by which a file is found here. */
    public static Path key(Path file) {
        return file.toAbsolutePath().normalize();
    }

    /** The text of a file; empty: it is not one of these. */
    public Optional<String> text(Path file) {
        return Optional.ofNullable(texts.get(key(file)));
    }

    /** True: the file system is asked. */
    public boolean isOnDisk(Path file) {
        Path key = key(file);
        return !texts.containsKey(key) && !hidden.contains(key) && (owned == null || !key.startsWith(owned));
    }

    /** True: there is such a file, or a folder with such files. */
    public boolean exists(Path path) {
        return hasBelow(key(path)) || isOnDisk(path) && Files.exists(path);
    }

    private boolean hasBelow(Path key) {
        return texts.containsKey(key) || texts.keySet().stream().anyMatch(file -> file.startsWith(key));
    }

    /** As {@link FilePattern#matches}, with these files, and without the missing ones. */
    public Iterable<String> matches(FilePattern pattern) throws IOException {
        Predicate<String> names = pattern.names();
        Set<String> matches = new TreeSet<>();
        for (String name : pattern.matches()) {
            if (exists(pattern.folder().resolve(name))) {
                matches.add(name);
            }
        }
        Path folder = key(pattern.folder());
        for (Path file : texts.keySet()) {
            if (file.startsWith(folder) && !file.equals(folder)) {
                String name = file.getName(folder.getNameCount()).toString();
                if (names.test(name)) {
                    matches.add(name);
                }
            }
        }
        return matches;
    }
}
