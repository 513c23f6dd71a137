package io.portcullis.ec2.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CredentialsTest {
    private static final String SECRET = "s3cr3tS3CR3T/+s3cr3tS3CR3T/+s3cr3tS3CR3T";
    private static final String GOOD = """
            # Keys of this host
            [default]
            aws_access_key_id = AKIADEFAULT
            aws_secret_access_key = %s

            ; for the monitoring
            [ monitor ]   # may look
            AWS_ACCESS_KEY_ID=AKIAMONITOR
            aws_secret_access_key=%sx
            read-only = true
            region = us-east-1
            output = json
            """.formatted(SECRET, SECRET);

    @TempDir
    Path folder;

    private static List<String> faults(String text) {
        ConfigException refused = assertThrows(ConfigException.class, () -> CredentialsReader.read("keys", text), text);
        return refused.errors().stream().map(ConfigError::toString).toList();
    }

    @Test
    void aFileOfAwssToolsIsRead() throws ConfigException {
        Credentials keys = CredentialsReader.read("keys", GOOD);
        assertEquals(2, keys.size());
        assertFalse(keys.find("AKIADEFAULT").orElseThrow().isReadOnly());
        assertTrue(keys.find("AKIAMONITOR").orElseThrow().isReadOnly());
        assertTrue(keys.find("akiadefault").isEmpty());
        assertTrue(keys.find("AKIADEFAULT").orElseThrow().isSame(new AccessKey("AKIADEFAULT", SECRET, false)));
    }

    @Test
    void aKeyMayBeInTwoProfiles() throws ConfigException {
        String key = "aws_access_key_id = A1\naws_secret_access_key = " + SECRET + "\n";
        assertEquals(
                1,
                CredentialsReader.read("keys", "[default]\n" + key + "[other]\r\n" + key)
                        .size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "|keys: has no access key: write a profile such as [default] with aws_access_key_id and"
                        + " aws_secret_access_key",
                "[a]|keys:1:1: this profile has no aws_access_key_id",
                "[a]~aws_access_key_id=A1|keys:1:1: this profile has no aws_secret_access_key",
                "[a]~aws_secret_access_key=SECRET|keys:1:1: this profile has no aws_access_key_id",
                "aws_access_key_id=A1|keys:1:1: a setting above the first profile: write [default] above it",
                "[]|keys:1:1: a profile is written [NAME]~keys:1:1: this profile has no aws_access_key_id",
                "KEY~[a|keys:4:1: a profile is written [NAME]~keys:4:1: this profile has no aws_access_key_id",
                "KEY~[a]~aws_access_key_id=A1~aws_secret_access_key=SECRET|keys:4:1: this profile is in the file twice",
                "KEY~aws_access_key_id=A2|keys:4:1: aws_access_key_id is in this profile twice",
                "KEY~SECRET|keys:4:1: not a profile, a comment or a setting with an equals sign",
                "KEY~SECRET=|keys:4:1: not a setting of this file: it may have aws_access_key_id, aws_secret_access_key and"
                        + " read-only",
                "KEY~readonly = true|keys:4:1: not a setting of this file: it may have aws_access_key_id,"
                        + " aws_secret_access_key and read-only",
                "KEY~read-only = yes|keys:4:1: read-only must be true or false",
                "KEY~read-only =|keys:4:1: read-only must be true or false",
                "KEY~aws_session_token = SECRET|keys:4:1: aws_session_token: temporary credentials are not supported, a key"
                        + " needs no token",
                "[a]~aws_access_key_id=A/1~aws_secret_access_key=SECRET|keys:2:1: aws_access_key_id must be 1 to 128"
                        + " letters, digits and underscores",
                "[a]~aws_access_key_id=A1~aws_secret_access_key=SECRET SECRET|keys:3:1: aws_secret_access_key must be 16 to"
                        + " 256 visible ASCII characters without blanks; openssl rand -base64 30 makes one",
                "[a]~aws_access_key_id=A1~aws_secret_access_key=short|keys:3:1: aws_secret_access_key must be 16 to 256"
                        + " visible ASCII characters without blanks; openssl rand -base64 30 makes one",
                "KEY~[b]~aws_access_key_id=A1~aws_secret_access_key=SECRETx|keys:5:1: another profile has this"
                        + " aws_access_key_id with another secret or another read-only",
                "KEY~[b]~aws_access_key_id=A1~aws_secret_access_key=SECRET~read-only=true|keys:5:1: another profile has this"
                        + " aws_access_key_id with another secret or another read-only",
            })
    void aFaultIsNamedWithItsLineAndNeverQuotesASecret(String text, String expected) {
        String file = (text == null ? "" : text)
                .replace("KEY", "[a]~aws_access_key_id=A1~aws_secret_access_key=SECRET")
                .replace("SECRET", SECRET)
                .replace('~', '\n');
        List<String> faults = faults(file);
        assertEquals(List.of(expected.split("~")), faults);
        assertFalse(faults.toString().contains(SECRET.substring(0, 8)), faults.toString());
    }

    @Test
    void allFaultsAreNamedAtOnce() {
        assertEquals(
                List.of(
                        "keys:1:1: this profile has no aws_access_key_id",
                        "keys:2:1: this profile has no aws_access_key_id",
                        "keys:3:1: not a profile, a comment or a setting with an equals sign"),
                faults("[a]\n[b]\nx"));
    }

    @Test
    void nothingShowsASecret() throws ConfigException {
        Credentials keys = CredentialsReader.read("keys", GOOD);
        assertEquals("[access key AKIADEFAULT, access key AKIAMONITOR (read-only)]", keys.toString());
        SignedRequest request = new SignedRequest("POST", "/", List.of(), SECRET.getBytes(StandardCharsets.US_ASCII));
        assertEquals("POST /", request.toString());
    }

    /** Damaged files: read, or refused with faults that quote nothing. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void aDamagedFileNeverShowsASecret(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 2_000; i++) {
            StringBuilder text = new StringBuilder(GOOD);
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, "\n=[]#; \u0000".charAt(random.nextInt(8)));
                    default -> text.setCharAt(at, (char) random.nextInt(1, 256));
                }
            }
            try {
                Credentials keys = CredentialsReader.read("keys", text.toString());
                assertFalse(keys.toString().contains("s3cr3t"));
            } catch (ConfigException refused) {
                String shown =
                        refused.errors().stream().map(ConfigError::toString).collect(Collectors.joining());
                assertFalse(shown.contains("s3cr3t") || shown.contains("S3CR3T"), "seed " + seed + ": " + shown);
            }
        }
    }

    private Path file(String name, String mode) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, GOOD);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static String fault(Path file, Optional<Path> systemd) {
        return assertThrows(ConfigException.class, () -> CredentialsFile.read(file, systemd))
                .getMessage();
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "r--------"})
    void aFileThatOnlyItsOwnerMayReadIsAccepted(String mode) throws Exception {
        assertEquals(
                2, CredentialsFile.read(file("keys", mode), Optional.empty()).size());
    }

    @ParameterizedTest
    @CsvSource({"rw-r-----, 0640", "rw----r--, 0604", "rw--w----, 0620", "rw-----w-, 0602", "rwx--x---, 0710"})
    void aFileThatOthersMayReadOrWriteIsRefused(String mode, String octal) throws Exception {
        Path file = file("keys", mode);
        assertEquals(
                file + ": may be read by others than its owner (mode " + octal
                        + "), and has secrets: chmod 600, and replace the keys if others could read them",
                fault(file, Optional.empty()));
    }

    @Test
    void systemdGuardsTheFilesOfItsFolder() throws Exception {
        Path file = file("credentials/keys", "r--r-----");
        Path systemd = folder.resolve("credentials");
        assertEquals(2, CredentialsFile.read(file, Optional.of(systemd)).size());
        assertTrue(fault(file("keys", "r--r-----"), Optional.of(systemd)).contains("mode 0440"));
        assertTrue(fault(file("credentials/deeper/keys", "r--r-----"), Optional.of(systemd))
                .contains("mode 0440"));
        assertTrue(fault(systemd.resolve("../keys"), Optional.of(systemd)).contains("mode 0440"));
    }

    @Test
    void aFileOfAnotherUserIsRefused() throws Exception {
        assumeTrue(OwnedFile.user() == 0, "chown needs root");
        Path file = file("credentials/keys", "rw-------");
        Files.setAttribute(file, "unix:uid", 4_321);
        assertEquals(
                file + ": belongs to user 4321, and must belong to root or to user 0, which runs this: chown it",
                fault(file, Optional.of(folder.resolve("credentials"))));
    }

    @Test
    void whatIsNoFileIsRefused() throws Exception {
        Path file = file("keys", "rw-------");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        assertTrue(fault(link, Optional.empty()).contains("ELOOP"), fault(link, Optional.empty()));
        assertTrue(fault(folder, Optional.empty()).contains("not a regular file"));
        assertTrue(fault(folder.resolve("none"), Optional.empty()).contains("no such file"));
        Files.writeString(file, "#".repeat((1 << 20) + 1));
        assertTrue(fault(file, Optional.empty()).contains("longer than 1048576 bytes"));
    }
}
