package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AuthorTest {
    private static final int NOBODY = 65534;

    /** In /tmp, which everybody may write and which is sticky. */
    @TempDir
    Path folder;

    private static Path mode(Path path, String permissions) throws IOException {
        return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static void give(Path path, int user) throws IOException {
        assumeTrue(TrustedFolder.user() == 0, "only root gives files away");
        Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", user, LinkOption.NOFOLLOW_LINKS);
    }

    @Test
    void ourOwnFilesAreTrustedAndSoAreMissingOnes() throws IOException {
        assertEquals(new Author.Trusted(), Author.of(folder));
        assertEquals(new Author.Trusted(), Author.of(folder.resolve("a/b")));
        assertEquals(new Author.Trusted(), Author.of(Path.of("/proc/sys")));
    }

    @Test
    void aFolderWritableByOthersHasManyAuthors() throws IOException {
        Path inner = Files.createDirectory(folder.resolve("inner"));
        mode(inner, "rwxrwx---");
        assertInstanceOf(Author.Anybody.class, Author.of(inner));
        mode(inner, "rwxr-x---");
        mode(folder, "rwxrwxrwx");
        Author.Anybody above = assertInstanceOf(Author.Anybody.class, Author.of(inner));
        assertTrue(above.why().startsWith(folder + " may be written by others"), above.why());
    }

    @Test
    void aStickyFolderHasManyAuthorsAndItsFilesCanNotBeReplaced() throws IOException {
        Files.setAttribute(folder, "unix:mode", 01777);
        assertInstanceOf(Author.Anybody.class, Author.of(folder));
        assertEquals(new Author.Trusted(), Author.of(Files.createDirectory(folder.resolve("ours"))));
    }

    @Test
    void anotherUsersFolderIsHisAndSoIsAllBelowIt() throws IOException {
        Path inner = Files.createDirectory(folder.resolve("inner"));
        give(folder, NOBODY);
        assertEquals(new Author.Other(NOBODY, NOBODY), Author.of(folder));
        assertEquals(new Author.Other(NOBODY, NOBODY), Author.of(inner));
        assertEquals(new Author.Other(NOBODY, NOBODY), Author.of(inner.resolve("missing")));
    }

    @Test
    void aLinkIsFollowedToWhoOwnsItsTarget() throws IOException {
        Path theirs = Files.createDirectory(folder.resolve("theirs"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), theirs);
        Path trusted = Files.createDirectory(folder.resolve("trusted"));
        Path hostile = Files.createSymbolicLink(theirs.resolve("hostile"), trusted);
        give(theirs, NOBODY);
        assertEquals(new Author.Other(NOBODY, NOBODY), Author.of(link));
        assertEquals(new Author.Other(NOBODY, NOBODY), Author.of(hostile));
    }
}
