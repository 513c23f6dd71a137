package io.portcullis.hits.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.hits.HitRecord;
import io.portcullis.hits.HitSlots;
import io.portcullis.hits.RuleHits;
import io.portcullis.hits.WallTime;
import io.portcullis.linux.FileName;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hits over crashes, reboots and damaged files. A crash is an end without {@link KeptHits#keep}; a reboot empties the run directory. */
final class KeptHitsTest {
    private static final long TOLERANCE_NS = TimeUnit.MILLISECONDS.toNanos(5);

    @TempDir
    private Path root;

    private Path run;
    private Path copy;
    private HitStore store;

    @BeforeEach
    void folders() throws IOException {
        run = root.resolve("run");
        Path configuration = root.resolve("main.yaml");
        copy = root.resolve("lib/hits")
                .resolve(FileName.of(configuration.toString()))
                .resolve("web0");
        store = new HitStore(run, root.resolve("lib"), configuration);
        Files.createDirectories(
                root.resolve("lib"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    private static Policy policy() throws ConfigException {
        return EngineBench.policy(
                "",
                "security-groups: {web: {egress: [], ingress: ["
                        + "{protocol: tcp, ports: 80, from: any}, {protocol: tcp, ports: 443, from: any}]}}",
                1);
    }

    private KeptHits open() {
        return store.open("web0", 1);
    }

    private static HitSlots slots(KeptHits kept) throws ConfigException {
        return kept.table().prepare(policy());
    }

    private static void count(KeptHits kept, int rule, int times) throws ConfigException {
        RuleHits hits = new RuleHits(slots(kept), 0);
        for (int i = 0; i < times; i++) {
            hits.count(rule, System.nanoTime());
        }
    }

    private void reboot() throws IOException {
        try (Stream<Path> files = Files.walk(run)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private List<String> namesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aCrashLosesNothing() throws Exception {
        count(open(), 0, 5);
        HitRecord before = slots(open()).record(0);
        assertEquals(5, before.count());
        count(open(), 0, 2);
        HitRecord after = slots(open()).record(0);
        assertEquals(7, after.count());
        assertEquals(before.sinceNs(), after.sinceNs());
        assertTrue(after.lastNs() > before.lastNs());
        assertEquals(0, slots(open()).record(1).count());
    }

    @Test
    void aRebootLosesWhatCameAfterTheLastCopy() throws Exception {
        KeptHits kept = open();
        count(kept, 0, 5);
        assertTrue(kept.keep());
        HitRecord before = slots(kept).record(0);
        count(kept, 0, 3);
        reboot();
        HitRecord after = slots(open()).record(0);
        assertEquals(5, after.count());
        assertTrue(Math.abs(before.lastNs() - after.lastNs()) <= TOLERANCE_NS, after.toString());
        assertTrue(Math.abs(before.sinceNs() - after.sinceNs()) <= TOLERANCE_NS, after.toString());
    }

    /** Counting, copies, crashes and reboots at random, against a model. */
    @Test
    @Tag("property")
    void nothingIsCountedTwiceAndNothingIsLost() throws Exception {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        KeptHits kept = open();
        long[] counted = new long[2];
        long[] copied = new long[2];
        boolean isCopied = false;
        for (int step = 0; step < 300; step++) {
            switch (random.nextInt(8)) {
                case 0 -> {
                    assertTrue(kept.keep());
                    copied = counted.clone();
                    isCopied = true;
                }
                case 1 -> kept = open();
                case 2 -> {
                    if (isCopied) {
                        reboot();
                        kept = open();
                        counted = copied.clone();
                    }
                }
                case 3 -> {
                    // A stop.
                    kept.close();
                    copied = counted.clone();
                    isCopied = true;
                    assertEquals(List.of(), namesIn(run.resolve("hits")));
                    kept = open();
                }
                default -> {
                    int rule = random.nextInt(2);
                    int times = random.nextInt(1, 9);
                    count(kept, rule, times);
                    counted[rule] += times;
                }
            }
            HitSlots slots = slots(kept);
            for (int rule = 0; rule < 2; rule++) {
                assertEquals(counted[rule], slots.record(rule).count(), "seed " + seed + ", step " + step);
            }
        }
    }

    @Test
    void anotherNumberOfWorkersKeepsTheSum() throws Exception {
        KeptHits three = store.open("web0", 3);
        HitSlots slots = slots(three);
        for (int worker = 0; worker < 3; worker++) {
            new RuleHits(slots, worker).count(0, System.nanoTime());
        }
        for (int workers : List.of(1, 5, 2, 8)) {
            KeptHits next = store.open("web0", workers);
            HitSlots read = slots(next);
            long before = read.record(0).count();
            new RuleHits(read, workers - 1).count(0, System.nanoTime());
            assertEquals(before + 1, read.record(0).count());
        }
        assertEquals(7, slots(open()).record(0).count());
    }

    @Test
    void aDamagedCopyIsPutAside() throws Exception {
        KeptHits kept = open();
        count(kept, 0, 5);
        assertTrue(kept.keep());
        try (RandomAccessFile file = new RandomAccessFile(copy.toFile(), "rw")) {
            file.seek(40);
            file.write(99);
        }
        assertEquals(5, slots(open()).record(0).count(), "the mapped file still knows");
        assertEquals(List.of("web0.damaged"), namesIn(Objects.requireNonNull(copy.getParent())));
        reboot();
        long beganNs = System.nanoTime();
        HitRecord anew = slots(open()).record(0);
        assertEquals(0, anew.count());
        assertTrue(anew.sinceNs() >= beganNs, "counted from now on");
    }

    @Test
    void aDamagedTableIsPutAsideAndTheCopyGoesOn() throws Exception {
        KeptHits kept = open();
        count(kept, 0, 5);
        assertTrue(kept.keep());
        try (RandomAccessFile file =
                new RandomAccessFile(run.resolve("hits/web0.0").toFile(), "rw")) {
            file.seek(13);
            file.write(99);
        }
        KeptHits next = open();
        assertEquals(5, slots(next).record(0).count());
        assertEquals(List.of(), next.troubles());
        assertEquals(List.of("web0.0.damaged", "web0.1"), namesIn(run.resolve("hits")));
    }

    @Test
    void aFileOfTheWrongKindIsPutAside() throws Exception {
        KeptHits kept = open();
        count(kept, 0, 5);
        assertTrue(kept.keep());
        Files.move(copy, root.resolve("elsewhere"));
        Files.createSymbolicLink(copy, root.resolve("elsewhere"));
        reboot();
        assertEquals(0, slots(open()).record(0).count());
        Files.write(copy, new byte[17]);
        reboot();
        assertEquals(0, slots(open()).record(0).count());
        Files.createFile(copy);
        reboot();
        KeptHits last = open();
        count(last, 0, 1);
        assertTrue(last.keep());
        reboot();
        assertEquals(1, slots(open()).record(0).count());
    }

    /** Any bit of a copy changed, or its end missing: it is refused. */
    @Test
    @Tag("property")
    void noDamageInventsHits() throws Exception {
        KeptHits kept = open();
        count(kept, 0, 5);
        assertTrue(kept.keep());
        byte[] whole = Files.readAllBytes(copy);
        WallTime now = HitClock.now();
        assertEquals(2, HitFile.read(copy, now).size());
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(copy, damaged);
            assertThrows(IOException.class, () -> HitFile.read(copy, now), "byte " + at);
            Files.write(copy, Arrays.copyOf(whole, at));
            assertThrows(IOException.class, () -> HitFile.read(copy, now), at + " bytes");
        }
    }

    @Test
    void withoutARunDirectoryHitsAreInMemoryAndTheCopyKeepsThem() throws Exception {
        Files.writeString(run, "not a folder");
        KeptHits kept = open();
        assertTrue(
                kept.troubles().toString().contains("counted in memory"),
                kept.troubles().toString());
        count(kept, 0, 5);
        assertTrue(kept.keep());
        assertEquals(5, slots(open()).record(0).count());
    }

    @Test
    void aCopyThatCannotBeWrittenIsATrouble() throws Exception {
        KeptHits kept = open();
        count(kept, 0, 5);
        Files.writeString(root.resolve("lib/hits"), "not a folder");
        assertFalse(kept.keep());
        assertTrue(
                kept.troubles().toString().contains("can't be kept"),
                kept.troubles().toString());
        kept.close();
        assertEquals(5, slots(open()).record(0).count(), "without a copy the table stays");
        Files.delete(root.resolve("lib/hits"));
        kept.close();
        assertEquals(List.of(), kept.troubles());
        assertEquals(List.of(), namesIn(run.resolve("hits")));
    }

    @Test
    void interfacesOutOfTheConfigurationAreForgottenAfterAYear() throws Exception {
        for (String name : List.of("web0", "old0", "new0")) {
            KeptHits kept = store.open(name, 1);
            new RuleHits(slots(kept), 0).count(0, System.nanoTime());
            assertTrue(kept.keep());
        }
        FileTime old = FileTime.from(Instant.now().minus(401, ChronoUnit.DAYS));
        Files.setLastModifiedTime(copy, old);
        Files.setLastModifiedTime(copy.resolveSibling("old0"), old);
        store.prune(Set.of("web0"));
        assertEquals(List.of("new0", "web0"), namesIn(Objects.requireNonNull(copy.getParent())));
    }
}
