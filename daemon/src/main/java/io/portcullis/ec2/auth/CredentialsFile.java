package io.portcullis.ec2.auth;

import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The file with the access keys, in the format of AWS's own tools ({@code ~/.aws/credentials}), which {@link CredentialsReader}
 * describes. Nobody but the service and root may read it.
 */
public final class CredentialsFile {
    /** Bytes. */
    private static final int LONGEST = 1 << 20;

    private CredentialsFile() {}

    /**
     * Reads the file.
     *
     * @param systemd the folder in which systemd keeps the service's credentials ($CREDENTIALS_DIRECTORY, systemd.exec(5)): it guards
     *     their permissions by means of its own; empty: none
     * @throws ConfigException all faults, with file and line; none of them quotes the file
     */
    public static Credentials read(Path file, Optional<Path> systemd) throws ConfigException {
        OwnedFile read;
        try {
            read = OwnedFile.read(file, LONGEST);
        } catch (IOException e) {
            throw fault(file, FileFault.text(e));
        }
        if (!read.isTrusted()) {
            throw fault(
                    file,
                    "belongs to user " + Integer.toUnsignedString(read.owner())
                            + ", and must belong to root or to user " + Integer.toUnsignedString(OwnedFile.user())
                            + ", which runs this: chown it");
        }
        if (!read.isPrivate() && !isIn(file, systemd)) {
            throw fault(
                    file,
                    String.format(
                            "may be read by others than its owner (mode %04o), and has secrets: chmod 600, and replace the keys"
                                    + " if others could read them",
                            read.permissions()));
        }
        return CredentialsReader.read(file.toString(), read.text());
    }

    private static boolean isIn(Path file, Optional<Path> folder) {
        Path normal = file.toAbsolutePath().normalize();
        return folder.isPresent()
                && folder.get().isAbsolute()
                && folder.get().normalize().equals(normal.getParent());
    }

    private static ConfigException fault(Path file, String text) {
        return new ConfigException(List.of(new ConfigError(Location.of(file.toString()), text)));
    }
}
