package io.portcullis.ec2.auth;

import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The file with the access keys, in the format of AWS's own tools ({@code ~/.aws/credentials}), which {@link CredentialsReader}
 * describes. Nobody but the service and root may read it.
 */
public final class CredentialsFile {
    /** Bytes. */
    private static final int LONGEST = 1 << 20;

    /** A systemd credential of the service with this name is used where the configuration names no file. */
    private static final String SYSTEMD_NAME = "ec2-credentials";

    private CredentialsFile() {}

    /**
     * The file with the keys.
     *
     * @param configured null: the configuration names none
     * @param usual where it is if systemd has none for the service
     * @param systemd as for {@link #read}
     */
    public static Path find(@Nullable Path configured, Path usual, Optional<Path> systemd) {
        return configured != null
                ? configured
                : systemd.map(folder -> folder.resolve(SYSTEMD_NAME))
                        .filter(Files::exists)
                        .orElse(usual);
    }

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
            read = open(file, systemd);
        } catch (IOException e) {
            throw new ConfigException(List.of(new ConfigError(Location.of(file.toString()), fault(file, e))));
        }
        return CredentialsReader.read(file.toString(), read.text());
    }

    /** Reads its text, which nobody but the service and root may know. */
    static OwnedFile open(Path file, Optional<Path> systemd) throws IOException {
        return OwnedFile.secret(file, LONGEST, systemd);
    }

    /** Without the file's name. */
    private static String fault(Path file, IOException e) {
        String text = FileFault.text(e);
        String name = file + ": ";
        return text.startsWith(name) ? text.substring(name.length()) : text;
    }
}
