package io.portcullis.guard;

import io.portcullis.config.Config;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.flowstore.TableFolder;
import io.portcullis.flowstore.TableSet;
import io.portcullis.linux.Meminfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes {@code max-flows: auto}: a million flows, or fewer where these would need more than a quarter of the free space of {@code
 * conntrack.directory}, an eighth of the memory or a quarter of the heap. Interfaces without tables share that equally; existing
 * tables keep their size.
 */
public final class AutoFlows {
    private static final Logger LOG = LoggerFactory.getLogger(AutoFlows.class);

    private static final long MOST = 1_000_000;
    private static final long FEWEST = 1_024;

    private AutoFlows() {}

    /**
     * The limit of one interface.
     *
     * @param guarded names of the interfaces that have tables in use
     */
    public static long of(Config config, String name, Set<String> guarded) {
        Path directory = config.conntrack().directory();
        long capacity = TableSet.capacity(directory, name);
        if (capacity > 0) {
            return capacity;
        }
        long others = 0;
        int without = 0;
        for (String other : config.interfaces().keySet()) {
            long existing = TableSet.capacity(directory, other);
            others += existing;
            without += existing == 0 && !guarded.contains(other) ? 1 : 0;
        }
        long heap = Runtime.getRuntime().maxMemory();
        long all = flows(freeSpace(directory), Meminfo.total(), heap, others);
        if (all < FEWEST * Math.max(1, without)) {
            // The directory is full: the tables will be in memory.
            all = flows(Long.MAX_VALUE, Meminfo.total(), heap, others);
        }
        return Math.clamp(all / Math.max(1, without), FEWEST, MOST);
    }

    /**
     * The number of flows that new tables can hold, all together.
     *
     * @param free bytes free in the directory's file system
     * @param memory bytes of the machine
     * @param heap largest size of the heap, in bytes
     * @param there flows that existing tables can hold
     */
    static long flows(long free, long memory, long heap, long there) {
        long inDirectory = free / 4 / TableSet.flowBytes();
        long inMemory = memory / 8 / (TableSet.flowBytes() + FlowTable.DERIVED_BYTES) - there;
        long inHeap = heap / 4 / FlowTable.HEAP_BYTES - there;
        return Math.max(0, Math.min(inDirectory, Math.min(inMemory, inHeap)));
    }

    /** Unlimited where the directory is not used, because others may write to it. */
    private static long freeSpace(Path directory) {
        if (!TableFolder.isTrusted(directory)) {
            return Long.MAX_VALUE;
        }
        for (Path at = directory; at != null; at = at.getParent()) {
            if (Files.isDirectory(at)) {
                try {
                    return Files.getFileStore(at).getUsableSpace();
                } catch (IOException unknown) {
                    LOG.debug("the free space of {} is not known", at, unknown);
                    break;
                }
            }
        }
        return Long.MAX_VALUE;
    }
}
