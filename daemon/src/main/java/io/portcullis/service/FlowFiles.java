package io.portcullis.service;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.TableMove;
import io.portcullis.conntrack.Timeouts;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.MappedFile;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flow tables of one interface, in files: {@code flows-NAME/0}, {@code 1}, … in {@code conntrack.directory}, one for each
 * worker, and {@code flows-NAME.lock}, which the daemon that uses them holds. Tables of another number of workers or of another
 * size are made anew beside the old ones, filled from them, and take their place in whole.
 */
final class FlowFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FlowFiles.class);

    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final String PREFIX = "flows-";
    private static final String NOTE = "flows";
    private static final String LOCK = ".lock";
    private static final String NEW = ".new";
    private static final String OLD = ".old";
    private static final String ASIDE = ".aside";
    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");
    private static final long MIB = 1 << 20;

    private final Path folder;
    private final FileChannel lock;
    private final List<FlowTable> tables;
    private final int seed;
    private final boolean found;

    private FlowFiles(Path folder, FileChannel lock, List<FlowTable> tables, int seed, boolean found) {
        this.folder = folder;
        this.lock = lock;
        this.tables = List.copyOf(tables);
        this.seed = seed;
        this.found = found;
    }

    /** Where the tables of an interface are. */
    static Path folder(Path directory, String interfaceName) {
        return directory.resolve(PREFIX + URLEncoder.encode(interfaceName, StandardCharsets.UTF_8));
    }

    /** How many flows the tables that an interface has here have room for; 0: it has none. Reads nothing but their sizes. */
    static long room(Path directory, String interfaceName) {
        try (Stream<Path> files = Files.list(folder(directory, interfaceName))) {
            long room = 0;
            for (Path file : files.toList()) {
                room += Math.max(0, (Files.size(file) - TableHeader.bytes(0)) / flowBytes());
            }
            return room;
        } catch (NoSuchFileException none) {
            return 0;
        } catch (IOException unreadable) {
            LOG.debug("{}: its flow tables can't be counted", interfaceName, unreadable);
            return 0;
        }
    }

    /** Bytes of a file that a flow takes. */
    static long flowBytes() {
        return TableHeader.bytes(1) - TableHeader.bytes(0);
    }

    /**
     * Opens the tables of an interface, with the flows that an earlier run has left.
     *
     * @param directory made where there is none
     * @param workers how many it has
     * @param stale true: its traffic has passed unguarded since, and the flows of back then say nothing any more
     * @throws StartException if there is no room, or somebody else uses them; then nothing has changed
     */
    static FlowFiles open(String interfaceName, Path directory, Policy policy, int workers, boolean stale)
            throws StartException {
        Path folder = folder(directory, interfaceName);
        FileChannel lock = null;
        boolean opened = false;
        try {
            makeDirectory(directory);
            if (!IN_MEMORY.contains(Files.getFileStore(directory).type())) {
                LOG.warn(
                        "{}: conntrack.directory {} is no tmpfs: every packet may come to wait for its disk",
                        interfaceName,
                        directory);
            }
            lock = lock(interfaceName, folder);
            UUID boot = UUID.fromString(Files.readString(BOOT_ID).strip());
            FlowFiles files = new Opening(interfaceName, folder, policy, workers, boot, stale).open(lock);
            opened = true;
            return files;
        } catch (IOException e) {
            throw new StartException(List.of(interfaceName + ": conntrack.directory " + directory + ": " + reason(e)));
        } finally {
            if (!opened && lock != null) {
                release(lock);
            }
        }
    }

    private static String reason(IOException e) {
        return e instanceof ErrnoException ? String.valueOf(e.getMessage()) : e.toString();
    }

    private static void makeDirectory(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
        }
    }

    private static FileChannel lock(String interfaceName, Path folder) throws IOException, StartException {
        Path file = folder.resolveSibling(folder.getFileName() + LOCK);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (!isTaken(channel)) {
            channel.close();
            throw new StartException(
                    List.of(
                            interfaceName + ": another portcullis uses its flow tables in "
                                    + folder.getParent()
                                    + " (an interface of the same name): give one of them another name or another conntrack.directory"));
        }
        return channel;
    }

    private static void release(FileChannel lock) {
        try {
            lock.close();
        } catch (IOException e) {
            LOG.debug("a lock is not closed", e);
        }
    }

    /** The tables, in the order of the workers. */
    List<FlowTable> tables() {
        return tables;
    }

    /** Of {@link io.portcullis.packet.AddressPair}: by it the flows are shared out. */
    int seed() {
        return seed;
    }

    /** True: there were tables, if empty ones. */
    boolean found() {
        return found;
    }

    /** How many flows they have room for together. */
    long room() {
        return tables.stream().mapToLong(FlowTable::capacity).sum();
    }

    /** Leaves the files to whoever comes next. The workers have ended. */
    @Override
    public void close() {
        release(lock);
    }

    /** Removes the files: the interface is not guarded any more. The workers have ended. */
    void delete() {
        delete(folder);
        close();
    }

    /** Writes down, among the rest of a daemon's state, where its tables are. */
    static void note(Path stateFolder, Path directory) throws IOException {
        makeDirectory(stateFolder);
        Files.writeString(stateFolder.resolve(NOTE), directory.toString());
    }

    static void removeAll(Path stateFolder) throws IOException {
        Path note = stateFolder.resolve(NOTE);
        if (!Files.exists(note)) {
            return;
        }
        Path directory = Path.of(Files.readString(note));
        List<Path> folders = List.of();
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                folders = files.filter(file -> file.getFileName().toString().startsWith(PREFIX))
                        .filter(Files::isDirectory)
                        .toList();
            }
        }
        for (Path folder : folders) {
            removeUnused(folder);
        }
        Files.delete(note);
    }

    /** Removes tables that no daemon uses: another one may have its own in the same directory. */
    private static void removeUnused(Path folder) throws IOException {
        Path lock = folder.resolveSibling(folder.getFileName() + LOCK);
        if (!Files.exists(lock)) {
            // No daemon has made it.
            return;
        }
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (isTaken(channel)) {
                delete(folder);
            }
        }
    }

    /** False: another daemon, or another interface of this one, has it. */
    private static boolean isTaken(FileChannel lock) throws IOException {
        try {
            return lock.tryLock() != null;
        } catch (OverlappingFileLockException ours) {
            LOG.debug("locked by this process", ours);
            return false;
        }
    }

    private static void delete(Path folder) {
        try {
            deleteFolder(folder);
            Files.deleteIfExists(folder.resolveSibling(folder.getFileName() + LOCK));
        } catch (IOException e) {
            LOG.warn("flow tables in {} are not removed: {}", folder, e.toString());
        }
    }

    private static void deleteFolder(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** One opening, step by step. */
    private record Opening(String interfaceName, Path folder, Policy policy, int workers, UUID boot, boolean stale) {

        FlowFiles open(FileChannel lock) throws IOException, StartException {
            finishInterrupted();
            if (stale && Files.exists(folder)) {
                LOG.info("{}: its traffic has passed unguarded: the flows of before are forgotten", interfaceName);
                deleteFolder(folder);
            }
            List<TableMove.Table> before = read();
            int perWorker = perWorker();
            boolean fits = before.size() == workers;
            for (int i = 0; fits && i < workers; i++) {
                TableHeader header = before.get(i).header();
                fits = header.worker() == i
                        && header.workers() == workers
                        && header.entries() == perWorker
                        && header.seed() == before.getFirst().header().seed();
            }
            List<TableMove.Table> now = fits ? before : renew(before, perWorker);
            long beganNs = System.nanoTime();
            List<FlowTable> tables = new ArrayList<>();
            int flows = 0;
            int expired = 0;
            int damaged = 0;
            for (TableMove.Table table : now) {
                FlowTable flowTable = new FlowTable(
                        table.memory(), table.header(), perWorker, new Timeouts(policy::timeoutNs), System.nanoTime());
                if (!before.isEmpty()) {
                    FlowTable.Recovery recovery = flowTable.recover(System.nanoTime());
                    flows += recovery.flows();
                    expired += recovery.expired();
                    damaged += recovery.damaged();
                }
                tables.add(flowTable);
            }
            if (!before.isEmpty()) {
                LOG.info(
                        "{}: {} flows go on; {} have expired meanwhile ({} ms)",
                        interfaceName,
                        flows,
                        expired,
                        (System.nanoTime() - beganNs) / 1_000_000);
            }
            if (damaged > 0) {
                LOG.warn("{}: {} entries of its flow tables were damaged, and are no flows", interfaceName, damaged);
            }
            return new FlowFiles(folder, lock, tables, now.getFirst().header().seed(), !before.isEmpty());
        }

        private int perWorker() throws StartException {
            long each = Math.max(1, policy.maxFlows() / workers);
            long derived = each * workers * FlowTable.DERIVED_BYTES;
            if (each > TableHeader.MOST_ENTRIES) {
                throw new StartException(List.of(String.format(
                        "%s: conntrack.max-flows %,d with %d workers: a worker has at most %,d",
                        interfaceName, policy.maxFlows(), workers, TableHeader.MOST_ENTRIES)));
            }
            if (derived > Runtime.getRuntime().maxMemory() / 2) {
                throw new StartException(List.of(String.format(
                        "%s: conntrack.max-flows %,d takes %,d MiB of the heap, which has %,d MiB: lower it, or give"
                                + " more with PORTCULLIS_JAVA_OPTS=-Xmx",
                        interfaceName,
                        policy.maxFlows(),
                        derived / MIB,
                        Runtime.getRuntime().maxMemory() / MIB)));
            }
            return (int) each;
        }

        private Path sibling(String suffix) {
            return folder.resolveSibling(folder.getFileName() + suffix);
        }

        /** A run that ended while it put new tables in the place of old ones: the old ones are whole. */
        private void finishInterrupted() throws IOException {
            if (!Files.exists(folder) && Files.exists(sibling(OLD))) {
                Files.move(sibling(OLD), folder, StandardCopyOption.ATOMIC_MOVE);
            }
            deleteFolder(sibling(OLD));
            deleteFolder(sibling(NEW));
        }

        /** The tables that are there, in the order of their workers; what can't be read is put aside. */
        private List<TableMove.Table> read() throws IOException {
            List<TableMove.Table> tables = new ArrayList<>();
            if (!Files.isDirectory(folder)) {
                return tables;
            }
            List<Path> files;
            try (Stream<Path> listed = Files.list(folder)) {
                files = listed.toList();
            }
            for (Path file : files) {
                Optional<String> fault = read(file, tables);
                if (fault.isPresent()) {
                    Path aside = sibling("-" + file.getFileName() + ASIDE);
                    Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
                    LOG.warn(
                            "{}: {} is put aside as {}: {}; its flows are not known any more",
                            interfaceName,
                            file,
                            aside,
                            fault.get());
                }
            }
            tables.sort(Comparator.comparingInt(table -> table.header().worker()));
            return tables;
        }

        private Optional<String> read(Path file, List<TableMove.Table> tables) throws IOException {
            if (!Files.isRegularFile(file) || Files.size(file) < TableHeader.bytes(1)) {
                return Optional.of("it is no flow table");
            }
            try {
                MemorySegment memory = MappedFile.open(file, Files.size(file));
                TableHeader header = TableHeader.read(memory);
                if (!header.boot().equals(boot)) {
                    return Optional.of("it is from before the last boot");
                }
                if (!header.interfaceName().equals(interfaceName)) {
                    return Optional.of("it is of interface " + header.interfaceName());
                }
                tables.add(new TableMove.Table(header, memory));
                return Optional.empty();
            } catch (TableHeader.UnknownTable unknown) {
                return Optional.of(String.valueOf(unknown.getMessage()));
            }
        }

        private List<TableMove.Table> renew(List<TableMove.Table> before, int perWorker)
                throws IOException, StartException {
            SecureRandom random = new SecureRandom();
            int seed = before.isEmpty()
                    ? random.nextInt()
                    : before.getFirst().header().seed();
            Path fresh = sibling(NEW);
            Files.createDirectory(
                    fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            List<TableMove.Table> tables = new ArrayList<>();
            boolean made = false;
            try {
                for (int worker = 0; worker < workers; worker++) {
                    TableHeader header = new TableHeader(
                            perWorker,
                            random.nextLong(),
                            random.nextLong(),
                            boot,
                            interfaceName,
                            worker,
                            workers,
                            seed);
                    MemorySegment memory =
                            MappedFile.create(fresh.resolve(Integer.toString(worker)), TableHeader.bytes(perWorker));
                    header.writeTo(memory);
                    tables.add(new TableMove.Table(header, memory));
                }
                made = true;
            } catch (ErrnoException e) {
                throw new StartException(List.of(String.format(
                        "%s: conntrack.directory %s has no room for %,d MiB of flows (max-flows %,d, %d bytes each)%s: %s;"
                                + " lower conntrack.max-flows, or make the tmpfs larger",
                        interfaceName,
                        folder.getParent(),
                        TableHeader.bytes(perWorker) * workers / MIB,
                        policy.maxFlows(),
                        flowBytes(),
                        before.isEmpty() ? "" : " beside the " + before.size() + " tables of before",
                        e.getMessage())));
            } finally {
                if (!made) {
                    deleteFolder(fresh);
                }
            }
            if (!before.isEmpty()) {
                int left = TableMove.copy(before, tables, System.nanoTime());
                LOG.info(
                        "{}: flows of {} workers are shared out among {}{}",
                        interfaceName,
                        before.size(),
                        workers,
                        left == 0 ? "" : "; " + left + " had no room");
            }
            if (Files.exists(folder)) {
                Files.move(folder, sibling(OLD), StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
            deleteFolder(sibling(OLD));
            return tables;
        }
    }
}
