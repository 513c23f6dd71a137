package io.portcullis.recorder;

import io.portcullis.engine.DropRecorder;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileName;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rings of one interface, {@code drops-NAME/0} and so on in the folder of the flow tables. If the folder can't be used, they are
 * in memory, and end with the process. Any thread may read; {@link #annotate} is for one thread at a time.
 */
public final class Recordings {
    /** The smallest useful {@code recorder.memory}, for all workers of an interface. */
    public static final long LEAST_MEMORY = 1L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Recordings.class);
    private static final String PREFIX = "drops-";

    /** Without rings: nothing is recorded. */
    public static final Recordings NONE = new Recordings(Optional.empty(), List.of(), Optional.empty());

    private final Optional<Path> folder;
    private final List<Ring> rings;
    private final Optional<String> trouble;
    private final long[] annotated;

    private Recordings(Optional<Path> folder, List<Ring> rings, Optional<String> trouble) {
        this.folder = folder;
        this.rings = List.copyOf(rings);
        this.trouble = trouble;
        this.annotated = new long[rings.size()];
    }

    /**
     * Opens the rings of an interface, with the records of earlier runs if the sizes are the same.
     *
     * @param directory of the flow tables
     * @param workers a ring for each
     * @param memory bytes of all rings together; 0: nothing is recorded
     * @param snap most bytes of a frame that are kept
     */
    public static Recordings open(Path directory, String interfaceName, int workers, long memory, int snap) {
        if (memory == 0) {
            return NONE;
        }
        long bytes = Ring.bytes(memory / workers, snap);
        Path folder = directory.resolve(PREFIX + FileName.of(interfaceName));
        List<Ring> rings = new ArrayList<>();
        try {
            makeFolder(directory, folder);
            for (int worker = 0; worker < workers; worker++) {
                rings.add(ring(folder.resolve(Integer.toString(worker)), worker, bytes, snap));
            }
            removeOthers(folder, workers);
            return new Recordings(Optional.of(folder), rings, Optional.empty());
        } catch (IOException unusable) {
            String why = folder + " can't be used: " + FileFault.text(unusable);
            LOG.warn(
                    "{}: its dropped frames are recorded in memory, and not kept over a restart: {}",
                    interfaceName,
                    why);
            return inMemory(interfaceName, workers, bytes, snap, why);
        }
    }

    private static Recordings inMemory(String interfaceName, int workers, long bytes, int snap, String why) {
        List<Ring> rings = new ArrayList<>();
        try {
            for (int worker = 0; worker < workers; worker++) {
                Ring ring = new Ring(MappedFile.anonymous(bytes), worker, snap);
                ring.format();
                rings.add(ring);
            }
        } catch (ErrnoException full) {
            LOG.warn("{}: its dropped frames are not recorded: {}", interfaceName, full.getMessage());
            return new Recordings(Optional.empty(), List.of(), Optional.of(FileFault.text(full)));
        }
        return new Recordings(Optional.empty(), rings, Optional.of(why));
    }

    private static void makeFolder(Path directory, Path folder) throws IOException {
        TrustedFolder.make(directory);
        demandTrust(directory);
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            demandTrust(folder);
        } else {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
    }

    private static void demandTrust(Path folder) throws IOException {
        Optional<String> fault = TrustedFolder.fault(folder);
        if (fault.isPresent()) {
            throw new IOException(fault.get());
        }
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(folder + ": not a folder");
        }
    }

    /** The ring in a file; one that can't be continued begins anew. */
    private static Ring ring(Path file, int worker, long bytes, int snap) throws IOException {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) == bytes) {
            MemorySegment memory = MappedFile.open(file, TrustedFolder.owners(), Arena.ofAuto());
            Ring ring = new Ring(memory, worker, snap);
            if (ring.isUsable()) {
                return ring;
            }
        }
        Files.deleteIfExists(file);
        Ring ring = new Ring(MappedFile.create(file, bytes), worker, snap);
        ring.format();
        return ring;
    }

    /** Removes the rings of workers that there are no more. */
    private static void removeOthers(Path folder, int workers) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.matches("[0-9]{1,4}") || Integer.parseInt(name) >= workers) {
                    Files.delete(file);
                }
            }
        }
    }

    /** The recorder of a worker; once for each, on any thread. */
    public DropRecorder recorder(int worker) {
        if (rings.isEmpty()) {
            return DropRecorder.NONE;
        }
        Ring ring = rings.get(worker);
        return new Recorder(ring.memory(), ring.snap(), new SecureRandom().nextLong());
    }

    /** Why the records end with this process, or nothing is recorded; empty: they don't. */
    public Optional<String> trouble() {
        return trouble;
    }

    /** The records that match, oldest first. */
    public List<DropRecord> read(Predicate<DropRecord> filter) {
        List<DropRecord> found = new ArrayList<>();
        for (Ring ring : rings) {
            ring.forEach(record -> {
                if (filter.test(record)) {
                    found.add(record);
                }
            });
        }
        found.sort(Comparator.comparingLong(DropRecord::firstEpochNs)
                .thenComparingInt(DropRecord::worker)
                .thenComparingLong(DropRecord::number));
        return found;
    }

    /** Time of the oldest record, nanoseconds since 1970; empty: there is none. */
    public OptionalLong oldestEpochNs() {
        return rings.stream()
                .map(Ring::oldestEpochNs)
                .filter(OptionalLong::isPresent)
                .mapToLong(OptionalLong::getAsLong)
                .min();
    }

    /**
     * Looks for the nearest rules of the records since the call before, the latest first.
     *
     * @param most records at the most; the others stay without
     * @param nearest the hash of a rule, or {@link DropRecord#NO_NEAREST}
     */
    public void annotate(int most, ToIntFunction<DropRecord> nearest) {
        for (Ring ring : rings) {
            long newest = ring.newest();
            long from = Math.max(annotated[ring.worker()], newest - most);
            for (long number = newest; number > from; number--) {
                ring.annotate(number, nearest);
            }
            annotated[ring.worker()] = newest;
        }
    }

    /** Removes the files; the rings stay readable. */
    public void delete() {
        if (folder.isEmpty()) {
            return;
        }
        try {
            removeOthers(folder.get(), 0);
            Files.delete(folder.get());
        } catch (IOException left) {
            LOG.warn("{} is not removed: {}", folder.get(), FileFault.text(left));
        }
    }
}
