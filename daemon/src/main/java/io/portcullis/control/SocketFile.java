package io.portcullis.control;

import io.portcullis.http.ServerException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of the control socket. It is bound under another name, gets its group and mode, and is renamed: nobody without the right
 * can connect at any moment, and a start never leaves the path empty.
 *
 * @param path where clients look for it
 * @param unpublished where to bind it, in the same folder
 */
record SocketFile(Path path, Path unpublished) {
    private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

    /** Bytes of {@code sun_path} (108, unix(7)) less the zero at its end, less one that Java's client leaves free. */
    static final int MAX_PATH_LENGTH = 106;

    private static final String GROUP = "portcullis";
    private static final String SOCKET_MODE = "rw-rw----";
    private static final String FOLDER_MODE = "rwxr-x---";

    // inode(7)
    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    /**
     * The file, once clients find it.
     *
     * @param key device and inode
     */
    record Published(Path path, Object key) {
        /** Why clients do not find it any more; empty while they do. */
        Optional<String> trouble() {
            try {
                return isOurs()
                        ? Optional.empty()
                        : Optional.of("control.socket " + path + ": another file is in its place");
            } catch (NoSuchFileException e) {
                return Optional.of("control.socket " + path + ": somebody removed it");
            } catch (IOException e) {
                return Optional.of("control.socket " + path + ": it is not found any more: " + e.getMessage());
            }
        }

        /** Removes it, unless another file is in its place. */
        void remove() {
            try {
                if (isOurs()) {
                    Files.delete(path);
                }
            } catch (NoSuchFileException gone) {
                LOG.debug("{} was removed before", path, gone);
            } catch (IOException e) {
                LOG.warn("{} stays behind: {}", path, e.getMessage());
            }
        }

        private boolean isOurs() throws IOException {
            return key.equals(keyOf(path));
        }
    }

    private static Object keyOf(Path file) throws IOException {
        return Objects.requireNonNull(Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey());
    }

    /**
     * Makes the folder, and checks that a socket may be published at {@code path}.
     *
     * @throws ServerException if the path is too long, is not a socket, or another daemon listens there
     */
    static SocketFile prepare(Path path) throws ServerException {
        Path folder = Objects.requireNonNull(path.getParent(), "an absolute path of a file");
        Path unpublished = folder.resolve("." + ProcessHandle.current().pid());
        int length = Math.max(length(path), length(unpublished));
        if (length > MAX_PATH_LENGTH) {
            throw new ServerException(
                    "control.socket " + path + ": " + length + " bytes are too many for the path of a socket; "
                            + MAX_PATH_LENGTH + " is the most, choose a shorter one");
        }
        try {
            makeFolder(folder);
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                checkReplaceable(path);
            }
            Files.deleteIfExists(unpublished);
        } catch (IOException e) {
            throw fault(path, e);
        }
        return new SocketFile(path, unpublished);
    }

    /** Makes the bound socket the one at {@code path}; it must be listening. */
    Published publish() throws ServerException {
        try {
            Files.setPosixFilePermissions(unpublished, PosixFilePermissions.fromString(SOCKET_MODE));
            give(unpublished, GROUP)
                    .ifPresent(reason -> LOG.warn(
                            "{} can't be given to the group {}, whose members can't use it now: {}",
                            path,
                            GROUP,
                            reason));
            Object key = keyOf(unpublished);
            Files.move(unpublished, path, StandardCopyOption.ATOMIC_MOVE);
            return new Published(path, key);
        } catch (IOException e) {
            throw fault(path, e);
        }
    }

    /** Removes a socket that was bound and not published. */
    void discard() {
        try {
            Files.deleteIfExists(unpublished);
        } catch (IOException e) {
            LOG.debug("{} stays behind", unpublished, e);
        }
    }

    private static int length(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    private static void makeFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path above = folder.getParent();
        if (above != null) {
            Files.createDirectories(above);
        }
        var mode = PosixFilePermissions.fromString(FOLDER_MODE);
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(mode));
        // Once more: the umask has cleared bits of it.
        Files.setPosixFilePermissions(folder, mode);
        give(folder, GROUP).ifPresent(reason -> LOG.debug("{} stays with its group: {}", folder, reason));
    }

    /**
     * Gives a file to the group that may use the daemon, unless it has that group already, or this host has no such group.
     *
     * @return the kernel's refusal; empty: there was none
     */
    static Optional<String> give(Path file, String groupName) {
        try {
            GroupPrincipal group =
                    file.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(groupName);
            PosixFileAttributeView view =
                    Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
            if (!view.readAttributes().group().equals(group)) {
                view.setGroup(group);
            }
        } catch (UserPrincipalNotFoundException e) {
            LOG.debug("{} stays with its group: there is no group {}", file, groupName, e);
        } catch (FileSystemException e) {
            return Optional.of(Objects.requireNonNullElse(e.getReason(), "refused"));
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        return Optional.empty();
    }

    private static void checkReplaceable(Path path) throws IOException, ServerException {
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & S_IFMT) != S_IFSOCK) {
            throw new ServerException(
                    "control.socket " + path + ": it is not a socket; move it away or choose another path");
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            // Not blocking: where a daemon is too busy to accept, that is an answer, too.
            channel.configureBlocking(false);
            channel.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException e) {
            LOG.debug("{} was left by a daemon that has ended", path, e);
            return;
        }
        throw new ServerException("control.socket " + path + ": another portcullis answers on " + path
                + "; stop it, or choose another path");
    }

    private static ServerException fault(Path path, IOException e) {
        String why = switch (e) {
            case AccessDeniedException denied -> denied.getFile() + ": permission denied; run portcullis as root";
            case NotDirectoryException no -> no.getFile() + " is not a folder";
            case FileAlreadyExistsException no -> no.getFile() + " is not a folder";
            case FileSystemException other when other.getReason() != null -> other.getFile() + ": " + other.getReason();
            default -> String.valueOf(e.getMessage());
        };
        return new ServerException("control.socket " + path + ": " + why, e);
    }
}
