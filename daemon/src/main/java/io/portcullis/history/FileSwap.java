package io.portcullis.history;

import io.portcullis.config.files.SourceText;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.ExtendedAttributes;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the files of a configuration by those of another one. All new files are complete, beside the old ones, before the first
 * takes its name: a full disk changes nothing. Owner, mode and extended attributes of a file stay; a symbolic link stays, and its target
 * is written. After an interruption {@link #undo} restores the files of before.
 */
public final class FileSwap {
    private static final Logger LOG = LoggerFactory.getLogger(FileSwap.class);

    /** A hidden file: no include matches it. */
    private static final String FRESH = ".portcullis-new";

    /** {@code ls -l} shows it to the owner and the group; the umask of the service would leave the group out. */
    private static final String MODE = "rw-r-----";

    /** Text by the file that holds it, links resolved; null: there is no such file. */
    private final Map<Path, byte @Nullable []> wanted;

    private FileSwap(Map<Path, byte @Nullable []> wanted) {
        this.wanted = wanted;
    }

    /**
     * The files that differ from a configuration.
     *
     * @param texts of the configuration that is to be on the disk
     * @param removed names of files that are not part of it any more
     * @throws IOException if a file can't be read
     */
    public static FileSwap to(List<SourceText> texts, Set<Path> removed) throws IOException {
        Map<Path, byte @Nullable []> wanted = new LinkedHashMap<>();
        for (SourceText text : texts) {
            Path file = real(Path.of(text.name()));
            byte[] bytes = text.yaml().getBytes(StandardCharsets.UTF_8);
            if (!Arrays.equals(bytes, content(file))) {
                wanted.put(file, bytes);
            }
        }
        for (Path file : removed) {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                wanted.put(file, null);
            }
        }
        return new FileSwap(wanted);
    }

    /**
     * The way back from an interrupted swap. A file that is neither as the new configuration has it nor as the old one has it was
     * edited by somebody, and stays.
     *
     * @param from texts of the configuration that was being written
     * @param to texts of the one before
     */
    public static FileSwap undo(List<SourceText> from, List<SourceText> to) throws IOException {
        Map<String, byte[]> before = new HashMap<>();
        to.forEach(text -> before.put(text.name(), text.yaml().getBytes(StandardCharsets.UTF_8)));
        Map<String, byte[]> after = new LinkedHashMap<>();
        from.forEach(text -> after.put(text.name(), text.yaml().getBytes(StandardCharsets.UTF_8)));
        Set<String> names = new TreeSet<>(before.keySet());
        names.addAll(after.keySet());
        Map<Path, byte @Nullable []> wanted = new LinkedHashMap<>();
        for (String name : names) {
            byte[] old = before.get(name);
            Path file = old == null ? Path.of(name) : real(Path.of(name));
            removeFresh(file);
            byte[] now = content(file);
            if (Arrays.equals(now, old)) {
                continue;
            }
            if (Arrays.equals(now, after.get(name))) {
                wanted.put(file, old);
            } else {
                LOG.warn("{} was edited meanwhile, and stays as it is", file);
            }
        }
        return new FileSwap(wanted);
    }

    /** True: everything is on the disk. */
    public boolean isEmpty() {
        return wanted.isEmpty();
    }

    /** The files that are written. */
    public List<String> writes() {
        return wanted.entrySet().stream()
                .filter(file -> file.getValue() != null)
                .map(file -> file.getKey().toString())
                .toList();
    }

    /** The files that are removed. */
    public List<String> removals() {
        return wanted.entrySet().stream()
                .filter(file -> file.getValue() == null)
                .map(file -> file.getKey().toString())
                .toList();
    }

    /** Why the files can't be replaced by this process, with the remedy, one line each; empty: they can, as far as it is known. */
    public List<String> faults() {
        Set<String> faults = new TreeSet<>();
        for (Path file : wanted.keySet()) {
            try {
                fault(file).ifPresent(faults::add);
            } catch (IOException e) {
                faults.add(FileFault.text(e));
            }
        }
        return List.copyOf(faults);
    }

    private static Optional<String> fault(Path file) throws IOException {
        Path folder = existingFolder(file);
        int ourselves = OwnedFile.user();
        if (ourselves != 0 && Files.exists(file)) {
            int owner = (int) Files.getAttribute(file, "unix:uid");
            if (owner != ourselves) {
                return Optional.of(file + " belongs to user " + owner + ", and portcullis runs as user " + ourselves
                        + ", which can't keep that owner: sudo chown " + ourselves + " " + file);
            }
        }
        if (!Files.isWritable(folder)) {
            return Optional.of(
                    folder + " can't be written by user " + ourselves + ", as which portcullis runs: sudo chown "
                            + ourselves + " " + folder + ", and in the unit ReadWritePaths=" + folder);
        }
        return Optional.empty();
    }

    private static Path existingFolder(Path file) {
        Path folder = Objects.requireNonNull(file.getParent());
        while (!Files.exists(folder)) {
            folder = Objects.requireNonNull(folder.getParent());
        }
        return folder;
    }

    /**
     * Replaces the files.
     *
     * @throws IOException if one can't be replaced; then all are as before
     */
    public void run() throws IOException {
        Map<Path, byte @Nullable []> before = new LinkedHashMap<>();
        try {
            for (Map.Entry<Path, byte @Nullable []> file : wanted.entrySet()) {
                byte[] bytes = file.getValue();
                if (bytes != null) {
                    create(file.getKey(), bytes);
                }
            }
            for (Map.Entry<Path, byte @Nullable []> file : wanted.entrySet()) {
                before.put(file.getKey(), content(file.getKey()));
                step(file.getKey(), file.getValue());
            }
            force();
        } catch (IOException e) {
            restore(before);
            throw e;
        } finally {
            wanted.keySet().forEach(FileSwap::removeFresh);
        }
    }

    private void restore(Map<Path, byte @Nullable []> before) {
        before.forEach((file, bytes) -> {
            try {
                if (!Arrays.equals(content(file), bytes)) {
                    if (bytes != null) {
                        create(file, bytes);
                    }
                    step(file, bytes);
                }
            } catch (IOException e) {
                LOG.error("{} can't be restored: {}", file, FileFault.text(e));
            }
        });
    }

    private static void step(Path file, byte @Nullable [] bytes) throws IOException {
        if (bytes == null) {
            Files.deleteIfExists(file);
        } else {
            Files.move(fresh(file), file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private void force() throws IOException {
        Set<Path> folders = new TreeSet<>();
        wanted.keySet().forEach(file -> folders.add(Objects.requireNonNull(file.getParent())));
        for (Path folder : folders) {
            DurableFile.force(folder);
        }
    }

    /** Writes the new file beside the old one, whose owner, mode and attributes it gets. */
    private static void create(Path file, byte[] bytes) throws IOException {
        Path fresh = fresh(file);
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        DurableFile.create(fresh, bytes);
        if (!Files.exists(file)) {
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(MODE));
            return;
        }
        for (String owner : List.of("unix:uid", "unix:gid")) {
            Object id = Files.getAttribute(file, owner);
            if (!id.equals(Files.getAttribute(fresh, owner))) {
                Files.setAttribute(fresh, owner, id);
            }
        }
        ExtendedAttributes.copy(file, fresh);
        // Last: an access list sets the bits of the group.
        Files.setPosixFilePermissions(fresh, Files.getPosixFilePermissions(file));
    }

    private static Path fresh(Path file) {
        return file.resolveSibling("." + file.getFileName() + FRESH);
    }

    private static void removeFresh(Path file) {
        try {
            Files.deleteIfExists(fresh(file));
        } catch (IOException e) {
            LOG.debug("{} stays behind", fresh(file), e);
        }
    }

    /** The file to which a name leads; the name itself where there is none. */
    private static Path real(Path name) throws IOException {
        try {
            return name.toRealPath();
        } catch (NoSuchFileException none) {
            return name.toAbsolutePath().normalize();
        }
    }

    private static byte @Nullable [] content(Path file) throws IOException {
        try {
            return Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
        } catch (NoSuchFileException gone) {
            return null;
        }
    }
}
