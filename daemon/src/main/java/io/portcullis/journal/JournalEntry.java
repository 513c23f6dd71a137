package io.portcullis.journal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.slf4j.event.KeyValuePair;

/**
 * An entry in the journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). A field is {@code NAME=value} and a newline. A value that
 * has newlines itself follows its name, a newline, and its length in 8 bytes, little-endian.
 */
final class JournalEntry {
    private static final String IDENTIFIER = "portcullis";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);

    private JournalEntry() {}

    /** The datagram of an entry; the parameters are those of {@link JournalSocket#send}. */
    static byte[] of(int priority, String message, List<KeyValuePair> fields) {
        JournalEntry entry = new JournalEntry();
        entry.add("PRIORITY", Integer.toString(priority));
        entry.add("SYSLOG_IDENTIFIER", IDENTIFIER);
        for (KeyValuePair field : fields) {
            if (field.value instanceof Event event) {
                entry.add("MESSAGE_ID", event.messageId());
            }
            entry.add(field.key, text(field.value));
        }
        entry.add("MESSAGE", message);
        return entry.bytes.toByteArray();
    }

    private static String text(Object value) {
        return value instanceof Instant at
                ? Long.toString(ChronoUnit.MICROS.between(Instant.EPOCH, at))
                : String.valueOf(value);
    }

    private void add(String name, String value) {
        bytes.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        byte[] content = value.getBytes(StandardCharsets.UTF_8);
        if (value.indexOf('\n') < 0) {
            bytes.write('=');
        } else {
            bytes.write('\n');
            bytes.writeBytes(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(content.length)
                    .array());
        }
        bytes.writeBytes(content);
        bytes.write('\n');
    }
}
