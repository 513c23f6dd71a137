package io.portcullis.config.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Files that are read in place of those of the file system: a configuration that is not written yet. */
public final class Overlay {
    /** The file system as it is. */
    public static final Overlay NONE = new Overlay(Map.of(), null, Set.of());

    private final Map<Path, String> texts;

    /** All folders above the texts. */
    private final Set<Path> folders = new HashSet<>();

    private final @Nullable Path owned;
    private final Set<Path> hidden;

    /**
     * Copies the collections.
     *
     * @param texts by path, absolute and normalized
     * @param owned all other files below this folder count as missing; null: they are read
     * @param hidden these files count as missing
     */
    public Overlay(Map<Path, String> texts, @Nullable Path owned, Set<Path> hidden) {
        this.texts = Map.copyOf(texts);
        this.owned = owned;
        this.hidden = Set.copyOf(hidden);
        for (Path file : texts.keySet()) {
            Path folder = file.getParent();
            while (folder != null && folders.add(folder)) {
                folder = folder.getParent();
            }
        }
    }

    /** The folder whose other files count as missing; null: there is none. */
    public @Nullable Path owned() {
        return owned;
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
        return !isHere(key) && !hidden.contains(key) && (owned == null || !key.startsWith(owned));
    }

    /** True: there is such a file, or a folder with such files. */
    public boolean exists(Path path) {
        return isHere(key(path)) || isOnDisk(path) && Files.exists(path);
    }

    /** True: there is such a folder. */
    public boolean isFolder(Path path) {
        return folders.contains(key(path)) || isOnDisk(path) && Files.isDirectory(path);
    }

    private boolean isHere(Path key) {
        return texts.containsKey(key) || folders.contains(key);
    }

    /** As {@link FilePattern#matches}, with these files, and without the missing ones. */
    public Iterable<String> matches(FilePattern pattern) throws IOException {
        Predicate<String> names = pattern.names();
        Set<String> matches = new TreeSet<>();
        for (String name : pattern.matches()) {
            Path file = pattern.folder().resolve(name);
            // Not whether it exists: a link that leads nowhere matches, and is an error.
            if (isHere(key(file)) || isOnDisk(file)) {
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
