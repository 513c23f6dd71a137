package io.portcullis.flowstore;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.TableHeader;
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
 * Opens flow tables: those that are there, if they are of the right number and size; else new ones, which are made beside
 * them, filled from them and take their place in whole. Where there is no room for both, the flows go through memory; where there is
 * none for the new ones alone, they stay there.
 *
 * @param perWorker flows that each worker's table has room for
 */
record TableOpening(TableFolder folder, int workers, int perWorker) {
    private static final Logger LOG = LoggerFactory.getLogger(TableOpening.class);

    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final long MIB = 1 << 20;

    /**
     * What it comes to.
     *
     * @param tables in the order of the workers
     * @param found true: there were tables before, whose flows are in these
     * @param trouble why they are in memory only; empty: they are in files
     */
    record Tables(List<TableMove.Table> tables, boolean found, Optional<String> trouble) {}

    /** A table that is there; its memory goes with an arena. */
    private record Found(Path file, TableMove.Table table) {}

    private interface Memory {
        MemorySegment of(int worker) throws IOException;
    }

    /**
     * As many tables as there are workers.
     *
     * @throws TableException where so many flows are too many for a table, or for the heap
     */
    static TableOpening of(TableFolder folder, long maxFlows, int workers) throws TableException {
        String interfaceName = folder.interfaceName();
        long each = Math.max(1, maxFlows / workers);
        long derived = each * workers * FlowTable.DERIVED_BYTES;
        if (each > TableHeader.MAX_ENTRIES) {
            throw new TableException(List.of(String.format(
                    "%s: conntrack.max-flows %,d with %d workers: a worker has at most %,d",
                    interfaceName, maxFlows, workers, TableHeader.MAX_ENTRIES)));
        }
        if (derived > Runtime.getRuntime().maxMemory() / 2) {
            throw new TableException(List.of(String.format(
                    "%s: conntrack.max-flows %,d takes %,d MiB of the heap, which has %,d MiB: lower it, or give"
                            + " more with PORTCULLIS_JAVA_OPTS=-Xmx",
                    interfaceName, maxFlows, derived / MIB, Runtime.getRuntime().maxMemory() / MIB)));
        }
        return new TableOpening(folder, workers, (int) each);
    }

    private long bytes() {
        return TableHeader.bytes(perWorker) * workers;
    }

    /**
     * Tables without files.
     *
     * @param why for people
     * @throws TableException where there is no memory either
     */
    Tables inMemory(String why) throws TableException {
        return new Tables(memoryTables(OptionalInt.empty(), why), false, Optional.of(why));
    }

    /**
     * Tables in the folder, whose lock is held; where they have no room there, with its flows in memory.
     *
     * @param stale true: the flows that are there are forgotten
     * @throws IOException where the folder can't be used
     * @throws TableException where there is no memory either
     */
    Tables inFiles(boolean stale) throws IOException, TableException {
        UUID boot = UUID.fromString(Files.readString(BOOT_ID).strip());
        folder.renameThoseOfVersion01();
        folder.finishInterrupted();
        if (stale && !folder.files().isEmpty()) {
            LOG.info("{}: its traffic has passed unguarded: the flows of before are forgotten", folder.interfaceName());
            folder.deleteTables();
        }
        Set<Integer> owners = TrustedFolder.owners();
        boolean found;
        List<TableMove.Table> inMemory;
        String why;
        try (Arena arena = Arena.ofConfined()) {
            List<Found> there = read(boot, owners, arena);
            folder.removeOldAsides();
            found = !there.isEmpty();
            if (fits(there)) {
                List<TableMove.Table> tables = new ArrayList<>();
                for (Found each : there) {
                    MemorySegment memory = MappedFile.open(each.file, owners, Arena.ofAuto());
                    tables.add(new TableMove.Table(each.table.header(), memory));
                }
                return new Tables(tables, true, Optional.empty());
            }
            List<TableMove.Table> before = there.stream().map(Found::table).toList();
            OptionalInt seed = seed(before);
            try {
                return new Tables(renewed(boot, seed, before), found, Optional.empty());
            } catch (IOException refused) {
                why = refusal(before, refused);
            }
            inMemory = memoryTables(seed, why);
            copy(before, inMemory);
        }
        return found ? throughMemory(boot, inMemory, why) : new Tables(inMemory, false, Optional.of(why));
    }

    /** The tables of before are not mapped any more: without their files there is room for the new ones. */
    private Tables throughMemory(UUID boot, List<TableMove.Table> inMemory, String refusal) {
        LOG.info("{}: {}; its flows go through memory", folder.interfaceName(), refusal);
        try {
            // Also where that is of no use: what is in them is not so any more when the next run comes.
            folder.deleteTables();
            return new Tables(renewed(boot, seed(inMemory), inMemory), true, Optional.empty());
        } catch (IOException refused) {
            return new Tables(inMemory, true, Optional.of(refusal(List.of(), refused)));
        }
    }

    private static OptionalInt seed(List<TableMove.Table> before) {
        return before.isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(before.getFirst().header().seed());
    }

    private boolean fits(List<Found> there) {
        boolean fits = there.size() == workers;
        for (int i = 0; fits && i < workers; i++) {
            TableHeader header = there.get(i).table.header();
            fits = header.worker() == i
                    && header.workers() == workers
                    && header.entries() == perWorker
                    && header.seed() == there.getFirst().table.header().seed();
        }
        return fits;
    }

    private String refusal(List<TableMove.Table> before, IOException refused) {
        return String.format(
                "conntrack.directory %s takes no %,d MiB of flows (max-flows %,d, %d bytes each)%s: %s: lower"
                        + " conntrack.max-flows, make the tmpfs larger or choose another directory",
                folder.directory(),
                Math.max(1, bytes() / MIB),
                (long) perWorker * workers,
                TableSet.flowBytes(),
                before.isEmpty() ? "" : " beside the " + before.size() + " tables of before",
                FileFault.text(refused));
    }

    /** The tables that are there, in the order of their workers; what can't be used is put aside. */
    private List<Found> read(UUID boot, Set<Integer> owners, Arena arena) throws IOException {
        List<Found> tables = new ArrayList<>();
        for (Path file : folder.files()) {
            Optional<String> fault = read(file, boot, owners, arena, tables);
            if (fault.isPresent()) {
                Path aside = folder.putAside(file);
                LOG.warn(
                        "{}: {} is put aside as {}: {}; its flows are not known any more",
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
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) < TableHeader.bytes(1)) {
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

    /** New tables with the flows of others, in the place of what is there. */
    private List<TableMove.Table> renewed(UUID boot, OptionalInt seed, List<TableMove.Table> before)
            throws IOException {
        List<TableMove.Table> tables = new ArrayList<>();
        try {
            tables.addAll(fresh(boot, seed));
        } catch (IOException full) {
            if (!folder.removeAsides()) {
                throw full;
            }
            tables.addAll(fresh(boot, seed));
        }
        copy(before, tables);
        folder.replace();
        return tables;
    }

    private List<TableMove.Table> fresh(UUID boot, OptionalInt seed) throws IOException {
        Path fresh = folder.makeFresh();
        boolean made = false;
        try {
            List<TableMove.Table> tables = make(
                    boot,
                    seed,
                    worker -> MappedFile.create(fresh.resolve(Integer.toString(worker)), TableHeader.bytes(perWorker)));
            made = true;
            return tables;
        } finally {
            if (!made) {
                folder.deleteFresh();
            }
        }
    }

    private List<TableMove.Table> memoryTables(OptionalInt seed, String why) throws TableException {
        long available = Meminfo.available();
        try {
            if (bytes() > available / 2) {
                throw new IOException(String.format("of %,d MiB it may be half", available / MIB));
            }
            // No other run ever reads them: they are of no boot.
            return make(new UUID(0, 0), seed, _ -> MappedFile.anonymous(TableHeader.bytes(perWorker)));
        } catch (IOException none) {
            throw new TableException(List.of(String.format(
                    "%s: %s; and memory has no room for %,d MiB of flows either: %s",
                    folder.interfaceName(), why, bytes() / MIB, FileFault.text(none))));
        }
    }

    private List<TableMove.Table> make(UUID boot, OptionalInt seed, Memory memory) throws IOException {
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

    private void copy(List<TableMove.Table> before, List<TableMove.Table> tables) {
        if (before.isEmpty()) {
            return;
        }
        int left = TableMove.copy(before, tables, System.nanoTime());
        LOG.info(
                "{}: flows of {} workers are shared out among {}{}",
                folder.interfaceName(),
                before.size(),
                workers,
                left == 0 ? "" : "; " + left + " had no room");
    }
}
