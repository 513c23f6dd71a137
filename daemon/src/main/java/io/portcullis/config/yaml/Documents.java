package io.portcullis.config.yaml;

import io.portcullis.config.Location;
import io.portcullis.config.files.FilePattern;
import io.portcullis.config.files.FileSnapshot;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.PatternSyntaxException;

/**
 * The files of a configuration: the main file, then the included ones, in the order of inclusion. A file that is included twice is read
 * once.
 */
public final class Documents {
    private static final String GLOB = "*?[{";

    /** Limit of nested includes. */
    private static final int DEEPEST = 50;

    /** Bytes of one read: the kernel does not interrupt a long one for a worker on the same core. */
    private static final int PART = 64 << 10;

    private final Diagnostics diagnostics;
    private final boolean salvages;
    private final Overlay overlay;
    private final List<SourceText> texts;
    private final List<Document> documents = new ArrayList<>();
    private final Set<Path> seen = new LinkedHashSet<>();
    private final Map<FilePattern, String> found = new LinkedHashMap<>();
    private int depth;

    private Documents(Diagnostics diagnostics, boolean salvages, Overlay overlay, List<SourceText> texts) {
        this.diagnostics = diagnostics;
        this.salvages = salvages;
        this.overlay = overlay;
        this.texts = texts;
    }

    /**
     * Valid YAML only; each text that was read is added to {@code texts}, in the order of reading.
     *
     * @param overlay is read in place of the file system's files
     */
    public static Documents whole(Diagnostics diagnostics, Overlay overlay, List<SourceText> texts) {
        return new Documents(diagnostics, false, overlay, texts);
    }

    /** The readable parts of files that may not be valid YAML. */
    public static Documents salvaging(Diagnostics diagnostics) {
        return new Documents(diagnostics, true, Overlay.NONE, new ArrayList<>());
    }

    /** Reads a file and the files that it includes. */
    public void load(Path file) {
        Path identity = file.toAbsolutePath().normalize();
        if (!seen.add(identity)) {
            return;
        }
        look(FilePattern.of(file));
        String name = file.toString();
        Optional<String> yaml = overlay.text(file).or(() -> text(file, name));
        if (yaml.isEmpty()) {
            return;
        }
        for (Document document : compose(yaml.get(), name)) {
            documents.add(document);
            for (Value pattern : document.includes()) {
                pattern.text("the name of a file")
                        .ifPresent(
                                text -> matches(file, text, pattern).forEach(included -> include(included, pattern)));
            }
        }
    }

    private void include(Path file, Value pattern) {
        if (depth == DEEPEST) {
            pattern.error("included too deeply: at most " + DEEPEST + " levels");
        } else if (overlay.isOnDisk(file) && Files.exists(file) && !Files.isRegularFile(file)) {
            // A pipe may never end.
            diagnostics.error(Location.of(file.toString()), "not a regular file");
        } else {
            depth++;
            load(file);
            depth--;
        }
    }

    private List<Document> compose(String yaml, String name) {
        if (salvages) {
            return Document.salvage(yaml, name, diagnostics);
        }
        texts.add(new SourceText(name, yaml));
        return Document.compose(yaml, name, diagnostics).stream().toList();
    }

    /** The documents of all files that were readable. */
    public List<Document> all() {
        return documents;
    }

    /** The names looked up so far, each with its state before it was read. */
    public FileSnapshot files() {
        return new FileSnapshot(found);
    }

    private void look(FilePattern pattern) {
        if (!found.containsKey(pattern)) {
            found.put(pattern, pattern.fingerprint());
        }
    }

    private static Path parent(Path file) {
        Path parent = file.getParent();
        return parent == null ? Path.of("") : parent;
    }

    private Optional<String> text(Path file, String name) {
        try {
            if (!overlay.isOnDisk(file)) {
                throw new NoSuchFileException(name);
            }
            if (Files.isDirectory(file)) {
                diagnostics.error(Location.of(name), "is a directory, not a file");
                return Optional.empty();
            }
            if (HeapGuard.isTooSmallFor(Math.min(Files.size(file), Document.LARGEST))) {
                diagnostics.error(Location.of(name), HeapGuard.tooSmall());
                return Optional.empty();
            }
            try (var in = Files.newInputStream(file)) {
                return salvages
                        ? bytes(in, name, diagnostics).map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                        : text(in, name, diagnostics);
            }
        } catch (NoSuchFileException _) {
            diagnostics.error(Location.of(name), "no such file");
        } catch (AccessDeniedException _) {
            diagnostics.error(Location.of(name), "cannot be read: permission denied");
        } catch (IOException e) {
            diagnostics.error(Location.of(name), "cannot be read: " + e.getMessage());
        }
        return Optional.empty();
    }

    /** Reads a stream to its end; empty, with an error, if it is too large or not UTF-8. */
    public static Optional<String> text(InputStream in, String name, Diagnostics diagnostics) throws IOException {
        try {
            Optional<byte[]> bytes = bytes(in, name, diagnostics);
            return bytes.isEmpty() ? Optional.empty() : Optional.of(decoded(bytes.get()));
        } catch (CharacterCodingException _) {
            diagnostics.error(Location.of(name), "not UTF-8");
            return Optional.empty();
        }
    }

    private static String decoded(byte[] utf8) throws CharacterCodingException {
        for (byte each : utf8) {
            if (each < 0) {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(utf8))
                        .toString();
            }
        }
        // Without the decoder's buffer of characters, twice as large as the text.
        return new String(utf8, StandardCharsets.US_ASCII);
    }

    private static Optional<byte[]> bytes(InputStream in, String name, Diagnostics diagnostics) throws IOException {
        byte[] bytes = read(in);
        if (bytes.length > Document.LARGEST) {
            diagnostics.error(Location.of(name), "larger than " + (Document.LARGEST >> 20) + " MiB");
            return Optional.empty();
        }
        return Optional.of(bytes);
    }

    /** A stream to its end, but for at most one byte more than {@link Document#LARGEST}. */
    private static byte[] read(InputStream in) throws IOException {
        byte[] bytes = new byte[Math.clamp(in.available(), PART, Document.LARGEST + 1)];
        int length = 0;
        while (length <= Document.LARGEST) {
            if (length == bytes.length) {
                int next = in.read();
                if (next < 0) {
                    break;
                }
                bytes = Arrays.copyOf(bytes, (int) Math.min(2L * length, Document.LARGEST + 1L));
                bytes[length++] = (byte) next;
            } else {
                int count = in.read(bytes, length, Math.min(PART, bytes.length - length));
                if (count < 0) {
                    break;
                }
                length += count;
            }
        }
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }

    /** The files that match an include, sorted. No match is an error, unless the name has wildcards. */
    private List<Path> matches(Path from, String written, Value include) {
        List<Path> found;
        try {
            found = matches(parent(from), Path.of(written));
        } catch (InvalidPathException | PatternSyntaxException _) {
            include.error("not a valid file name or pattern");
            return List.of();
        } catch (IOException e) {
            include.error("cannot be read: " + e.getMessage());
            return List.of();
        }
        if (hasWildcard(written)) {
            return found.stream().filter(file -> !Files.isDirectory(file)).toList();
        }
        if (found.isEmpty()) {
            include.error("no such file");
        } else if (Files.isDirectory(found.getFirst())) {
            include.error("a directory, not a file: write " + written + "/*.yaml for the files in it");
            return List.of();
        }
        return found;
    }

    private static boolean hasWildcard(String name) {
        return name.chars().anyMatch(c -> GLOB.indexOf(c) >= 0);
    }

    private List<Path> matches(Path folder, Path pattern) throws IOException {
        Path root = pattern.getRoot();
        List<Path> found = List.of(root == null ? folder : root);
        for (Path part : pattern) {
            List<Path> next = new ArrayList<>();
            for (Path parent : found) {
                expand(parent, part.toString(), next);
            }
            found = next;
        }
        return found;
    }

    /** Adds the files of a folder that match one part of a pattern. */
    private void expand(Path folder, String part, List<Path> into) throws IOException {
        if (!hasWildcard(part)) {
            Path file = folder.resolve(part);
            look(FilePattern.of(file));
            if (overlay.exists(file)) {
                into.add(file);
            }
            return;
        }
        FilePattern pattern = FilePattern.glob(folder, part);
        Iterable<String> names = overlay.matches(pattern);
        look(pattern);
        names.forEach(name -> into.add(folder.resolve(name)));
    }
}
