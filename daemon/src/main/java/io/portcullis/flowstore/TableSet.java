package io.portcullis.flowstore;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.Recovery;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flow tables of one interface, one per worker, in files ({@link TableFolder}). If the files or their directory can't be used,
 * the tables are in memory and end with the process.
 */
public final class TableSet implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TableSet.class);

    /** The file of a daemon's state that names conntrack.directory. */
    private static final String DIRECTORY_NOTE = "flows";

    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");

    private final TableFolder folder;
    private final @Nullable FileLock lock;
    private final List<FlowTable> tables;
    private final List<FlowReader> readers;
    private final int seed;
    private final boolean found;
    private final Optional<String> trouble;

    private TableSet(TableFolder folder, @Nullable FileLock lock, TableOpening.Tables opened, List<FlowTable> tables) {
        this.folder = folder;
        this.lock = lock;
        this.tables = List.copyOf(tables);
        this.readers = IntStream.range(0, tables.size())
                .mapToObj(i -> new FlowReader(opened.tables().get(i).memory(), tables.get(i)::used))
                .toList();
        this.seed = opened.tables().getFirst().header().seed();
        this.found = opened.found();
        this.trouble = opened.trouble();
    }

    /** The folder with the tables of an interface. */
    static Path folder(Path directory, String interfaceName) {
        return new TableFolder(directory, interfaceName).path();
    }

    /**
     * The number of entries in an interface's tables; 0: it has no tables, or their owner is not trusted. Reads only the
     * headers of the files.
     */
    public static long capacity(Path directory, String interfaceName) {
        return new TableFolder(directory, interfaceName).entries();
    }

    /** Bytes per flow in a file. */
    public static long flowBytes() {
        return TableHeader.bytes(1) - TableHeader.bytes(0);
    }

    /**
     * Opens the tables of an interface with the flows of an earlier run. If the directory can't be used (full, read-only, or
     * writable by others), the tables are in memory, and {@link #trouble} has the cause.
     *
     * @param directory created if it does not exist
     * @param maxFlows of all its tables together
     * @param timeouts of the tables
     * @param workers number of workers
     * @param stale true: traffic has passed unguarded since the earlier run, so its flows are dropped
     * @throws TableException if there is no memory either, or another daemon uses the tables; then nothing has changed
     */
    public static TableSet open(
            String interfaceName, Path directory, long maxFlows, FlowTimeouts timeouts, int workers, boolean stale)
            throws TableException {
        return open(interfaceName, directory, maxFlows, timeouts, workers, stale, _ -> {});
    }

    /** As the other one. {@code beforeRecovery}: gets each table before it reads the flows of an earlier run. */
    public static TableSet open(
            String interfaceName,
            Path directory,
            long maxFlows,
            FlowTimeouts timeouts,
            int workers,
            boolean stale,
            Consumer<FlowTable> beforeRecovery)
            throws TableException {
        TableFolder folder = new TableFolder(directory, interfaceName);
        TableOpening opening = TableOpening.of(folder, maxFlows, workers);
        FileLock lock = null;
        boolean done = false;
        try {
            TableOpening.Tables opened;
            try {
                folder.prepare();
                lock = lock(folder);
                warnOfDisk(interfaceName, directory);
                opened = opening.inFiles(stale);
            } catch (IOException e) {
                opened = opening.inMemory("conntrack.directory " + directory + " can't be used: " + FileFault.text(e));
            }
            opened.trouble()
                    .ifPresent(why -> LOG.warn(
                            "{}: its flow tables are in memory, and its connections end with this process: {}",
                            interfaceName,
                            why));
            TableSet tables =
                    new TableSet(folder, lock, opened, flowTables(interfaceName, timeouts, opened, beforeRecovery));
            done = true;
            return tables;
        } finally {
            if (!done && lock != null) {
                lock.close();
            }
        }
    }

    private static void warnOfDisk(String interfaceName, Path directory) throws IOException {
        if (!IN_MEMORY.contains(Files.getFileStore(directory).type())) {
            LOG.warn(
                    "{}: conntrack.directory {} is not a tmpfs: packets may have to wait for its disk",
                    interfaceName,
                    directory);
        }
    }

    private static FileLock lock(TableFolder folder) throws IOException, TableException {
        String holder = "pid " + ProcessHandle.current().pid();
        FileLock taken = FileLock.take(folder.lock(), holder)
                .orElseThrow(
                        () -> new TableException(
                                List.of(
                                        folder.interfaceName() + ": another portcullis uses its flow tables in "
                                                + folder.directory()
                                                + " (an interface of the same name): give one of them another name or another conntrack.directory")));
        boolean trusted = false;
        try {
            TableFolder.demandTrust(folder.lock());
            trusted = true;
            return taken;
        } finally {
            if (!trusted) {
                taken.close();
            }
        }
    }

    private static List<FlowTable> flowTables(
            String interfaceName, FlowTimeouts timeouts, TableOpening.Tables opened, Consumer<FlowTable> beforeRecovery)
            throws TableException {
        long beganNs = System.nanoTime();
        List<FlowTable> tables = new ArrayList<>();
        int flows = 0;
        int expired = 0;
        int damaged = 0;
        for (TableMove.Table table : opened.tables()) {
            FlowTable flowTable = new FlowTable(
                    table.memory(),
                    derived(interfaceName, table.header().entries()),
                    table.header(),
                    table.header().entries(),
                    timeouts,
                    System.nanoTime());
            beforeRecovery.accept(flowTable);
            if (opened.found()) {
                Recovery recovery = flowTable.recover(System.nanoTime());
                flows += recovery.flows();
                expired += recovery.expired();
                damaged += recovery.damaged();
                releasePages(table, opened);
            }
            tables.add(flowTable);
        }
        if (opened.found()) {
            LOG.info(
                    "{}: {} flows go on; {} have expired meanwhile ({} ms)",
                    interfaceName,
                    flows,
                    expired,
                    (System.nanoTime() - beganNs) / 1_000_000);
        }
        if (damaged > 0) {
            LOG.warn("{}: {} entries of its flow tables are damaged and are not used", interfaceName, damaged);
        }
        return tables;
    }

    private static MemorySegment derived(String interfaceName, int entries) throws TableException {
        try {
            return MappedFile.anonymous(FlowTable.derivedBytes(entries));
        } catch (ErrnoException refused) {
            throw new TableException(List.of(interfaceName + ": no memory to find the flows of its tables: "
                    + refused.getMessage() + ": lower conntrack.max-flows"));
        }
    }

    /** Releases the pages that the recovery has read: most entries may be unused. */
    private static void releasePages(TableMove.Table table, TableOpening.Tables opened) {
        if (opened.trouble().isPresent()) {
            // Without a file, released pages would be lost.
            return;
        }
        try {
            MappedFile.letGo(table.memory());
        } catch (ErrnoException refused) {
            LOG.debug("a flow table stays resident", refused);
        }
    }

    /** The tables, in the order of the workers. */
    public List<FlowTable> tables() {
        return tables;
    }

    /** Readers of the tables, in the same order, for any thread. */
    public List<FlowReader> readers() {
        return readers;
    }

    /** The seed of {@link io.portcullis.packet.AddressPair}, which assigns flows to workers. */
    public int seed() {
        return seed;
    }

    /** True: tables of an earlier run were found, perhaps without flows. */
    public boolean found() {
        return found;
    }

    /** Why the flows end with the process, for users; empty: the flows outlive it. */
    public Optional<String> trouble() {
        return trouble;
    }

    /** Number of entries of all tables. */
    public long capacity() {
        return tables.stream().mapToLong(FlowTable::capacity).sum();
    }

    /** Leaves the files to the next process. The workers have ended. */
    @Override
    public void close() {
        if (lock != null) {
            lock.close();
        }
    }

    /** Removes the files, for an interface that is no longer guarded. The workers have ended. */
    public void delete() {
        if (lock != null) {
            folder.delete();
            lock.close();
        }
    }

    /** Writes the directory of the tables to a daemon's state folder. */
    public static void note(Path stateFolder, Path directory) throws IOException {
        TrustedFolder.make(stateFolder);
        Path fresh = stateFolder.resolve(DIRECTORY_NOTE + ".new");
        Files.writeString(fresh, directory.toString());
        Files.move(fresh, stateFolder.resolve(DIRECTORY_NOTE), StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Removes the tables of a daemon that has ended.
     *
     * @throws IOException if the state belongs to another user, or the directory can't be read
     */
    static void removeAll(Path stateFolder) throws IOException {
        Path note = stateFolder.resolve(DIRECTORY_NOTE);
        if (!Files.exists(note)) {
            return;
        }
        TableFolder.demandTrust(stateFolder);
        TableFolder.demandTrust(note);
        Path directory = Path.of(Files.readString(note));
        if (!directory.isAbsolute()) {
            throw new IOException(note + " does not name a folder: " + directory);
        }
        TableFolder.removeUnused(directory);
        Files.delete(note);
    }
}
