package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SystemdSocketTest {
    @TempDir
    Path directory;

    @Test
    void aPathReceivesTheMessage() throws ErrnoException {
        assertArrives(directory.resolve("notify").toString());
    }

    @Test
    void anAbstractNameReceivesTheMessage() throws ErrnoException {
        assertArrives("@portcullis-test-" + ProcessHandle.current().pid());
    }

    private static void assertArrives(String socketAddress) throws ErrnoException {
        try (NotifySocket socket = NotifySocket.bind(socketAddress)) {
            SystemdSocket.send(socketAddress, "READY=1\nSTATUS=2 interfaces – up\n");
            assertEquals("READY=1\nSTATUS=2 interfaces – up\n", socket.heard());
            assertEquals("", socket.heard());
        }
    }

    /** The queue holds net.unix.max_dgram_qlen messages. A daemon must not hang because its service manager hangs. */
    @Test
    @Timeout(30)
    void aReceiverThatReadsNothingBlocksForAShortTimeOnly() throws ErrnoException {
        String address = "@portcullis-full-" + ProcessHandle.current().pid();
        try (NotifySocket full = NotifySocket.bind(address)) {
            ErrnoException refused = assertThrows(ErrnoException.class, () -> {
                for (int i = 0; i < 100_000; i++) {
                    SystemdSocket.send(address, "WATCHDOG=1");
                }
            });
            assertEquals(Errno.EAGAIN, refused.errno());
            assertEquals("WATCHDOG=1", full.heard());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            vsock:2:1234        | sendto(vsock:2:1234): EAFNOSUPPORT (Address family not supported by protocol)
            ''                  | sendto(): EAFNOSUPPORT (Address family not supported by protocol)
            /no/such/socket     | sendto(/no/such/socket): ENOENT (No such file or directory)
            @portcullis-nobody  | sendto(@portcullis-nobody): ECONNREFUSED (Connection refused)
            """)
    void aBadAddressIsNamed(String socketAddress, String expected) {
        assertEquals(
                expected,
                assertThrows(ErrnoException.class, () -> SystemdSocket.send(socketAddress, "READY=1"))
                        .getMessage());
    }

    @Test
    void theLongestAddressFitsAndTheNextDoesNot() throws ErrnoException {
        assertArrives("@" + ProcessHandle.current().pid() + "x".repeat(107 - digits()));
        String path = "/" + "x".repeat(107);
        assertEquals(
                "sendto(" + path + "): ENAMETOOLONG (File name too long)",
                assertThrows(ErrnoException.class, () -> SystemdSocket.send(path, "READY=1"))
                        .getMessage());
        assertEquals(
                Errno.ENOENT,
                assertThrows(ErrnoException.class, () -> SystemdSocket.send(path.substring(0, 107), "X=1"))
                        .errno());
    }

    private static int digits() {
        return Long.toString(ProcessHandle.current().pid()).length();
    }

    @Test
    void monotonicTimeMovesAndIsTheKernels() throws IOException {
        long before = SystemdSocket.monotonicUsec();
        String uptime = Files.readString(Path.of("/proc/uptime"));
        double uptimeUsec = Double.parseDouble(uptime.substring(0, uptime.indexOf(' '))) * 1e6;
        long after = SystemdSocket.monotonicUsec();
        assertTrue(before <= after, before + " " + after);
        // CLOCK_MONOTONIC does not count suspended time: never ahead of the uptime, whose unit is 10 ms.
        assertTrue(before <= uptimeUsec + 10_000, before + " " + uptimeUsec);
    }
}
