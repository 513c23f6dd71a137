package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import io.portcullis.testing.FileTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The AWS SDK for JavaScript, version 3, changes the host's groups, lists and rules. npm installs it once, below the folder that
 * Maven builds in. The test is skipped where there is no node, no npm or no npm registry.
 */
@Tag("system")
final class JavaScriptSdkTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String VERSION = "3.1169.0";
    private static final Path INSTALLED = Lab.root().resolve("daemon/target/npm/client-ec2-" + VERSION);

    @Test
    void paginatorsWaitersAndChangesOfTheSdkWork() throws IOException {
        install();
        Path program = LAB.file("sdk.mjs", program());
        // node looks for a package beside the program.
        Files.createSymbolicLink(LAB.folder().resolve("node_modules"), INSTALLED.resolve("node_modules"));
        try (Ec2Host host = new Ec2Host(LAB, SdkWalk.RULES)) {
            new SdkWalk(LAB, host, step -> host.client("node", program.toString(), step)).walk();
        }
    }

    private static String program() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(JavaScriptSdkTest.class.getResourceAsStream("sdk.mjs"), "sdk.mjs is missing")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** A folder that is there is whole: npm fills another one, which is then renamed. */
    private static void install() throws IOException {
        assumeTrue(Command.run("sh", "-c", "command -v node && command -v npm").exit() == 0, "there is no node or npm");
        if (Files.isDirectory(INSTALLED)) {
            return;
        }
        Files.createDirectories(INSTALLED.getParent());
        Path part = Files.createTempDirectory(INSTALLED.getParent(), "part");
        try {
            Command npm = Command.run(
                    "timeout",
                    "50",
                    "npm",
                    "install",
                    "--prefix",
                    part.toString(),
                    "--cache",
                    part.resolve("cache").toString(),
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                    "--no-update-notifier",
                    "@aws-sdk/client-ec2@" + VERSION);
            assumeTrue(npm.exit() == 0, () -> "npm can't install the SDK:\n" + npm.out());
            FileTree.delete(part.resolve("cache"));
            Files.move(part, INSTALLED, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            FileTree.delete(part);
        }
    }
}
