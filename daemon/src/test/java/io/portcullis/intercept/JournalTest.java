package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JournalTest {
    private static final Journal.Entry OUT0 = new Journal.Entry(
            "out0",
            2,
            "02:00:00:00:00:01",
            Map.of(Switch.RP_FILTER, "2", Switch.DISABLE_IPV6, "0"),
            true,
            false,
            false,
            List.of("rx-gro", "tx-tcp-segmentation"),
            List.of("fe80::1/64"));

    @TempDir
    Path directory;

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Journal journal = new Journal("edge", "boot", List.of(OUT0));
        Path made = directory.resolve("state");
        journal.write(made);
        assertEquals(List.of(made.resolve("restore-edge.json")), Journal.files(made));
        assertEquals(journal, Journal.read(made.resolve("restore-edge.json")));
        assertEquals("rwxr-x---", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));

        new Journal("edge", "boot", List.of()).writeOrDelete(made);
        assertEquals(List.of(), Journal.files(made));
    }

    @ParameterizedTest
    @CsvSource({
        "edge, restore-edge.json",
        "../../etc/x, restore-..%2F..%2Fetc%2Fx.json",
        "a b, restore-a+b.json",
        "näh, restore-n%C3%A4h.json"
    })
    void anyInterfaceNameStaysInTheDirectory(String interfaceName, String file) throws IOException {
        Journal journal = new Journal(interfaceName, "boot", List.of(OUT0));
        journal.write(directory);
        assertEquals(List.of(directory.resolve(file)), Journal.files(directory));
        assertEquals(journal, Journal.read(directory.resolve(file)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "{}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\"}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": [{\"name\": \"out0\"}]}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": [null]}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": [], \"more\": 1}"
            })
    void aBrokenOneIsNamedInOneLine(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("restore-edge.json"), content);
        String message = String.valueOf(
                assertThrows(IOException.class, () -> Journal.read(file)).getMessage());
        assertTrue(message.startsWith(file + ": not a journal ("), message);
        assertTrue(message.endsWith("): delete it"), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void noDirectoryIsNothingToRestore() {
        assertEquals(new Restored(List.of(), List.of()), Restoration.detachAll(directory.resolve("none")));
    }
}
