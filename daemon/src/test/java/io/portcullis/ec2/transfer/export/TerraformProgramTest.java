package io.portcullis.ec2.transfer.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.state.State;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is exported for Terraform, read by Terraform itself, where it is installed. It needs no provider to check the syntax, the
 * layout, and that no two resources have one address.
 */
final class TerraformProgramTest {
    private static final int CONFIGURATIONS = 200;
    private static final int LOADED = 8;
    private static final int TIMEOUT_S = 60;
    private static final Ids IDS = new Ids("a host");

    @TempDir
    private Path folder;

    @BeforeAll
    static void assumeInstalled() {
        boolean isThere = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(each -> Files.isExecutable(Path.of(each, "terraform")));
        assumeTrue(isThere, "terraform is not installed");
    }

    private static String hcl(int seed) throws ConfigException {
        Config config = ConfigReader.parse(new RandomText(new Random(seed)).yaml(), "random.yaml");
        return Terraform.of(Cloud.of(config, Account.of(config, IDS), State.EMPTY, Map.of()))
                .hcl();
    }

    @Test
    void anyExportIsInTheLayoutOfTerraformFmt() throws Exception {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            Files.writeString(folder.resolve(seed + ".tf"), hcl(seed));
        }
        assertAccepted(folder, "fmt", "-check", "-diff", "-no-color");
    }

    @Test
    void terraformLoadsAnyExport() throws Exception {
        for (int seed = 0; seed < LOADED; seed++) {
            Path module = Files.createDirectory(folder.resolve("seed" + seed));
            Files.writeString(module.resolve("main.tf"), hcl(seed));
            assertAccepted(module, "providers", "-no-color");
        }
    }

    private static void assertAccepted(Path module, String... words) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("terraform"));
        all.addAll(Arrays.asList(words));
        Path output = Files.createTempFile(module, "output", ".txt");
        ProcessBuilder builder = new ProcessBuilder(all)
                .directory(module.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        // No question to its maker whether there is a newer version.
        builder.environment().put("CHECKPOINT_DISABLE", "1");
        Process process = builder.start();
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("terraform takes more than " + TIMEOUT_S + " s");
        }
        assertEquals(0, process.exitValue(), () -> all + "\n" + read(output));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
