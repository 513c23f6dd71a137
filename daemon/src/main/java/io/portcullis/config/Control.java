package io.portcullis.config;

import java.nio.file.Path;

/**
 * Where the command line finds the daemon.
 *
 * @param socket absolute path of the Unix socket
 */
public record Control(Path socket) {
    /** Where nothing else is said. */
    public static final Control STANDARD = new Control(Path.of("/run/portcullis/control.sock"));

    public Control {
        if (!socket.isAbsolute()) {
            throw new IllegalArgumentException("socket " + socket + " is not absolute");
        }
    }
}
