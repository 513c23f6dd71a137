package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of attributes, as {@code cp --preserve=xattr} makes them, compared through the JDK's own view. */
final class ExtendedAttributesTest {
    /** Version 2; user::rw-, user:12345:r--, group::r--, mask::r--, other::--- (acl(5), linux/posix_acl_xattr.h). */
    private static final byte[] ACCESS_LIST = HexFormat.of()
            .parseHex("02000000" + "01000600ffffffff" + "0200040039300000" + "04000400ffffffff" + "10000400ffffffff"
                    + "20000000ffffffff");

    @TempDir
    Path folder;

    private Path from;
    private Path to;

    @BeforeEach
    void create() throws IOException {
        from = Files.writeString(folder.resolve("from"), "1");
        to = Files.writeString(folder.resolve("to"), "2");
        assumeTrue(Files.getFileStore(from).supportsFileAttributeView(UserDefinedFileAttributeView.class));
    }

    private static void set(Path file, String name, byte[] value) throws IOException {
        Files.setAttribute(file, "user:" + name, value);
    }

    private static byte[] get(Path file, String name) throws IOException {
        return (byte[]) Files.getAttribute(file, "user:" + name);
    }

    private static Set<String> names(Path file) throws IOException {
        return new TreeSet<>(
                Objects.requireNonNull(Files.getFileAttributeView(file, UserDefinedFileAttributeView.class))
                        .list());
    }

    /** An attribute of any name; python3 writes it, as the JDK does not. */
    static void setAny(Path file, String name, byte[] value) throws Exception {
        Process python = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import os,sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))",
                        file.toString(),
                        name,
                        HexFormat.of().formatHex(value))
                .redirectErrorStream(true)
                .start();
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assumeTrue(python.waitFor() == 0, "python3 can't set " + name + ": " + output);
    }

    static byte[] getAny(Path file, String name) throws Exception {
        Process python = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import os,sys; print(os.getxattr(sys.argv[1], sys.argv[2]).hex()"
                                + " if sys.argv[2] in os.listxattr(sys.argv[1]) else '')",
                        file.toString(),
                        name)
                .redirectErrorStream(true)
                .start();
        String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, python.waitFor(), output);
        return HexFormat.of().parseHex(output.strip());
    }

    /** Sets an access list that lets user 12345 read. */
    static void setAccessList(Path file, String name) throws Exception {
        setAny(file, name, ACCESS_LIST);
    }

    @Test
    void allAreCopied() throws IOException {
        byte[] large = "x".repeat(1_000).getBytes(StandardCharsets.UTF_8);
        set(from, "owner", "alice".getBytes(StandardCharsets.UTF_8));
        set(from, "large", large);
        set(from, "zero", new byte[] {0, 0, 1});
        set(from, "empty", new byte[0]);
        set(to, "owner", "bob".getBytes(StandardCharsets.UTF_8));
        ExtendedAttributes.copy(from, to);
        assertEquals(names(from), names(to));
        assertArrayEquals("alice".getBytes(StandardCharsets.UTF_8), get(to, "owner"));
        assertArrayEquals(large, get(to, "large"));
        assertArrayEquals(new byte[] {0, 0, 1}, get(to, "zero"));
        assertArrayEquals(new byte[0], get(to, "empty"));
    }

    @Test
    void oneThatTheOtherLacksGoes() throws IOException {
        set(to, "more", new byte[] {1});
        ExtendedAttributes.copy(from, to);
        assertEquals(names(from), names(to));
    }

    @Test
    void anAttributeWithANameOfAnyBytesIsCopied() throws Exception {
        assumeTrue(python("import os,sys; os.setxattr(sys.argv[1], b'user.caf\\xff', b'7')", from.toString()));
        ExtendedAttributes.copy(from, to);
        assertTrue(python("import os,sys; assert os.getxattr(sys.argv[1], b'user.caf\\xff') == b'7'", to.toString()));
    }

    private static boolean python(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-c"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).start().waitFor() == 0;
    }

    @Test
    void anAccessListIsCopiedAndAnInheritedOneGoes() throws Exception {
        setAccessList(from, "system.posix_acl_access");
        ExtendedAttributes.copy(from, to);
        assertArrayEquals(ACCESS_LIST, getAny(to, "system.posix_acl_access"));
        Path plain = Files.writeString(folder.resolve("plain"), "3");
        setAccessList(folder, "system.posix_acl_default");
        Path heir = Files.writeString(folder.resolve("heir"), "4");
        assertEquals(ACCESS_LIST.length, getAny(heir, "system.posix_acl_access").length);
        ExtendedAttributes.copy(plain, heir);
        assertArrayEquals(new byte[0], getAny(heir, "system.posix_acl_access"));
    }

    @Test
    void aFileSystemWithoutAttributesHasNone() throws IOException {
        ExtendedAttributes.copy(Path.of("/proc/self/status"), to);
        assertEquals(new TreeSet<>(), names(to));
    }

    @Test
    void aMissingFileIsNamed() {
        Path none = folder.resolve("none");
        ErrnoException refused = assertThrows(ErrnoException.class, () -> ExtendedAttributes.copy(none, to));
        assertEquals("listxattr(" + none + "): ENOENT (No such file or directory)", refused.getMessage());
    }
}
