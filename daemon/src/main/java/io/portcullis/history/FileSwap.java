package io.portcullis.history;

import io.portcullis.config.files.SourceText;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.ExtendedAttributes;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the files of a configuration by those of another one. All new files are complete, beside the old ones, before the first
 * takes its name: a full disk changes nothing. Owner, mode and extended attributes of a file stay; a symbolic link stays, and its target
 * is written. A second name of the same inode (hard link) keeps the old text. After an interruption {@link #undo} restores the files of
 * before.
 */
public final class FileSwap {
    private static final Logger LOG = LoggerFactory.getLogger(FileSwap.class);

    /** A hidden file: no include matches it. */
    private static final String FRESH = ".portcullis-new";

    /** A file that is removed, until all of the swap is done. */
    private static final String ASIDE = ".portcullis-old";

    /** Bytes of a file that is replaced: it is read, so that it can be restored. */
    private static final long LARGEST = 64L << 20;

    /** {@code ls -l} shows it to the owner and the group; the umask of the service would leave the group out. */
    private static final String MODE = "rw-r-----";

    private static final String FOLDER_MODE = "rwxr-x---";

    /** Text by the file that holds it, links resolved; null: there is no such file. */
    private final Map<Path, byte @Nullable []> wanted;

    /** Text by file that it must have when it is replaced; null: there must be none. Of the other files any will do. */
    private final Map<Path, byte @Nullable []> expected;

    /** Somebody has edited a file that was to be replaced; all files are as that edit left them. */
    public static final class EditedMeanwhile extends FileSystemException {
        private static final long serialVersionUID = 1L;

        EditedMeanwhile(Path file) {
            super(file.toString(), null, "was edited meanwhile");
        }
    }

    private FileSwap(Map<Path, byte @Nullable []> wanted) {
        this(wanted, Map.of());
    }

    private FileSwap(Map<Path, byte @Nullable []> wanted, Map<Path, byte @Nullable []> expected) {
        this.wanted = wanted;
        this.expected = expected;
    }

    /**
     * The same, which is refused where somebody has edited a file meanwhile.
     *
     * @param texts that the files must still have, by name; null: there must be no such file
     * @throws IOException if a file can't be looked at
     */
    public FileSwap expecting(Map<String, @Nullable String> texts) throws IOException {
        Map<Path, byte @Nullable []> all = new HashMap<>();
        for (Map.Entry<String, @Nullable String> each : texts.entrySet()) {
            String text = each.getValue();
            all.put(real(Path.of(each.getKey())), text == null ? null : text.getBytes(StandardCharsets.UTF_8));
        }
        return new FileSwap(wanted, all);
    }

    /**
     * The files that differ from a configuration.
     *
     * @param texts of the configuration that is to be on the disk
     * @param removed names of files that are not part of it any more
     * @throws IOException if a file can't be read or replaced, or two names of one file should have different texts
     */
    public static FileSwap to(List<SourceText> texts, Set<Path> removed) throws IOException {
        Map<Path, byte @Nullable []> wanted = new LinkedHashMap<>();
        Map<Path, SourceText> targets = new HashMap<>();
        for (SourceText text : texts) {
            Path name = Path.of(text.name());
            Path file = real(name);
            check(name, file);
            SourceText other = targets.put(file, text);
            if (other != null && !other.yaml().equals(text.yaml())) {
                throw conflict(text.name(), other.name());
            }
            byte[] bytes = text.yaml().getBytes(StandardCharsets.UTF_8);
            if (!holds(file, bytes)) {
                wanted.put(file, bytes);
            }
        }
        for (Path file : removed) {
            if (Files.isSymbolicLink(file)) {
                wanted.put(file, null);
            } else if (Files.exists(file)) {
                SourceText kept = targets.get(real(file));
                if (kept != null) {
                    throw conflict(kept.name(), file.toString());
                }
                wanted.put(file, null);
            }
        }
        return new FileSwap(wanted);
    }

    private static FileSystemException conflict(String name, String other) {
        return new FileSystemException(name, other, "both names lead to one file, and should have different texts");
    }

    private static void check(Path name, Path file) throws IOException {
        if (Files.isSymbolicLink(file)) {
            throw new FileSystemException(name.toString(), null, "a link that leads nowhere");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new FileSystemException(name.toString(), null, "not a regular file");
        }
        if (Files.exists(file) && Files.size(file) > LARGEST) {
            throw new FileSystemException(name.toString(), null, "larger than " + (LARGEST >> 20) + " MiB");
        }
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
            if (Files.exists(aside(file), LinkOption.NOFOLLOW_LINKS)) {
                takeBack(file);
            }
            if (holds(file, old)) {
                continue;
            }
            if (holds(file, after.get(name))) {
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
            int group = (int) Files.getAttribute(file, "unix:gid");
            List<Integer> groups = groups();
            String remedy = groups.contains(group) ? "" : ":" + groups.getFirst();
            if (owner != ourselves) {
                return Optional.of(file + " belongs to user " + owner + ", and portcullis runs as user " + ourselves
                        + ", which can't keep that owner: sudo chown " + ourselves + remedy + " " + file);
            }
            if (!remedy.isEmpty()) {
                return Optional.of(
                        file + " belongs to group " + group + ", of which portcullis is no member, and it can't keep"
                                + " that group: sudo chgrp " + groups.getFirst() + " " + file);
            }
        }
        if (!Files.isWritable(folder)) {
            return Optional.of(
                    folder + " can't be written by user " + ourselves + ", as which portcullis runs: sudo chown "
                            + ourselves + " " + folder + ", and in the unit ReadWritePaths=" + folder);
        }
        return Optional.empty();
    }

    /** The groups of this process, the effective one first (proc_pid_status(5)). */
    private static List<Integer> groups() throws IOException {
        List<Integer> groups = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            String[] words = line.split("\\s+", -1);
            if (words[0].equals("Gid:")) {
                groups.addFirst(Integer.valueOf(words[2]));
            } else if (words[0].equals("Groups:")) {
                Stream.of(words)
                        .skip(1)
                        .filter(word -> !word.isEmpty())
                        .map(Integer::valueOf)
                        .forEach(groups::add);
            }
        }
        return groups;
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
     * @throws EditedMeanwhile if one has not the text that it must have; then all others are as before
     * @throws IOException if one can't be replaced; then all are as before
     */
    public void run() throws IOException {
        Map<Path, byte @Nullable []> before = new LinkedHashMap<>();
        List<Path> made = new ArrayList<>();
        try {
            for (Map.Entry<Path, byte @Nullable []> file : wanted.entrySet()) {
                byte[] bytes = file.getValue();
                if (bytes != null) {
                    makeFolder(Objects.requireNonNull(file.getKey().getParent()), made);
                    create(file.getKey(), bytes);
                }
            }
            for (Map.Entry<Path, byte @Nullable []> each : wanted.entrySet()) {
                Path file = each.getKey();
                if (expected.containsKey(file) && !holds(file, expected.get(file))) {
                    throw new EditedMeanwhile(file);
                }
                if (each.getValue() == null) {
                    before.put(file, null);
                    Files.move(file, aside(file), StandardCopyOption.ATOMIC_MOVE);
                } else {
                    byte[] bytes = Files.isRegularFile(file) ? Files.readAllBytes(file) : null;
                    before.put(file, bytes);
                    Files.move(fresh(file), file, StandardCopyOption.ATOMIC_MOVE);
                }
            }
            force(made);
        } catch (IOException e) {
            restore(before);
            wanted.keySet().forEach(FileSwap::removeFresh);
            made.reversed().forEach(FileSwap::remove);
            throw e;
        }
        wanted.keySet().forEach(file -> remove(aside(file)));
    }

    /** Creates a folder and those above it where there is none. */
    private static void makeFolder(Path folder, List<Path> made) throws IOException {
        if (!Files.isDirectory(folder)) {
            makeFolder(Objects.requireNonNull(folder.getParent()), made);
            Files.createDirectory(folder);
            made.add(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(FOLDER_MODE));
        }
    }

    private void restore(Map<Path, byte @Nullable []> before) {
        before.forEach((file, bytes) -> {
            try {
                if (wanted.get(file) == null) {
                    takeBack(file);
                } else if (bytes == null) {
                    if (holds(file, wanted.get(file))) {
                        Files.delete(file);
                    }
                } else if (!holds(file, bytes)) {
                    create(file, bytes);
                    Files.move(fresh(file), file, StandardCopyOption.ATOMIC_MOVE);
                }
            } catch (IOException e) {
                LOG.error("{} can't be restored: {}", file, FileFault.text(e));
            }
        });
    }

    /** A file that was being removed comes back, unless there is another one in its place. */
    private static void takeBack(Path file) throws IOException {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(aside(file));
        } else {
            Files.move(aside(file), file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private void force(List<Path> made) throws IOException {
        Set<Path> folders = new TreeSet<>();
        made.forEach(folder -> folders.add(Objects.requireNonNull(folder.getParent())));
        wanted.keySet().forEach(file -> folders.add(Objects.requireNonNull(file.getParent())));
        for (Path folder : folders) {
            DurableFile.force(folder);
        }
    }

    /** Writes the new file beside the old one, whose owner, mode and attributes it gets. */
    private static void create(Path file, byte[] bytes) throws IOException {
        Path fresh = fresh(file);
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

    private static Path aside(Path file) {
        return file.resolveSibling("." + file.getFileName() + ASIDE);
    }

    private static void removeFresh(Path file) {
        remove(fresh(file));
    }

    private static void remove(Path left) {
        try {
            Files.deleteIfExists(left);
        } catch (IOException e) {
            LOG.debug("{} stays behind", left, e);
        }
    }

    /** The file to which a name leads; the name itself where there is none. */
    private static Path real(Path name) throws IOException {
        Path absolute = name.toAbsolutePath();
        try {
            return absolute.toRealPath();
        } catch (NoSuchFileException none) {
            Path folder = absolute.getParent();
            return folder != null && Files.isDirectory(folder)
                    ? folder.toRealPath().resolve(absolute.getFileName())
                    : absolute.normalize();
        }
    }

    /** True: the file has these bytes; null: there is no such file. A link that leads nowhere is something else. */
    private static boolean holds(Path file, byte @Nullable [] bytes) throws IOException {
        if (bytes == null) {
            return !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        }
        try {
            return Files.isRegularFile(file)
                    && Files.size(file) == bytes.length
                    && Arrays.equals(Files.readAllBytes(file), bytes);
        } catch (NoSuchFileException gone) {
            return false;
        }
    }
}
