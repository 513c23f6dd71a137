package io.portcullis.config;

import java.nio.file.Path;

/**
 * The daemon's control socket.
 *
 * @param socket absolute path of the Unix socket
 */
public record Control(Path socket) {
    /** The default. */
    public static final Control STANDARD = new Control(Path.of("/run/portcullis/control.sock"));

    public Control {
        if (!socket.isAbsolute()) {
            throw new IllegalArgumentException("socket " + socket + " is not absolute");
        }
    }
}
