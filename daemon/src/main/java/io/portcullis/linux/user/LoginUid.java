package io.portcullis.linux.user;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The user who logged in: it stays the same under {@code sudo} and {@code su} (pam_loginuid(8), proc_pid_loginuid(5)). */
final class LoginUid {
    private static final Logger LOG = LoggerFactory.getLogger(LoginUid.class);

    private LoginUid() {}

    /**
     * The login uid of a process, 32 bits without sign.
     *
     * @param pid 0: in another PID namespace
     * @return {@link SocketPeer#NOBODY}: nobody logged in, or it is not known, as with kernels without CONFIG_AUDIT
     */
    static int of(int pid) {
        if (pid == 0) {
            return SocketPeer.NOBODY;
        }
        try {
            return Integer.parseUnsignedInt(
                    Files.readString(Path.of("/proc/" + pid + "/loginuid")).strip());
        } catch (IOException | NumberFormatException unknown) {
            LOG.debug("the login uid of process {} is not known", pid, unknown);
            return SocketPeer.NOBODY;
        }
    }
}
