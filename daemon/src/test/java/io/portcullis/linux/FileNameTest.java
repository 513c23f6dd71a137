package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class FileNameTest {
    @Test
    void plainNamesStayAsTheyAreAndOthersCanBeRead() {
        assertEquals("web0", FileName.of("web0"));
        assertEquals("eth0_a-b", FileName.of("eth0_a-b"));
        assertEquals("%2Fetc%2Fportcullis%2Eyaml", FileName.of("/etc/portcullis.yaml"));
        assertEquals("%C3%BC", FileName.of("\u00fc"));
    }

    @Test
    void noNameHasADotOrASlashOrIsTooLongAndNoTwoAreTheSame() {
        List<String> texts = Stream.concat(
                        Stream.of(
                                "a",
                                "a.old",
                                "a.new",
                                "a-0.aside",
                                "a.lock",
                                "A",
                                "%2E",
                                ".",
                                "..",
                                "",
                                "~",
                                "a/b",
                                "+",
                                "*",
                                " "),
                        Stream.of(
                                "\u00fc".repeat(255),
                                "\u00fc".repeat(254) + "x",
                                "a".repeat(180),
                                "a".repeat(181),
                                "a".repeat(255)))
                .toList();
        List<String> names = texts.stream().map(FileName::of).toList();
        for (String name : names) {
            assertTrue(name.matches("[A-Za-z0-9_%~-]{1,180}"), name);
        }
        assertEquals(texts.size(), names.stream().distinct().count());
        assertNotEquals(names.get(names.size() - 1), names.get(names.size() - 2));
    }

    @Test
    void sha256IsThatOfTheStandard() {
        // FIPS 180-2, B.1
        assertEquals(
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                FileName.sha256("abc".getBytes(StandardCharsets.UTF_8)));
    }
}
