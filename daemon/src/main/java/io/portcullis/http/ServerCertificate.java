package io.portcullis.http;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificate of a server that speaks TLS 1.2 and 1.3, and its private key, from two PEM files. They may be replaced while the server
 * runs: new connections get the new certificate. While the new files have a fault, new connections get the one before, and {@link
 * #trouble} says so. A symbolic link is followed, because certbot replaces the link.
 */
public final class ServerCertificate {
    private static final Logger LOG = LoggerFactory.getLogger(ServerCertificate.class);

    /** The shortest time between two looks at the files. */
    public static final Duration INTERVAL = Duration.ofSeconds(5);

    /** Bytes of a file. */
    private static final int LONGEST = 1 << 20;

    /**
     * Where the certificate is.
     *
     * @param certificate the server's own, then those that lead to one that clients know; belongs to root or to the user of this process
     * @param key PKCS #8, not encrypted; nobody else may read it
     * @param systemd the folder of the service's credentials: see {@link OwnedFile#secret}
     */
    public record Files(Path certificate, Path key, Optional<Path> systemd) {}

    /** What is in the files. */
    private record Read(OwnedFile certificate, OwnedFile key) {}

    /** What connections get. */
    private record Used(SslContext context, Instant from, Instant until) {}

    private final Files files;
    private final InstantSource clock;
    private final LongSupplier nanoTime;
    private volatile Used used;
    private volatile String trouble = "";

    private Read inUse;
    private long looked;

    private ServerCertificate(Files files, InstantSource clock, LongSupplier nanoTime) throws ServerException {
        this.files = files;
        this.clock = clock;
        this.nanoTime = nanoTime;
        looked = nanoTime.getAsLong();
        inUse = read();
        used = use(inUse);
        note(expiry());
    }

    /**
     * Reads both files. A certificate that has expired, or is not valid yet, is used all the same, with a warning.
     *
     * @param clock the time of this host
     * @param nanoTime a clock that never goes back, in nanoseconds: {@code System::nanoTime}
     * @throws ServerException a file is not there, not safe, or no certificate or private key, or the two do not belong together; the
     *     message names the file, and quotes nothing of it
     */
    public static ServerCertificate open(Files files, InstantSource clock, LongSupplier nanoTime)
            throws ServerException {
        return new ServerCertificate(files, clock, nanoTime);
    }

    /**
     * Reads the files again if the last look is older than {@link #INTERVAL}. Called every second or so, by one thread at a time, which
     * may wait.
     */
    public synchronized void look() {
        long now = nanoTime.getAsLong();
        if (now - looked < INTERVAL.toNanos()) {
            return;
        }
        looked = now;
        try {
            Read read = read();
            if (!read.equals(inUse)) {
                used = use(read);
                inUse = read;
                LOG.info("{}: new connections get the new certificate", files.certificate);
            }
            note(expiry());
        } catch (ServerException fault) {
            note(fault.getMessage() + "; new connections get the certificate that was read before");
        }
    }

    /** What is wrong with the files, or that the certificate is not valid now, in one line, as of the last look; empty: nothing. */
    public Optional<String> trouble() {
        String now = trouble;
        return now.isEmpty() ? Optional.empty() : Optional.of(now);
    }

    /** The handler of a new connection; a handshake that takes longer fails. */
    SslHandler handler(ByteBufAllocator allocator, Duration handshake) {
        SslHandler handler = used.context.newHandler(allocator);
        handler.setHandshakeTimeout(handshake.toMillis(), TimeUnit.MILLISECONDS);
        return handler;
    }

    private Read read() throws ServerException {
        try {
            return new Read(
                    OwnedFile.trusted(files.certificate.toRealPath(), LONGEST),
                    OwnedFile.secret(files.key.toRealPath(), LONGEST, files.systemd));
        } catch (IOException e) {
            throw new ServerException(FileFault.text(e), e);
        }
    }

    private Used use(Read read) throws ServerException {
        List<X509Certificate> chain = Pem.certificates(files.certificate, read.certificate.text());
        X509Certificate own = chain.getFirst();
        PrivateKey key = Pem.privateKey(files.key, read.key.text(), own.getPublicKey());
        try {
            SslContext context = SslContextBuilder.forServer(key, chain)
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .build();
            return new Used(
                    context, own.getNotBefore().toInstant(), own.getNotAfter().toInstant());
        } catch (IOException | IllegalArgumentException refused) {
            throw new ServerException(files.certificate + ": can't be used: " + refused.getMessage(), refused);
        }
    }

    private String expiry() {
        Instant now = clock.instant();
        if (now.isAfter(used.until)) {
            return files.certificate + ": the certificate has expired at " + used.until + ": clients refuse it";
        }
        return now.isBefore(used.from)
                ? files.certificate + ": the certificate is not valid before " + used.from + ": clients refuse it"
                : "";
    }

    private void note(String text) {
        if (!text.isEmpty() && !text.equals(trouble)) {
            LOG.warn("{}", text);
        }
        trouble = text;
    }
}
