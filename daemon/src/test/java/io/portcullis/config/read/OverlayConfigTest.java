package io.portcullis.config.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.testing.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A configuration that is not written yet reads exactly as if its files were on the disk: the same rules with the same locations,
 * the same errors, the same texts in the same order.
 */
final class OverlayConfigTest {
    private static final int TREES = 150;
    private static final List<String> NAMES = List.of(
            "a.yaml",
            "b.yaml",
            "x y.yaml",
            ".hidden.yaml",
            "sub/a.yaml",
            "sub/c.yaml",
            "sub/deep/d.yaml",
            "sub.yaml/e.yaml");
    private static final List<String> INCLUDES = List.of(
            "a.yaml",
            "b.yaml",
            "*.yaml",
            "./*.yaml",
            ".*.yaml",
            "sub/*.yaml",
            "*/*.yaml",
            "*/[ab].yaml",
            "{a,b}.yaml",
            "sub/../b.yaml",
            "../p/a.yaml",
            "../*/b.yaml",
            "ROOT/sub/*.yaml",
            "ROOT/b.yaml",
            "none.yaml",
            "none*/x.yaml",
            "none/../a.yaml",
            "sub",
            "sub/deep",
            "a.yaml/x.yaml",
            "a.yaml/*",
            "[",
            "x y.yaml",
            "main.yaml",
            "sub/*/d.yaml",
            "*",
            "../c.yaml",
            "../a.yaml",
            "deep/*",
            "");

    @TempDir
    Path parent;

    /** The result of a reading, as text where it fails. */
    private record Outcome(Object config, List<SourceText> texts) {}

    private Path root() {
        return parent.resolve("p");
    }

    private Outcome read(Overlay overlay) {
        SourceFiles sources = new SourceFiles();
        Object config;
        try {
            config = ConfigReader.load(root().resolve("main.yaml"), overlay, sources);
        } catch (ConfigException faulty) {
            config = faulty.errors().toString();
        }
        return new Outcome(config, sources.texts());
    }

    private Map<Path, String> tree(Random random) {
        Map<Path, String> files = new LinkedHashMap<>();
        files.put(root().resolve("main.yaml"), """
                version: 1
                %sinterfaces:
                  web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1], security-groups: [main]}
                security-groups:
                  main: {ingress: [{protocol: tcp, ports: 22, from: any}], egress: []}
                """.formatted(includes(random, 3)));
        for (String name : NAMES) {
            if (random.nextInt(3) > 0) {
                String group = random.nextInt(20) == 0 ? "main" : "g" + NAMES.indexOf(name);
                String text = includes(random, random.nextInt(3) == 0 ? 1 : 0)
                        + """
                        security-groups:
                          %s: {ingress: [{protocol: tcp, ports: %d, from: any}], egress: []}
                        """.formatted(group, 1 + random.nextInt(1_000));
                files.put(root().resolve(name), random.nextInt(25) == 0 ? text + "  broken: [" : text);
            }
        }
        return files;
    }

    private String includes(Random random, int most) {
        List<String> chosen = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            chosen.add("'" + INCLUDES.get(random.nextInt(INCLUDES.size())).replace("ROOT", root().toString()) + "'");
        }
        return chosen.isEmpty() ? "" : "include: [" + String.join(", ", chosen) + "]\n";
    }

    private static void write(Map<Path, String> files) throws IOException {
        for (Map.Entry<Path, String> file : files.entrySet()) {
            Files.createDirectories(Objects.requireNonNull(file.getKey().getParent()));
            Files.writeString(file.getKey(), file.getValue());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    @Tag("property")
    void anOverlayReadsAsTheSameFilesOnTheDisk(long seed) throws IOException {
        int valid = 0;
        for (int i = 0; i < TREES; i++) {
            long own = seed * 1_000_003 + i;
            Random random = new Random(own);
            Map<Path, String> files = tree(random);
            String about = "seed " + own + ": " + files;
            FileTree.delete(root());
            write(files);
            Outcome written = read(Overlay.NONE);
            valid += written.config() instanceof String ? 0 : 1;
            assertEquals(written, read(new Overlay(files, root(), Set.of())), about);
            assertEquals(written, read(new Overlay(files, null, Set.of())), about);

            FileTree.delete(root());
            assertEquals(written, read(new Overlay(files, null, Set.of())), "no folder, " + about);

            Map<Path, String> others = tree(random);
            others.keySet().removeIf(_ -> random.nextInt(3) == 0);
            write(others);
            assertEquals(written, read(new Overlay(files, root(), Set.of())), "other files, " + about);
            assertEquals(written, read(new Overlay(files, root().getRoot(), Set.of())), "nothing else, " + about);

            FileTree.delete(root());
            swapKinds(files);
            assertEquals(written, read(new Overlay(files, root(), Set.of())), "folders for files, " + about);
        }
        assertTrue(valid > TREES / 10, "only " + valid + " of " + TREES + " are valid");
    }

    /** Makes a folder of each file, and a file of each folder below the first one. */
    private void swapKinds(Map<Path, String> files) throws IOException {
        Files.createDirectories(root());
        for (Path file : files.keySet()) {
            Path first = root().resolve(root().relativize(file).getName(0));
            if (!first.equals(file)) {
                Files.writeString(first, "version: 1\n");
            } else {
                Files.createDirectories(file.resolve("old"));
            }
        }
    }

    @Test
    void aFileInPlaceOfAFolderIsReadAndTheOtherWayRound() throws IOException {
        Path main = root().resolve("main.yaml");
        Files.createDirectories(root().resolve("a.yaml/old"));
        Files.writeString(root().resolve("sub"), "no folder yet");
        Map<Path, String> files = Map.of(
                main,
                "version: 1\ninclude: ['*.yaml', sub/b.yaml]\nsecurity-groups: {}\ninterfaces: {}\n",
                root().resolve("a.yaml"),
                "security-groups: {a: {ingress: [], egress: []}}\n",
                root().resolve("sub/b.yaml"),
                "security-groups: {b: {ingress: [], egress: []}}\n");
        Outcome outcome = read(new Overlay(files, null, Set.of()));
        assertEquals(
                List.of(
                        main.toString(),
                        root().resolve("a.yaml").toString(),
                        root().resolve("sub/b.yaml").toString()),
                outcome.texts().stream().map(SourceText::name).toList(),
                String.valueOf(outcome.config()));
    }

    @Test
    void aDanglingLinkIsAnErrorAlsoInAGlob() throws IOException {
        write(Map.of(root().resolve("main.yaml"), "version: 1\ninclude: ['rules-*.yaml']\n"));
        Files.createSymbolicLink(root().resolve("rules-a.yaml"), root().resolve("gone"));
        String error = String.valueOf(read(Overlay.NONE).config());
        assertTrue(error.contains(root().resolve("rules-a.yaml") + ": no such file"), error);
    }

    @Test
    void aHiddenFileIsMissing() throws IOException {
        Path main = root().resolve("main.yaml");
        Path b = root().resolve("b.yaml");
        write(Map.of(
                main, "version: 1\ninclude: [b.yaml]\n",
                b, "security-groups: {b: {ingress: [], egress: []}}\n"));
        String error =
                String.valueOf(read(new Overlay(Map.of(), null, Set.of(b))).config());
        assertTrue(error.contains(main + ":2:11: include: b.yaml: no such file"), error);
        error = String.valueOf(read(new Overlay(Map.of(), null, Set.of(main))).config());
        assertTrue(error.contains(main + ": no such file"), error);
        error = String.valueOf(read(new Overlay(Map.of(), root(), Set.of())).config());
        assertTrue(error.contains(main + ": no such file"), error);
    }
}
