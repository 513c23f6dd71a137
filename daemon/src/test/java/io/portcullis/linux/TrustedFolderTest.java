package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrustedFolderTest {
    private static final int NOBODY = 65534;

    @TempDir
    private Path folder;

    @Test
    void ownAndClosed() throws IOException {
        Path made = folder.resolve("a/b");
        TrustedFolder.make(made);
        assertEquals(Optional.empty(), TrustedFolder.fault(made));
    }

    @Test
    void writableByOthers() throws IOException {
        for (String mode : new String[] {"rwxrwxr-x", "rwxr-xrwx"}) {
            Path open = Files.createDirectories(folder.resolve(mode));
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(mode));
            assertTrue(TrustedFolder.fault(open).orElse("").contains("chmod go-w"), mode);
        }
    }

    @Test
    void ofAnotherUser() throws IOException {
        Assumptions.assumeTrue(TrustedFolder.user() == 0, "SKIPPED: only root can give files away");
        Path others = Files.createDirectories(folder.resolve("others"));
        Files.setAttribute(others, "unix:uid", NOBODY);
        assertTrue(TrustedFolder.fault(others).orElse("").contains("belongs to user 65534"));
    }
}
