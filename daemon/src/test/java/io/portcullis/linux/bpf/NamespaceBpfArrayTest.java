package io.portcullis.linux.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Shared memory; each test has a bpffs of its own. */
@Tag("netns")
@Timeout(60)
final class NamespaceBpfArrayTest {
    private static final long BYTES = 14_696_448;

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void mount() throws Exception {
        run("mount", "-t", "bpf", "bpf", folder.toString());
        file = folder.resolve("lines");
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", folder.toString());
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(List.of(command)).inheritIO().start();
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), String.join(" ", command));
    }

    private String refused(long bytes) {
        return String.valueOf(assertThrows(IOException.class, () -> BpfArray.pinned(file, bytes))
                .getMessage());
    }

    @Test
    void allMappingsShowOneMemoryWhichOutlivesTheDescriptors() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment first;
            try (BpfArray array = BpfArray.create("lines", BYTES)) {
                first = array.map(arena);
                array.pinTo(file);
                assertEquals(BYTES, array.bytes());
            }
            assertEquals(BYTES, first.byteSize());
            assertEquals(0, first.get(JAVA_LONG, BYTES - 8));
            first.set(JAVA_LONG, BYTES - 8, 0x1234_5678_9abc_def0L);
            try (BpfArray again = BpfArray.pinned(file, BYTES)) {
                MemorySegment second = again.map(arena);
                assertEquals(0x1234_5678_9abc_def0L, second.get(JAVA_LONG, BYTES - 8));
                second.set(JAVA_INT, 0, 7);
                assertEquals(7, first.get(JAVA_INT, 0));
            }
        }
    }

    @Test
    void theArenaUnmapsIt() throws Exception {
        try (BpfArray array = BpfArray.create("unmapped", 3 << 20)) {
            try (Arena arena = Arena.ofConfined()) {
                array.map(arena);
                assertTrue(Files.readString(Path.of("/proc/self/maps")).contains("bpf-map"));
            }
            assertTrue(!Files.readString(Path.of("/proc/self/maps")).contains("bpf-map"));
        }
    }

    @Test
    void anotherKindOfObjectIsRefusedAndNamed() throws Exception {
        assertEquals(
                Errno.ENOENT,
                assertThrows(ErrnoException.class, () -> BpfArray.pinned(file, BYTES))
                        .errno());
        try (BpfArray other = BpfArray.create("shorter", 4096)) {
            other.pinTo(file);
            assertEquals(
                    Errno.EEXIST,
                    assertThrows(ErrnoException.class, () -> other.pinTo(file)).errno());
        }
        assertEquals(
                file
                        + ": not an array with one mappable value of 8192 bytes: map shorter has type 2, 1 entries, keys of 4 and "
                        + "values of 4096 bytes, flags 0x400",
                refused(8192));
        Files.delete(file);
        try (BpfMap number = BpfMap.create()) {
            Bpf.pin(number.fd(), file);
        }
        assertTrue(refused(8).endsWith("values of 8 bytes, flags 0x0"), refused(8));
        Files.delete(file);
        try (Bpf program = Bpf.load(BpfProgram.of("none", new Set(BpfProgram.Register.R0, 0), new Exit()))) {
            program.pinTo(file);
        }
        assertEquals(file + ": not an array with one mappable value of 8 bytes: bpf-prog", refused(8));
    }

    @Test
    void impossibleArraysAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> BpfArray.create("lines", 0));
        assertThrows(IllegalArgumentException.class, () -> BpfArray.create("lines", 1L << 31));
        assertThrows(IllegalArgumentException.class, () -> BpfArray.create("a name", 8));
    }
}
