package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.config.Ec2Api;
import io.portcullis.linux.OwnedFile;
import io.portcullis.linux.user.Users;
import io.portcullis.testing.TestCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class Ec2FilesTest {
    private static final Users.Ids SELF = new Users.Ids(OwnedFile.user(), OwnedFile.user());

    /** A service's user who can't read this user's files. */
    private static final Users.Ids SERVICE = new Users.Ids(65_534, 65_534);

    private static final String KEYS =
            "[default]\naws_access_key_id = AKIATEST\naws_secret_access_key = " + "x".repeat(40) + "\n";

    private static TestCertificate one;
    private static TestCertificate other;
    private static TestCertificate old;

    @TempDir
    Path folder;

    private Path keys;
    private Path cert;
    private Path key;

    @BeforeAll
    static void make(@TempDir Path shared) throws Exception {
        one = TestCertificate.make(shared, "-keyalg", "EC");
        other = TestCertificate.make(shared, "-keyalg", "EC");
        old = TestCertificate.make(shared, "-keyalg", "EC", "-startdate", "-10d", "-validity", "1");
    }

    @BeforeEach
    void write() throws IOException {
        mode(folder, "rwxr-xr-x");
        keys = file("keys", KEYS);
        cert = file("cert", one.pem());
        key = file("key", one.keyPem());
        // Also loads the classes, for which another user may lack the right.
        assertEquals(List.of(), faults(SELF));
    }

    private Path file(String name, String text) throws IOException {
        return mode(Files.writeString(folder.resolve(name), text), "rw-------");
    }

    private static Path mode(Path file, String permissions) throws IOException {
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    private static void give(Path file, Users.Ids to) throws IOException {
        Files.setAttribute(file, "unix:uid", to.user());
        Files.setAttribute(file, "unix:gid", to.group());
    }

    private Ec2Api api(@Nullable Path credentials) {
        return new Ec2Api("127.0.0.1", 9751, credentials, null, null, null, Map.of(), 100, new Ec2Api.Tls(cert, key));
    }

    private List<String> faults(Users.Ids reader) throws IOException {
        return faults(reader, true);
    }

    private List<String> faults(Users.Ids reader, boolean isForThisHost) throws IOException {
        Ec2Files files = new Ec2Files(reader, folder.resolve("usual"), Optional.of(folder.resolve("systemd")));
        files.read(api(keys), isForThisHost);
        return files.faults();
    }

    private void assertFault(String words, Users.Ids reader) throws IOException {
        List<String> faults = faults(reader);
        assertEquals(1, faults.size(), faults::toString);
        assertTrue(faults.getFirst().contains(words), faults::toString);
    }

    @Test
    void aMissingFileIsAFaultOfTheHostThatTheConfigurationIsForOnly() throws IOException {
        Files.delete(keys);
        assertFault("create it with mode 0600", SELF);
        assertEquals(List.of(), faults(SELF, false));
        file("keys", KEYS);
        for (Path each : List.of(cert, key)) {
            String text = Files.readString(each);
            Files.delete(each);
            assertFault("no such file", SELF);
            assertEquals(List.of(), faults(SELF, false));
            file(each.getFileName().toString(), text);
        }
    }

    @Test
    void aFileWithoutAKeyOrWithFaultsIsNamed() throws IOException {
        file("keys", "");
        assertFault("has no access key", SELF);
        file("keys", KEYS + "read_only = true\n");
        assertFault(keys + ":4", SELF);
    }

    @Test
    void othersMustNotReadKeys() throws IOException {
        mode(keys, "rw-r--r--");
        assertFault("chmod 600", SELF);
        mode(keys, "rw-------");
        mode(key, "rw-r-----");
        assertFault("chmod 600", SELF);
    }

    @Test
    void aCertificateMustBeValidAndHaveItsKey() throws IOException {
        file("cert", old.pem());
        file("key", old.keyPem());
        assertFault("has expired at", SELF);
        file("key", other.keyPem());
        assertFault("does not belong to the first certificate", SELF);
        file("cert", "none");
        assertFault("has no certificate", SELF);
    }

    @Test
    void systemdsCredentialIsUsedWhereTheConfigurationNamesNoFile() throws IOException {
        Ec2Files none = new Ec2Files(SELF, folder.resolve("usual"), Optional.of(folder.resolve("systemd")));
        none.read(api(null), true);
        assertTrue(
                none.faults().toString().contains(folder.resolve("usual") + ": no such file"), none.faults()::toString);
        Files.createDirectory(folder.resolve("systemd"));
        Path given = file("systemd/ec2-credentials", KEYS);
        for (String mode : List.of("r--------", "r--r-----")) {
            // systemd.exec(5): the second one is the service's by an access control list, and belongs to root.
            mode(given, mode);
            Ec2Files files = new Ec2Files(SELF, folder.resolve("usual"), Optional.of(folder.resolve("systemd")));
            files.read(api(null), true);
            assertEquals(List.of(), files.faults());
        }
    }

    @Test
    void theServiceMustBeAbleToReadThem() throws IOException {
        assumeTrue(SELF.user() == 0, "another user's view: root alone can take it");
        for (Path each : List.of(keys, cert, key)) {
            give(each, SERVICE);
        }
        assertEquals(List.of(), faults(SERVICE));
        give(keys, SELF);
        assertFault("access keys: " + keys, SERVICE);
        assertFault("Permission denied", SERVICE);
        give(keys, SERVICE);
        mode(folder, "rwx------");
        assertEquals(2, faults(SERVICE).size(), "the folder is closed to the service");
        mode(folder, "rwxr-xr-x");
        give(keys, new Users.Ids(12_345, 12_345));
        mode(keys, "rw-r--r--");
        assertFault("must belong to root or to user 65534", SERVICE);
        assertEquals(0, OwnedFile.user(), "this thread is root's all the time");
    }
}
