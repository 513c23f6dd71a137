package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sockets that receive on a port, as the kernel lists them. */
final class ListeningSocketsTest {
    private static final ListeningSockets OF_THIS_HOST = new ListeningSockets(Path.of("/proc/net"));

    @TempDir
    private Path folder;

    @Test
    void aSocketOfThisProcessIsFound() throws IOException {
        try (ServerSocket tcp = new ServerSocket()) {
            tcp.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            assertTrue(
                    OF_THIS_HOST.on(6, tcp.getLocalPort()).toString().contains("127.0.0.1"),
                    () -> "port " + tcp.getLocalPort());
        }
        try (DatagramSocket udp = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
            assertTrue(
                    OF_THIS_HOST.on(17, udp.getLocalPort()).toString().contains("127.0.0.1"),
                    () -> "port " + udp.getLocalPort());
        }
    }

    @Test
    void addressesAndStatesAreRead() throws IOException {
        String title = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";
        Files.writeString(
                folder.resolve("tcp"),
                title + "   0: 0105000A:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
                        + "   1: 0205000A:01BB 076433C6:9C40 01 00000000:00000000 00:00000000 00000000     0\n"
                        + "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n");
        Files.writeString(
                folder.resolve("tcp6"),
                title + "   0: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 0\n"
                        + "   1: 0000000000000000FFFF00000305000A:01BB 00000000000000000000000000000000:0000 0A 0\n");
        ListeningSockets sockets = new ListeningSockets(folder);
        assertEquals("[10.0.5.1, 2001:db8::1, 10.0.5.3]", sockets.on(6, 443).toString());
        assertEquals("[0.0.0.0]", sockets.on(6, 80).toString());
        assertEquals(List.of(), sockets.on(6, 22));
        assertEquals(List.of(), sockets.on(17, 443), "without a file of udp");
    }
}
