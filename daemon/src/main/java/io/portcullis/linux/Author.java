package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who may have written what a folder holds: that decides as whom its files may be obeyed. */
public sealed interface Author {
    /** Root, or the user as whom this process acts. */
    record Trusted() implements Author {}

    /**
     * Another user, who owns the folder or one on the way to it.
     *
     * @param user its number
     * @param group the folder's
     */
    record Other(int user, int group) implements Author {}

    /**
     * More than one.
     *
     * @param why for people
     */
    record Anybody(String why) implements Author {}

    /**
     * The author of a folder's files. Folders above it count as well: who may write there could have put another one in its
     * place.
     *
     * @param folder may be missing
     * @throws IOException where a folder can't be looked at
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

    /** As it is written, with the symbolic links in it, and where they lead. */
    private static List<Path> ways(Path named) throws IOException {
        List<Path> ways = new ArrayList<>(List.of(named));
        try {
            ways.add(named.toRealPath());
        } catch (NoSuchFileException missing) {
            // What is there of it is looked at all the same.
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
        // inode(7): in a sticky folder nobody can replace what is another user's.
        boolean sticky = (mode & 01000) != 0;
        if (!Files.isSymbolicLink(part) && (mode & 0022) != 0 && (isLast || !sticky)) {
            return Optional.of(new Anybody(String.format(
                    "%s may be written by others than its owner (mode %04o): chmod go-w %s",
                    part, mode & 07777, part)));
        }
        return Optional.empty();
    }
}
