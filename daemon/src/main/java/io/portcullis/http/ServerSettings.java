package io.portcullis.http;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a server grants to its peers.
 *
 * @param idle the time for a whole request, and again for receiving the answer; with TLS for the handshake, too
 * @param longestLine the most bytes of a request line, up to 64 KiB
 * @param connections the most at a time
 * @param ofPeer the most connections from one address, or of one user of a Unix socket, who is neither root nor the user of this
 *     process
 * @param certificate null: no TLS
 */
public record ServerSettings(
        Duration idle,
        int longestLine,
        int connections,
        int ofPeer,
        @Nullable ServerCertificate certificate) {
    public ServerSettings {
        if (longestLine < 1 || longestLine > 64 << 10 || connections < 1 || ofPeer < 1) {
            throw new IllegalArgumentException(longestLine + ", " + connections + ", " + ofPeer);
        }
    }

    /** The usual limits, without TLS. */
    static ServerSettings usual(Duration idle) {
        return new ServerSettings(idle, HttpServer.MAX_LINE_LENGTH, Connections.MAX, Connections.MAX_OF_A_PEER, null);
    }
}
