package io.portcullis.recorder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.system.Command;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RecordingsTest {
    private static final String NO_RULES = "security-groups: {web: {ingress: [], egress: []}}\n";
    private static final String OUR = "10.0.0.1";
    private static final long EPOCH_NS = 1_700_000_000_000_000_000L;
    private static final long MEMORY = 1 << 20;

    @TempDir
    private Path directory;

    private Recordings recordings = Recordings.NONE;
    private final EngineBench bench;

    RecordingsTest() throws ConfigException {
        bench = new EngineBench(NO_RULES);
    }

    @BeforeEach
    void open() {
        open(MEMORY, 128);
    }

    private void open(long memory, int snap) {
        recordings = Recordings.open(directory, "web0", 1, memory, snap);
        bench.engine().record(recordings.recorder(0));
        bench.engine().recorder().time(0, EPOCH_NS);
    }

    private List<DropRecord> all() {
        return recordings.read(_ -> true);
    }

    private static Frame syn(String from, int port) {
        return Frame.tcp(from, 40_000, OUR, port, TcpFlags.SYN);
    }

    private void dropped(Frame frame) {
        assertEquals(Reason.NO_RULE, bench.in(frame));
    }

    @Test
    void aDropLeavesItsFieldsAndTheBeginningOfItsFrame() {
        byte[] frame = syn("198.51.100.7", 22).vlan(42).payload(500).bytes();
        assertEquals(Reason.NO_RULE, bench.in(frame));
        DropRecord drop = all().getFirst();
        assertEquals(1, all().size());
        assertEquals(Direction.INGRESS, drop.direction());
        assertEquals(Reason.NO_RULE, drop.reason());
        assertEquals(Scope.EXACT, drop.scope());
        assertFalse(drop.passed());
        assertEquals("198.51.100.7", String.valueOf(drop.source()));
        assertEquals(OUR, String.valueOf(drop.destination()));
        assertEquals(40_000, drop.sourcePort());
        assertEquals(22, drop.destinationPort());
        assertEquals(6, drop.protocol());
        assertEquals(TcpFlags.SYN, drop.tcpFlags());
        assertEquals(42, drop.vlans());
        assertEquals(1, drop.packets());
        assertEquals(frame.length, drop.bytes());
        assertEquals(frame.length, drop.frameLength());
        assertArrayEquals(Arrays.copyOf(frame, 128), drop.frame().toArray(ValueLayout.JAVA_BYTE));
        assertEquals(EPOCH_NS, drop.firstEpochNs() / 1_000 * 1_000);
        assertEquals(DropRecord.NOT_LOOKED_FOR, drop.nearest());
    }

    @Test
    void framesThatAreNotIpAndIcmpAndIpv6() {
        bench.in(Frame.ethernet("ffffffffffff", 0x88b5, new byte[46]));
        bench.in(Frame.icmp("198.51.100.7", OUR, 8, 1, 7));
        bench.out(Frame.udp("2001:db8::1", 5353, "2001:db8::2", 53));
        List<DropRecord> drops = all();
        assertEquals(3, drops.size());
        assertEquals(0x88b5, drops.get(0).etherType());
        assertEquals(null, drops.get(0).source());
        assertEquals(8, drops.get(1).icmpType());
        assertEquals(1, drops.get(1).icmpCode());
        assertEquals(0, drops.get(1).destinationPort());
        assertEquals("2001:db8::2", String.valueOf(drops.get(2).destination()));
        assertEquals(Direction.EGRESS, drops.get(2).direction());
        assertEquals(53, drops.get(2).destinationPort());
    }

    @Test
    void triesOfOneSecondShareARecordAndThoseOfAnotherDoNot() {
        for (int i = 0; i < 5; i++) {
            dropped(Frame.tcp("198.51.100.7", 40_000 + i, OUR, 22, TcpFlags.SYN));
        }
        dropped(syn("198.51.100.7", 23));
        dropped(syn("198.51.100.8", 22));
        assertEquals(
                List.of(5L, 1L, 1L), all().stream().map(DropRecord::packets).toList());
        bench.sleepSeconds(1);
        dropped(syn("198.51.100.7", 22));
        assertEquals(4, all().size());
        assertEquals(40_000, all().getFirst().sourcePort(), "of the first try");
    }

    /** The proof of a scanner: what somebody else sends in the same second has its own record. */
    @Test
    void aScannerDoesNotPushOutTheOneLegitimateDrop() {
        for (int port = 1; port <= 60_000; port++) {
            dropped(syn("192.0.2.66", port));
            if (port == 59_999) {
                dropped(syn("198.51.100.7", 22));
            }
        }
        List<DropRecord> others = recordings.read(drop -> "198.51.100.7".equals(String.valueOf(drop.source())));
        assertEquals(1, others.size());
        assertEquals(Scope.EXACT, others.getFirst().scope());
        assertEquals(22, others.getFirst().destinationPort());
        assertEquals(60_001, all().stream().mapToLong(DropRecord::packets).sum(), "all are counted");
        assertEquals(Recorder.PER_SOURCE + 2, all().size());
        DropRecord summary = all().stream()
                .filter(drop -> drop.scope() == Scope.SOURCE)
                .findFirst()
                .orElseThrow();
        assertEquals("192.0.2.66", String.valueOf(summary.source()));
        assertEquals(60_000 - Recorder.PER_SOURCE, summary.packets());
    }

    /** A million drops of a scanner in twenty seconds, and in each of them one of somebody else. */
    @Test
    void amongAMillionDropsTheOthersAreInTheRecordsAndInTheLog() {
        List<byte[]> scan = new ArrayList<>();
        for (int port = 1; port <= 4_096; port++) {
            scan.add(syn("192.0.2.66", port).bytes());
        }
        int scanned = 0;
        for (int second = 0; second < 20; second++) {
            for (int i = 0; i < 50_000; i++) {
                assertEquals(Reason.NO_RULE, bench.in(scan.get(scanned++ % scan.size())));
                if (i == 49_000) {
                    dropped(syn("198.51.100." + second, 22));
                }
            }
            String quiet = "198.51.100." + second;
            assertTrue(
                    bench.engine().dropSamples().take(10).drops().stream()
                            .anyMatch(drop -> quiet.equals(String.valueOf(drop.source()))),
                    quiet);
            bench.sleepSeconds(1);
        }
        List<DropRecord> others = recordings.read(drop -> drop.destinationPort() == 22 && drop.scope() == Scope.EXACT);
        assertEquals(
                20,
                others.stream()
                        .filter(drop -> !"192.0.2.66".equals(String.valueOf(drop.source())))
                        .count());
        assertEquals(scanned + 20, all().stream().mapToLong(DropRecord::packets).sum());
    }

    @Test
    void aFloodOfInventedSourcesDoesNotPushOutDropsAtAnotherPort() {
        for (int i = 0; i < 50_000; i++) {
            dropped(syn("192." + (i >> 16 & 127) + "." + (i >> 8 & 255) + "." + (i & 255), 4_444));
        }
        dropped(syn("198.51.100.7", 22));
        assertEquals(1, recordings.read(drop -> drop.destinationPort() == 22).size());
        assertEquals(50_001, all().stream().mapToLong(DropRecord::packets).sum());
        assertTrue(all().stream().anyMatch(drop -> drop.scope() == Scope.TARGET));
    }

    /** Every second a flood with nothing in common; the ring has 4,000 records. */
    @Test
    void aMinuteIsKeptWhateverComes() {
        dropped(syn("198.51.100.7", 22));
        for (int second = 0; second < 55; second++) {
            bench.sleepSeconds(1);
            for (int i = 0; i < 2_000; i++) {
                dropped(syn("192." + (i * 7 & 127) + "." + second + "." + (i & 255), 1 + i * 31 % 60_000));
            }
        }
        assertEquals(
                1,
                recordings
                        .read(drop -> drop.destinationPort() == 22
                                && drop.sourcePort() == 40_000
                                && "198.51.100.7".equals(String.valueOf(drop.source())))
                        .size());
        assertEquals(
                55 * 2_000 + 1, all().stream().mapToLong(DropRecord::packets).sum());
        assertTrue(all().stream().anyMatch(drop -> drop.scope() == Scope.REASON));
    }

    @Test
    void whatAnAuditLetsPassIsMarked() throws ConfigException {
        EngineBench audited = new EngineBench("enforce: audit", NO_RULES, false);
        audited.engine().record(recordings.recorder(0));
        assertEquals(Reason.NO_RULE, audited.in(syn("198.51.100.7", 22).bytes()));
        assertTrue(all().getFirst().passed());
        audited.sleepSeconds(1);
        audited.in(Frame.tcp("198.51.100.7", 40_000, OUR, 22, TcpFlags.ACK).bytes());
        assertEquals(1, all().size(), "a later packet of the same flow has the reason of the first");
    }

    @Test
    void recordsOutliveTheProcess() {
        dropped(syn("198.51.100.7", 22));
        dropped(syn("198.51.100.7", 23));
        // Nothing is closed, as after SIGKILL.
        open(MEMORY, 128);
        assertEquals(2, all().size());
        bench.sleepSeconds(1);
        dropped(syn("198.51.100.7", 24));
        assertEquals(List.of(1L, 2L, 3L), all().stream().map(DropRecord::number).toList());
        assertEquals(EPOCH_NS / 1_000_000_000, recordings.oldestEpochNs().orElseThrow() / 1_000_000_000);
    }

    @Test
    void ringsOfAnotherSizeBeginAnew() {
        dropped(syn("198.51.100.7", 22));
        open(MEMORY, 256);
        assertEquals(List.of(), all());
        dropped(syn("198.51.100.7", 22));
        assertEquals(1, all().size());
        open(2 * MEMORY, 256);
        assertEquals(List.of(), all());
        assertEquals(
                0, Recordings.open(directory, "web0", 1, 0, 128).read(_ -> true).size());
    }

    @Test
    void aRingWithoutAnyRecordHasNoOldest() {
        assertTrue(recordings.oldestEpochNs().isEmpty());
    }

    @Test
    void aFileThatIsNoRingIsReplaced() throws IOException {
        Path file = directory.resolve("drops-web0/0");
        long size = Files.size(file);
        Files.write(file, new byte[(int) size]);
        open(MEMORY, 128);
        dropped(syn("198.51.100.7", 22));
        assertEquals(1, all().size());
        Files.write(file, new byte[0]);
        open(MEMORY, 128);
        assertEquals(List.of(), all());
        assertTrue(recordings.trouble().isEmpty());
        assertEquals(size, Files.size(file));
    }

    /** Of a disk that has lost a part of the file. */
    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MIN_VALUE, -1, 2, 4_000_000_000L})
    void aHeaderThatNamesARecordThatIsNotThereBeginsAnew(long newest) throws IOException {
        dropped(syn("198.51.100.7", 22));
        try (FileChannel file = FileChannel.open(directory.resolve("drops-web0/0"), StandardOpenOption.WRITE)) {
            file.write(
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.nativeOrder())
                            .putLong(newest)
                            .flip(),
                    RecordLayout.NEWEST_AT);
        }
        open(MEMORY, 128);
        assertEquals(List.of(), all());
        bench.sleepSeconds(1);
        dropped(syn("198.51.100.7", 23));
        assertEquals(1, all().size());
    }

    @Test
    void aLinkOrAPipeInPlaceOfAFileIsReplaced() throws IOException {
        Path file = directory.resolve("drops-web0/0");
        Path other = Files.writeString(directory.resolve("other"), "untouched");
        Files.delete(file);
        Files.createSymbolicLink(file, other);
        open(MEMORY, 128);
        assertEquals("untouched", Files.readString(other));
        assertTrue(Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS));
        Files.delete(file);
        Command.run("mkfifo", file.toString()).ok();
        open(MEMORY, 128);
        dropped(syn("198.51.100.7", 22));
        assertEquals(1, all().size());
        assertTrue(recordings.trouble().isEmpty());
    }

    @Test
    void aFolderThatOthersMayWriteIsNotUsed() throws IOException {
        Path folder = directory.resolve("drops-web0");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        open(MEMORY, 128);
        dropped(syn("198.51.100.7", 22));
        assertEquals(1, all().size(), "in memory");
        assertTrue(
                recordings.trouble().orElseThrow().contains("drops-web0"),
                recordings.trouble().orElseThrow());
    }

    @Test
    void theRingsOfWorkersThatThereAreNoMoreAreRemoved() {
        Recordings.open(directory, "web0", 3, MEMORY, 128);
        assertTrue(Files.exists(directory.resolve("drops-web0/2")));
        open(MEMORY, 128);
        assertFalse(Files.exists(directory.resolve("drops-web0/2"), LinkOption.NOFOLLOW_LINKS));
        recordings.delete();
        assertFalse(Files.exists(directory.resolve("drops-web0")));
    }

    @Test
    void nearestRulesAreLookedForOnce() {
        dropped(syn("198.51.100.7", 22));
        dropped(syn("198.51.100.7", 23));
        AtomicInteger asked = new AtomicInteger();
        recordings.annotate(100, drop -> {
            asked.incrementAndGet();
            return drop.destinationPort();
        });
        recordings.annotate(100, _ -> asked.incrementAndGet());
        assertEquals(2, asked.get());
        assertEquals(List.of(22, 23), all().stream().map(DropRecord::nearest).toList());
    }

    /** A reader copies records while the writer replaces them: each copy is of one moment. */
    @Test
    void aReaderSeesWholeRecordsOnly() throws InterruptedException {
        Thread writer = Thread.ofPlatform().start(() -> {
            for (int round = 0; round < 400; round++) {
                bench.sleepSeconds(1);
                for (int i = 0; i < 300; i++) {
                    int port = 1 + (round * 300 + i) % 65_000;
                    bench.in(Frame.udp("192.0." + (port >> 8) + "." + (port & 255), port, OUR, port));
                }
            }
        });
        long seen = 0;
        while (writer.isAlive()) {
            for (DropRecord drop : recordings.read(drop -> drop.scope() == Scope.EXACT)) {
                seen++;
                int port = drop.destinationPort();
                assertEquals(port, drop.sourcePort());
                assertEquals("192.0." + (port >> 8) + "." + (port & 255), String.valueOf(drop.source()));
            }
        }
        writer.join();
        assertTrue(seen > 0);
    }
}
