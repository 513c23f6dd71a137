package io.portcullis.diagnose;

import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Ec2Api;
import io.portcullis.ec2.auth.CredentialsFile;
import io.portcullis.http.ServerCertificate;
import io.portcullis.http.ServerException;
import io.portcullis.linux.OwnedFile;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.user.UserThread;
import io.portcullis.linux.user.Users;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The files of the EC2 endpoint: access keys, certificate and private key. Root reads them as the service's user, with the service's own
 * code. Other users see some of them only; what they can't judge is no fault.
 */
public final class Ec2Files {
    private static final String SERVICE = "portcullis";
    private static final Path OF_SERVICES = Path.of("/run/credentials");
    private static final Path OF_THE_UNIT = OF_SERVICES.resolve("portcullis.service");
    private static final String ABOUT = "ec2-api";

    private static final int ROOT = 0;

    private final Users.Ids reader;
    private final Path usual;
    private final Optional<Path> systemd;

    /** In one line each, with the remedy. */
    private final List<String> faults = new ArrayList<>();

    private final List<Path> unseen = new ArrayList<>();

    /**
     * The files of a host.
     *
     * @param reader who reads them; another one than the user of this process: this process is root's
     * @param usual for {@link CredentialsFile#find}
     * @param systemd the folder of the service's credentials (systemd.exec(5)); empty: none
     */
    Ec2Files(Users.Ids reader, Path usual, Optional<Path> systemd) {
        this.reader = reader;
        this.usual = usual;
        this.systemd = systemd;
    }

    private static Ec2Files ofThisHost() throws IOException {
        String own = System.getenv("CREDENTIALS_DIRECTORY");
        return new Ec2Files(
                service(),
                Ec2Api.CREDENTIALS,
                own == null ? Optional.of(OF_THE_UNIT).filter(Files::exists) : Optional.of(Path.of(own)));
    }

    /** The user of the daemon that ran here last, else the one of the package, else that of this process. */
    private static Users.Ids service() throws IOException {
        int here = OwnedFile.user();
        Users.Ids self = new Users.Ids(here, here);
        if (here != ROOT) {
            return self;
        }
        Path lock = StateFolder.lock(StateFolder.ofThisBoot());
        if (Files.exists(lock, LinkOption.NOFOLLOW_LINKS)) {
            return new Users.Ids((int) Files.getAttribute(lock, "unix:uid", LinkOption.NOFOLLOW_LINKS), (int)
                    Files.getAttribute(lock, "unix:gid", LinkOption.NOFOLLOW_LINKS));
        }
        return Users.ids(SERVICE).orElse(self);
    }

    static void examine(Findings findings, Ec2Api api) throws IOException {
        Ec2Files files = ofThisHost();
        files.read(api, true);
        files.faults.forEach(fault -> findings.warn(ABOUT, fault));
        files.unseen.forEach(file -> findings.warn(
                ABOUT,
                file + " can't be seen now, so it is not known whether it is valid: "
                        + (isOfSystemd(file) ? "it is there while the service runs" : "run this with sudo")));
        if (files.faults.isEmpty() && files.unseen.isEmpty()) {
            findings.ok(
                    ABOUT, "the service can read its access keys" + (api.tls() == null ? "" : " and its certificate"));
        }
    }

    /**
     * What is wrong with the files, as far as the user of this process can see, in one line each.
     *
     * @param isForThisHost false: the configuration may be another host's, and a missing file is no fault
     */
    public static List<String> faults(Ec2Api api, boolean isForThisHost) {
        try {
            Ec2Files files = ofThisHost();
            files.read(api, isForThisHost);
            return List.copyOf(files.faults);
        } catch (IOException unknown) {
            return List.of("the files of ec2-api can't be checked: " + unknown.getMessage());
        }
    }

    List<String> faults() {
        return faults;
    }

    List<Path> unseen() {
        return unseen;
    }

    void read(Ec2Api api, boolean isForThisHost) throws IOException {
        Path keys = CredentialsFile.find(api.credentials(), usual, systemd);
        if (isForUs(isForThisHost, keys)) {
            as(() -> credentials(keys)).ifPresent(faults::add);
        }
        Ec2Api.Tls tls = api.tls();
        if (tls != null && isForUs(isForThisHost, tls.cert(), tls.key())) {
            as(() -> certificate(new ServerCertificate.Files(tls.cert(), tls.key(), systemd)))
                    .ifPresent(faults::add);
        }
    }

    /** True: all of these files can be judged, or are missing where they must not be. */
    private boolean isForUs(boolean isForThisHost, Path... files) throws IOException {
        boolean all = true;
        for (Path file : files) {
            if (Files.notExists(file) && !isOfSystemd(file)) {
                all &= isForThisHost;
            } else if (!isVisible(file)) {
                unseen.add(file);
                all = false;
            }
        }
        return all;
    }

    /** True: systemd makes it at a start of a service, and removes it at its end. */
    private static boolean isOfSystemd(Path file) {
        return file.startsWith(OF_SERVICES);
    }

    /** Root sees all that is there. For another user, a file of a third one may be the service's. */
    private static boolean isVisible(Path file) throws IOException {
        int here = OwnedFile.user();
        if (here == ROOT) {
            return !Files.notExists(file);
        }
        if (!Files.isReadable(file)) {
            return false;
        }
        int owner = (int) Files.getAttribute(file, "unix:uid");
        return owner == ROOT || owner == here;
    }

    private <T> T as(UserThread.Task<T> task) throws IOException {
        return reader.user() == OwnedFile.user() ? task.run() : UserThread.call(reader.user(), reader.group(), task);
    }

    private Optional<String> credentials(Path file) {
        try {
            var _ = CredentialsFile.read(file, systemd);
            return Optional.empty();
        } catch (ConfigException faulty) {
            ConfigError first = faulty.errors().getFirst();
            return Optional.of("access keys: " + first + (Files.notExists(file) ? remedy() : ""));
        }
    }

    private static String remedy() {
        return ": create it with mode 0600 for the user of the service, or let systemd give it (LoadCredential=)";
    }

    private static Optional<String> certificate(ServerCertificate.Files files) {
        try {
            return ServerCertificate.open(files, InstantSource.system(), System::nanoTime)
                    .trouble();
        } catch (ServerException faulty) {
            return Optional.ofNullable(faulty.getMessage());
        }
    }
}
