package io.portcullis.cli.daemon;

import io.portcullis.http.Unreachable;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that prints an answer of the running daemon, as text or as JSON. */
public abstract class DaemonCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final DaemonSocket daemon = new DaemonSocket();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /**
     * Asks the daemon and prints the answer.
     *
     * @param json true: as JSON; false: as text
     * @return the exit code
     */
    protected abstract int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused;

    /** Asks once; {@link TableCommand} may ask again. */
    int run(DaemonSocket socket, boolean asJson, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        return ask(socket, asJson, out, err);
    }

    @Override
    public final Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        try {
            return run(daemon, json, spec.commandLine().getOut(), err);
        } catch (Unreachable e) {
            err.println("portcullis: " + e.getMessage());
            return Exit.UNREACHABLE;
        } catch (DaemonSocket.Refused e) {
            err.println("portcullis: " + e.getMessage());
            return e.isMisuse() ? Exit.MISUSE : Exit.NO;
        }
    }
}
