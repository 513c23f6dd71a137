package io.portcullis.system.principle;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Peers that request metrics again and again and read nothing; one that is cut off connects again. */
final class DeafScrapers {
    private static final byte[] REQUEST =
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private DeafScrapers() {}

    /** Arguments: the number of peers, the seconds. Each has an address of its own. */
    public static void main(String[] arguments) throws InterruptedException {
        @Nullable SocketChannel[] peers = new SocketChannel[Integer.parseInt(arguments[0])];
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
        long asked = 0;
        long cut = 0;
        while (System.nanoTime() < endNs) {
            for (int i = 0; i < peers.length; i++) {
                SocketChannel peer = peers[i];
                try {
                    if (peer == null) {
                        peer = connect("127.0.1." + (1 + i));
                        peers[i] = peer;
                    }
                    asked += peer.write(ByteBuffer.wrap(REQUEST)) / REQUEST.length;
                } catch (IOException refused) {
                    cut++;
                    if (peer != null) {
                        close(peer);
                    }
                    peers[i] = null;
                }
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        System.out.println("asked " + asked + ", cut " + cut);
    }

    private static SocketChannel connect(String from) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.SO_RCVBUF, 4_096);
        channel.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
        channel.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9750));
        channel.configureBlocking(false);
        return channel;
    }

    private static void close(SocketChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
