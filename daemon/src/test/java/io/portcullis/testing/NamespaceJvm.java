package io.portcullis.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** A network namespace of a test, and JVMs inside it: a port works in the namespace of its process. */
public final class NamespaceJvm {
    private final String namespace;

    /** A new, empty namespace; {@code lo} is up. */
    public NamespaceJvm(String purpose) throws Exception {
        namespace = "pc" + purpose + ProcessHandle.current().pid();
        assertEquals("", run(List.of("ip", "netns", "add", namespace)));
        assertEquals("", run(inside("ip", "link", "set", "lo", "up")));
        // The test would count the kernel's own frames.
        run(inside("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"));
    }

    /** Removes it. */
    public void remove() throws Exception {
        assertEquals("", run(List.of("ip", "netns", "delete", namespace)));
    }

    /** Runs all tests of a class in a JVM inside; each is one test here. */
    public Stream<DynamicTest> tests(Class<?> contract) throws Exception {
        String output = run(inside(java(List.of(), Main.class, contract.getName())));
        List<String> results = output.lines()
                .filter(line -> line.startsWith("PASS ") || line.startsWith("FAIL "))
                .toList();
        assertFalse(results.isEmpty(), output);
        return results.stream()
                .map(line -> DynamicTest.dynamicTest(line.substring(5), () -> {
                    if (line.startsWith("FAIL ")) {
                        fail(line.substring(5) + "\n" + output);
                    }
                }));
    }

    /** Runs a command inside, which must print nothing. */
    public void command(String... command) throws Exception {
        assertEquals("", run(inside(command)));
    }

    /**
     * Runs a class inside and returns what it printed.
     *
     * @param wrapper a command that runs what follows it, or nothing
     * @param options of the JVM
     * @param arguments of the class
     */
    public String output(List<String> wrapper, List<String> options, Class<?> main, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(java(options, main, arguments)));
        return run(inside(command.toArray(String[]::new)));
    }

    /**
     * Runs all tests of the class that is named and prints a line for each: {@code PASS name}, or {@code FAIL name: why}. Its
     * output carries its results to the JVM that started it, whose report shows the stack trace.
     */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) {
            LauncherDiscoveryRequest all = LauncherDiscoveryRequestBuilder.request()
                    .selectors(DiscoverySelectors.selectClass(arguments[0]))
                    .build();
            LauncherFactory.create().execute(all, new TestExecutionListener() {
                @Override
                public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                    if (result.getThrowable().isPresent()) {
                        Throwable thrown = result.getThrowable().get();
                        thrown.printStackTrace();
                        String why = String.valueOf(thrown).replace('\n', ' ');
                        System.out.println("FAIL " + test.getDisplayName() + ": " + why);
                    } else if (test.isTest()) {
                        System.out.println("PASS " + test.getDisplayName());
                    }
                }
            });
        }
    }

    private static String[] java(List<String> options, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + Path.of("../scripts/jvm.options").toAbsolutePath());
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    private List<String> inside(String... command) {
        return Stream.concat(Stream.of("ip", "netns", "exec", namespace), Stream.of(command))
                .toList();
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("portcullis", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(4, TimeUnit.MINUTES)) {
                process.destroyForcibly().waitFor();
                fail("still running after 4 minutes: " + Files.readString(output, StandardCharsets.UTF_8));
            }
            return Files.readString(output, StandardCharsets.UTF_8);
        } finally {
            Files.delete(output);
        }
    }
}
