package io.portcullis.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.NotifySocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.KeyValuePair;

/** Entries go to the journal's socket; what does not is reported, so that it can be written elsewhere. */
final class JournalSocketTest {
    @TempDir
    private Path folder;

    private static final List<KeyValuePair> FIELDS = List.of(new KeyValuePair(Field.EVENT.key(), Event.EMERGENCY));

    private String address() {
        return folder.resolve("socket").toString();
    }

    @Test
    void anEntryIsOneDatagram() throws ErrnoException {
        try (NotifySocket journal = NotifySocket.bind(address())) {
            assertTrue(new JournalSocket(address()).send(3, "panic is on\nfor all", FIELDS));
            Map<String, String> entry = JournalEntryTest.read(journal.heard().getBytes(StandardCharsets.UTF_8));
            assertEquals("panic is on\nfor all", entry.get("MESSAGE"));
            assertEquals(Event.EMERGENCY.messageId(), entry.get("MESSAGE_ID"));
            assertEquals("", journal.heard());
        }
    }

    @Test
    void withoutAJournalNothingIsTaken() {
        assertFalse(new JournalSocket(address()).send(6, "text", List.of()));
    }

    @Test
    void anEntryLongerThanADatagramIsNotTaken() throws ErrnoException {
        try (NotifySocket journal = NotifySocket.bind(address())) {
            assertFalse(new JournalSocket(address()).send(6, "x".repeat(8 << 20), List.of()));
            assertEquals("", journal.heard());
        }
    }

    @Test
    @Timeout(30)
    void aJournalThatReadsNothingTakesNothingMore() throws ErrnoException {
        try (NotifySocket journal = NotifySocket.bind(address())) {
            JournalSocket socket = new JournalSocket(address());
            int taken = 0;
            while (socket.send(6, "text", List.of())) {
                taken++;
            }
            assertTrue(taken > 0);
            assertFalse(journal.heard().isEmpty());
        }
    }

    @Test
    void standardErrorIsTheJournalWhereDeviceAndInodeAreEqual() throws IOException {
        Path stream = Files.createFile(folder.resolve("stream"));
        Path other = Files.createFile(folder.resolve("other"));
        String value = Files.getAttribute(stream, "unix:dev") + ":" + Files.getAttribute(stream, "unix:ino");
        assertTrue(JournalSocket.isJournal(value, stream));
        assertFalse(JournalSocket.isJournal(value, other));
        assertFalse(JournalSocket.isJournal(value + "0", stream));
        assertFalse(JournalSocket.isJournal("", stream));
        assertFalse(JournalSocket.isJournal(null, stream));
        assertFalse(JournalSocket.isJournal(value, folder.resolve("absent")));
    }
}
