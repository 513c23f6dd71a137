package io.portcullis.intercept;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.portcullis.linux.Nic;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a stop must restore for one interface: on disk before anything is changed, gone when all of it is put back.
 *
 * @param interfaceName as configured
 * @param bootId of the kernel that ran: after a boot there is nothing to restore
 * @param nics one entry each
 */
record Journal(String interfaceName, String bootId, List<Entry> nics) {
    private static final String PREFIX = "restore-";
    private static final String SUFFIX = ".json";
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** Copies the list. */
    Journal {
        nics = List.copyOf(nics);
        if (interfaceName.isEmpty() || bootId.isEmpty()) {
            throw new IllegalArgumentException("interfaceName and bootId must not be empty");
        }
    }

    /**
     * One NIC as it was.
     *
     * @param name for people
     * @param index with {@code hardwareAddress}: which NIC it is
     * @param switches values by what they are of
     * @param broughtUp true: it was down
     * @param offloads kernel names of the features that were on
     * @param held true: we hold it down because the other side has lost its carrier; a stop lets it come up
     * @param linkLocals its IPv6 link-local addresses, {@code fe80::1/64}: the kernel brings its own one back, not those
     *     that people gave it
     */
    record Entry(
            String name,
            int index,
            String hardwareAddress,
            Map<Switch, String> switches,
            boolean broughtUp,
            boolean held,
            List<String> offloads,
            List<String> linkLocals) {
        /** Copies the collections. */
        Entry {
            Map<Switch, String> inOrder = new EnumMap<>(Switch.class);
            inOrder.putAll(switches);
            switches = Collections.unmodifiableMap(inOrder);
            offloads = List.copyOf(offloads);
            linkLocals = List.copyOf(linkLocals);
        }

        Entry held(boolean down) {
            return new Entry(name, index, hardwareAddress, switches, broughtUp, down, offloads, linkLocals);
        }

        boolean isOf(Nic nic) {
            return index == nic.index() && hardwareAddress.equals(nic.hardwareAddress());
        }
    }

    static String currentBootId() throws IOException {
        return ProcSys.read(BOOT_ID);
    }

    /** True: it is about NICs of the kernel that runs now. */
    boolean isOfThisBoot() throws IOException {
        return bootId.equals(currentBootId());
    }

    Optional<Entry> entryOf(Nic nic) {
        return nics.stream().filter(entry -> entry.isOf(nic)).findFirst();
    }

    /** The same, with the NIC at one place of the list held down, or none (-1). */
    Journal holding(int place) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < nics.size(); i++) {
            entries.add(nics.get(i).held(i == place));
        }
        return new Journal(interfaceName, bootId, entries);
    }

    /** The same without these NICs' entries. */
    Journal without(List<Nic> others) {
        return new Journal(
                interfaceName,
                bootId,
                nics.stream()
                        .filter(entry -> others.stream().noneMatch(entry::isOf))
                        .toList());
    }

    /** Its file. Any interface name makes one file name, without a way out of the directory. */
    Path file(Path directory) {
        return directory.resolve(PREFIX + URLEncoder.encode(interfaceName, StandardCharsets.UTF_8) + SUFFIX);
    }

    /** All or nothing, and on the disk when this returns. Makes the directory (mode 0750) where there is none. */
    void write(Path directory) throws IOException {
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
        Path file = file(directory);
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(this));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    void delete(Path directory) throws IOException {
        Files.deleteIfExists(file(directory));
    }

    /** Writes what is left of it; an empty journal is none. */
    void writeOrDelete(Path directory) throws IOException {
        if (nics.isEmpty()) {
            delete(directory);
        } else {
            write(directory);
        }
    }

    /** The journals of a directory, by name; none where there is no directory. */
    static List<Path> files(Path directory) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(directory, PREFIX + "*" + SUFFIX)) {
                found.forEach(files::add);
            }
        }
        files.sort(null);
        return files;
    }

    /** Reads a journal; the message of a failure says which, and what is wrong with it, in one line. */
    static Journal read(Path file) throws IOException {
        try {
            Journal journal = JSON.readValue(Files.readAllBytes(file), Journal.class);
            if (journal == null) {
                throw new IOException(file + ": not a journal (null): delete it");
            }
            return journal;
        } catch (JacksonException broken) {
            throw new IOException(file + ": not a journal (" + broken.getOriginalMessage() + "): delete it", broken);
        }
    }
}
