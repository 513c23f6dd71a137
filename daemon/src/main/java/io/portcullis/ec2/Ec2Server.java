package io.portcullis.ec2;

import io.portcullis.ec2.auth.WatchedCredentials;
import io.portcullis.http.HttpServer;
import io.portcullis.http.Listening;
import io.portcullis.http.ServerCertificate;
import io.portcullis.http.ServerException;
import io.portcullis.http.ServerSettings;
import io.portcullis.http.TcpAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An {@link Endpoint} on TCP, with TLS where it can be reached from other hosts. {@link #trouble}, which {@link Listening} calls every
 * second, looks whether the certificate and the credentials were edited.
 */
public final class Ec2Server implements Listening.Server {
    /** Bytes: a query in a URL has no body, and may list hundreds of ids. */
    private static final int LONGEST_LINE = 64 << 10;

    /** Fifty clients on one host, and some more, are served at a time. */
    private static final int CONNECTIONS = 128;

    private static final int CONNECTIONS_OF_A_PEER = 64;

    private final HttpServer server;
    private final InetSocketAddress address;
    private final WatchedCredentials credentials;
    private final @Nullable ServerCertificate certificate;

    private Ec2Server(
            HttpServer server,
            InetSocketAddress address,
            WatchedCredentials credentials,
            @Nullable ServerCertificate certificate) {
        this.server = server;
        this.address = address;
        this.credentials = credentials;
        this.certificate = certificate;
    }

    /**
     * Listens and serves.
     *
     * @param endpoint stays open when this server is closed
     * @param credentials those of the endpoint
     * @param certificate null: no TLS
     * @throws ServerException if it can't listen there, or would listen beyond loopback without TLS
     */
    public static Ec2Server open(
            TcpAddress listen,
            Endpoint endpoint,
            WatchedCredentials credentials,
            @Nullable ServerCertificate certificate)
            throws ServerException {
        return open(listen, endpoint, credentials, certificate, HttpServer.IDLE);
    }

    static Ec2Server open(
            TcpAddress listen,
            Endpoint endpoint,
            WatchedCredentials credentials,
            @Nullable ServerCertificate certificate,
            Duration idle)
            throws ServerException {
        InetSocketAddress wanted = listen.resolve();
        if (certificate == null && !wanted.getAddress().isLoopbackAddress()) {
            throw new ServerException(
                    listen + ": other hosts can reach it, so it needs TLS: set ec2-api.tls, or listen at 127.0.0.1");
        }
        HttpServer server = new HttpServer(
                "portcullis-ec2-http",
                endpoint.routes(),
                new ServerSettings(idle, LONGEST_LINE, CONNECTIONS, CONNECTIONS_OF_A_PEER, certificate));
        boolean open = false;
        try {
            Ec2Server opened = new Ec2Server(server, server.listen(listen, wanted), credentials, certificate);
            open = true;
            return opened;
        } finally {
            if (!open) {
                server.close();
            }
        }
    }

    /** The address that it listens at, with the port that the kernel chose. */
    public InetSocketAddress address() {
        return address;
    }

    /** What callers suffer from though the server can be reached: no or old keys, an old certificate; one line each. Any thread. */
    public Stream<String> warnings() {
        return Stream.concat(
                credentials.trouble().stream(), certificate == null ? Stream.empty() : certificate.trouble().stream());
    }

    @Override
    public Optional<String> trouble() {
        var _ = credentials.get();
        if (certificate != null) {
            certificate.look();
        }
        return server.isListening()
                ? Optional.empty()
                : Optional.of("ec2-api.listen " + address + ": its socket is closed");
    }

    @Override
    public String toString() {
        return "the EC2 endpoint on " + address + (certificate == null ? "" : " with TLS");
    }

    /** Closes all connections; waits a few seconds at most for the thread to end. */
    @Override
    public void close() {
        server.close();
    }
}
