package io.portcullis.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
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
        write(file, fresh -> create(fresh, bytes));
    }

    /** As {@link #write(Path, byte[])}, a text as UTF-8. */
    public static void write(Path file, String text) throws IOException {
        write(file, fresh -> create(fresh, text));
    }

    /** Creates a file. */
    @FunctionalInterface
    private interface Creation {
        void create(Path fresh) throws IOException;
    }

    private static void write(Path file, Creation creation) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + NEW);
        try {
            creation.create(fresh);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(fresh);
            throw e;
        }
    }

    /** Creates a file with mode 0600, and waits until its bytes are on the disk. A file of that name is removed before. */
    public static void create(Path file, byte[] bytes) throws IOException {
        try (FileChannel channel = open(file)) {
            for (int at = 0; at < bytes.length; at += PART) {
                write(channel, ByteBuffer.wrap(bytes, at, Math.min(PART, bytes.length - at)));
            }
            channel.force(true);
        }
    }

    /** As {@link #create(Path, byte[])}, a text as UTF-8. */
    public static void create(Path file, String text) throws IOException {
        try (FileChannel channel = open(file)) {
            encode(text, piece -> write(channel, piece));
            channel.force(true);
        }
    }

    private static FileChannel open(Path file) throws IOException {
        Files.deleteIfExists(file);
        return FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    private static void write(FileChannel channel, ByteBuffer piece) throws IOException {
        while (piece.hasRemaining()) {
            channel.write(piece);
        }
    }

    /** Takes pieces of a content, one after the other; reads each to its end. */
    @FunctionalInterface
    public interface Pieces {
        void take(ByteBuffer piece) throws IOException;
    }

    /** A content that is made while it is written. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Pieces file) throws IOException;
    }

    /** As {@link #write(Path, byte[])}, of a content that need not be in memory as a whole. */
    public static void writePieces(Path file, Content content) throws IOException {
        write(file, fresh -> {
            try (FileChannel channel = open(fresh)) {
                content.writeTo(piece -> write(channel, piece));
                channel.force(true);
            }
        });
    }

    /** Encodes a text piece by piece: the bytes of a large one, as a whole, would be garbage that a collection has to copy. */
    static void encode(String text, Pieces pieces) throws IOException {
        CharsetEncoder encoder = StandardCharsets.UTF_8
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        CharBuffer in = CharBuffer.wrap(text);
        ByteBuffer piece = ByteBuffer.allocate(PART);
        CoderResult result;
        do {
            result = encoder.encode(in, piece, true);
            pieces.take(piece.flip());
            piece.clear();
        } while (result.isOverflow());
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
