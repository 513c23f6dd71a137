package io.portcullis.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files that are written whole or not at all, also where the power fails meanwhile. */
public final class DurableFile {
    /** The suffix of a file that is not complete yet. */
    public static final String NEW = ".new";

    /** Bytes of one write: the kernel does not interrupt a long one for a worker on the same core. */
    private static final int PART = 64 << 10;

    private DurableFile() {}

    /**
     * Writes a file with mode 0600: its bytes are on the disk when this returns, and so is its name after {@link #force} of its folder. A
     * file of that name is replaced.
     *
     * @throws IOException if it can't be written; then a file of that name is as before
     */
    public static void write(Path file, byte[] bytes) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + NEW);
        try {
            create(fresh, bytes);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(fresh);
            throw e;
        }
    }

    /** Creates a file with mode 0600, and waits until its bytes are on the disk. A file of that name is removed before. */
    public static void create(Path file, byte[] bytes) throws IOException {
        Files.deleteIfExists(file);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            int at = 0;
            while (at < bytes.length) {
                at += channel.write(ByteBuffer.wrap(bytes, at, Math.min(PART, bytes.length - at)));
            }
            channel.force(true);
        }
    }

    /** Waits until the names in a folder are on the disk. */
    public static void force(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Creates a folder with mode 0700 where there is none. */
    public static void makeFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            try {
                Files.createDirectory(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException there) {
                // Another daemon was faster.
                if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                    throw there;
                }
            }
        }
    }
}
