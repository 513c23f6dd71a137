package io.portcullis.service.emergency;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.FileName;
import io.portcullis.linux.OwnedFile;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code panic.json} and {@code bypass.json}, which outlive the daemon and the boot; each configuration file has a folder for its own.
 * Each is written whole or not at all, and not there where nothing is ordered. One thread at a time.
 */
public final class EmergencyFiles {
    /** Above the longest list of bypasses. */
    private static final int LONGEST = 1 << 20;

    private static final String FOLDER = "emergency";
    private static final String PANIC = "panic.json";
    private static final String BYPASS = "bypass.json";
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(
                    DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** The content of {@code bypass.json}. */
    private record Bypasses(List<Bypass> bypasses) {
        Bypasses {
            bypasses = List.copyOf(Objects.requireNonNull(bypasses, "no bypasses"));
        }
    }

    private final Path folder;

    /**
     * Of one configuration.
     *
     * @param lasting result of {@link StateFolder#lasting}
     * @param configuration the file that includes the others
     */
    public EmergencyFiles(Path lasting, Path configuration) {
        folder = lasting.resolve(FOLDER)
                .resolve(FileName.of(configuration.toAbsolutePath().normalize().toString()));
    }

    /** The panic that is kept; empty: none. */
    Optional<Panic> panic() throws IOException {
        return read(PANIC, Panic.class);
    }

    /** The bypasses that are kept, those that are over too. */
    List<Bypass> bypasses() throws IOException {
        return read(BYPASS, Bypasses.class).map(Bypasses::bypasses).orElse(List.of());
    }

    /**
     * Keeps a panic, or none.
     *
     * @throws IOException if it can't be kept; then the one before still is
     */
    void keep(@Nullable Panic panic) throws IOException {
        write(PANIC, panic);
    }

    /** Keeps bypasses; as {@link #keep(Panic)}. */
    void keep(List<Bypass> bypasses) throws IOException {
        write(BYPASS, bypasses.isEmpty() ? null : new Bypasses(bypasses));
    }

    /** Why others may have written the files; empty: nobody else may. */
    private Optional<String> fault() throws IOException {
        return TrustedFolder.fault(folder);
    }

    private <T> Optional<T> read(String name, Class<T> as) throws IOException {
        Path file = folder.resolve(name);
        OwnedFile found;
        try {
            found = OwnedFile.read(file, LONGEST);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        Optional<String> fault = fault();
        if (fault.isPresent()) {
            throw new IOException(fault.get());
        }
        return Optional.of(parse(file, found, as));
    }

    private static <T> T parse(Path file, OwnedFile found, Class<T> as) throws IOException {
        try {
            T content = JSON.readValue(found.text(), as);
            if (content == null) {
                throw new IOException(file + ": null");
            }
            return content;
        } catch (JacksonException broken) {
            // The message quotes the file, which may have any character.
            throw new IOException(file + ": " + broken.getOriginalMessage().replaceAll("\\p{Cntrl}", "?"), broken);
        }
    }

    private void write(String name, @Nullable Object content) throws IOException {
        Path file = folder.resolve(name);
        if (content == null) {
            if (Files.deleteIfExists(file)) {
                DurableFile.force(folder);
            }
            return;
        }
        Path all = Objects.requireNonNull(folder.getParent());
        TrustedFolder.make(Objects.requireNonNull(all.getParent()));
        DurableFile.makeFolder(all);
        DurableFile.makeFolder(folder);
        Optional<String> fault = fault();
        if (fault.isPresent()) {
            throw new IOException(fault.get());
        }
        DurableFile.write(file, JSON.writeValueAsBytes(content));
        DurableFile.force(folder);
        DurableFile.force(all);
    }

    /**
     * The panic that a daemon of this network namespace has left, as one sentence; empty: none. Trusts the files of any user:
     * the answer only refuses {@code portcullis detach}, which opens NICs.
     *
     * @param lasting result of {@link StateFolder#lasting}
     */
    public static Optional<String> panicHere(Path lasting) throws IOException {
        Path all = lasting.resolve(FOLDER);
        if (!Files.isDirectory(all)) {
            return Optional.empty();
        }
        String here = Panic.presentNamespace();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(all)) {
            for (Path each : folders) {
                Path file = each.resolve(PANIC);
                if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                try {
                    Panic panic = parse(file, OwnedFile.read(file, LONGEST), Panic.class);
                    if (panic.namespace().equals(here)) {
                        return Optional.of("panic is on since " + panic.at() + " (" + panic.by() + ")");
                    }
                } catch (IOException unreadable) {
                    return Optional.of("panic may be on: " + unreadable.getMessage());
                }
            }
        }
        return Optional.empty();
    }
}
