package io.portcullis.config;

import java.nio.file.Path;

/**
 * Where the command line finds the daemon.
 *
 * @param socket absolute path of the Unix socket
 */
public record Control(Path socket) {
    public Control {
        if (!socket.isAbsolute()) {
            throw new IllegalArgumentException("socket " + socket + " is not absolute");
        }
    }
}
