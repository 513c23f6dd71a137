package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The machine's memory, from proc_meminfo(5). */
public final class Meminfo {
    private static final Logger LOG = LoggerFactory.getLogger(Meminfo.class);

    private static final Path FILE = Path.of("/proc/meminfo");
    private static final long KIB = 1024;

    private Meminfo() {}

    /** Bytes of all memory; a huge number if unknown. */
    public static long total() {
        return bytes("MemTotal:");
    }

    /** Bytes available to new programs without swapping; a huge number if unknown. */
    public static long available() {
        return bytes("MemAvailable:");
    }

    private static long bytes(String name) {
        try (Stream<String> lines = Files.lines(FILE)) {
            return lines.filter(line -> line.startsWith(name))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                            .findFirst()
                            .orElseThrow(() -> new IOException("no " + name + " in " + FILE))
                    * KIB;
        } catch (IOException unknown) {
            LOG.debug("the size of the memory is not known", unknown);
            return Long.MAX_VALUE;
        }
    }
}
