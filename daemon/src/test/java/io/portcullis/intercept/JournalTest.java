package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ethtool.SizeLimit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
            "02:00:00:00:00:09",
            Map.of(StackSysctl.RP_FILTER, "2", StackSysctl.DISABLE_IPV6, "0"),
            true,
            false,
            false,
            List.of("rx-gro", "tx-tcp-segmentation"),
            Map.of(SizeLimit.GRO_MAX_SIZE, 196_608),
            List.of("fe80::1/64"));

    private static final Journal EDGE = new Journal("edge", "boot", List.of(OUT0));

    @TempDir
    Path directory;

    @Test
    void aJournalIsReadAsItWasWritten() throws IOException {
        Path made = directory.resolve("state");
        JournalFile file = JournalFile.ofInterface(made, "edge");
        file.write(EDGE);
        assertEquals(List.of(new JournalFile(made.resolve("restore-edge.json"))), JournalFile.all(made));
        assertEquals(EDGE, file.read());
        assertEquals("rwxr-x---", PosixFilePermissions.toString(Files.getPosixFilePermissions(made)));

        file.writeOrDelete(Journal.empty("edge", "boot"));
        try (Stream<Path> left = Files.list(made)) {
            assertEquals(0, left.count(), "neither the file nor its spare");
        }
    }

    @Test
    void itsFileKeepsItsLengthAndGrowsInUnits() throws IOException {
        JournalFile file = JournalFile.ofInterface(directory, "edge");
        Journal small = Journal.empty("edge", "boot").withPairs(List.of(VethPairs.insideOf("edge")));
        List<Journal.AttachedProgram> many = IntStream.range(1, 200)
                .mapToObj(i -> new Journal.AttachedProgram(i, true, 0, i, "0123456789abcdef", false))
                .toList();
        Journal large = new Journal("edge", "boot", List.of(), List.of(), many, List.of());
        for (Journal each : List.of(small, large, small, EDGE, small)) {
            file.write(each);
            assertEquals(each, file.read());
            assertEquals(0, Files.size(file.path()) % 16384);
            assertTrue(Files.exists(directory.resolve("restore-edge.json.spare")));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "edge, restore-edge.json",
        "../../etc/x, restore-..%2F..%2Fetc%2Fx.json",
        "a b, restore-a+b.json",
        "~nic-7, restore-%7Enic-7.json",
        "näh, restore-n%C3%A4h.json"
    })
    void anyInterfaceNameStaysInTheDirectory(String interfaceName, String file) throws IOException {
        Journal journal = new Journal(interfaceName, "boot", List.of(OUT0));
        JournalFile.ofInterface(directory, interfaceName).write(journal);
        JournalFile found = JournalFile.all(directory).getFirst();
        assertEquals(directory.resolve(file), found.path());
        assertEquals(journal, found.read());
    }

    @Test
    void longNamesAreShortenedAndNoTwoAreTheSame() throws IOException {
        String one = "Ж".repeat(60);
        String other = "Ж".repeat(59) + "З";
        for (String name : List.of(one, other, "a", "a.json", "a.json.spare", "a.new")) {
            JournalFile file = JournalFile.ofInterface(directory, name);
            assertTrue(file.path().getFileName().toString().getBytes(StandardCharsets.UTF_8).length < 240);
            file.write(new Journal(name, "boot", List.of(OUT0)));
        }
        assertEquals(6, JournalFile.all(directory).size());
        assertEquals(one, JournalFile.ofInterface(directory, one).read().interfaceName());
        assertNotEquals(JournalFile.ofInterface(directory, one), JournalFile.ofInterface(directory, other));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "{}",
                "{\"interfaceName\": \"\", \"bootId\": \"b\"}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": 7}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": [{\"name\": \"out0\"}]}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": [null]}",
                "{\"interfaceName\": \"edge\", \"bootId\": \"b\", \"nics\": []} and more"
            })
    void aBrokenOneIsNamedInOneLineAndMovedAside(String content) throws IOException {
        Path path = Files.writeString(directory.resolve("restore-edge.json"), content);
        String message = String.valueOf(assertThrows(IOException.class, () -> new JournalFile(path).read())
                .getMessage());
        assertTrue(message.startsWith(path + ": not a journal ("), message);
        assertTrue(!message.contains("delete"), message);
        assertEquals(1, message.lines().count(), message);

        Journals journals = Journals.read(directory);
        assertEquals(1, journals.broken().size());
        assertEquals(1, journals.putAside().size());
        assertEquals(content, Files.readString(directory.resolve("restore-edge.json.unreadable")));
        assertEquals(List.of(), Journals.read(directory).broken());
    }

    @Test
    void theKnownFieldsOfALaterVersionCount() throws IOException {
        Path path = Files.writeString(directory.resolve("restore-edge.json"), """
                {"interfaceName": "edge", "bootId": "b", "later": {"a": [1]},
                 "nics": [{"name": "out0", "index": 2, "switches": {"RP_FILTER": "2", "OF_2031": "1"}, "later": 7}],
                 "programs": [{"nic": 2, "ingress": true, "handle": 0, "program": 5, "later": true}]}
                """);
        Journal journal = new JournalFile(path).read();
        assertEquals(
                Map.of(StackSysctl.RP_FILTER, "2"), journal.nics().getFirst().switches());
        assertEquals(5, journal.programs().getFirst().program());
        assertEquals("", journal.programs().getFirst().fingerprint());
    }

    @Test
    void onlyRegularFilesAreRead() throws IOException {
        Path elsewhere = Files.writeString(directory.resolve("elsewhere"), "{}");
        JournalFile link = JournalFile.ofInterface(directory, "link");
        Files.createSymbolicLink(link.path(), elsewhere);
        assertThrows(IOException.class, link::read);
        JournalFile folder = JournalFile.ofInterface(directory, "folder");
        Files.createDirectory(folder.path());
        assertThrows(IOException.class, folder::read);
    }

    @Test
    void noDirectoryHasNoJournals() throws IOException {
        assertEquals(List.of(), Journals.read(directory.resolve("none")).faults());
        assertEquals(List.of(), JournalFile.all(directory.resolve("none")));
    }

    @Test
    void theAliasNamesAsManyProgramsAsFit() {
        List<Journal.AttachedProgram> many = IntStream.range(100, 200)
                .mapToObj(i -> new Journal.AttachedProgram(i, i % 2 == 0, 0, i * 1000, "", false))
                .toList();
        String alias = VethPairs.alias(new Journal("Ж".repeat(200), "b", List.of(), List.of(), many, List.of()));
        assertTrue(alias.startsWith("portcullis " + "Ж".repeat(30) + ": 199e:199000 198i:198000 "), alias);
        assertTrue(alias.getBytes(StandardCharsets.UTF_8).length <= 255, alias);
        assertEquals("portcullis web0:", VethPairs.alias(Journal.empty("web0", "b")));
    }
}
