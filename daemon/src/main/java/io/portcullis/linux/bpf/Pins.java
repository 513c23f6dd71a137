package io.portcullis.linux.bpf;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileName;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of bpffs. Some hold programs: through them a process that may not ask for a program by its id recognises its own programs.
 * Others hold the memory that an interface shares with its programs ({@link BpfArray}). They need a folder that the administrator has
 * made and this user owns; without it all methods do nothing. Stateless; any thread.
 */
public final class Pins {
    private static final Logger LOG = LoggerFactory.getLogger(Pins.class);

    private static final Path FOLDER = Path.of("/sys/fs/bpf/portcullis");
    private static final int WRITABLE_BY_OTHERS = 0022;

    private Pins() {}

    private static boolean isUsable() {
        return trouble().isEmpty();
    }

    /** Why no file can be made, and the remedy, in one sentence; empty: the folder is fit. It may still be of another file system. */
    public static Optional<String> trouble() {
        try {
            int owner = (int) Files.getAttribute(FOLDER, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            int mode = (int) Files.getAttribute(FOLDER, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if (!Files.isDirectory(FOLDER, LinkOption.NOFOLLOW_LINKS)) {
                return Optional.of(FOLDER + " is no folder: remove it, and make a folder on bpffs");
            }
            if (owner != OwnedFile.user()) {
                return Optional.of(
                        FOLDER + " belongs to another user (uid " + owner + "): chown it to uid " + OwnedFile.user());
            }
            return (mode & WRITABLE_BY_OTHERS) == 0
                    ? Optional.empty()
                    : Optional.of("others may write in " + FOLDER + ": chmod 700 it");
        } catch (IOException absent) {
            return Optional.of("there is no " + FOLDER + ": mount bpffs at /sys/fs/bpf, and make this folder for uid "
                    + OwnedFile.user());
        }
    }

    /**
     * The file for the memory that an interface shares with its programs.
     *
     * @param interfaceName as configured
     */
    public static Path memory(String interfaceName) {
        return FOLDER.resolve(FileName.of(interfaceName));
    }

    /** Removes that file; the memory lives on as long as programs or processes use it. True: there was one. */
    public static boolean removeMemory(String interfaceName) throws IOException {
        return isUsable() && Files.deleteIfExists(memory(interfaceName));
    }

    private static Path file(int nic, boolean ingress, int program) {
        return FOLDER.resolve(nic + "-" + (ingress ? "ingress" : "egress") + "-" + program);
    }

    /** Makes the file of a program that is attached to a NIC, where that is possible. */
    public static void add(int nic, boolean ingress, Bpf program) {
        if (!isUsable()) {
            return;
        }
        try {
            program.pinTo(file(nic, ingress, program.id()));
        } catch (ErrnoException refused) {
            // The journal and the alias list the program too.
            return;
        }
    }

    /** Removes the file of a program. */
    public static void remove(int nic, boolean ingress, int program) {
        if (!isUsable()) {
            return;
        }
        try {
            Files.deleteIfExists(file(nic, ingress, program));
        } catch (IOException refused) {
            // The file holds a program that is attached nowhere: a few hundred bytes.
            return;
        }
    }

    /** The ids of the programs that files hold and whose names begin with these letters. */
    public static Set<Integer> programs(String prefix) throws IOException {
        Set<Integer> programs = new TreeSet<>();
        if (!isUsable()) {
            return programs;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(FOLDER)) {
            for (Path file : files) {
                try (Bpf program = Bpf.pinned(file)) {
                    if (program.name().startsWith(prefix)) {
                        programs.add(program.id());
                    }
                } catch (ErrnoException refused) {
                    LOG.debug("{} is no program that this process may open", file, refused);
                }
            }
        }
        return programs;
    }
}
