package io.portcullis.service.watch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ErrnoException;
import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every complete edit is reported, and no incomplete one, however and wherever the files are changed. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
final class EditsTest {
    /** Longer than any quiet time, and than the interval of the checks. */
    private static final long PAUSE_MS = 6_000;

    private static final long WAIT_S = 30;

    @TempDir
    private Path folder;

    private Path main;

    @BeforeEach
    void writeTheFirst() throws IOException {
        main = Files.createDirectory(folder.resolve("etc")).resolve("main.yaml");
        Files.writeString(main, "a: 1\n");
    }

    private static void write(Path file, String text) throws IOException {
        Files.writeString(file, text);
    }

    private static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Replaces a link by another in one step. */
    private static void link(Path link, String target) throws IOException {
        Path other = link.resolveSibling(".link");
        Files.createSymbolicLink(other, Path.of(target));
        Files.move(other, link, StandardCopyOption.ATOMIC_MOVE);
    }

    private void sh(String line) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("sh", "-ec", line)
                .directory(folder.toFile())
                .inheritIO()
                .start();
        assertTrue(process.waitFor(WAIT_S, TimeUnit.SECONDS), line);
        assertEquals(0, process.exitValue(), line);
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - endNs < 0, "not within " + WAIT_S + " s: " + what);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "echo 'a: 2' > etc/main.yaml",
                "echo 'a: 2' > new && cp new etc/main.yaml",
                "echo 'a: 2' > new && mv new etc/main.yaml",
                "echo 'a: 2' > etc/.main.yaml.swp && mv etc/.main.yaml.swp etc/main.yaml",
                "sed -i s/1/2/ etc/main.yaml",
                "rm etc/main.yaml && echo 'a: 2' > etc/main.yaml",
                // vim in a folder where it may not write
                "mv etc/main.yaml etc/main.yaml~ && echo 'a: 2' > etc/main.yaml && rm etc/main.yaml~",
                // rsync: the time is set by name when the file is closed
                "echo 'a: 2' > etc/.x && perl -e 'truncate(\"etc/.x\", 5) or die' && mv etc/.x etc/main.yaml",
                "echo 'a: 2###' > etc/.x && mv etc/.x etc/main.yaml && perl -e 'truncate(\"etc/main.yaml\", 4) or die'"
                        + " && printf '\\n' >> etc/main.yaml",
                "ln etc/main.yaml etc/other && echo 'a: 2' > etc/other",
                "mkdir later && cp etc/main.yaml later && mv etc old && sed -i s/1/2/ later/main.yaml && mv later etc",
                "echo 'a: 2' > other && ln -s ../other etc/.link && mv etc/.link etc/main.yaml"
            })
    void editsOfAllKinds(String edit) throws Exception {
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            sh(edit);
            obeyed.await("a: 2\n");
            await("no trouble", () -> obeyed.edits().trouble().isEmpty());
            write(main, "a: 3\n");
            obeyed.await("a: 3\n");
        }
    }

    /** An edit is complete at the close only, however long it takes. */
    @ParameterizedTest
    @ValueSource(strings = {"", "a: 2\n"})
    void aHalfWrittenFileWaits(String begin) throws Exception {
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            try (OutputStream out = Files.newOutputStream(main)) {
                out.write(begin.getBytes(UTF_8));
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                await("the trouble", () -> obeyed.edits().trouble().contains(main + " is being written"));
                out.write("b: 2\n".getBytes(UTF_8));
            }
            obeyed.await(begin + "b: 2\n");
            for (String each : obeyed.all()) {
                assertTrue(each.equals("a: 1\n") || each.equals(begin + "b: 2\n"), each);
            }
            await("the end of the trouble", () -> obeyed.edits().trouble().isEmpty());
        }
    }

    /** An edit of another file does not read the incomplete one. */
    @Test
    void aHalfWrittenFileDelaysTheOthers() throws Exception {
        write(main, "include: [more.d/*.yaml]\n");
        Path more = Files.createDirectory(main.resolveSibling("more.d"));
        write(more.resolve("a.yaml"), "a: 1\n");
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            try (OutputStream out = Files.newOutputStream(more.resolve("a.yaml"))) {
                write(more.resolve("b.yaml"), "b: 2\n");
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                write(main, "include: [more.d/*.yaml]\n\n");
                out.write("a: 2\n".getBytes(UTF_8));
            }
            obeyed.await("include: [more.d/*.yaml]\n\na: 2\nb: 2\n");
            for (String each : obeyed.all()) {
                assertTrue(each.endsWith("a: 1\n") || each.endsWith("a: 2\nb: 2\n"), each);
            }
        }
    }

    /** The writer still has the file open under its new name, and goes on. */
    @Test
    void aHalfWrittenFileThatIsRenamedWaits() throws Exception {
        Path other = main.resolveSibling(".main.yaml.new");
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            try (OutputStream out = Files.newOutputStream(other)) {
                out.write("b: 1\n".getBytes(UTF_8));
                rename(other, main);
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                out.write("c: 1\n".getBytes(UTF_8));
            }
            obeyed.await("b: 1\nc: 1\n");
            for (String each : obeyed.all()) {
                assertTrue(each.equals("a: 1\n") || each.equals("b: 1\nc: 1\n"), each);
            }
        }
    }

    @Test
    void aWriterThatNeverClosesIsReportedAndIgnoredOnRequest() throws Exception {
        try (ObeyedFiles obeyed = new ObeyedFiles(main);
                OutputStream out = Files.newOutputStream(main)) {
            out.write("a: 2\n".getBytes(UTF_8));
            await("the trouble", () -> obeyed.edits().trouble().contains("being written"));
            obeyed.reload();
            assertEquals("a: 2\n", obeyed.all().getLast());
            await("the end of the trouble", () -> obeyed.edits().trouble().isEmpty());
            // The new file under this name is not being written.
            out.write("a: 3\n".getBytes(UTF_8));
            write(main.resolveSibling("new"), "a: 4\n");
            rename(main.resolveSibling("new"), main);
            obeyed.await("a: 4\n");
        }
    }

    @Test
    void readersDoNotDelayEdits() throws Exception {
        try (ObeyedFiles obeyed = new ObeyedFiles(main);
                var reader = Files.newInputStream(main)) {
            assertEquals('a', reader.read());
            write(main, "a: 2\n");
            obeyed.await("a: 2\n");
        }
    }

    /** A link to a link to the file, each in a folder of its own. */
    @Test
    void everyLinkOnThePathIsWatched() throws Exception {
        sh("mkdir one two three && mv etc/main.yaml three && ln -s ../three/main.yaml two/main.yaml"
                + " && ln -s $PWD/two/main.yaml one/x && ln -s ../one/x etc/main.yaml");
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            write(folder.resolve("three/main.yaml"), "a: 2\n");
            obeyed.await("a: 2\n");
            sh("echo 'a: 3' > three/new && mv three/new three/main.yaml");
            obeyed.await("a: 3\n");
            sh("echo 'a: 4' > three/other.yaml");
            link(folder.resolve("two/main.yaml"), "../three/other.yaml");
            obeyed.await("a: 4\n");
            write(folder.resolve("three/other.yaml"), "a: 5\n");
            obeyed.await("a: 5\n");
            sh("mkdir four && echo 'a: 6' > four/main.yaml && ln -s four/main.yaml new && mv -T new one/x");
            obeyed.await("");
            sh("ln -s ../four/main.yaml new && mv -T new one/x");
            obeyed.await("a: 6\n");
            sh("mv four five");
            obeyed.await("");
            sh("mv five four");
            obeyed.await("a: 6\n");
            sh("sed -i s/6/7/ four/main.yaml");
            obeyed.await("a: 7\n");
        }
    }

    @Test
    void aLinkedFolderIsFollowed() throws Exception {
        // As Kubernetes keeps a volume: main.yaml -> ..data/main.yaml, ..data -> ..1
        sh("cd etc && mkdir ..1 && mv main.yaml ..1 && ln -s ..1 ..data && ln -s ..data/main.yaml main.yaml");
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            for (int i = 2; i < 5; i++) {
                sh(
                        "cd etc && mkdir ..%1$d && echo 'a: %1$d' > ..%1$d/main.yaml && ln -s ..%1$d ..tmp && mv -T ..tmp ..data && rm -r ..%2$d"
                                .formatted(i, i - 1));
                obeyed.await("a: " + i + "\n");
            }
        }
    }

    @Test
    void aFolderThatIsRenamedIntoPlaceIsWatchedFromThenOn() throws Exception {
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            for (int i = 2; i < 5; i++) {
                sh("mkdir new && echo 'a: %1$d' > new/main.yaml && mv etc old%1$d && mv new etc".formatted(i));
                obeyed.await("a: " + i + "\n");
                sh("echo 'b: %d' > etc/main.yaml".formatted(i));
                obeyed.await("b: " + i + "\n");
            }
            sh("mv etc away");
            obeyed.reload();
            assertEquals("", obeyed.all().getLast());
            sh("mkdir etc && echo 'c: 1' > etc/main.yaml");
            obeyed.await("c: 1\n");
        }
    }

    @Test
    void includedFilesAreWatchedWhereTheyAreAndWhereTheyMayBe() throws Exception {
        String head = "include: [sites-enabled/*.yaml, ../later/*/x.yaml]\n";
        write(main, head);
        sh("cd etc && mkdir sites-enabled sites-available && echo 'a: 1' > sites-available/a"
                + " && ln -s ../sites-available/a sites-enabled/a.yaml");
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            assertEquals(head + "a: 1\n", obeyed.all().getLast());
            sh("echo 'a: 2' > etc/sites-available/a");
            obeyed.await(head + "a: 2\n");
            sh("sed -i s/2/3/ etc/sites-available/a");
            obeyed.await(head + "a: 3\n");
            sh("echo 'b: 1' > etc/sites-available/b && ln -s ../sites-available/b etc/sites-enabled/b.yaml");
            obeyed.await(head + "a: 3\nb: 1\n");
            sh("rm etc/sites-enabled/a.yaml");
            obeyed.await(head + "b: 1\n");
            sh("mkdir -p later/one && echo 'x: 1' > later/one/x.yaml");
            obeyed.await(head + "b: 1\nx: 1\n");
            sh("echo 'x: 2' > later/one/x.yaml");
            obeyed.await(head + "b: 1\nx: 2\n");
        }
    }

    /** As git does: each file is removed and created again. */
    @Test
    void severalFilesThatChangeTogetherAreAppliedTogether() throws Exception {
        write(main, "include: [more/*.yaml]\n");
        sh("mkdir etc/more && for i in 1 2 3 4 5 6 7 8; do echo 'a: 1' > etc/more/$i.yaml; done");
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            sh("cd etc/more && for i in 1 2 3 4 5 6 7 8; do rm $i.yaml && echo 'a: 2' > $i.yaml; done");
            obeyed.await("include: [more/*.yaml]\n" + "a: 2\n".repeat(8));
        }
    }

    @Test
    void otherFilesInTheFolderDelayNothing() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Thread busy = Thread.ofPlatform().daemon().start(() -> {
            while (!done.get()) {
                try {
                    Files.writeString(
                            main.resolveSibling("log"), "x\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                    TimeUnit.MILLISECONDS.sleep(20);
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
        try (ObeyedFiles obeyed = new ObeyedFiles(main);
                OutputStream open = Files.newOutputStream(main.resolveSibling("open"))) {
            open.write(1);
            for (int i = 2; i < 5; i++) {
                write(main, "a: " + i + "\n");
                obeyed.await("a: " + i + "\n");
            }
            assertTrue(obeyed.all().size() <= 8, () -> "what else is written is no edit: " + obeyed.all());
        } finally {
            done.set(true);
            busy.join();
        }
    }

    @Test
    void aFileThatIsNeverQuietIsAppliedMeanwhile() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
            Thread busy = Thread.ofPlatform().daemon().start(() -> {
                try {
                    for (int i = 0; !done.get(); i++) {
                        Path other = main.resolveSibling(".new");
                        write(other, "a: " + i + "\n");
                        rename(other, main);
                        TimeUnit.MILLISECONDS.sleep(20);
                    }
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            await("an edit", () -> obeyed.all().size() > 2);
            done.set(true);
            busy.join();
            obeyed.await(Files.readString(main));
        }
    }

    /** fs.inotify.max_user_instances is used up: the looks find complete edits, until there is an instance again. */
    @Test
    void withoutTheKernelEditsAreSeenLater() throws Exception {
        AtomicBoolean refused = new AtomicBoolean(true);
        Edits.Source source = () -> {
            if (refused.get()) {
                throw new ErrnoException("inotify_init1", 24);
            }
            return new ConfigWatch();
        };
        try (ObeyedFiles obeyed = new ObeyedFiles(main, source)) {
            await(
                    "the trouble",
                    () -> obeyed.edits()
                            .trouble()
                            .equals("edits may be seen 4 s late: inotify_init1: EMFILE (Too many open files)"));
            write(main, "a: 2\n");
            obeyed.await("a: 2\n");
            long longestNs = 0;
            try (OutputStream out = Files.newOutputStream(main)) {
                long lastNs = System.nanoTime();
                for (int i = 0; i < 10; i++) {
                    out.write("a: 3\n".getBytes(UTF_8));
                    longestNs = Math.max(longestNs, System.nanoTime() - lastNs);
                    lastNs = System.nanoTime();
                    TimeUnit.MILLISECONDS.sleep(500);
                }
            }
            obeyed.await("a: 3\n".repeat(10));
            // If the machine delays the writer for the interval of two checks, half a file may look complete.
            if (longestNs < TimeUnit.MILLISECONDS.toNanos(1_900)) {
                assertEquals(List.of("a: 1\n", "a: 2\n", "a: 3\n".repeat(10)), obeyed.all());
            }
            refused.set(false);
            await("the end of the trouble", () -> obeyed.edits().trouble().isEmpty());
            write(main, "a: 4\n");
            obeyed.await("a: 4\n");
        }
    }

    /** A file that is mounted over another causes no event in a folder. */
    @Test
    @Tag("netns")
    void aMountedFileIsWatched() throws Exception {
        Path private_ = Files.createDirectory(folder.resolve("private"));
        write(folder.resolve("real.yaml"), "r: 1\n");
        SmallTmpfs.run(private_, 1 << 20, () -> {
            sh("mount --bind real.yaml etc/main.yaml");
            try (ObeyedFiles obeyed = new ObeyedFiles(main)) {
                assertEquals("r: 1\n", obeyed.all().getLast());
                write(folder.resolve("real.yaml"), "r: 2\n");
                obeyed.await("r: 2\n");
                try (OutputStream out = Files.newOutputStream(folder.resolve("real.yaml"))) {
                    out.write("r: 3\n".getBytes(UTF_8));
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
                    out.write("s: 3\n".getBytes(UTF_8));
                }
                obeyed.await("r: 3\ns: 3\n");
                assertFalse(obeyed.all().contains("r: 3\n"));
                sh("umount etc/main.yaml");
                obeyed.await("a: 1\n");
                sh("mkdir other && echo 'o: 1' > other/main.yaml && mount --bind other etc");
                obeyed.await("o: 1\n");
                sh("echo 'o: 2' > other/main.yaml");
                obeyed.await("o: 2\n");
            }
            return true;
        });
    }
}
