package io.portcullis.flowstore;

import io.portcullis.conntrack.TableHeader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Operations on flow tables without a daemon. */
public final class TableFile {
    private TableFile() {}

    /**
     * Removes the tables of all interfaces of a daemon that has ended. Its NICs are detached, so their connections go on
     * untracked, and the tables become wrong.
     *
     * @param stateFolder of that daemon
     * @throws IOException if the folder belongs to another user, or can't be read
     */
    public static void removeAll(Path stateFolder) throws IOException {
        TableSet.removeAll(stateFolder);
    }

    /**
     * Checks every flow of a table; a daemon may be using the table.
     *
     * @throws IOException if the file can't be read; its message gives the cause without the file's name
     * @throws TableHeader.UnknownTable if the file is not a flow table of this version
     */
    public static TableReport verify(Path file) throws IOException, TableHeader.UnknownTable {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return TableReport.of(memory, System::nanoTime);
        } catch (NoSuchFileException none) {
            throw new IOException("no such file", none);
        } catch (AccessDeniedException refused) {
            throw new IOException("permission denied", refused);
        }
    }
}
