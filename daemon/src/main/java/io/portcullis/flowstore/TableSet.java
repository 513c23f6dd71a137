package io.portcullis.flowstore;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.Recovery;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The flow tables of one interface, in files ({@link TableFolder}), one for each worker. Whatever is wrong with the files or
 * their directory, there are tables: then they are in memory, and end with the process.
 */
public final class TableSet implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TableSet.class);

    private static final String NOTE = "flows";
    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");

    private final TableFolder folder;
    private final @Nullable FileLock lock;
    private final List<FlowTable> tables;
    private final int seed;
    private final boolean found;
    private final Optional<String> trouble;

    private TableSet(TableFolder folder, @Nullable FileLock lock, TableOpening.Tables opened, List<FlowTable> tables) {
        this.folder = folder;
        this.lock = lock;
        this.tables = List.copyOf(tables);
        this.seed = opened.tables().getFirst().header().seed();
        this.found = opened.found();
        this.trouble = opened.trouble();
    }

    /** Where the tables of an interface are. */
    static Path folder(Path directory, String interfaceName) {
        return new TableFolder(directory, interfaceName).path();
    }

    /**
     * How many flows the tables that an interface has here have room for; 0: it has none, or none to be believed. Reads nothing
     * but their sizes.
     */
    public static long room(Path directory, String interfaceName) {
        return new TableFolder(directory, interfaceName).room();
    }

    /** Bytes of a file that a flow takes. */
    public static long flowBytes() {
        return TableHeader.bytes(1) - TableHeader.bytes(0);
    }

    /**
     * Opens the tables of an interface, with the flows that an earlier run has left. Where the directory can't be used, because
     * it is full, read-only, or not ours alone, they are in memory, and {@link #trouble} says why.
     *
     * @param directory made where there is none
     * @param maxFlows of all its tables together
     * @param timeouts of new tables
     * @param workers how many it has
     * @param stale true: its traffic has passed unguarded since, and the flows of back then say nothing any more
     * @throws TableException if there is no memory either, or another daemon uses them; then nothing has changed
     */
    public static TableSet open(
            String interfaceName, Path directory, long maxFlows, FlowTimeouts timeouts, int workers, boolean stale)
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
            TableSet files = new TableSet(folder, lock, opened, flowTables(interfaceName, timeouts, opened));
            done = true;
            return files;
        } finally {
            if (!done && lock != null) {
                lock.close();
            }
        }
    }

    private static void warnOfDisk(String interfaceName, Path directory) throws IOException {
        if (!IN_MEMORY.contains(Files.getFileStore(directory).type())) {
            LOG.warn(
                    "{}: conntrack.directory {} is no tmpfs: every packet may come to wait for its disk",
                    interfaceName,
                    directory);
        }
    }

    private static FileLock lock(TableFolder folder) throws IOException, TableException {
        String words = "pid " + ProcessHandle.current().pid();
        FileLock taken = FileLock.take(folder.lock(), words)
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

    private static List<FlowTable> flowTables(String interfaceName, FlowTimeouts timeouts, TableOpening.Tables opened) {
        long beganNs = System.nanoTime();
        List<FlowTable> tables = new ArrayList<>();
        int flows = 0;
        int expired = 0;
        int damaged = 0;
        for (TableMove.Table table : opened.tables()) {
            FlowTable flowTable = new FlowTable(
                    table.memory(), table.header(), table.header().entries(), timeouts, System.nanoTime());
            if (opened.found()) {
                Recovery recovery = flowTable.recover(System.nanoTime());
                flows += recovery.flows();
                expired += recovery.expired();
                damaged += recovery.damaged();
                letGo(table, opened);
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
            LOG.warn("{}: {} entries of its flow tables were damaged, and are no flows", interfaceName, damaged);
        }
        return tables;
    }

    /** All of it has been looked at, and most of it may be free. */
    private static void letGo(TableMove.Table table, TableOpening.Tables opened) {
        if (opened.trouble().isPresent()) {
            // It is no file: what is let go is lost.
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

    /** Of {@link io.portcullis.packet.AddressPair}: by it the flows are shared out. */
    public int seed() {
        return seed;
    }

    /** True: there were tables, if empty ones. */
    public boolean found() {
        return found;
    }

    /** Why the flows end with the process, for people; empty: they outlive it. */
    public Optional<String> trouble() {
        return trouble;
    }

    /** How many flows they have room for together. */
    public long room() {
        return tables.stream().mapToLong(FlowTable::capacity).sum();
    }

    /** Leaves the files to whoever comes next. The workers have ended. */
    @Override
    public void close() {
        if (lock != null) {
            lock.close();
        }
    }

    /** Removes the files: the interface is not guarded any more. The workers have ended. */
    public void delete() {
        if (lock != null) {
            folder.delete();
            lock.close();
        }
    }

    /** Writes down, among the rest of a daemon's state, where its tables are. */
    public static void note(Path stateFolder, Path directory) throws IOException {
        TrustedFolder.make(stateFolder);
        Path fresh = stateFolder.resolve(NOTE + ".new");
        Files.writeString(fresh, directory.toString());
        Files.move(fresh, stateFolder.resolve(NOTE), StandardCopyOption.ATOMIC_MOVE);
    }

    /**
     * Removes the tables of a daemon that has ended.
     *
     * @throws IOException where its state is that of another user, or the directory can't be read
     */
    static void removeAll(Path stateFolder) throws IOException {
        Path note = stateFolder.resolve(NOTE);
        if (!Files.exists(note)) {
            return;
        }
        TableFolder.demandTrust(stateFolder);
        TableFolder.demandTrust(note);
        Path directory = Path.of(Files.readString(note));
        if (!directory.isAbsolute()) {
            throw new IOException(note + " names no folder: " + directory);
        }
        TableFolder.removeUnused(directory);
        Files.delete(note);
    }
}
