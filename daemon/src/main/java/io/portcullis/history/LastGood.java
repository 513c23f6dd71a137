package io.portcullis.history;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.portcullis.config.files.SourceText;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileName;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the last configuration that was accepted: a copy of each of its files, and {@code index.json}, which names them. Files that
 * the index does not name don't count. The index is replaced in one step (rename(2)), after the copies are on the disk: an
 * interruption leaves the old configuration or the new one, complete. Each configuration file has a folder of its own.
 */
public final class LastGood {
    private static final Logger LOG = LoggerFactory.getLogger(LastGood.class);

    private static final String INDEX = "index.json";

    private static final Pattern STORED = Pattern.compile("[0-9]+-[0-9a-f]{16}\\.yaml");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /**
     * The content of {@code index.json}.
     *
     * @param configuration path of the file that includes the others
     */
    private record Index(String configuration, List<Entry> files) {
        Index {
            Objects.requireNonNull(configuration, "no configuration");
            files = List.copyOf(Objects.requireNonNull(files, "no files"));
        }
    }

    /**
     * One file.
     *
     * @param name under which the reader found it
     * @param stored name of its copy in this folder
     * @param sha256 of the copy
     */
    private record Entry(String name, String stored, String sha256) {
        Entry {
            Objects.requireNonNull(name, "a file without name");
            Objects.requireNonNull(sha256, "a file without sha256");
            if (!STORED.matcher(Objects.requireNonNull(stored, "a file without stored"))
                    .matches()) {
                throw new IllegalArgumentException("stored " + stored);
            }
        }
    }

    /** The result of {@link #find}. */
    public sealed interface Found {
        /** The texts of all files, in the order of reading. */
        record Kept(List<SourceText> texts) implements Found {
            /** Copies the list. */
            public Kept {
                texts = List.copyOf(texts);
            }
        }

        /** No usable configuration, and the reason, for people. */
        record Nothing(String reason) implements Found {}
    }

    private final Path configuration;
    private final Path folder;

    /**
     * For one configuration.
     *
     * @param lasting result of {@link StateFolder#lasting}
     * @param configuration the file that includes the others
     */
    public LastGood(Path lasting, Path configuration) {
        this.configuration = configuration.toAbsolutePath().normalize();
        folder = lasting.resolve("last-good").resolve(FileName.of(this.configuration.toString()));
    }

    /** The folder of the copies. */
    public Path folder() {
        return folder;
    }

    /**
     * Keeps a configuration in place of the one before; writes nothing where both are the same.
     *
     * @param texts the texts of all its files, in the order of reading
     * @return why it is not kept, for people; then the one before still is. Empty: it is kept
     */
    public Optional<String> keep(List<SourceText> texts) {
        try {
            Index index = index(texts);
            if (isIndexed(index) && find() instanceof Found.Kept) {
                return Optional.empty();
            }
            makeFolder();
            Optional<String> fault = fault();
            if (fault.isEmpty()) {
                write(index, texts);
            }
            return fault.map(text -> "the configuration is not kept: " + text);
        } catch (IOException e) {
            removeOthers();
            return Optional.of("the configuration is not kept in " + folder + ": " + FileFault.text(e));
        }
    }

    private Index index(List<SourceText> texts) {
        List<Entry> entries = new ArrayList<>();
        for (SourceText text : texts) {
            String sum = FileName.sha256(text.yaml());
            entries.add(new Entry(text.name(), entries.size() + "-" + sum.substring(0, 16) + ".yaml", sum));
        }
        return new Index(configuration.toString(), entries);
    }

    /**
     * True: what is kept may be the same. Only then are its files read, which takes time and heap if they are large. The index is not opened
     * in a folder that others may write: it could be a pipe that nobody writes to.
     */
    private boolean isIndexed(Index index) {
        try {
            return Files.isDirectory(folder) && fault().isEmpty() && index().equals(index);
        } catch (IOException _) {
            return false;
        }
    }

    /** Reads the configuration that is kept. */
    public Found find() {
        try {
            if (!Files.isDirectory(folder)) {
                return new Found.Nothing("none is kept in " + folder);
            }
            Optional<String> fault = fault();
            return fault.isPresent() ? new Found.Nothing(fault.get()) : read();
        } catch (IOException e) {
            return new Found.Nothing("what is kept in " + folder + " can't be read: " + FileFault.text(e));
        }
    }

    private void makeFolder() throws IOException {
        Path all = Objects.requireNonNull(folder.getParent());
        TrustedFolder.make(Objects.requireNonNull(all.getParent()));
        DurableFile.makeFolder(all);
        DurableFile.makeFolder(folder);
    }

    /** Why the folder can't be trusted; empty: it can. */
    private Optional<String> fault() throws IOException {
        Path all = Objects.requireNonNull(folder.getParent());
        List<Path> folders = List.of(Objects.requireNonNull(all.getParent()), all, folder);
        for (Path checked : folders) {
            Optional<String> fault = TrustedFolder.fault(checked);
            if (fault.isPresent()) {
                return fault;
            }
        }
        return Optional.empty();
    }

    private Found read() throws IOException {
        Path file = folder.resolve(INDEX);
        if (!Files.exists(file)) {
            return new Found.Nothing("none is kept in " + folder);
        }
        Index index = index();
        if (!index.configuration.equals(configuration.toString()) || index.files.isEmpty()) {
            return new Found.Nothing(
                    file + " is of " + index.configuration + ", with " + index.files.size() + " files");
        }
        List<SourceText> texts = new ArrayList<>();
        for (Entry entry : index.files) {
            Path copy = folder.resolve(entry.stored);
            byte[] bytes = Files.readAllBytes(copy);
            if (!FileName.sha256(bytes).equals(entry.sha256)) {
                return new Found.Nothing(copy + " is damaged: its checksum is not that of " + file);
            }
            texts.add(new SourceText(entry.name, new String(bytes, StandardCharsets.UTF_8)));
        }
        return new Found.Kept(texts);
    }

    private Index index() throws IOException {
        Index index = JSON.readValue(Files.readAllBytes(folder.resolve(INDEX)), Index.class);
        if (index == null) {
            throw new IOException(folder.resolve(INDEX) + ": null");
        }
        return index;
    }

    private void write(Index index, List<SourceText> texts) throws IOException {
        for (int i = 0; i < texts.size(); i++) {
            DurableFile.write(
                    folder.resolve(index.files.get(i).stored), texts.get(i).yaml());
        }
        DurableFile.force(folder);
        DurableFile.write(folder.resolve(INDEX), JSON.writeValueAsBytes(index));
        DurableFile.force(folder);
        removeOthers();
    }

    /** Removes the files that the index does not name: copies of the configuration before, or of one that could not be kept. */
    private void removeOthers() {
        try {
            Set<String> named = Files.exists(folder.resolve(INDEX))
                    ? index().files.stream().map(Entry::stored).collect(Collectors.toSet())
                    : Set.of();
            List<Path> others;
            try (Stream<Path> files = Files.list(folder)) {
                others = files.filter(file -> isOther(file.getFileName().toString(), named))
                        .toList();
            }
            for (Path other : others) {
                Files.delete(other);
            }
        } catch (IOException e) {
            LOG.debug("files of an earlier configuration are left in {}", folder, e);
        }
    }

    private static boolean isOther(String name, Set<String> named) {
        return name.endsWith(DurableFile.NEW) || STORED.matcher(name).matches() && !named.contains(name);
    }
}
