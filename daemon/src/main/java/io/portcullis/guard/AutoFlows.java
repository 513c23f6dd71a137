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
 * What {@code max-flows: auto} comes to: a million flows, and less where that would take more than a quarter of the free space of
 * {@code conntrack.directory}, an eighth of the memory or a quarter of the heap, shared out among the interfaces that have no
 * tables yet. Tables that are there keep their size.
 */
public final class AutoFlows {
    private static final Logger LOG = LoggerFactory.getLogger(AutoFlows.class);

    private static final long MOST = 1_000_000;
    private static final long FEWEST = 1_024;

    private AutoFlows() {}

    /**
     * The limit of one interface.
     *
     * @param guarded those that have tables in use
     */
    public static long of(Config config, String name, Set<String> guarded) {
        Path directory = config.conntrack().directory();
        long room = TableSet.room(directory, name);
        if (room > 0) {
            return room;
        }
        long others = 0;
        int without = 0;
        for (String each : config.interfaces().keySet()) {
            long itsRoom = TableSet.room(directory, each);
            others += itsRoom;
            without += itsRoom == 0 && !guarded.contains(each) ? 1 : 0;
        }
        long heap = Runtime.getRuntime().maxMemory();
        long all = flows(freeSpace(directory), Meminfo.total(), heap, others);
        if (all < FEWEST * Math.max(1, without)) {
            // A directory that is full, by whomever, is none: then the tables are in memory.
            all = flows(Long.MAX_VALUE, Meminfo.total(), heap, others);
        }
        return Math.clamp(all / Math.max(1, without), FEWEST, MOST);
    }

    /**
     * How many flows may come, all tables together.
     *
     * @param free bytes of the directory's file system
     * @param memory bytes of the machine
     * @param heap bytes of heap at the most
     * @param there flows that tables which are there have room for
     */
    static long flows(long free, long memory, long heap, long there) {
        long inDirectory = free / 4 / TableSet.flowBytes();
        long inMemory = memory / 8 / (TableSet.flowBytes() + FlowTable.DERIVED_BYTES) - there;
        long inHeap = heap / 4 / FlowTable.DERIVED_BYTES - there;
        return Math.max(0, Math.min(inDirectory, Math.min(inMemory, inHeap)));
    }

    /** Very much where the directory is not used, because others may write there. */
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
