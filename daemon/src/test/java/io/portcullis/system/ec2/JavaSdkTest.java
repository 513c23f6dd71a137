package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Lab;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The AWS SDK for Java, version 2, changes the host's groups, lists and rules. */
@Tag("system")
final class JavaSdkTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    @Test
    void paginatorsWaitersAndChangesOfTheSdkWork() {
        try (Ec2Host host = new Ec2Host(LAB, SdkWalk.RULES)) {
            new SdkWalk(
                            LAB,
                            host,
                            step -> LAB.java(
                                    "fw", JavaSdkProgram.class, step, Ec2Host.URL, Ec2Host.KEY, Ec2Host.SECRET))
                    .walk();
        }
    }

    /** The SDK is for tests alone: nobody installs its 30 MB with the daemon. */
    @Test
    void theDaemonComesWithoutTheSdk() throws IOException {
        List<String> sdk = Stream.of(
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                                .split(File.pathSeparator))
                .filter(entry -> entry.contains("/software/amazon/awssdk/"))
                .map(entry -> Path.of(entry).getFileName().toString())
                .toList();
        assertTrue(sdk.size() > 10, () -> "the SDK is not on the class path of the tests: " + sdk);
        Path target = Lab.root().resolve("daemon/target");
        try (Stream<Path> libraries = Files.list(target.resolve("lib"))) {
            List<String> installed =
                    libraries.map(file -> file.getFileName().toString()).toList();
            assertTrue(installed.stream().anyMatch(name -> name.startsWith("netty-")), installed::toString);
            assertTrue(Collections.disjoint(installed, sdk), installed::toString);
        }
        try (JarFile jar = new JarFile(target.resolve("portcullis.jar").toFile())) {
            assertTrue(jar.stream().noneMatch(entry -> entry.getName().startsWith("software/")));
            String classPath = jar.getManifest().getMainAttributes().getValue("Class-Path");
            assertTrue(sdk.stream().noneMatch(classPath::contains), classPath);
        }
    }
}
