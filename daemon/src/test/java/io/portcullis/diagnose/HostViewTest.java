package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.operations.traffic.LoggedPacket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What this host would make of a packet, on its loopback: the lab's tests have routes and neighbours. */
final class HostViewTest {
    private static LoggedPacket packet(String direction, String rest) {
        return LoggedPacket.parse("drop web0 " + direction + " no-rule " + rest);
    }

    @Test
    void aBridgeIsNotThisHost() {
        assertEquals(
                List.of("web0 is a bridge, and the packet is not for this host: sockets and routes are those of other"
                        + " hosts"),
                HostView.of(packet("ingress", "tcp 127.0.0.2:1 > 127.0.0.1:22"), true));
    }

    @Test
    void aProgramListensOnAllAddressesOrOnOne() throws IOException {
        String own = "127.0.0.2 is an address of this host itself";
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
            int port = socket.getLocalPort();
            assertEquals(
                    List.of("a program listens on tcp port " + port + " (127.0.0.1)", own),
                    HostView.of(packet("ingress", "tcp 127.0.0.2:1 > 127.0.0.1:" + port), false));
            assertEquals(
                    List.of("a program listens on tcp port " + port + " of 127.0.0.1 alone, not of 127.0.0.3", own),
                    HostView.of(packet("ingress", "tcp 127.0.0.2:1 > 127.0.0.3:" + port), false));
            // Nothing but the way counts for a packet that leaves, or without ports.
            assertEquals(List.of(own), HostView.of(packet("egress", "tcp 127.0.0.3:1 > 127.0.0.2:" + port), false));
            assertEquals(List.of(own), HostView.of(packet("ingress", "proto 47 127.0.0.2 > 127.0.0.1"), false));
        }
    }
}
