package io.portcullis.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

/** The bytes of an entry are those of the journal's native protocol. */
final class JournalEntryTest {
    /** The fields of a datagram, read as journald does. */
    static Map<String, String> read(byte[] datagram) {
        Map<String, String> fields = new LinkedHashMap<>();
        ByteBuffer bytes = ByteBuffer.wrap(datagram).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            int start = bytes.position();
            byte end = bytes.get();
            while (end != '=' && end != '\n') {
                end = bytes.get();
            }
            String name = new String(datagram, start, bytes.position() - 1 - start, StandardCharsets.US_ASCII);
            assertTrue(name.matches("[A-Z][A-Z0-9_]{0,63}"), name);
            int length = 0;
            if (end == '\n') {
                length = Math.toIntExact(bytes.getLong());
            } else {
                while (datagram[bytes.position() + length] != '\n') {
                    length++;
                }
            }
            fields.put(name, new String(datagram, bytes.position(), length, StandardCharsets.UTF_8));
            bytes.position(bytes.position() + length);
            assertEquals('\n', bytes.get());
        }
        return fields;
    }

    @Test
    void aDropHasItsFields() {
        byte[] entry = JournalEntry.of(
                6,
                "drop web0 …",
                List.of(
                        new KeyValuePair(Field.EVENT.key(), Event.DROP),
                        new KeyValuePair(Field.SOURCE_PORT.key(), 40_000),
                        new KeyValuePair(Field.TIME.key(), Instant.parse("2026-11-30T11:00:00.123456789Z"))));
        assertEquals("""
                PRIORITY=6
                SYSLOG_IDENTIFIER=portcullis
                MESSAGE_ID=92125c9cc552411cb83347e2789a5fd1
                PORTCULLIS_EVENT=drop
                PORTCULLIS_SOURCE_PORT=40000
                PORTCULLIS_TIME=1796036400123456
                MESSAGE=drop web0 …
                """, new String(entry, StandardCharsets.UTF_8));
    }

    @Test
    void aValueOfSeveralLinesHasItsLength() {
        byte[] entry = JournalEntry.of(3, "a\nü", List.of());
        assertEquals(
                "PRIORITY=3\nSYSLOG_IDENTIFIER=portcullis\nMESSAGE\n\4\0\0\0\0\0\0\0a\nü\n",
                new String(entry, StandardCharsets.UTF_8));
    }

    @Test
    void anyTextIsReadBackAndForgesNoField() {
        SplittableRandom random = new SplittableRandom(7);
        String characters = "a=\n\r\0 é€𝄞_MESSAGE";
        for (int i = 0; i < 10_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(30); n > 0; n--) {
                text.appendCodePoint(characters.codePointAt(characters.offsetByCodePoints(
                        0, random.nextInt(characters.codePointCount(0, characters.length())))));
            }
            Map<String, String> fields = read(JournalEntry.of(
                    4,
                    text.toString(),
                    List.of(new KeyValuePair(Field.RULE.key(), text.reverse().toString()))));
            text.reverse();
            assertEquals(text.toString(), fields.get("MESSAGE"));
            assertEquals(text.reverse().toString(), fields.get("PORTCULLIS_RULE"));
            assertEquals(4, fields.size());
        }
    }

    @Test
    void everyKindOfEventHasAnIdOfItsOwn() {
        Set<String> ids = new HashSet<>();
        for (Event event : Event.values()) {
            assertTrue(event.messageId().matches("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"), event + " is a UUID");
            assertTrue(ids.add(event.messageId()), event.label());
        }
    }
}
