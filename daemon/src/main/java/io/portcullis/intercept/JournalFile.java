package io.portcullis.intercept;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileName;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The file of a journal, and a spare file of the same length, both padded with blanks. A write goes into the spare, whose blocks are
 * allocated already, and then the two exchange their names; so a full disk stops no write after the first.
 *
 * @param path of the file; the spare is in the same folder
 */
record JournalFile(Path path) {
    private static final String PREFIX = "restore-";
    private static final String SUFFIX = ".json";

    /** URL encoding leaves no tilde, so that a shortened name can't be another interface's whole name. */
    private static final int HASH_LENGTH = 16;

    private static final String OF_A_NIC = "~nic-";

    /** Characters of the encoded name; a longer one is cut, and gets a hash. */
    private static final int NAME_LENGTH = 150;

    private static final int UNIT = 16 * 1024;
    private static final int LONGEST = 64 * UNIT;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** A journal that is not obeyed, because it belongs to a user whom we do not trust. */
    static final class OfAnotherUser extends IOException {
        OfAnotherUser(Path file, int owner) {
            super(file + " belongs to user " + owner + ", and is not obeyed by user " + OwnedFile.user()
                    + ": run portcullis detach as user " + owner);
        }
    }

    /** The file of an interface: any name makes one file name, which stays in the folder. */
    static JournalFile ofInterface(Path folder, String interfaceName) {
        String encoded = URLEncoder.encode(interfaceName, StandardCharsets.UTF_8);
        String name = encoded.length() <= NAME_LENGTH
                ? encoded
                : encoded.substring(0, NAME_LENGTH) + "~"
                        + FileName.sha256(interfaceName.getBytes(StandardCharsets.UTF_8))
                                .substring(0, HASH_LENGTH);
        return new JournalFile(folder.resolve(PREFIX + name + SUFFIX));
    }

    /** The file of a NIC that an earlier run has not restored and no interface has. */
    static JournalFile ofNic(Path folder, int nic) {
        return new JournalFile(folder.resolve(PREFIX + OF_A_NIC + nic + SUFFIX));
    }

    /** The files of a folder, by name; none where the folder does not exist. */
    static List<JournalFile> all(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
                found.forEach(files::add);
            }
        }
        files.sort(null);
        return files.stream().map(JournalFile::new).toList();
    }

    private Path beside(String ending) {
        return path.resolveSibling(path.getFileName() + ending);
    }

    private Path spare() {
        return beside(".spare");
    }

    /**
     * Reads the journal.
     *
     * @throws java.nio.file.NoSuchFileException where it does not exist
     * @throws OfAnotherUser where it is not obeyed
     * @throws IOException where it is not a journal: path and reason, in one line
     */
    Journal read() throws IOException {
        OwnedFile file = OwnedFile.read(path, LONGEST);
        if (!file.isTrusted()) {
            throw new OfAnotherUser(path, file.owner());
        }
        try {
            Journal journal = JSON.readValue(file.text(), Journal.class);
            if (journal == null) {
                throw new IOException(path + ": not a journal (null)");
            }
            return journal;
        } catch (JacksonException broken) {
            // The message quotes the file, which may have any character.
            String why = broken.getOriginalMessage().replaceAll("\\p{Cntrl}", "?");
            throw new IOException(path + ": not a journal (" + why + ")", broken);
        }
    }

    /** Writes all or nothing; it is on the disk when this returns. Makes the folder (mode 0750) where it does not exist. */
    void write(Journal journal) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
        }
        byte[] text = JSON.writeValueAsBytes(journal);
        fill(text);
        swap();
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
        if (!Files.exists(spare(), LinkOption.NOFOLLOW_LINKS)) {
            reserve(text);
        }
    }

    /** Allocates blocks for the next write, while there are some. */
    private void reserve(byte[] text) throws IOException {
        try {
            fill(text);
        } catch (IOException full) {
            // The journal is written; the next write finds space or throws.
            Files.deleteIfExists(spare());
        }
    }

    private void fill(byte[] text) throws IOException {
        try (FileChannel channel = FileChannel.open(
                spare(),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")))) {
            long units = Math.max((text.length + UNIT - 1L) / UNIT, (channel.size() + UNIT - 1L) / UNIT);
            byte[] all = Arrays.copyOf(text, Math.toIntExact(Math.min(units * UNIT, LONGEST)));
            Arrays.fill(all, text.length, all.length, (byte) ' ');
            ByteBuffer bytes = ByteBuffer.wrap(all);
            while (bytes.hasRemaining()) {
                channel.write(bytes, bytes.position());
            }
            channel.force(true);
        }
    }

    private void swap() throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            try {
                OwnedFile.exchange(spare(), path);
                return;
            } catch (ErrnoException refused) {
                if (refused.errno() != Errno.EINVAL && refused.errno() != Errno.ENOSYS) {
                    throw refused;
                }
            }
        }
        Files.move(spare(), path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Removes the file and the spare. */
    void delete() throws IOException {
        Files.deleteIfExists(path);
        Files.deleteIfExists(spare());
    }

    /** Writes a journal; an empty one removes the file. */
    void writeOrDelete(Journal journal) throws IOException {
        if (journal.isEmpty()) {
            delete();
        } else {
            write(journal);
        }
    }

    /** Renames the file, for people to look at; it replaces an older one. */
    Path putAside() throws IOException {
        Files.deleteIfExists(spare());
        return Files.move(path, beside(".unreadable"), StandardCopyOption.REPLACE_EXISTING);
    }
}
