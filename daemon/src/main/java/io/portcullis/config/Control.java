package io.portcullis.config;

import java.nio.file.Path;

/**
 * The daemon's control socket, and who may change something through it.
 *
 * @param socket absolute path of the Unix socket
 * @param admins name of the group whose members may change something, as root may; empty: root alone
 */
public record Control(Path socket, String admins) {
    /** The default. */
    public static final Control STANDARD = new Control(Path.of("/run/portcullis/control.sock"), "");

    public Control {
        if (!socket.isAbsolute()) {
            throw new IllegalArgumentException("socket " + socket + " is not absolute");
        }
    }
}
