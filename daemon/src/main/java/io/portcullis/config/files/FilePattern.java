package io.portcullis.config.files;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A name under which the reader of a configuration looks for files, or for a folder on the way to them.
 *
 * @param folder absolute, as written: {@code ..} and links in it are resolved by the file system
 * @param name a name in the folder, or a glob
 * @param isGlob true: every name that matches, as in a shell
 */
public record FilePattern(Path folder, String name, boolean isGlob) {
    // The file type in st_mode (inode(7)).
    private static final int TYPE_MASK = 0170000;
    private static final int REGULAR = 0100000;

    /** One file. */
    public static FilePattern of(Path path) {
        Path absolute = path.toAbsolutePath();
        Path folder = absolute.getParent();
        return folder == null
                ? new FilePattern(absolute, ".", false)
                : new FilePattern(folder, absolute.getFileName().toString(), false);
    }

    /** All files of a folder that match a glob. */
    public static FilePattern glob(Path folder, String glob) {
        return new FilePattern(folder.toAbsolutePath(), glob, true);
    }

    /**
     * True for each name that matches. As in a shell, a wildcard does not match hidden files.
     *
     * @throws java.util.regex.PatternSyntaxException if {@link #name} is not a valid glob
     */
    public Predicate<String> names() {
        if (!isGlob) {
            return name::equals;
        }
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + name);
        boolean hidden = name.startsWith(".");
        return file -> (hidden || !file.startsWith(".")) && matcher.matches(Path.of(file));
    }

    /** The names in the folder that match now, sorted; none if there is no such folder. */
    public List<String> matches() throws IOException {
        Predicate<String> names = names();
        List<String> matches = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String file = entry.getFileName().toString();
                if (names.test(file)) {
                    matches.add(file);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (NoSuchFileException | NotDirectoryException _) {
            return List.of();
        }
        Collections.sort(matches);
        return matches;
    }

    /**
     * The state of the file now: a different text whenever the name leads to another file, or the file was written to. Of a folder,
     * a pipe or a device only the identity counts. For comparison only.
     */
    public String fingerprint() {
        try {
            if (isGlob) {
                return String.join("/", matches());
            }
            Map<String, Object> attributes =
                    Files.readAttributes(folder.resolve(name), "unix:mode,dev,ino,size,lastModifiedTime,ctime");
            String identity = attributes.get("dev") + " " + attributes.get("ino");
            boolean isFile = attributes.get("mode") instanceof Integer mode && (mode & TYPE_MASK) == REGULAR;
            return isFile
                    ? String.join(
                            " ",
                            identity,
                            String.valueOf(attributes.get("size")),
                            String.valueOf(attributes.get("lastModifiedTime")),
                            String.valueOf(attributes.get("ctime")))
                    : identity;
        } catch (IOException e) {
            return e.getClass().getSimpleName();
        }
    }
}
