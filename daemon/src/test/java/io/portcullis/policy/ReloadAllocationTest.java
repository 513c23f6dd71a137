package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.read.ConfigReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The garbage of a reload of a long list, as the collector's pauses delay frames: arrays of a few words for each block, and no
 * object of its own. With objects it was 1,300 bytes to read a block and 1,250 to compile it.
 */
final class ReloadAllocationTest {
    private static final int BLOCKS = 50_000;
    private static final int RULES = 10_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeFile() throws IOException {
        StringBuilder yaml = new StringBuilder("""
                version: 1
                interfaces:
                  web0: {mode: bridge, outside: out0, inside: in0, security-groups: [listed, all]}
                security-groups:
                  listed: {ingress: [{protocol: tcp, ports: 443, from: {prefix-list: many}}]}
                  all: {ingress: [{protocol: udp, ports: [7, 9], from: any}]}
                prefix-lists:
                  many:
                """);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < BLOCKS; i++) {
            yaml.append(i % 10 == 0 ? v6(random) : v4(random));
        }
        file = Files.writeString(folder.resolve("rules.yaml"), yaml);
    }

    private static String v4(SplittableRandom random) {
        int length = random.nextInt(16, 33);
        long bits = random.nextLong(1L << length) << 32 - length;
        return String.format(
                Locale.ROOT,
                "    - %d.%d.%d.%d/%d%n",
                bits >>> 24,
                bits >>> 16 & 0xff,
                bits >>> 8 & 0xff,
                bits & 0xff,
                length);
    }

    private static String v6(SplittableRandom random) {
        return String.format(
                Locale.ROOT, "    - 2001:db8:%x:%x::/64%n", random.nextInt(1 << 16), random.nextInt(1 << 16));
    }

    private Config read() {
        try {
            return ConfigReader.load(file, new SourceFiles());
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }

    /** The allocations of the second call, as the first one loads classes. */
    private static long bytesPerBlock(Runnable work) {
        work.run();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        work.run();
        return (THREADS.getCurrentThreadAllocatedBytes() - before) / BLOCKS;
    }

    @Test
    void readingAllocatesFewBytesForABlock() {
        long bytes = bytesPerBlock(this::read);
        assertTrue(bytes < 250, bytes + " bytes for a block");
    }

    @Test
    void compilingAllocatesFewBytesForABlock() {
        Config config = read();
        long bytes = bytesPerBlock(() -> Policy.compile(config, "web0", 1, 1000));
        assertTrue(bytes < 400, bytes + " bytes for a block");
    }

    /** Rules of one block each: their blocks share an array. */
    @Test
    void compilingAllocatesFewBytesForARule() throws IOException {
        StringBuilder yaml = new StringBuilder("""
                version: 1
                interfaces:
                  web0: {mode: bridge, outside: out0, inside: in0, security-groups: [single]}
                security-groups:
                  single:
                    ingress:
                """);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < RULES; i++) {
            yaml.append(String.format(
                    Locale.ROOT, "      - {protocol: tcp, ports: %d, from: %s}%n", 1 + i, blockOf(random)));
        }
        Files.writeString(file, yaml);
        Config config = read();
        long bytes = bytesPerBlock(() -> Policy.compile(config, "web0", 1, 1000)) * BLOCKS / RULES;
        assertTrue(bytes < 3_000, bytes + " bytes for a rule");
    }

    private static String blockOf(SplittableRandom random) {
        return v4(random).substring("    - ".length()).strip();
    }
}
