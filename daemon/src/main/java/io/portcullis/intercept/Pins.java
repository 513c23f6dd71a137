package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.OwnedFile;
import io.portcullis.linux.bpf.Bpf;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of bpffs that hold our programs: by them a process that may not ask for a program by its number knows its own again.
 * Only where somebody has made the folder for us; without it everything else works.
 */
final class Pins {
    private static final Logger LOG = LoggerFactory.getLogger(Pins.class);

    private static final Path FOLDER = Path.of("/sys/fs/bpf/portcullis");
    private static final int WRITABLE_BY_OTHERS = 0022;

    private Pins() {}

    private static boolean isUsable() {
        try {
            int owner = (int) Files.getAttribute(FOLDER, "unix:uid", LinkOption.NOFOLLOW_LINKS);
            int mode = (int) Files.getAttribute(FOLDER, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            return Files.isDirectory(FOLDER, LinkOption.NOFOLLOW_LINKS)
                    && owner == OwnedFile.user()
                    && (mode & WRITABLE_BY_OTHERS) == 0;
        } catch (IOException absent) {
            return false;
        }
    }

    private static Path file(Hook hook, int program) {
        return FOLDER.resolve(hook.nic() + "-" + hook.direction() + "-" + program);
    }

    /** Holds a program, where it can. */
    static void add(Hook hook, Bpf program) {
        if (!isUsable()) {
            return;
        }
        try {
            program.pinTo(file(hook, program.id()));
        } catch (ErrnoException refused) {
            // The journal and the alias know it too.
            return;
        }
    }

    /** Lets a program go. */
    static void remove(Hook hook, int program) {
        if (!isUsable()) {
            return;
        }
        try {
            Files.deleteIfExists(file(hook, program));
        } catch (IOException refused) {
            // It holds a program that is attached nowhere: a few hundred bytes.
            return;
        }
    }

    /** The kernel's numbers of the programs that are held, and named as ours. */
    static Set<Integer> programs() throws IOException {
        Set<Integer> programs = new TreeSet<>();
        if (!isUsable()) {
            return programs;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(FOLDER)) {
            for (Path file : files) {
                try (Bpf program = Bpf.pinned(file)) {
                    if (program.name().startsWith(Ours.NAME)) {
                        programs.add(program.id());
                    }
                } catch (ErrnoException refused) {
                    LOG.debug("{} is no program that may be looked at", file, refused);
                }
            }
        }
        return programs;
    }
}
