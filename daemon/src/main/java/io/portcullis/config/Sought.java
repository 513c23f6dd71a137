package io.portcullis.config;

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
 * A name under which a reading of a configuration looks for a file, or for a folder on the way to one.
 *
 * @param folder absolute, as it was written: what {@code ..} and links in it lead to is for the file system to say
 * @param name in the folder, or a pattern of names
 * @param isPattern true: every name that matches, as in a shell
 */
public record Sought(Path folder, String name, boolean isPattern) {
    // inode(7)
    private static final int KIND = 0170000;
    private static final int REGULAR = 0100000;

    /** A name. */
    public static Sought of(Path path) {
        Path absolute = path.toAbsolutePath();
        Path folder = absolute.getParent();
        return folder == null
                ? new Sought(absolute, ".", false)
                : new Sought(folder, absolute.getFileName().toString(), false);
    }

    /** A pattern of names. */
    public static Sought pattern(Path folder, String glob) {
        return new Sought(folder.toAbsolutePath(), glob, true);
    }

    /**
     * True of the names that are meant. As in a shell, a wildcard does not match hidden files.
     *
     * @throws java.util.regex.PatternSyntaxException if it is no pattern
     */
    public Predicate<String> names() {
        if (!isPattern) {
            return name::equals;
        }
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + name);
        boolean hidden = name.startsWith(".");
        return each -> (hidden || !each.startsWith(".")) && matcher.matches(Path.of(each));
    }

    /** What a pattern matches now, sorted; none where there is no such folder. */
    public List<String> matching() throws IOException {
        Predicate<String> names = names();
        List<String> matching = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                String each = entry.getFileName().toString();
                if (names.test(each)) {
                    matching.add(each);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (NoSuchFileException | NotDirectoryException _) {
            return List.of();
        }
        Collections.sort(matching);
        return matching;
    }

    /**
     * What is there now: other words whenever that is another file, or the file was written to. A folder, a pipe or a device is the same
     * as long as it is the same one.
     */
    public String found() {
        try {
            if (isPattern) {
                return String.join("/", matching());
            }
            Map<String, Object> is =
                    Files.readAttributes(folder.resolve(name), "unix:mode,dev,ino,size,lastModifiedTime,ctime");
            String which = is.get("dev") + " " + is.get("ino");
            boolean isFile = is.get("mode") instanceof Integer mode && (mode & KIND) == REGULAR;
            return isFile
                    ? String.join(
                            " ",
                            which,
                            String.valueOf(is.get("size")),
                            String.valueOf(is.get("lastModifiedTime")),
                            String.valueOf(is.get("ctime")))
                    : which;
        } catch (IOException e) {
            return e.getClass().getSimpleName();
        }
    }
}
