package io.portcullis.service.watch;

import io.portcullis.config.files.FilePattern;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The folders and files to watch so that no edit of a configuration is missed: for each path every folder from the root on, with the
 * name in it that leads on; for every link also its target; and the files themselves, which may have other names elsewhere. Describes
 * the file system at one moment, by paths without links.
 *
 * @param folders by their paths, with the names in them that belong to the configuration
 * @param files regular files
 */
record WatchPlan(Map<Path, Folder> folders, Set<Path> files) {
    /** The kernel's limit (path_resolution(7)). */
    private static final int MOST_LINKS = 40;

    /**
     * The names in a folder that belong to the configuration.
     *
     * @param names true for each of them
     * @param holdsFiles true: it contains files of the configuration, or would; false: paths only lead through it
     */
    record Folder(List<Predicate<String>> names, boolean holdsFiles) {
        /** Copies the list. */
        Folder {
            names = List.copyOf(names);
        }

        boolean has(String name) {
            return names.stream().anyMatch(matches -> matches.test(name));
        }

        /** The names of both. */
        Folder and(Folder other) {
            List<Predicate<String>> all = new ArrayList<>(names);
            all.addAll(other.names);
            return new Folder(all, holdsFiles || other.holdsFiles);
        }
    }

    /** Collects the folders and files of several paths. */
    private static final class Collector {
        private final Map<Path, Set<String>> names = new LinkedHashMap<>();
        private final Map<Path, List<Predicate<String>>> patterns = new LinkedHashMap<>();
        private final Set<Path> holders = new LinkedHashSet<>();
        private final Set<Path> files = new LinkedHashSet<>();

        void add(FilePattern pattern) {
            if (pattern.isGlob()) {
                Path folder = follow(pattern.folder());
                holders.add(folder);
                patterns.computeIfAbsent(folder, _ -> new ArrayList<>()).add(pattern.names());
                return;
            }
            Path file = follow(pattern.folder().resolve(pattern.name()));
            Path folder = file.getParent();
            if (folder != null && !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                holders.add(folder);
            }
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                files.add(file);
            }
        }

        /** Resolves a path as the kernel does; returns its end, or the first part of it that does not exist. */
        private Path follow(Path path) {
            Deque<String> rest = new ArrayDeque<>();
            path.forEach(part -> rest.addLast(part.toString()));
            Path at = path.getRoot();
            int links = 0;
            while (!rest.isEmpty()) {
                String part = rest.removeFirst();
                if (part.isEmpty() || part.equals(".")) {
                    continue;
                }
                if (part.equals("..")) {
                    Path above = at.getParent();
                    at = above == null ? at : above;
                    continue;
                }
                names.computeIfAbsent(at, _ -> new LinkedHashSet<>()).add(part);
                Path next = at.resolve(part);
                if (!Files.isSymbolicLink(next)) {
                    if (!Files.exists(next, LinkOption.NOFOLLOW_LINKS)) {
                        return next;
                    }
                    at = next;
                    continue;
                }
                links++;
                Path target = target(next);
                if (target == null || links > MOST_LINKS) {
                    return next;
                }
                if (target.isAbsolute()) {
                    at = target.getRoot();
                }
                for (int i = target.getNameCount() - 1; i >= 0; i--) {
                    rest.addFirst(target.getName(i).toString());
                }
            }
            return at;
        }

        private static @Nullable Path target(Path link) {
            try {
                return Files.readSymbolicLink(link);
            } catch (IOException gone) {
                return null;
            }
        }

        WatchPlan plan() {
            Map<Path, Folder> folders = new LinkedHashMap<>();
            names.forEach((folder, all) ->
                    folders.put(folder, new Folder(List.of(Set.copyOf(all)::contains), holders.contains(folder))));
            patterns.forEach((folder, all) -> folders.merge(folder, new Folder(all, true), Folder::and));
            return new WatchPlan(folders, files);
        }
    }

    /** Copies the collections. */
    WatchPlan {
        folders = Collections.unmodifiableMap(new LinkedHashMap<>(folders));
        files = Set.copyOf(files);
    }

    /** The plan for the names under which a configuration looks for files. */
    static WatchPlan of(Set<FilePattern> names) {
        Collector collector = new Collector();
        names.forEach(collector::add);
        return collector.plan();
    }
}
