package io.portcullis.capture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.net.Direction;
import io.portcullis.system.Command;
import io.portcullis.testing.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes of a capture file, block by block, and the file as tshark reads it. */
final class PcapngWriterTest {
    private static final CapturedPort WEB = new CapturedPort("web0", "", CapturedPort.WHOLE_FRAMES);
    private static final CapturedPort SHORT = new CapturedPort("edge-öst", "a bridge", 128);

    @TempDir
    Path folder;

    /** A disk that is full after some bytes. */
    private static final class FullDisk extends OutputStream {
        private final int space;
        private int written;
        private boolean closed;

        FullDisk(int space) {
            this.space = space;
        }

        @Override
        public void write(int octet) throws IOException {
            written++;
            if (written > space) {
                throw new IOException("No space left on device");
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static MemorySegment frame(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return MemorySegment.ofArray(bytes);
    }

    private static byte[] header(CapturedPort... ports) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PcapngWriter.open(out, "test", "portcullis 1", List.of(ports)).close();
        return out.toByteArray();
    }

    /** The one packet block of a file. */
    private static byte[] block(CapturedPort port, MemorySegment frame, int originalLength, String comment)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PcapngWriter writer = PcapngWriter.open(out, "test", "portcullis 1", List.of(port))) {
            writer.write(0, 0x0123_4567_89ab_cdefL, Direction.EGRESS, frame, originalLength, comment);
        }
        return Arrays.copyOfRange(out.toByteArray(), header(port).length, out.size());
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void theSectionNamesApplicationAndSystem() throws IOException {
        String system = System.getProperty("os.name") + " " + System.getProperty("os.version");
        byte[] os = system.getBytes(StandardCharsets.UTF_8);
        int padded = (os.length + 3) / 4 * 4;
        int total = 12 + 16 + 4 + 12 + 4 + padded + 4;
        String length = hex(new byte[] {(byte) total, 0, 0, 0});
        assertEquals(
                "0a0d0d0a" + length + "4d3c2b1a" + "01000000" + "ffffffffffffffff" + "04000c00"
                        + hex("portcullis 1".getBytes(StandardCharsets.UTF_8))
                        + "0300" + hex(new byte[] {(byte) os.length, 0}) + hex(Arrays.copyOf(os, padded)) + "00000000"
                        + length,
                hex(Arrays.copyOf(header(WEB), total)));
    }

    @Test
    void aPortHasItsNameItsSnapLengthAndNanoseconds() throws IOException {
        byte[] all = header(WEB, SHORT);
        String expected = "01000000" + "28000000" + "01000000" + "00000000" + "02000400" + "77656230" + "09000100"
                + "09000000" + "00000000" + "28000000"
                + "01000000" + "3c000000" + "01000000" + "00000000" + "02000900" + "656467652dc3b67374000000"
                + "03000800" + "6120627269646765" + "09000100" + "09000000" + "00000000" + "3c000000";
        assertTrue(hex(all).endsWith(expected), hex(all));
    }

    @Test
    void aPacketHasTimeLengthsDirectionAndComment() throws IOException {
        assertEquals(
                "06000000" + "40000000" + "00000000" + "67452301" + "efcdab89" + "05000000" + "09000000"
                        + "0001020304000000" + "02000400" + "02000000" + "01000700" + "6e6f2d72756c6500" + "00000000"
                        + "40000000",
                hex(block(WEB, frame(5), 9, "no-rule")));
    }

    @Test
    void aPacketWithoutACommentHasNone() throws IOException {
        assertEquals(
                "06000000" + "30000000" + "00000000" + "67452301" + "efcdab89" + "04000000" + "04000000" + "00010203"
                        + "02000400" + "02000000" + "00000000" + "30000000",
                hex(block(WEB, frame(4), 4, "")));
    }

    /** libpcap, and so tcpdump, refuses a file whose interfaces have different snap lengths. */
    @Test
    void allPortsDeclareTheLargestSnapLength() throws IOException {
        CapturedPort shorter = new CapturedPort("web0", "", 96);
        String declared = "01000000" + "80000000" + "0200";
        assertEquals(3, hex(header(shorter, SHORT)).split(declared, -1).length, () -> "twice " + declared);
    }

    @Test
    void theSnapLengthCutsAFrameAndKeepsItsLength() throws IOException {
        byte[] block = block(SHORT, frame(200), 200, "");
        assertEquals("80000000" + "c8000000", hex(Arrays.copyOfRange(block, 20, 28)));
        assertEquals(12 + 20 + 128 + 8 + 4, block.length);
    }

    @Test
    void aFrameLongerThanTheBufferIsWhole() throws IOException {
        MemorySegment large = frame(150_001);
        byte[] block = block(WEB, large, 150_001, "x");
        assertArrayEquals(
                large.toArray(ValueLayout.JAVA_BYTE), Arrays.copyOfRange(block, 28, 28 + 150_001), "the frame");
        assertEquals(0, block.length % 4);
        assertEquals(
                hex(Arrays.copyOfRange(block, 4, 8)), hex(Arrays.copyOfRange(block, block.length - 4, block.length)));
    }

    @Test
    void aFrameMayLieOutsideTheHeap() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment outside = arena.allocate(61).copyFrom(frame(61));
            assertArrayEquals(block(WEB, frame(61), 61, "c"), block(WEB, outside, 61, "c"));
        }
    }

    @Test
    void aCommentThatIsTooLongIsCutBetweenCharacters() throws IOException {
        byte[] block = block(WEB, frame(4), 4, "€".repeat(30_000));
        // 21,845 euro signs of three bytes are 65,535.
        assertEquals("0100ffff", hex(Arrays.copyOfRange(block, 40, 44)));
        byte[] other = block(WEB, frame(4), 4, "x" + "€".repeat(30_000));
        assertEquals("0100fdff", hex(Arrays.copyOfRange(other, 40, 44)));
    }

    @Test
    void whatNoFrameCanBeIsRefused() throws IOException {
        try (PcapngWriter writer =
                PcapngWriter.open(OutputStream.nullOutputStream(), "test", "portcullis", List.of(WEB))) {
            assertThrows(IllegalArgumentException.class, () -> writer.write(0, 1, Direction.INGRESS, frame(9), 8, ""));
            assertThrows(IllegalArgumentException.class, () -> writer.write(0, -1, Direction.INGRESS, frame(9), 9, ""));
            assertThrows(IndexOutOfBoundsException.class, () -> writer.write(1, 1, Direction.INGRESS, frame(9), 9, ""));
        }
        assertThrows(IllegalArgumentException.class, () -> new CapturedPort("", "", 0));
        assertThrows(IllegalArgumentException.class, () -> new CapturedPort("web0", "", -1));
    }

    @Test
    void aFullDiskIsNamedAndTheStreamClosed() throws IOException {
        FullDisk disk = new FullDisk(1_000);
        PcapngWriter writer = PcapngWriter.open(disk, "drops.pcapng", "portcullis", List.of(WEB));
        FileSystemException full = assertThrows(FileSystemException.class, () -> {
            for (int i = 0; i < 1_000; i++) {
                writer.write(0, i, Direction.INGRESS, frame(500), 500, "no-rule");
            }
        });
        assertEquals("drops.pcapng", full.getFile());
        assertEquals("No space left on device", full.getReason());
        writer.close();
        assertTrue(disk.closed);

        FullDisk later = new FullDisk(1_000);
        PcapngWriter buffered = PcapngWriter.open(later, "drops.pcapng", "portcullis", List.of(WEB));
        buffered.write(0, 1, Direction.INGRESS, frame(2_000), 2_000, "");
        assertThrows(FileSystemException.class, buffered::close);
        assertTrue(later.closed);
    }

    @Test
    void aFileThatCannotBeCreatedIsNamed() {
        Path nowhere = folder.resolve("missing/drops.pcapng");
        NoSuchFileException refused =
                assertThrows(NoSuchFileException.class, () -> PcapngWriter.create(nowhere, "portcullis", List.of(WEB)));
        assertEquals(nowhere.toString(), refused.getFile());
    }

    @Test
    void tsharkReadsIt() throws IOException {
        assumeTrue(isInstalled("tshark"), "there is no tshark");
        byte[] in = Frame.tcp("203.0.113.9", 51544, "10.0.5.10", 8443, 2).bytes();
        byte[] out = Frame.udp("2001:db8::1", 53, "2001:db8::2", 4000).bytes();
        Path file = folder.resolve("drops.pcapng");
        try (PcapngWriter writer = PcapngWriter.create(file, "portcullis 1", List.of(WEB, SHORT))) {
            writer.write(
                    0,
                    1_700_000_000_123_456_789L,
                    Direction.INGRESS,
                    MemorySegment.ofArray(in),
                    in.length,
                    "no-rule\nnearest: port 8443 is outside 80, 443 of web/ingress[1]");
            writer.write(1, 1_700_000_001_000_000_001L, Direction.EGRESS, MemorySegment.ofArray(out), 1_514, "");
        }
        List<String> read = Command.run(
                        "tshark",
                        "-n",
                        "-r",
                        file.toString(),
                        "-T",
                        "fields",
                        "-E",
                        "separator=|",
                        "-e",
                        "frame.time_epoch",
                        "-e",
                        "frame.interface_name",
                        "-e",
                        "frame.packet_flags_direction",
                        "-e",
                        "frame.cap_len",
                        "-e",
                        "frame.len",
                        "-e",
                        "tcp.dstport",
                        "-e",
                        "udp.dstport",
                        "-e",
                        "frame.comment")
                .ok()
                .output()
                .lines()
                .toList();
        assertEquals(2, read.size(), read.toString());
        assertEquals(
                List.of(
                        "1700000000.123456789",
                        "web0",
                        "0x00000001",
                        "" + in.length,
                        "" + in.length,
                        "8443",
                        "",
                        "no-rule\\nnearest: port 8443 is outside 80, 443 of web/ingress[1]"),
                List.of(read.getFirst().split("\\|", -1)));
        assertEquals(
                List.of("1700000001.000000001", "edge-öst", "0x00000002", "" + out.length, "1514", "", "4000", ""),
                List.of(read.getLast().split("\\|", -1)));
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
