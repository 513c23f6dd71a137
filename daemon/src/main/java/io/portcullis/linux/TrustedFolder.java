package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Folders whose files are obeyed: they belong to root or to whom the daemon runs as, and nobody else may write there. */
public final class TrustedFolder {
    private static final int ROOT = 0;
    private static final int STICKY = 01000;
    private static final int WRITABLE_BY_OTHERS = 0022;

    private TrustedFolder() {}

    /** Makes the folder (mode 0750), and those above it, where there is none. */
    public static void make(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
        }
    }

    /**
     * Why what stands in a folder can't be obeyed; empty: it can. The folders above it count too: who may rename one of them
     * may put another in its place.
     *
     * @param folder or a file
     * @throws IOException where it is not there, or can't be looked at
     */
    public static Optional<String> fault(Path folder) throws IOException {
        int ourselves = user();
        Path written = folder.toAbsolutePath().normalize();
        for (Path last : List.of(written, folder.toRealPath())) {
            for (Path each = last; each != null; each = each.getParent()) {
                // Of a sticky folder only the owner of a file may remove or rename it: who may write there can't
                // replace ours.
                int harmless = each.equals(last) ? 0 : STICKY;
                Optional<String> fault = fault(each, ourselves, harmless);
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
                    + ", as which this runs: choose another folder");
        }
        if (!Files.isSymbolicLink(file) && (mode & WRITABLE_BY_OTHERS) != 0 && (mode & harmless) == 0) {
            return Optional.of(String.format(
                    "%s may be written by others than its owner (mode %04o): take that away (chmod go-w), or choose"
                            + " another folder",
                    file, mode & 07777));
        }
        return Optional.empty();
    }

    /** Numbers of the users whose files are obeyed. */
    public static Set<Integer> owners() throws IOException {
        return Set.copyOf(List.of(ROOT, user()));
    }

    /** The number of the user as which this process acts. */
    static int user() {
        return OwnedFile.user();
    }
}
