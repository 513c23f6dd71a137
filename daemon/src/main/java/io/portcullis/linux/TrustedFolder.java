package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Folders with trusted files: they belong to root or to the daemon's user, and no other user may write there. */
public final class TrustedFolder {
    private static final int ROOT = 0;
    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 0022;

    private TrustedFolder() {}

    /** Creates the folder (mode 0750), and those above it, if there is none. */
    public static void make(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
        }
    }

    /**
     * Why the files of a folder can't be trusted; empty: they can. The folders above it count too: a user who may rename one of them
     * may replace it.
     *
     * @param folder or a file
     * @throws IOException if it does not exist, or its attributes can't be read
     */
    public static Optional<String> fault(Path folder) throws IOException {
        int ourselves = user();
        Path written = folder.toAbsolutePath().normalize();
        for (Path last : List.of(written, folder.toRealPath())) {
            for (Path part = last; part != null; part = part.getParent()) {
                // In a sticky folder only the owner of a file may remove or rename it: other users can't replace it.
                int harmless = part.equals(last) ? 0 : STICKY;
                Optional<String> fault = fault(part, ourselves, harmless);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> fault(Path file, int ourselves, int harmless) throws IOException {
        int owner = (int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if (owner != ROOT && owner != ourselves) {
            return Optional.of(file + " belongs to user " + owner + ", and must belong to root or to user " + ourselves
                    + ", which runs this: choose another folder");
        }
        if (!Files.isSymbolicLink(file) && (mode & WRITABLE_BY_OTHERS) != 0 && (mode & harmless) == 0) {
            return Optional.of(String.format(
                    "%s may be written by others than its owner (mode %04o): remove that permission (chmod go-w), or choose"
                            + " another folder",
                    file, mode & 07777));
        }
        return Optional.empty();
    }

    /** Numbers of the trusted users. */
    public static Set<Integer> owners() throws IOException {
        return Set.copyOf(List.of(ROOT, user()));
    }

    /** Number of the user of this process. */
    static int user() {
        return OwnedFile.user();
    }
}
