package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The book of logins, as glibc writes it on the machine that this runs on. */
final class LoginsTest {
    private static final boolean LONG_TIMES = System.getProperty("os.arch").equals("aarch64");
    private static final int LENGTH = LONG_TIMES ? 400 : 384;
    private static final int ADDRESS = LONG_TIMES ? 360 : 348;

    private static byte[] entry(int type, long pid, String address) {
        ByteBuffer entry = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        entry.putShort(0, (short) type).putInt(4, (int) pid);
        entry.put(ADDRESS, InetAddress.ofLiteral(address).getAddress());
        return entry.array();
    }

    private static byte[] book(byte[]... entries) {
        ByteBuffer book = ByteBuffer.allocate(LENGTH * entries.length + 10);
        for (byte[] entry : entries) {
            book.put(entry);
        }
        return book.array();
    }

    @Test
    void peopleWhoAreThereAreFoundByTheirAddresses() {
        long here = ProcessHandle.current().pid();
        assertEquals(
                Set.of(InetAddress.ofLiteral("198.51.100.7"), InetAddress.ofLiteral("2001:db8::7")),
                Logins.remoteAddresses(book(
                        entry(7, here, "198.51.100.7"),
                        entry(7, here, "2001:db8::7"),
                        entry(8, here, "198.51.100.8"),
                        entry(7, Integer.MAX_VALUE, "198.51.100.9"),
                        entry(7, here, "0.0.0.0"))));
        assertEquals(Set.of(), Logins.remoteAddresses(new byte[LENGTH - 1]));
    }
}
