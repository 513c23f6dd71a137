package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.system.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** Debian's AWS command line, version 2, on a host of the lab. */
record AwsCli(Ec2Host host) {
    /** Another program of this name may come first in the PATH. */
    private static final String PROGRAM = "/usr/bin/aws";

    /** What version 2 exits with if the service refuses. */
    private static final int REFUSED = 254;

    /** Skips the test where it is not installed. */
    static void assumeInstalled() {
        assumeTrue(Files.isExecutable(Path.of(PROGRAM)), PROGRAM + ": not installed (Debian package awscli)");
    }

    /** Runs {@code aws ec2} with these words. */
    Command run(String... words) {
        return host.client(Stream.concat(Stream.of(PROGRAM, "--endpoint-url", Ec2Host.URL, "ec2"), Arrays.stream(words))
                .toArray(String[]::new));
    }

    /** As {@link #run}, of the words of one line that are separated by blanks, and must succeed; returns what it prints. */
    String ec2(String line) {
        return ok(line.split(" "));
    }

    /** As {@link #run}, and must succeed; returns what it prints, without the line feed at its end. */
    String ok(String... words) {
        return run(words).ok().output().strip();
    }

    /** As {@link #ec2}, and the service must refuse with an error of this code; returns the message. */
    String refused(String code, String line) {
        Command command = run(line.split(" "));
        assertEquals(REFUSED, command.exit(), command.out());
        String before = "An error occurred (" + code + ") when calling the ";
        assertTrue(command.out().strip().startsWith(before), command.out());
        return command.out()
                .substring(command.out().indexOf(" operation: ") + " operation: ".length())
                .strip();
    }
}
