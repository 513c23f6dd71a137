package io.portcullis.flowstore;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.linux.BootId;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.Meminfo;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens flow tables. Existing tables are used if their number and size fit. Otherwise new tables are created next to them, filled
 * from them, and replace them as a whole. If the directory has no space for both, the flows are copied by way of memory. If it has no
 * space for the new tables alone, the flows stay in memory.
 *
 * @param perWorker number of entries of each worker's table
 */
record TableOpening(TableFolder folder, int workers, int perWorker) {
    private static final Logger LOG = LoggerFactory.getLogger(TableOpening.class);

    private static final long MIB = 1 << 20;

    /**
     * The tables that were opened.
     *
     * @param tables in the order of the workers
     * @param found true: tables of an earlier run were found, whose flows are in these
     * @param trouble why the tables are in memory; empty: they are in files
     */
    record Tables(List<TableMove.Table> tables, boolean found, Optional<String> trouble) {}

    /** An existing table; its memory is valid as long as its arena. */
    private record Found(Path file, TableMove.Table table) {}

    private interface Memory {
        MemorySegment of(int worker) throws IOException;
    }

    /**
     * Prepares the opening of one table per worker.
     *
     * @throws TableException if so many flows are too many for a table, or for the heap
     */
    static TableOpening of(TableFolder folder, long maxFlows, int workers) throws TableException {
        String interfaceName = folder.interfaceName();
        long perWorker = Math.max(1, maxFlows / workers);
        long inHeap = perWorker * workers * FlowTable.HEAP_BYTES;
        if (perWorker > TableHeader.MAX_ENTRIES) {
            throw new TableException(List.of(String.format(
                    "%s: conntrack.max-flows %,d with %d workers: a worker has at most %,d",
                    interfaceName, maxFlows, workers, TableHeader.MAX_ENTRIES)));
        }
        if (inHeap > Runtime.getRuntime().maxMemory() / 2) {
            throw new TableException(List.of(String.format(
                    "%s: conntrack.max-flows %,d takes %,d MiB of the heap, which has %,d MiB: lower it, or give"
                            + " more with PORTCULLIS_JAVA_OPTS=-Xmx",
                    interfaceName, maxFlows, inHeap / MIB, Runtime.getRuntime().maxMemory() / MIB)));
        }
        return new TableOpening(folder, workers, (int) perWorker);
    }

    private long bytes() {
        return TableHeader.bytes(perWorker) * workers;
    }

    /**
     * Tables without files.
     *
     * @param why for users
     * @throws TableException if there is no memory either
     */
    Tables inMemory(String why) throws TableException {
        return new Tables(memoryTables(OptionalInt.empty(), why), false, Optional.of(why));
    }

    /**
     * Tables in the folder, whose lock is held; if the folder has no space, tables in memory with the flows of the folder.
     *
     * @param stale true: drops the flows in the folder
     * @throws IOException if the folder can't be used
     * @throws TableException if there is no memory either
     */
    Tables inFiles(boolean stale) throws IOException, TableException {
        UUID boot = BootId.read();
        folder.renameFoldersOfVersion01();
        folder.finishInterrupted();
        if (stale && !folder.files().isEmpty()) {
            LOG.info(
                    "{}: its traffic has passed unguarded: the flows of the last run are dropped",
                    folder.interfaceName());
            folder.deleteTables();
        }
        Set<Integer> owners = TrustedFolder.owners();
        boolean found;
        List<TableMove.Table> inMemory;
        String why;
        try (Arena arena = Arena.ofConfined()) {
            List<Found> existing = read(boot, owners, arena);
            folder.removeOldAsides();
            found = !existing.isEmpty();
            if (fits(existing)) {
                List<TableMove.Table> tables = new ArrayList<>();
                for (Found table : existing) {
                    MemorySegment memory = MappedFile.open(table.file, owners, Arena.ofAuto());
                    tables.add(new TableMove.Table(table.table.header(), memory));
                }
                return new Tables(tables, true, Optional.empty());
            }
            List<TableMove.Table> old = existing.stream().map(Found::table).toList();
            OptionalInt seed = seed(old);
            try {
                return new Tables(renewed(boot, seed, old), found, Optional.empty());
            } catch (IOException refused) {
                why = refusal(old, refused);
            }
            inMemory = memoryTables(seed, why);
            copy(old, inMemory);
        }
        return found ? throughMemory(boot, inMemory, why) : new Tables(inMemory, false, Optional.of(why));
    }

    /** The old tables are no longer mapped: the removal of their files frees the space for the new ones. */
    private Tables throughMemory(UUID boot, List<TableMove.Table> inMemory, String refusal) {
        LOG.info("{}: {}; its flows are copied by way of memory", folder.interfaceName(), refusal);
        try {
            // Needed even if the new tables fail too: the old flows would be wrong for the next run.
            folder.deleteTables();
            return new Tables(renewed(boot, seed(inMemory), inMemory), true, Optional.empty());
        } catch (IOException refused) {
            return new Tables(inMemory, true, Optional.of(refusal(List.of(), refused)));
        }
    }

    private static OptionalInt seed(List<TableMove.Table> old) {
        return old.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(old.getFirst().header().seed());
    }

    private boolean fits(List<Found> existing) {
        boolean fits = existing.size() == workers
                && existing.stream().allMatch(found -> found.table.header().hasRecords());
        for (int i = 0; fits && i < workers; i++) {
            TableHeader header = existing.get(i).table.header();
            fits = header.worker() == i
                    && header.workers() == workers
                    && header.entries() == perWorker
                    && header.seed() == existing.getFirst().table.header().seed();
        }
        return fits;
    }

    private String refusal(List<TableMove.Table> old, IOException refused) {
        return String.format(
                "conntrack.directory %s has no space for %,d MiB of flows (max-flows %,d, %d bytes each)%s: %s: lower"
                        + " conntrack.max-flows, make the tmpfs larger or choose another directory",
                folder.directory(),
                Math.max(1, bytes() / MIB),
                (long) perWorker * workers,
                TableSet.flowBytes(),
                old.isEmpty() ? "" : " beside the " + old.size() + " old tables",
                FileFault.text(refused));
    }

    /** The existing tables, in the order of their workers; a file that can't be used is put aside. */
    private List<Found> read(UUID boot, Set<Integer> owners, Arena arena) throws IOException {
        List<Found> tables = new ArrayList<>();
        for (Path file : folder.files()) {
            Optional<String> fault = read(file, boot, owners, arena, tables);
            if (fault.isPresent()) {
                Path aside = folder.putAside(file);
                LOG.warn(
                        "{}: {} is put aside as {}: {}; its flows are lost",
                        folder.interfaceName(),
                        file,
                        aside,
                        fault.get());
            }
        }
        tables.sort(Comparator.comparingInt(found -> found.table.header().worker()));
        return tables;
    }

    private Optional<String> read(Path file, UUID boot, Set<Integer> owners, Arena arena, List<Found> tables) {
        try {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) < TableHeader.bytes(0)) {
                return Optional.of("it is not a flow table");
            }
            MemorySegment memory = MappedFile.open(file, owners, arena);
            TableHeader header = TableHeader.read(memory);
            if (!header.boot().equals(boot)) {
                return Optional.of("it is from before the last boot");
            }
            if (!header.interfaceName().equals(folder.label())) {
                return Optional.of("it is of interface " + header.interfaceName());
            }
            tables.add(new Found(file, new TableMove.Table(header, memory)));
            return Optional.empty();
        } catch (TableHeader.UnknownTable unknown) {
            return Optional.of(String.valueOf(unknown.getMessage()));
        } catch (IOException unusable) {
            return Optional.of(FileFault.text(unusable));
        }
    }

    /** New tables with the flows of others, in place of the existing tables. */
    private List<TableMove.Table> renewed(UUID boot, OptionalInt seed, List<TableMove.Table> old) throws IOException {
        List<TableMove.Table> tables = new ArrayList<>();
        try {
            tables.addAll(fresh(boot, seed));
        } catch (IOException full) {
            if (!folder.removeAsides()) {
                throw full;
            }
            tables.addAll(fresh(boot, seed));
        }
        copy(old, tables);
        folder.replace();
        return tables;
    }

    private List<TableMove.Table> fresh(UUID boot, OptionalInt seed) throws IOException {
        Path fresh = folder.makeFresh();
        boolean done = false;
        try {
            List<TableMove.Table> tables = create(
                    boot,
                    seed,
                    worker -> MappedFile.create(fresh.resolve(Integer.toString(worker)), TableHeader.bytes(perWorker)));
            done = true;
            return tables;
        } finally {
            if (!done) {
                folder.deleteFresh();
            }
        }
    }

    private List<TableMove.Table> memoryTables(OptionalInt seed, String why) throws TableException {
        long available = Meminfo.available();
        try {
            if (bytes() > available / 2) {
                throw new IOException(String.format("it may use half of %,d MiB", available / MIB));
            }
            // No other run reads these tables, so they belong to no boot.
            return create(new UUID(0, 0), seed, _ -> MappedFile.anonymous(TableHeader.bytes(perWorker)));
        } catch (IOException none) {
            throw new TableException(List.of(String.format(
                    "%s: %s; and memory has no space for %,d MiB of flows either: %s",
                    folder.interfaceName(), why, bytes() / MIB, FileFault.text(none))));
        }
    }

    private List<TableMove.Table> create(UUID boot, OptionalInt seed, Memory memory) throws IOException {
        SecureRandom random = new SecureRandom();
        int shared = seed.orElseGet(random::nextInt);
        List<TableMove.Table> tables = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            TableHeader header = new TableHeader(
                    perWorker, random.nextLong(), random.nextLong(), boot, folder.label(), worker, workers, shared);
            MemorySegment segment = memory.of(worker);
            header.writeTo(segment);
            tables.add(new TableMove.Table(header, segment));
        }
        return tables;
    }

    private void copy(List<TableMove.Table> old, List<TableMove.Table> tables) {
        if (old.isEmpty()) {
            return;
        }
        int leftOut = TableMove.copy(old, tables, System.nanoTime());
        LOG.info(
                "{}: flows of {} workers are distributed among {}{}",
                folder.interfaceName(),
                old.size(),
                workers,
                leftOut == 0 ? "" : "; " + leftOut + " had no space");
    }
}
