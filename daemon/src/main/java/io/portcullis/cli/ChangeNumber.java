package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.ChangeFiles;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Numbers of changes as the command line writes them: {@code @41}. */
final class ChangeNumber {
    /** The configuration in force, in place of a number. */
    static final long IN_FORCE = 0;

    private ChangeNumber() {}

    /** True: {@code text} may be a number of a change. */
    static boolean is(String text) {
        return text.matches("@[0-9]{1,12}");
    }

    /** The number; a misuse of the command line where it is none. */
    static long of(String text, CommandSpec spec) {
        if (!is(text) && !text.matches("[0-9]{1,12}")) {
            throw new ParameterException(
                    spec.commandLine(), "not a change: " + text + ": write @ and its number, such as @41");
        }
        long number = Long.parseLong(text.replace("@", ""));
        if (number == 0) {
            throw new ParameterException(spec.commandLine(), "there is no change @0: the first one is @1");
        }
        return number;
    }

    /** Asks the daemon for a change and its files. */
    static ChangeFiles files(DaemonSocket daemon, long number) throws Unreachable, DaemonSocket.Refused {
        return daemon.ask("GET", "/v1/change", Map.of("number", Long.toString(number)), ChangeFiles.class);
    }
}
