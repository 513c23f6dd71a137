package io.portcullis;

import io.portcullis.cli.Cli;

/** The program. */
public final class Portcullis {
    private Portcullis() {}

    /** Runs a command line and exits with its code: 0 success, 1 no, 2 misuse, 3 the daemon cannot be reached. */
    public static void main(String[] arguments) throws InterruptedException {
        System.exit(Cli.execute(arguments));
    }
}
