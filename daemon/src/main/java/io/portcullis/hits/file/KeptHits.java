package io.portcullis.hits.file;

import io.portcullis.hits.HitPart;
import io.portcullis.hits.HitTable;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The hits of one interface, in a table and in its copy. Any thread. */
public final class KeptHits implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KeptHits.class);

    private final TableFiles files;
    private final Path copy;
    private final HitTable table;
    private volatile String trouble = "";

    /** What the copy has; 0: nothing, or it is not known. */
    private long written;

    /**
     * Opens the files of an interface.
     *
     * @param folder of its mapped files
     * @param copy file that outlives the boot
     * @param workers of the interface
     */
    KeptHits(Path folder, Path copy, HitPart.Owner owner, int workers) {
        this.copy = copy;
        files = new TableFiles(folder, owner);
        table = new HitTable(owner, workers, files.open(workers), files, System::nanoTime);
        restore();
    }

    private void restore() {
        if (!Files.exists(copy, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Optional<String> fault = TrustedFolder.fault(Objects.requireNonNull(copy.getParent()));
            if (fault.isPresent()) {
                throw new IOException(fault.get());
            }
            table.restore(HitFile.read(copy, HitClock.now()));
        } catch (IOException damaged) {
            try {
                TableFiles.putAside(copy, FileFault.text(damaged));
            } catch (IOException stays) {
                LOG.error(
                        "{} can't be read, rules that it alone knows are counted from now on: {}",
                        copy,
                        FileFault.text(damaged),
                        stays);
            }
        }
    }

    /** The table, for the workers. */
    public HitTable table() {
        return table;
    }

    /** Why hits may be lost, one sentence each; none: they outlive the process and the boot. */
    public List<String> troubles() {
        return Stream.of(files.trouble(), trouble)
                .filter(text -> !text.isEmpty())
                .toList();
    }

    /** Writes the copy, unless it has all already; false: it can't be written. */
    public synchronized boolean keep() {
        try {
            long content = content();
            if (content != written || !Files.exists(copy, LinkOption.NOFOLLOW_LINKS)) {
                Path folder = Objects.requireNonNull(copy.getParent());
                Path all = Objects.requireNonNull(folder.getParent());
                TrustedFolder.make(Objects.requireNonNull(all.getParent()));
                DurableFile.makeFolder(all);
                DurableFile.makeFolder(folder);
                Optional<String> fault = TrustedFolder.fault(folder);
                if (fault.isPresent()) {
                    throw new IOException(fault.get());
                }
                HitFile.write(copy, table, HitClock.now());
                DurableFile.force(folder);
                written = content;
            }
            trouble = "";
            return true;
        } catch (IOException e) {
            String now = "rule hits can't be kept for the next boot in " + copy + ": " + FileFault.text(e);
            if (!now.equals(trouble)) {
                LOG.warn("{}", now);
            }
            trouble = now;
            return false;
        }
    }

    /** A number that changes with the table. Counts that come meanwhile are written twice, never left out. */
    private long content() throws IOException {
        long[] mixed = {1};
        table.forEach(record -> mixed[0] =
                31 * mixed[0] + record.key().low() + 17 * record.count() + record.lastNs() + 13 * record.goneNs());
        return mixed[0];
    }

    /** Removes the mapped files, once the copy has all; without the copy they stay. The workers have ended. */
    @Override
    public void close() {
        if (keep()) {
            files.delete();
        }
    }
}
