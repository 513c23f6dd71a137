package io.portcullis.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NicClaimTest {
    @TempDir
    Path folder;

    private static Nic nic(int index) {
        return new Nic(index, "e" + index, "", Nic.ARPHRD_ETHER, 0, true, 1500, "", 0, 0, "", "");
    }

    private long files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }

    @Test
    void oneAtATimeHasItAndItsFileIsRemovedWithIt() throws IOException {
        assertEquals(Optional.empty(), NicClaim.owner(folder, nic(3)));
        try (NicClaim first = NicClaim.take(folder, nic(3), "web0 of pid 1, x").orElseThrow()) {
            assertEquals(3, first.nic());
            assertEquals(Optional.empty(), NicClaim.take(folder, nic(3), "another"));
            assertEquals("web0 of pid 1, x", NicClaim.owner(folder, nic(3)).orElseThrow());
            NicClaim.take(folder, nic(4), "web1").orElseThrow().close();
            assertEquals(1, files());
        }
        assertEquals(0, files());
        NicClaim.take(folder, nic(3), "another").orElseThrow().close();
    }

    @Test
    void aFileWithoutAHolderBlocksNobody() throws IOException {
        NicClaim.take(folder, nic(3), "x").orElseThrow().close();
        String name = "nic-" + NetworkNamespace.number() + "-3.lock";
        Files.writeString(folder.resolve(name), "left by a crash");
        assertEquals(Optional.empty(), NicClaim.owner(folder, nic(3)));
        NicClaim.take(folder, nic(3), "y").orElseThrow().close();
        assertThrows(IOException.class, () -> NicClaim.take(folder.resolve("none"), nic(3), "z"));
        Files.createSymbolicLink(folder.resolve(name), folder.resolve("elsewhere"));
        assertThrows(IOException.class, () -> NicClaim.take(folder, nic(3), "z"));
        assertTrue(Files.notExists(folder.resolve("elsewhere")));
    }
}
