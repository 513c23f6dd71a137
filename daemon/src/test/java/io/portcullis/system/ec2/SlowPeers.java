package io.portcullis.system.ec2;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A program that does not end: {@link #PEERS} connections from two addresses of the host that are silent, send a head byte by byte, or the
 * body of a signed call byte by byte. Each comes back soon after it is closed. It prints a line for each connection.
 */
final class SlowPeers {
    static final int PEERS = 150;

    private static final int PAUSE_MS = 200;
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(PAUSE_MS);

    private SlowPeers() {}

    public static void main(String[] arguments) throws InterruptedException {
        List<Thread> peers = new ArrayList<>();
        for (int i = 0; i < PEERS; i++) {
            String from = i % 2 == 0 ? "127.0.0.1" : "127.0.0.9";
            int kind = i % 3;
            peers.add(Thread.ofVirtual().start(() -> repeat(from, kind)));
        }
        for (Thread each : peers) {
            each.join();
        }
    }

    private static void repeat(String from, int kind) {
        String call = ApiClient.signed("DescribeRegions");
        String slow = switch (kind) {
            case 0 -> "";
            case 1 -> "POST / HTTP/1.1\r\nA: " + "a".repeat(10_000);
            default -> call.substring(call.length() - 20);
        };
        String fast = kind == 2 ? call.substring(0, call.length() - 20) : "";
        while (true) {
            try (Socket socket = new Socket()) {
                socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
                socket.connect(ApiClient.server());
                System.out.print("open\n");
                OutputStream out = socket.getOutputStream();
                out.write(fast.getBytes(StandardCharsets.ISO_8859_1));
                for (int at = 0; at < slow.length() && !isClosed(socket); at++) {
                    out.write(slow.charAt(at));
                }
                boolean isOpen = true;
                while (isOpen) {
                    isOpen = !isClosed(socket);
                }
            } catch (IOException cut) {
                // The next connection, in a moment.
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    /** Waits a moment for the end of the connection. */
    private static boolean isClosed(Socket socket) throws IOException {
        socket.setSoTimeout(PAUSE_MS);
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException open) {
            return false;
        }
    }
}
