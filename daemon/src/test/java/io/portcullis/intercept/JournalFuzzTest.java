package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.testing.Mutations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Any content of a journal's file is either no journal, with one line that says why, or a journal whose every query works and
 * which is the same after it has been written and read again. An input is the file.
 */
@Tag("fuzz")
final class JournalFuzzTest {
    private static final int INPUTS = 400;

    @TempDir
    static Path directory;

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void journals(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void mutations(long seed) {
        int[] read = new int[1];
        Mutations.run(seed, INPUTS, seeds(), input -> read[0] += check(input) ? 1 : 0);
        assertTrue(read[0] > INPUTS / 20, "the mutations break too much to test anything: " + read[0]);
    }

    /** True: it is a journal. */
    private static boolean check(byte[] input) {
        try {
            return isJournal(input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isJournal(byte[] input) throws IOException {
        JournalFile file = JournalFile.ofInterface(directory, "fuzzed");
        Files.write(file.path(), input);
        Journal journal;
        try {
            journal = file.read();
        } catch (IOException none) {
            String message = String.valueOf(none.getMessage());
            assertTrue(message.startsWith(file.path() + ":"), message);
            assertFalse(message.lines().count() > 1, "one line: " + message);
            return false;
        }
        JournalFile again = JournalFile.ofInterface(directory, "written");
        again.write(journal);
        assertEquals(journal, again.read());
        journal.indices();
        for (Journal.Pair pair : journal.pairs()) {
            assertFalse(pair.near().isEmpty() || pair.far().isEmpty(), "a pair without a name");
        }
        for (Journal.AttachedProgram program : journal.programs()) {
            assertTrue(program.isSame(program) && program.hook().nic() == program.nic());
        }
        for (Journal.Entry entry : journal.nics()) {
            assertEquals(entry, entry.withSwitches(entry.switches(), entry.linkLocals()));
        }
        assertEquals(journal, journal.plus(journal.about(_ -> true)), "nothing is new about any NIC");
        return true;
    }

    static List<byte[]> seeds() {
        return Stream.of("""
                {"interfaceName": "edge", "bootId": "b", "nics": [{"name": "out0", "index": 2, "hardwareAddress": "02:00:00:00:00:01",
                 "switches": {"RP_FILTER": "2", "DISABLE_IPV6": "0"}, "broughtUp": true, "offloads": ["rx-gro"],
                 "linkLocals": ["fe80::1/64"]}], "pairs": [{"near": "pc-a", "far": "pc-b"}],
                 "programs": [{"nic": 2, "ingress": true, "handle": 0, "program": 17, "fingerprint": "0123", "open": false}],
                 "qdiscs": [2]}""", """
                {"interfaceName": "edge", "bootId": "b", "nics": null, "later": {"a": [1, 2]}}""", """
                {"interfaceName": "edge", "bootId": "b", "nics": [{"index": 1, "switches": {"UNHEARD_OF": "1"}}]}\s\s\s\s\s""", """
                null""", """
                {"interfaceName": "edge", "bootId": "b", "pairs": [{"near": "pc-a"}]}""", """
                {"interfaceName": "edge", "bootId": "b", "qdiscs": ["2\\n3"]}""", """
                {"interfaceName": "\\u0000\\n", "bootId": "b", "qdiscs": [1e2, "3"], "programs": []}""")
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
