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

/** A flow table's file, looked at from outside. */
public final class TableFile {
    private TableFile() {}

    /**
     * Removes the tables of all interfaces that a daemon which has ended had: their NICs were given back, and connections go on
     * past us.
     *
     * @param stateFolder of that daemon
     */
    public static void removeAll(Path stateFolder) throws IOException {
        TableSet.removeAll(stateFolder);
    }

    /**
     * Looks at every flow in it; a daemon may be using it.
     *
     * @throws IOException if the file can't be read; its message says why, and not which file
     * @throws TableHeader.UnknownTable if it is no flow table, or none of this version
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
