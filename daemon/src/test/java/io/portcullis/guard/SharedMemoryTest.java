package io.portcullis.guard;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.fastpath.FastLayout;
import io.portcullis.linux.bpf.BpfArray;
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

/** The memory of a fast path and its file; each test has a bpffs of its own. */
@Tag("netns")
@Timeout(60)
final class SharedMemoryTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void mount() throws Exception {
        run("mount", "-t", "bpf", "bpf", folder.toString());
        file = folder.resolve("web0");
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

    @Test
    void newMemoryIsEmptyButForItsHead() throws Exception {
        try (SharedMemory made = SharedMemory.open(file)) {
            assertFalse(made.isOfEarlierRun());
            assertEquals(FastLayout.MAGIC, made.memory().get(JAVA_INT, FastLayout.GATE_MAGIC));
            assertEquals(FastLayout.VERSION, made.memory().get(JAVA_INT, FastLayout.GATE_VERSION));
            assertEquals(1 << 16, made.memory().get(JAVA_INT, FastLayout.GATE_LINES));
            assertEquals(FastLayout.bytes(1 << 16), made.memory().byteSize());
            assertEquals(1, made.memory().get(JAVA_SHORT, FastLayout.GATE_EPOCH));
            assertNotEquals(0, made.memory().get(JAVA_LONG, FastLayout.GATE_KEY));
            assertEquals(0, made.memory().get(JAVA_LONG, FastLayout.slot(0)));
        }
    }

    @Test
    void theNextRunFindsItAsItWas() throws Exception {
        long key;
        try (SharedMemory made = SharedMemory.open(file)) {
            made.memory().set(JAVA_LONG, FastLayout.line(1 << 16, 3), 77);
            key = made.memory().get(JAVA_LONG, FastLayout.GATE_KEY);
        }
        try (SharedMemory again = SharedMemory.open(file)) {
            assertTrue(again.isOfEarlierRun());
            assertEquals(77, again.memory().get(JAVA_LONG, FastLayout.line(1 << 16, 3)));
            assertEquals(key, again.memory().get(JAVA_LONG, FastLayout.GATE_KEY));
        }
    }

    @Test
    void memoryOfAnotherVersionIsReplaced() throws Exception {
        try (SharedMemory made = SharedMemory.open(file)) {
            made.memory().set(JAVA_INT, FastLayout.GATE_VERSION, FastLayout.VERSION + 1);
        }
        assertIsReplaced();
    }

    @Test
    void memoryThatWasNotFormattedToItsEndIsReplaced() throws Exception {
        try (BpfArray array = BpfArray.create("begun", FastLayout.bytes(1 << 16))) {
            array.pinTo(file);
        }
        assertIsReplaced();
    }

    @Test
    void anArrayOfAnotherLengthIsReplaced() throws Exception {
        try (BpfArray array = BpfArray.create("short", 4096)) {
            array.pinTo(file);
        }
        assertIsReplaced();
    }

    private void assertIsReplaced() throws Exception {
        try (SharedMemory made = SharedMemory.open(file)) {
            assertFalse(made.isOfEarlierRun());
        }
        try (SharedMemory again = SharedMemory.open(file)) {
            assertTrue(again.isOfEarlierRun());
        }
    }

    @Test
    void theMemoryOfAnOlderKernelIsFoundToo() throws Exception {
        int lines = 1 << 14;
        try (BpfArray array = BpfArray.create("small", FastLayout.bytes(lines));
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = array.map(arena);
            memory.set(JAVA_INT, FastLayout.GATE_MAGIC, FastLayout.MAGIC);
            memory.set(JAVA_INT, FastLayout.GATE_VERSION, FastLayout.VERSION);
            memory.set(JAVA_INT, FastLayout.GATE_LINES, lines);
            array.pinTo(file);
        }
        try (SharedMemory found = SharedMemory.open(file)) {
            assertTrue(found.isOfEarlierRun());
            assertEquals(FastLayout.bytes(lines), found.memory().byteSize());
        }
        assertTrue(FastLayout.bytes(lines) <= 4 << 20, "the limit of Linux 5.15");
    }

    @Test
    void memoryWithoutANameLeavesNoFile() throws Exception {
        SharedMemory.unnamed().close();
        assertFalse(Files.exists(file));
    }
}
