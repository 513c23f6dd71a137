package io.portcullis.flowstore;

import io.portcullis.conntrack.TableHeader;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.FileName;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of an interface's flow tables in {@code conntrack.directory}: their names, and the operations on them. The tables are
 * in the folder {@code flows-NAME}. Next to it are {@code flows-NAME.lock}; {@code .new} and {@code .old} during a replacement; and
 * {@code flows-NAME.0.aside}, a table that could not be used. NAME has no dot ({@link FileName}), so no interface's folder has the
 * name of another interface's lock.
 */
public record TableFolder(Path directory, String interfaceName) {
    private static final Logger LOG = LoggerFactory.getLogger(TableFolder.class);

    private static final String PREFIX = "flows-";
    private static final String LOCK = ".lock";
    private static final String NEW = ".new";
    private static final String OLD = ".old";
    private static final String ASIDE = ".aside";
    private static final Pattern WORKER = Pattern.compile("[0-9]{1,3}");
    private static final int MAX_ASIDE = 2;
    private static final Duration ASIDE_AGE = Duration.ofDays(7);

    /** Bytes of an interface's name in a table's header, which has 432. */
    private static final int MAX_LABEL = 400;

    /** The folder with the tables. */
    Path path() {
        return directory.resolve(name());
    }

    private String name() {
        return PREFIX + FileName.of(interfaceName);
    }

    private Path sibling(String suffix) {
        return directory.resolve(name() + suffix);
    }

    /** The lock file, held by the daemon that uses the tables. */
    Path lock() {
        return sibling(LOCK);
    }

    /** The interface's name in the headers of its tables. */
    String label() {
        return interfaceName.getBytes(StandardCharsets.UTF_8).length <= MAX_LABEL
                ? interfaceName
                : FileName.of(interfaceName);
    }

    /**
     * Creates the directory if it does not exist.
     *
     * @throws IOException if it can't be used or others may write to it; the message has the cause
     */
    void prepare() throws IOException {
        TrustedFolder.make(directory);
        demandTrust(directory);
        if (Files.exists(path(), LinkOption.NOFOLLOW_LINKS)) {
            if (!Files.isDirectory(path(), LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException(path() + ": not a folder");
            }
            demandTrust(path());
        }
    }

    static void demandTrust(Path file) throws IOException {
        Optional<String> fault = TrustedFolder.fault(file);
        if (fault.isPresent()) {
            throw new IOException(fault.get());
        }
    }

    /** False: the directory exists, and others may write to it. */
    public static boolean isTrusted(Path directory) {
        try {
            return !Files.exists(directory) || TrustedFolder.fault(directory).isEmpty();
        } catch (IOException unreadable) {
            LOG.debug("{} can't be checked", directory, unreadable);
            return false;
        }
    }

    /** Number of entries of the existing tables; 0: there are no tables, or others may write to them. */
    long entries() {
        try {
            demandTrust(directory);
            demandTrust(path());
            long entries = 0;
            for (Path file : files()) {
                entries += entries(file);
            }
            return entries;
        } catch (NoSuchFileException none) {
            return 0;
        } catch (IOException unreadable) {
            LOG.debug("{}: its flow tables can't be counted", interfaceName, unreadable);
            return 0;
        }
    }

    private static long entries(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) < TableHeader.bytes(0)) {
            return 0;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
                Arena arena = Arena.ofConfined()) {
            MemorySegment begin = channel.map(FileChannel.MapMode.READ_ONLY, 0, TableHeader.BEGIN_BYTES, arena);
            return TableHeader.entries(begin, channel.size());
        }
    }

    /** The files of the tables, in no order; empty if the folder does not exist. */
    List<Path> files() throws IOException {
        return list(path());
    }

    private static List<Path> list(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    /** Cleans up after a run that ended during {@link #replace}: the old tables are whole. */
    void finishInterrupted() throws IOException {
        if (!Files.exists(path()) && Files.exists(sibling(OLD))) {
            Files.move(sibling(OLD), path(), StandardCopyOption.ATOMIC_MOVE);
        }
        delete(sibling(OLD));
        delete(sibling(NEW));
    }

    /** Creates an empty folder for new tables. */
    Path makeFresh() throws IOException {
        delete(sibling(NEW));
        return Files.createDirectory(
                sibling(NEW), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /** Removes the folder of {@link #makeFresh}. */
    void deleteFresh() throws IOException {
        delete(sibling(NEW));
    }

    /** Replaces the tables, if any, with the new ones. */
    void replace() throws IOException {
        if (Files.exists(path())) {
            Files.move(path(), sibling(OLD), StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(sibling(NEW), path(), StandardCopyOption.ATOMIC_MOVE);
        try {
            delete(sibling(OLD));
        } catch (IOException left) {
            LOG.warn("{}: its old flow tables are not removed: {}", interfaceName, FileFault.text(left));
        }
    }

    /** Removes the tables, with old and new ones of an interrupted replacement. */
    void deleteTables() throws IOException {
        for (String suffix : List.of("", OLD, NEW)) {
            delete(sibling(suffix));
        }
    }

    /** Moves a file that is not one of our tables aside, for the operator. */
    Path putAside(Path file) throws IOException {
        String name = file.getFileName().toString();
        String number = WORKER.matcher(name).matches()
                ? name
                : FileName.sha256(name.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
        Path aside = sibling("." + number + ASIDE);
        delete(aside);
        Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE);
        if (Files.isRegularFile(aside, LinkOption.NOFOLLOW_LINKS)) {
            Files.setLastModifiedTime(aside, FileTime.from(Instant.now()));
        }
        return aside;
    }

    /** Removes files that were put aside more than a week ago, and all but the last two. */
    void removeOldAsides() throws IOException {
        List<Path> asides = asides();
        Instant weekAgo = Instant.now().minus(ASIDE_AGE);
        for (int i = 0; i < asides.size(); i++) {
            if (i >= MAX_ASIDE || modified(asides.get(i)).toInstant().isBefore(weekAgo)) {
                removeAside(asides.get(i));
            }
        }
    }

    /** Removes all files that were put aside, to free space. False: there were none. */
    boolean removeAsides() throws IOException {
        List<Path> asides = asides();
        for (Path aside : asides) {
            removeAside(aside);
        }
        return !asides.isEmpty();
    }

    private void removeAside(Path aside) throws IOException {
        delete(aside);
        LOG.info("{}: {}, put aside earlier, is removed", interfaceName, aside);
    }

    /** The files that were put aside, latest first; with those that version 0.1 named with a hyphen. */
    private List<Path> asides() throws IOException {
        Pattern pattern = Pattern.compile(Pattern.quote(name()) + "(\\.[^.]+|-[0-9]+)" + Pattern.quote(ASIDE));
        List<Path> asides = new ArrayList<>();
        for (Path file : list(directory)) {
            if (pattern.matcher(file.getFileName().toString()).matches()) {
                asides.add(file);
            }
        }
        asides.sort(Comparator.comparing(TableFolder::modified).reversed().thenComparing(Comparator.naturalOrder()));
        return asides;
    }

    private static FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException gone) {
            LOG.debug("{} has no readable time", file, gone);
            return FileTime.from(Instant.EPOCH);
        }
    }

    /** Renames folders of version 0.1, which encoded the names of interfaces in another way. */
    void renameFoldersOfVersion01() throws IOException {
        for (Path folder : list(directory)) {
            String name = folder.getFileName().toString();
            if (!name.startsWith(PREFIX) || !Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                continue;
            }
            Optional<String> owner = owner(folder);
            if (owner.isEmpty() || !name.equals(PREFIX + URLEncoder.encode(owner.get(), StandardCharsets.UTF_8))) {
                continue;
            }
            Path today = new TableFolder(directory, owner.get()).path();
            if (!Files.exists(today)) {
                Files.move(folder, today, StandardCopyOption.ATOMIC_MOVE);
                LOG.info("{}: its flow tables are now in {}", owner.get(), today);
            }
        }
    }

    /** The interface of a folder with a name of version 0.1; empty: the name is of this version, or no table names one. */
    private static Optional<String> owner(Path folder) throws IOException {
        String name = folder.getFileName().toString();
        if (name.equals(PREFIX + FileName.of(name.substring(PREFIX.length())))) {
            return Optional.empty();
        }
        for (Path file : list(folder)) {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                continue;
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                    Arena arena = Arena.ofConfined()) {
                MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
                return Optional.of(TableHeader.read(memory).interfaceName());
            } catch (TableHeader.UnknownTable unknown) {
                LOG.debug("{} names no interface", file, unknown);
            }
        }
        return Optional.empty();
    }

    /** Removes the tables and the lock, which is held; files that were put aside stay. */
    void delete() {
        try {
            deleteTables();
            delete(lock());
        } catch (IOException e) {
            LOG.warn("flow tables in {} are not removed: {}", path(), FileFault.text(e));
        }
    }

    private static void delete(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> files = Files.walk(file)) {
            for (Path inside : files.sorted(Comparator.reverseOrder()).toList()) {
                freeSpace(inside);
                Files.delete(inside);
            }
        }
    }

    /** Frees the space of a file now: this process may keep it mapped until the garbage collector unmaps it. */
    private static void freeSpace(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) == 0) {
            return;
        }
        try {
            MappedFile.giveBack(file, Files.size(file));
        } catch (ErrnoException refused) {
            LOG.debug("the space of {} is freed when no process has it mapped", file, refused);
        }
    }

    /**
     * Removes the tables of all interfaces that no daemon uses; another daemon may have tables in the same directory.
     *
     * @throws IOException if others may write to the directory, so that its names are not trusted
     */
    static void removeUnused(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        demandTrust(directory);
        Set<String> names = new TreeSet<>();
        for (Path file : list(directory)) {
            String name = file.getFileName().toString();
            if (name.startsWith(PREFIX)) {
                names.add(name.split("\\.", 2)[0]);
            }
        }
        for (String name : names) {
            removeUnused(directory, name);
        }
    }

    private static void removeUnused(Path directory, String name) throws IOException {
        Path lock = directory.resolve(name + LOCK);
        if (!Files.isRegularFile(lock, LinkOption.NOFOLLOW_LINKS)) {
            // A daemon creates a lock first.
            return;
        }
        Optional<FileLock> taken = FileLock.take(lock, "detach");
        if (taken.isEmpty()) {
            return;
        }
        try (FileLock _ = taken.get()) {
            for (String suffix : List.of("", OLD, NEW, LOCK)) {
                delete(directory.resolve(name + suffix));
            }
        }
    }
}
