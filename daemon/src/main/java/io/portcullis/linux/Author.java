package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who may have written the files of a folder: that decides whose rights apply to them. */
public sealed interface Author {
    /** Root, or the user of this process. */
    record Trusted() implements Author {}

    /**
     * Another user, who owns the folder or one above it.
     *
     * @param user number of the user
     * @param group number of the folder's group
     */
    record Other(int user, int group) implements Author {}

    /**
     * More than one user.
     *
     * @param why for the operator
     */
    record Anybody(String why) implements Author {}

    /**
     * The author of a folder's files. Folders above it count as well: a user who may write there could have replaced the
     * folder.
     *
     * @param folder may be missing
     * @throws IOException if the attributes of a folder can't be read
     */
    static Author of(Path folder) throws IOException {
        int ourselves = TrustedFolder.user();
        for (Path way : ways(folder.toAbsolutePath().normalize())) {
            for (Path part : fromTheRoot(way)) {
                Optional<Author> distrusted = distrusted(part, part.equals(way), ourselves);
                if (distrusted.isPresent()) {
                    return distrusted.get();
                }
            }
        }
        return new Trusted();
    }

    private static List<Path> fromTheRoot(Path way) {
        List<Path> parts = new ArrayList<>();
        for (Path part = way; part != null; part = part.getParent()) {
            parts.add(part);
        }
        return parts.reversed();
    }

    /** The path as written, with its symbolic links, and the path to which they lead. */
    private static List<Path> ways(Path named) throws IOException {
        List<Path> ways = new ArrayList<>(List.of(named));
        try {
            ways.add(named.toRealPath());
        } catch (NoSuchFileException missing) {
            // The existing part of the path is checked anyway.
            return ways;
        }
        return ways;
    }

    private static Optional<Author> distrusted(Path part, boolean isLast, int ourselves) throws IOException {
        int owner;
        int group;
        int mode;
        try {
            owner = (int) Files.getAttribute(part, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            group = (int) Files.getAttribute(part, "unix:gid", LinkOption.NOFOLLOW_LINKS);
            mode = (int) Files.getAttribute(part, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException missing) {
            return Optional.empty();
        }
        if (owner != 0 && owner != ourselves) {
            return Optional.of(new Other(owner, group));
        }
        // inode(7): in a sticky folder a user can't replace another user's file.
        boolean sticky = (mode & 01000) != 0;
        if (!Files.isSymbolicLink(part) && (mode & 0022) != 0 && (isLast || !sticky)) {
            return Optional.of(new Anybody(String.format(
                    "%s may be written by others than its owner (mode %04o): chmod go-w %s",
                    part, mode & 07777, part)));
        }
        return Optional.empty();
    }
}
