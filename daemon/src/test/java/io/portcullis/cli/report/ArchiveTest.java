package io.portcullis.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.edit.RandomConfig;
import io.portcullis.config.files.SourceText;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive: tar can read it, and nothing in it is what it was. */
final class ArchiveTest {
    private static final String CONFIG = """
            # our crown jewels, # by jo
            version: 1 # Joseph
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web:
                description: |
                  for the Smiths
                  of Munich

                ingress:
                  - {protocol: tcp, ports: 80, from: any, description: "Mr Smith's # site"}
                  - protocol: tcp
                    ports: 22
                    from: 198.51.100.7/32  # Jane
                    description: Jane's laptop
            """;

    @TempDir
    Path folder;

    private static Archive archive(Parts parts, boolean withoutText) {
        Redactor redactor = new Redactor(new Pseudonyms(new byte[] {1}), Set.of("fw1"));
        return Archive.of(parts, redactor, withoutText, Instant.EPOCH);
    }

    private static String text(Archive archive, String name) {
        return archive.files().stream()
                .filter(part -> part.name().equals(name))
                .findFirst()
                .orElseThrow()
                .text();
    }

    @Test
    void tarListsAndUnpacksIt() throws Exception {
        Parts parts = new Parts();
        parts.add("a/b.txt", "one", Part.Form.TEXT, () -> "x".repeat(512));
        parts.add("empty.txt", "two", Part.Form.TEXT, () -> "");
        parts.add("long.txt", "three", Part.Form.TEXT, () -> "öäü\n".repeat(10_000));
        parts.add("broken.txt", "four", Part.Form.TEXT, () -> {
            throw new IOException("no such thing on fw1");
        });
        Path file = folder.resolve("r.tar.gz");
        try (OutputStream out = Files.newOutputStream(file)) {
            archive(parts, false).write(out);
        }
        assertEquals("""
                portcullis-report/README.txt
                portcullis-report/a/b.txt
                portcullis-report/empty.txt
                portcullis-report/long.txt
                """, run("tar", "tzf", file.toString()));
        run("tar", "xzf", file.toString(), "-C", folder.toString());
        Path root = folder.resolve("portcullis-report");
        assertEquals("x".repeat(512), Files.readString(root.resolve("a/b.txt")));
        assertEquals("öäü\n".repeat(10_000), Files.readString(root.resolve("long.txt")));
        String readme = Files.readString(root.resolve("README.txt"));
        assertTrue(readme.contains("broken.txt (four): no such thing on this-host\n"), readme);
    }

    private String run(String... words) throws Exception {
        Path out = folder.resolve("out");
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(out));
        return Files.readString(out);
    }

    @Test
    void withoutTextNoCommentAndNoDescriptionIsLeftAndLinesKeepTheirNumbers() {
        Parts parts = new Parts();
        parts.add("c.yaml", "", Part.Form.YAML, () -> CONFIG);
        parts.add("log.txt", "", Part.Form.TEXT, () -> "drop, nearest web/ingress[2] Jane's laptop\n");
        parts.add(
                "rules.json",
                "",
                Part.Form.JSON,
                () -> "{\"rules\":[{\"id\":\"web/ingress[2]\",\"description\":\"the old Jane\",\"text\":\"tcp 22\"}],"
                        + "\"warnings\":[\"the old Jane is unused\"],\"note\":\"\"}");
        parts.add("bad.yaml", "", Part.Form.YAML, () -> "a: [  # of Jane\n");
        Archive archive = archive(parts, true);
        String config = text(archive, "c.yaml");
        archive.files().forEach(part -> {
            for (String gone : new String[] {"Jane", "Smith", "Munich", "jewels", "Joseph"}) {
                assertFalse(part.text().contains(gone), part.name() + ":\n" + part.text());
            }
        });
        assertEquals(CONFIG.lines().count(), config.lines().count(), config);
        assertTrue(config.lines().toList().get(13).contains("ports: 22"), config);
        assertTrue(config.contains("from: any, description: removed}"), config);
        assertTrue(text(archive, "rules.json").contains("web/ingress[2]"));
        assertTrue(text(archive, "bad.yaml").startsWith("# left out"));

        String whole = text(archive(parts, false), "c.yaml");
        assertTrue(whole.contains("Jane's laptop") && whole.contains("# our crown jewels"), whole);
        assertFalse(whole.contains("198.51.100.7"), whole);
    }

    /** Whatever a configuration or a log has, in whatever form. */
    @Test
    @Tag("property")
    void noAddressNameOrSecretOfRandomFilesIsInTheArchive() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            Set<String> secrets = new TreeSet<>();
            Parts parts = new Parts();
            String yaml = randomConfig(random, secrets);
            String log = randomLog(random, secrets);
            parts.add("c.yaml", "file", Part.Form.YAML, () -> yaml);
            parts.add("log.txt", "log", Part.Form.TEXT, () -> log);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            archive(parts, random.nextBoolean()).write(bytes);
            String all = new String(
                    new GZIPInputStream(new ByteArrayInputStream(bytes.toByteArray())).readAllBytes(),
                    StandardCharsets.UTF_8);
            for (String secret : secrets) {
                assertFalse(all.contains(secret), "seed " + seed + ": " + secret + "\n" + all);
            }
        }
    }

    @Test
    @Tag("property")
    void randomFilesWithoutTextAreStillTheSameYaml() {
        for (int seed = 0; seed < 500; seed++) {
            for (SourceText file : RandomConfig.texts(new Random(seed))) {
                YamlTexts before = YamlTexts.of(file.yaml());
                String done = before.without("removed");
                YamlTexts after = YamlTexts.of(done);
                String what = "seed " + seed + "\n" + file.yaml() + "\n=>\n" + done;
                assertEquals(before.scalars().size(), after.scalars().size(), what);
                assertEquals(before.yaml().lines().count(), done.lines().count(), what);
                assertTrue(after.values().stream().allMatch(text -> text.equals("removed") || text.isEmpty()), what);
            }
        }
    }

    private static String randomConfig(Random random, Set<String> secrets) {
        StringBuilder yaml = new StringBuilder("version: 1\n# by " + name(random, secrets) + "\nsecurity-groups:\n");
        int groups = 1 + random.nextInt(5);
        for (int i = 0; i < groups; i++) {
            yaml.append("  g").append(i).append(":\n    ingress:\n");
            for (int rule = random.nextInt(8); rule >= 0; rule--) {
                yaml.append("      - {protocol: tcp, ports: 80, from: ")
                        .append(
                                random.nextBoolean()
                                        ? "[" + block(random, secrets) + ", \"" + v6(random, secrets) + "\"]"
                                        : block(random, secrets))
                        .append(", description: \"for ")
                        .append(name(random, secrets))
                        .append(" and ")
                        .append(mac(random, secrets))
                        .append("\"}\n");
            }
        }
        return yaml.toString();
    }

    private static String randomLog(Random random, Set<String> secrets) {
        StringBuilder log = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            log.append("18:14:07 drop web0 ingress tcp-no-syn ")
                    .append(
                            switch (random.nextInt(4)) {
                                case 0 ->
                                    v4(random, secrets) + ":443 > " + v4(random, secrets) + ":"
                                            + random.nextInt(65_536);
                                case 1 -> "[" + v6(random, secrets) + "]:443 > [" + v6(random, secrets) + "]:22";
                                case 2 -> "from " + mac(random, secrets) + ", host " + name(random, secrets) + ".";
                                default -> "key " + key(random, secrets) + " on fw1, src=" + v6(random, secrets) + ";";
                            })
                    .append('\n');
        }
        return log.toString();
    }

    private static String noted(Set<String> secrets, String value) {
        secrets.add(value);
        return value;
    }

    private static String v4(Random random, Set<String> secrets) {
        String first = random.nextBoolean() ? "10" : Integer.toString(20 + random.nextInt(60));
        return noted(
                secrets,
                first + "." + (100 + random.nextInt(156)) + "." + random.nextInt(256) + "."
                        + (100 + random.nextInt(156)));
    }

    private static String block(Random random, Set<String> secrets) {
        return noted(
                        secrets,
                        (20 + random.nextInt(60)) + "." + random.nextInt(256) + "." + (1 + random.nextInt(255)) + ".0")
                + "/24";
    }

    private static String v6(Random random, Set<String> secrets) {
        String address = "2a02:" + Integer.toHexString(0x1000 + random.nextInt(0xefff)) + ":"
                + Integer.toHexString(random.nextInt(0x10000)) + "::" + Integer.toHexString(1 + random.nextInt(0xffff));
        return noted(secrets, random.nextBoolean() ? address : address.toUpperCase(Locale.ROOT));
    }

    private static String mac(Random random, Set<String> secrets) {
        return noted(
                secrets,
                String.format(
                        "02:42:ac:%02x:%02x:%02x", random.nextInt(256), random.nextInt(256), 1 + random.nextInt(255)));
    }

    private static String name(Random random, Set<String> secrets) {
        return noted(secrets, "h" + random.nextInt(1_000_000) + "x") + ".corp.example.com";
    }

    private static String key(Random random, Set<String> secrets) {
        StringBuilder key = new StringBuilder("AKIA");
        for (int i = 0; i < 16; i++) {
            key.append("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".charAt(random.nextInt(32)));
        }
        return noted(secrets, key.toString());
    }
}
