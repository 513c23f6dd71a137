package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBufAllocator;
import io.portcullis.linux.OwnedFile;
import io.portcullis.testing.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of a certificate: what is refused, and what happens when they are replaced. */
final class ServerCertificateTest {
    private static TestCertificate one;
    private static TestCertificate other;

    @TempDir
    private Path folder;

    private Path certificate;
    private Path key;
    private final AtomicLong nanos = new AtomicLong();
    private Instant now = Instant.now();

    @BeforeAll
    static void make(@TempDir Path shared) throws Exception {
        one = TestCertificate.make(shared, "-keyalg", "EC");
        other = TestCertificate.make(shared, "-keyalg", "EC");
    }

    @BeforeEach
    void write() throws IOException {
        certificate = folder.resolve("cert.pem");
        key = folder.resolve("key.pem");
        one.write(certificate, key);
    }

    private ServerCertificate open(Optional<Path> systemd) throws ServerException {
        return ServerCertificate.open(new ServerCertificate.Files(certificate, key, systemd), () -> now, nanos::get);
    }

    private ServerCertificate open() throws ServerException {
        return open(Optional.empty());
    }

    private String fault() {
        return String.valueOf(assertThrows(ServerException.class, this::open).getMessage());
    }

    private void look(ServerCertificate watched) {
        nanos.addAndGet(ServerCertificate.INTERVAL.toNanos());
        watched.look();
    }

    private static SSLEngine engine(ServerCertificate watched) {
        return watched.handler(ByteBufAllocator.DEFAULT, Duration.ofSeconds(1)).engine();
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void aCertificateAndItsKeyAreRead(String kind) throws Exception {
        TestCertificate made = TestCertificate.make(folder, "-keyalg", kind);
        made.write(certificate, key);
        now = ((X509Certificate) made.certificate()).getNotBefore().toInstant();
        assertEquals(Optional.empty(), open().trouble());
    }

    @Test
    void onlyTls12And13AreSpoken() throws Exception {
        assertEquals(Set.of("TLSv1.2", "TLSv1.3"), Set.of(engine(open()).getEnabledProtocols()));
    }

    @Test
    void oneFileMayHaveBothAndText() throws Exception {
        Files.writeString(key, "subject=CN = localhost\n" + one.pem() + other.pem() + "\r\n" + one.keyPem());
        certificate = key;
        assertEquals(Optional.empty(), open().trouble());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|CERT: has no certificate: PEM is expected, with -----BEGIN CERTIFICATE-----",
                "KEY|CERT: has no certificate: PEM is expected, with -----BEGIN CERTIFICATE-----",
                "CUT|CERT: is cut: a -----BEGIN has no -----END",
                "-----BEGIN CERT|CERT: is cut: a -----BEGIN has no -----END",
                "-----BEGIN CERTIFICATE-----~_~-----END CERTIFICATE-----|CERT: the text behind -----BEGIN"
                        + " CERTIFICATE----- is not base64",
                "-----BEGIN CERTIFICATE-----~AAAA~-----END CERTIFICATE-----|CERT: certificate 1 of this file can't be read;"
                        + " is it one of X.509?",
                "CHAIN-----BEGIN CERTIFICATE-----~AAAA~-----END CERTIFICATE-----|CERT: certificate 2 of this file can't be"
                        + " read; is it one of X.509?",
            })
    void whatIsNoCertificateIsNamed(String text, String expected) throws Exception {
        Files.writeString(
                certificate,
                text.replace('~', '\n')
                        .replace("KEY", one.keyPem())
                        .replace("CUT", one.pem().substring(0, 200))
                        .replace("CHAIN", one.pem()));
        assertEquals(expected.replace("CERT:", certificate + ":"), fault());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|KEY: has 0 private keys, and must have one: PEM is expected, with -----BEGIN PRIVATE KEY-----",
                "TWICE|KEY: has 2 private keys, and must have one: PEM is expected, with -----BEGIN PRIVATE KEY-----",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----~AAAA~-----END ENCRYPTED PRIVATE KEY-----|KEY: is encrypted, and nobody"
                        + " is there to enter the passphrase: openssl pkey -in OLD -out NEW removes it",
                "-----BEGIN RSA PRIVATE KEY-----~Proc-Type: 4,ENCRYPTED~DEK-Info: AES-128-CBC,00~~AAAA~-----END RSA PRIVATE"
                        + " KEY-----|KEY: is encrypted, and nobody is there to enter the passphrase: openssl pkey -in OLD"
                        + " -out NEW removes it",
                "-----BEGIN EC PRIVATE KEY-----~AAAA~-----END EC PRIVATE KEY-----|KEY: has the old form -----BEGIN EC PRIVATE"
                        + " KEY-----: openssl pkey -in OLD -out NEW writes PKCS #8",
                "-----BEGIN PRIVATE KEY-----~AAAA~-----END PRIVATE KEY-----|KEY: is no private key that belongs to the first"
                        + " certificate, which has one of the kind EC",
                "OTHER|KEY: does not belong to the first certificate; the server's own certificate comes first",
            })
    void whatIsNotTheKeyIsNamed(String text, String expected) throws Exception {
        Files.writeString(
                key,
                text.replace('~', '\n')
                        .replace("TWICE", one.keyPem() + one.keyPem())
                        .replace("OTHER", other.keyPem()));
        assertEquals(expected.replace("KEY: ", key + ": "), fault());
    }

    @Test
    void noFaultQuotesAKey() throws Exception {
        String body = one.keyPem().split("\n")[1];
        for (int cut = 0; cut < one.keyPem().length(); cut += 7) {
            Files.writeString(
                    key, one.keyPem().substring(0, cut) + "!" + one.keyPem().substring(cut));
            try {
                open();
            } catch (ServerException fault) {
                assertFalse(String.valueOf(fault.getMessage()).contains(body.substring(0, 8)), fault.getMessage());
            }
        }
    }

    /** Damaged content in a whole frame: read, or refused with the file's name. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void damagedContentIsReadOrRefused(long seed) throws Exception {
        byte[] encoded = one.certificate().getEncoded();
        byte[] encodedKey = Base64.getMimeDecoder().decode(one.keyPem().replaceAll("-----.*-----", ""));
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int i = 0; i < 300; i++) {
            boolean isKey = random.nextBoolean();
            byte[] damaged = (isKey ? encodedKey : encoded).clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            Files.writeString(certificate, isKey ? one.pem() : TestCertificate.pem("CERTIFICATE", damaged));
            Files.writeString(key, isKey ? TestCertificate.pem("PRIVATE KEY", damaged) : one.keyPem());
            try {
                open();
            } catch (ServerException fault) {
                assertTrue(String.valueOf(fault.getMessage()).startsWith(folder.toString()), fault.getMessage());
                refused++;
            }
        }
        assertTrue(refused > 30, refused + " refused");
    }

    @Test
    void aKeyThatOthersMayReadIsRefusedUnlessSystemdGuardsIt() throws Exception {
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
        assertEquals(
                key
                        + ": may be read by others than its owner (mode 0640), and has secrets: chmod 600, and replace the keys"
                        + " if others could read them",
                fault());
        assertEquals(Optional.empty(), open(Optional.of(folder)).trouble());
    }

    @Test
    void aFileOfAnotherUserIsRefused() throws Exception {
        assumeTrue(OwnedFile.user() == 0, "chown needs root");
        Files.setAttribute(certificate, "unix:uid", 4_321);
        assertTrue(fault().startsWith(certificate + ": belongs to user 4321, and must belong to root"), fault());
        Files.setAttribute(certificate, "unix:uid", 0);
        Files.setAttribute(key, "unix:uid", 4_321);
        assertTrue(fault().startsWith(key + ": belongs to user 4321, and must belong to root"), fault());
    }

    @Test
    void aFileThatIsNotThereIsNamed() throws Exception {
        Files.delete(key);
        assertEquals(key + ": no such file", fault());
    }

    @Test
    void anExpiredCertificateIsAWarning() throws Exception {
        X509Certificate own = (X509Certificate) one.certificate();
        now = own.getNotAfter().toInstant().plusSeconds(1);
        assertEquals(
                Optional.of(certificate + ": the certificate has expired at "
                        + own.getNotAfter().toInstant() + ": clients refuse it"),
                open().trouble());
        now = own.getNotBefore().toInstant().minusSeconds(1);
        assertTrue(open().trouble().orElseThrow().contains("is not valid before"));
    }

    @Test
    void aCertificateThatExpiresWhileItIsUsedIsReported() throws Exception {
        ServerCertificate watched = open();
        now = ((X509Certificate) one.certificate()).getNotAfter().toInstant().plusSeconds(1);
        assertEquals(Optional.empty(), watched.trouble());
        look(watched);
        assertTrue(watched.trouble().orElseThrow().contains("has expired"));
    }

    @Test
    void filesAreNotReadBeforeTheIntervalHasPassed() throws Exception {
        ServerCertificate watched = open();
        Files.writeString(certificate, "");
        nanos.addAndGet(ServerCertificate.INTERVAL.toNanos() - 1);
        watched.look();
        assertEquals(Optional.empty(), watched.trouble());
        nanos.addAndGet(1);
        watched.look();
        assertTrue(watched.trouble().isPresent());
    }

    @Test
    void aFaultyReplacementLeavesTheOldCertificateInUse() throws Exception {
        ServerCertificate watched = open();
        Files.writeString(certificate, other.pem());
        look(watched);
        assertEquals(
                key
                        + ": does not belong to the first certificate; the server's own certificate comes first; new connections"
                        + " get the certificate that was read before",
                watched.trouble().orElseThrow());
        Files.writeString(certificate, other.pem().substring(0, 100));
        look(watched);
        assertTrue(watched.trouble().orElseThrow().startsWith(certificate + ": is cut"));
        Files.delete(certificate);
        look(watched);
        assertTrue(watched.trouble().orElseThrow().startsWith(certificate + ": no such file"));
        other.write(certificate, key);
        look(watched);
        assertEquals(Optional.empty(), watched.trouble());
    }

    /** As certbot does it: the names are links, which are replaced. */
    @Test
    void aLinkIsFollowed() throws Exception {
        Path archive = Files.createDirectory(folder.resolve("archive"));
        one.write(archive.resolve("cert1.pem"), archive.resolve("key1.pem"));
        other.write(archive.resolve("cert2.pem"), archive.resolve("key2.pem"));
        for (int number = 1; number <= 2; number++) {
            Path link = Files.createSymbolicLink(folder.resolve("new"), Path.of("archive/cert" + number + ".pem"));
            Files.move(link, certificate, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            link = Files.createSymbolicLink(folder.resolve("new"), Path.of("archive/key" + number + ".pem"));
            Files.move(link, key, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            assertEquals(Optional.empty(), open().trouble());
        }
    }
}
