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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a stop must restore for one interface: on disk before anything is changed, gone when all of it is put back.
 *
 * @param interfaceName as configured
 * @param bootId of the kernel that ran: after a boot there is nothing to restore
 * @param nics one entry each
 * @param pairs of virtual NICs that were made
 * @param programs that were attached
 * @param qdiscs indices of the NICs that were given a {@code clsact}
 */
record Journal(
        String interfaceName,
        String bootId,
        List<Entry> nics,
        List<Pair> pairs,
        List<Standing> programs,
        List<Integer> qdiscs) {
    private static final String PREFIX = "restore-";
    private static final String SUFFIX = ".json";
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** Copies the lists; those that an earlier version did not know are empty. */
    Journal {
        nics = List.copyOf(nics);
        pairs = copy(pairs);
        programs = copy(programs);
        qdiscs = copy(qdiscs);
        if (interfaceName.isEmpty() || bootId.isEmpty()) {
            throw new IllegalArgumentException("interfaceName and bootId must not be empty");
        }
    }

    private static <E> List<E> copy(@Nullable List<E> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    /** Of an interface that has no programs and no virtual NICs yet. */
    Journal(String interfaceName, String bootId, List<Entry> nics) {
        this(interfaceName, bootId, nics, List.of(), List.of(), List.of());
    }

    /** Two virtual NICs, {@code near} the one that the kernel's programs speak of. */
    record Pair(String near, String far) {}

    /**
     * A program where it stands.
     *
     * @param nic index of the NIC
     * @param handle of a filter, 0 for tcx
     * @param program the kernel's number for it
     * @param fingerprint of what it does
     */
    record Standing(int nic, boolean ingress, int handle, int program, String fingerprint) {
        boolean isTcx() {
            return handle == 0;
        }
    }

    /**
     * One NIC as it was.
     *
     * @param name for people
     * @param index with {@code hardwareAddress}: which NIC it is
     * @param switches values by what they are of
     * @param broughtUp true: it was down
     * @param promiscuous true: it was made so
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
            boolean promiscuous,
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
            return new Entry(
                    name, index, hardwareAddress, switches, broughtUp, down, promiscuous, offloads, linkLocals);
        }

        Entry madePromiscuous() {
            return new Entry(name, index, hardwareAddress, switches, broughtUp, held, true, offloads, linkLocals);
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
        return with(entries);
    }

    /** The same without these NICs' entries. */
    Journal without(List<Nic> others) {
        return with(nics.stream()
                .filter(entry -> others.stream().noneMatch(entry::isOf))
                .toList());
    }

    /** The same, with another NIC at one place of the list. */
    Journal replacing(int place, Entry entry) {
        List<Entry> entries = new ArrayList<>(nics);
        entries.set(place, entry);
        return with(entries);
    }

    /** The same; this NIC was made promiscuous. */
    Journal promiscuous(Nic nic) {
        return with(nics.stream()
                .map(entry -> entry.isOf(nic) ? entry.madePromiscuous() : entry)
                .toList());
    }

    private Journal with(List<Entry> entries) {
        return new Journal(interfaceName, bootId, entries, pairs, programs, qdiscs);
    }

    /** The same, with these pairs. */
    Journal withPairs(List<Pair> others) {
        return new Journal(interfaceName, bootId, nics, others, programs, qdiscs);
    }

    /** The same, with these programs and qdiscs. */
    Journal withPrograms(List<Standing> standing, List<Integer> made) {
        return new Journal(interfaceName, bootId, nics, pairs, standing, made);
    }

    /** True where there is nothing to undo. */
    boolean isEmpty() {
        return nics.isEmpty() && pairs.isEmpty() && programs.isEmpty() && qdiscs.isEmpty();
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
        if (isEmpty()) {
            delete(directory);
        } else {
            write(directory);
        }
    }

    /** What will have to be restored of a NIC; {@code earlier}: what an earlier run wrote down about this very NIC. */
    interface Plan {
        Entry of(Nic nic, Optional<Entry> earlier) throws IOException;
    }

    /**
     * Writes down what will have to be restored. What an earlier run wrote down about the same NICs is kept to, and its
     * programs and pairs are carried over; what it had taken besides is put back.
     *
     * @throws InterceptException where that can't be
     */
    static Journal takeOver(String interfaceName, List<Nic> nics, Path directory, List<String> notes, Plan plan)
            throws IOException, InterceptException {
        List<Journal> earlier = new ArrayList<>();
        for (Path file : files(directory)) {
            Journal journal = read(file);
            if (journal.isOfThisBoot()) {
                earlier.add(journal);
            }
        }
        List<Entry> entries = new ArrayList<>();
        for (Nic nic : nics) {
            Optional<Entry> then = earlier.stream()
                    .flatMap(journal -> journal.entryOf(nic).stream())
                    .findFirst();
            then.ifPresent(
                    entry -> notes.add(nic.name() + ": an earlier run did not restore it: its journal is kept to"));
            entries.add(plan.of(nic, then));
        }
        Journal next = new Journal(interfaceName, currentBootId(), entries);
        for (Journal journal : earlier) {
            boolean same = journal.interfaceName().equals(interfaceName);
            if (same || journal.sharesNics(nics)) {
                next = next.with(journal.pairs, journal.programs, journal.qdiscs);
            }
            if (same) {
                for (Entry left : journal.without(nics).nics) {
                    Restored restored = Guard.restore(left);
                    if (!restored.faults().isEmpty()) {
                        throw new InterceptException(restored.faults());
                    }
                    notes.addAll(restored.lines());
                }
            }
        }
        next.write(directory);
        for (Journal other : earlier) {
            if (!other.interfaceName().equals(interfaceName) && other.sharesNics(nics)) {
                new Journal(other.interfaceName, other.bootId, other.without(nics).nics).writeOrDelete(directory);
            }
        }
        return next;
    }

    private boolean sharesNics(List<Nic> others) {
        return without(others).nics.size() < nics.size();
    }

    /** The same, and these besides: until those that are wanted stand, they keep the traffic back. */
    private Journal with(List<Pair> morePairs, List<Standing> morePrograms, List<Integer> moreQdiscs) {
        return new Journal(
                interfaceName,
                bootId,
                nics,
                Stream.concat(pairs.stream(), morePairs.stream()).distinct().toList(),
                Stream.concat(programs.stream(), morePrograms.stream())
                        .distinct()
                        .toList(),
                Stream.concat(qdiscs.stream(), moreQdiscs.stream()).distinct().toList());
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
