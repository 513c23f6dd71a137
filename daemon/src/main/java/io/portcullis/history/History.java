package io.portcullis.history;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.portcullis.config.files.SourceText;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.FileName;
import io.portcullis.linux.OwnedFile;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.operations.ChangeView;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The numbered configurations of one file: a folder {@code 000042} for each, with {@code change.json} ({@link ChangeView}), a copy of
 * each file, and {@code pending.json} while it waits for its confirmation ({@link Pending}). A folder appears complete; its files are
 * replaced one by one, each in one step. Numbers are never given twice, and shared with other daemons of this host ({@code .lock}). For one thread.
 */
public final class History {
    private static final Logger LOG = LoggerFactory.getLogger(History.class);

    /** Bytes of all copies together: older changes go, even if there are fewer than the number that is kept. */
    static final long MOST_BYTES = 512L << 20;

    /** Refused changes that are kept: they must not push good ones out. */
    private static final int MOST_REFUSED = 10;

    private static final int LONGEST_CHANGE = 16 << 20;
    private static final String CHANGE = "change.json";
    private static final String PENDING = "pending.json";
    private static final String UNFINISHED = ".new";
    private static final String DOOMED = ".old";

    /** Held while a folder appears or goes: two daemons, also those of two containers, would give the same number. */
    private static final String LOCK = ".lock";

    /** Of {@link #LOCK_PAUSE_NS} each: 10 s. */
    private static final int LOCK_ATTEMPTS = 2_000;

    private static final long LOCK_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final int LONGEST_COPY = 64 << 20;
    private static final Pattern NUMBER = Pattern.compile("[0-9]{6,12}");
    private static final Pattern STORED = Pattern.compile("[0-9]{1,6}-[0-9a-f]{16}\\.yaml");
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Path folder;
    private final String configuration;
    private final List<ChangeView> changes = new ArrayList<>();

    /**
     * Reads nothing yet.
     *
     * @param lasting result of {@link io.portcullis.linux.StateFolder#lasting}
     * @param configuration the file that includes the others
     */
    public History(Path lasting, Path configuration) {
        this.folder = lasting.resolve("history");
        this.configuration = configuration.toAbsolutePath().normalize().toString();
    }

    /**
     * Reads all changes of this configuration. One that is damaged is left out, and stays on the disk.
     *
     * @throws IOException if the folder can't be read or trusted; the message says why
     */
    public void load() throws IOException {
        changes.clear();
        if (!Files.isDirectory(folder)) {
            return;
        }
        checkTrust();
        for (Path each : folders()) {
            try {
                ChangeView change = readChange(each);
                if (change.configuration().equals(configuration)) {
                    changes.add(change);
                }
            } catch (IOException | IllegalArgumentException damaged) {
                LOG.warn("{} is left out of the history: {}", each, reason(damaged));
            }
        }
        removeUnfinished();
    }

    private static String reason(Exception e) {
        return e instanceof IOException io ? FileFault.text(io) : String.valueOf(e.getMessage());
    }

    /** All changes, the oldest first. */
    public List<ChangeView> changes() {
        return List.copyOf(changes);
    }

    /** One change; empty: there is none with that number. */
    public Optional<ChangeView> find(long number) {
        return changes.stream().filter(change -> change.change() == number).findFirst();
    }

    /** The number that the next change gets, unless another daemon takes it. */
    public long next() {
        long last = changes.isEmpty() ? 0 : changes.getLast().change();
        try {
            return Math.max(last, Files.isDirectory(folder) ? last(folders()) : 0) + 1;
        } catch (IOException unknown) {
            LOG.debug("{} can't be listed", folder, unknown);
            return last + 1;
        }
    }

    /** SHA-256 over the names and texts of a configuration's files. */
    public static String sum(List<SourceText> texts) {
        StringBuilder all = new StringBuilder();
        for (SourceText text : texts) {
            all.append(text.name()).append('\0').append(sum(text)).append('\n');
        }
        return FileName.sha256(all.toString());
    }

    /** True: a change has this file with this text. */
    public static boolean isOf(ChangeView.FileView file, SourceText text) {
        return file.name().equals(text.name()) && file.sha256().equals(sum(text));
    }

    private static String sum(SourceText text) {
        return FileName.sha256(text.yaml());
    }

    /**
     * Adds a change.
     *
     * @param draft its number and files are filled in
     * @param texts of its files, in the order of reading
     * @return the change as it is kept; all of it is on the disk
     */
    public ChangeView add(ChangeView draft, List<SourceText> texts) throws IOException {
        makeFolder();
        try (FileLock _ = lock()) {
            return write(draft, texts);
        }
    }

    private ChangeView write(ChangeView draft, List<SourceText> texts) throws IOException {
        Path unfinished = folder.resolve(UNFINISHED);
        try {
            remove(unfinished);
            DurableFile.makeFolder(unfinished);
            List<ChangeView.FileView> files = new ArrayList<>();
            for (SourceText text : texts) {
                files.add(store(unfinished, files.size(), text));
            }
            for (long number = next(); ; number++) {
                ChangeView change = new ChangeView(
                        number,
                        draft.at(),
                        draft.actor(),
                        draft.note(),
                        configuration,
                        sum(texts),
                        files,
                        draft.base(),
                        draft.outcome(),
                        draft.reason(),
                        draft.admits(),
                        draft.denies(),
                        draft.notes(),
                        draft.compared());
                DurableFile.write(unfinished.resolve(CHANGE), JSON.writeValueAsBytes(change));
                DurableFile.force(unfinished);
                if (publish(unfinished, folder(number))) {
                    changes.add(change);
                    return change;
                }
            }
        } catch (IOException e) {
            discard(unfinished);
            throw e;
        }
    }

    private FileLock lock() throws IOException {
        for (int attempt = 1; ; attempt++) {
            Optional<FileLock> lock = FileLock.take(folder.resolve(LOCK), "");
            if (lock.isPresent()) {
                return lock.get();
            }
            if (attempt == LOCK_ATTEMPTS) {
                throw new FileSystemException(folder.resolve(LOCK).toString(), null, "another daemon holds this lock");
            }
            LockSupport.parkNanos(LOCK_PAUSE_NS);
        }
    }

    private boolean publish(Path unfinished, Path named) throws IOException {
        try {
            Files.move(unfinished, named, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException taken) {
            if (Files.exists(named)) {
                return false;
            }
            throw taken;
        }
        DurableFile.force(folder);
        return true;
    }

    /** A copy of a text. An equal copy of an earlier change gets a second name. */
    private ChangeView.FileView store(Path into, int index, SourceText text) throws IOException {
        String sum = sum(text);
        String stored = index + "-" + sum.substring(0, 16) + ".yaml";
        Path copy = into.resolve(stored);
        if (!link(copy, sum)) {
            DurableFile.create(copy, text.yaml());
        }
        return new ChangeView.FileView(text.name(), stored, sum, Files.size(copy));
    }

    private boolean link(Path copy, String sum) {
        for (ChangeView change : changes.reversed()) {
            for (ChangeView.FileView file : change.files()) {
                if (file.sha256().equals(sum)) {
                    Path present = folder(change.change()).resolve(file.stored());
                    try {
                        read(present, file);
                        Files.createLink(copy, present);
                        return true;
                    } catch (IOException | UnsupportedOperationException noLink) {
                        LOG.debug("{} is copied", present, noLink);
                    }
                    return false;
                }
            }
        }
        return false;
    }

    /** Sets the outcome of a change. */
    public ChangeView conclude(long number, String outcome, String reason) throws IOException {
        ChangeView concluded = find(number)
                .orElseThrow(() -> new FileSystemException(folder(number).toString(), null, "no such change"))
                .with(outcome, reason);
        DurableFile.write(folder(number).resolve(CHANGE), JSON.writeValueAsBytes(concluded));
        DurableFile.force(folder(number));
        changes.replaceAll(change -> change.change() == number ? concluded : change);
        return concluded;
    }

    /**
     * The texts of a change, in the order of reading.
     *
     * @throws IOException if a copy is missing or damaged; the message says which
     */
    public List<SourceText> texts(ChangeView change) throws IOException {
        List<SourceText> texts = new ArrayList<>();
        for (ChangeView.FileView file : change.files()) {
            Path copy = folder(change.change()).resolve(file.stored());
            texts.add(read(copy, file));
        }
        return texts;
    }

    private static SourceText read(Path copy, ChangeView.FileView file) throws IOException {
        SourceText text = new SourceText(
                file.name(),
                OwnedFile.read(copy, Math.clamp(file.size(), 0, LONGEST_COPY)).text());
        if (!isOf(file, text)) {
            throw new FileSystemException(copy.toString(), null, "damaged: its checksum is another one");
        }
        return text;
    }

    /** Notes that a change waits, or goes back. */
    public void setPending(Pending pending) throws IOException {
        DurableFile.write(folder(pending.change()).resolve(PENDING), JSON.writeValueAsBytes(pending));
        DurableFile.force(folder(pending.change()));
    }

    /** Removes the note of {@link #setPending}. */
    public void endPending(long number) throws IOException {
        Files.deleteIfExists(folder(number).resolve(PENDING));
        DurableFile.force(folder(number));
    }

    /**
     * The change that waits; empty: none. A note that is damaged counts as one whose time is over. One of a change that was confirmed, or
     * went back, is a leftover.
     */
    public Optional<Pending> pending() {
        for (ChangeView change : changes.reversed()) {
            Path note = folder(change.change()).resolve(PENDING);
            boolean isOpen = change.outcome().equals(ChangeView.APPLIED)
                    || change.outcome().equals(ChangeView.BEGUN);
            if (isOpen && Files.exists(note, LinkOption.NOFOLLOW_LINKS)) {
                try {
                    return Optional.of(readPending(note, change));
                } catch (IOException | RuntimeException damaged) {
                    LOG.error("{} is damaged, and its change goes back: {}", note, reason(damaged));
                    return Optional.of(new Pending(
                            change.change(), change.base(), change.at(), change.at(), "", note + " is damaged"));
                }
            }
        }
        return Optional.empty();
    }

    private static Pending readPending(Path note, ChangeView change) throws IOException {
        Pending pending = JSON.readValue(OwnedFile.read(note, LONGEST_CHANGE).text(), Pending.class);
        if (pending == null || pending.change() != change.change()) {
            throw new FileSystemException(note.toString(), null, "of another change");
        }
        return pending;
    }

    /**
     * Removes the oldest changes, but never the newest: the next one would get its number.
     *
     * @param most how many stay
     * @param needed numbers that stay in any case
     */
    public void prune(int most, Set<Long> needed) throws IOException {
        Set<String> counted = new HashSet<>();
        long bytes = 0;
        int kept = 0;
        int refused = 0;
        List<ChangeView> old = new ArrayList<>();
        for (ChangeView change : changes.reversed()) {
            for (ChangeView.FileView file : change.files()) {
                bytes += counted.add(file.sha256()) ? file.size() : 0;
            }
            boolean isRefused = change.outcome().equals(ChangeView.REFUSED);
            boolean isOld = kept >= most || bytes > MOST_BYTES || isRefused && refused >= MOST_REFUSED;
            boolean stays = kept == 0 || needed.contains(change.change());
            if (isOld && !stays) {
                old.add(change);
            } else {
                kept++;
                refused += isRefused ? 1 : 0;
            }
        }
        if (!old.isEmpty()) {
            makeFolder();
            try (FileLock _ = lock()) {
                for (ChangeView change : old) {
                    remove(change);
                }
            }
        }
    }

    private void remove(ChangeView change) throws IOException {
        // First the name: an interruption leaves no half change.
        Path doomed = folder.resolve(DOOMED);
        remove(doomed);
        try {
            Files.move(folder(change.change()), doomed, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException gone) {
            LOG.debug("somebody has removed {}", folder(change.change()), gone);
        }
        changes.remove(change);
        remove(doomed);
    }

    private Path folder(long number) {
        return folder.resolve(String.format("%06d", number));
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(each ->
                            NUMBER.matcher(each.getFileName().toString()).matches())
                    .sorted(Comparator.comparingLong(History::number))
                    .toList();
        }
    }

    private static long number(Path numbered) {
        return Long.parseLong(numbered.getFileName().toString());
    }

    private static long last(List<Path> folders) {
        return folders.isEmpty() ? 0 : number(folders.getLast());
    }

    private static ChangeView readChange(Path numbered) throws IOException {
        ChangeView change = JSON.readValue(
                OwnedFile.read(numbered.resolve(CHANGE), LONGEST_CHANGE).text(), ChangeView.class);
        if (change == null || change.change() != number(numbered)) {
            throw new FileSystemException(numbered.resolve(CHANGE).toString(), null, "of another change");
        }
        for (ChangeView.FileView file : change.files()) {
            if (!STORED.matcher(file.stored()).matches()) {
                throw new FileSystemException(numbered.resolve(CHANGE).toString(), null, "stored " + file.stored());
            }
        }
        return change;
    }

    private void makeFolder() throws IOException {
        TrustedFolder.make(Objects.requireNonNull(folder.getParent()));
        DurableFile.makeFolder(folder);
        checkTrust();
    }

    private void checkTrust() throws IOException {
        Path above = Objects.requireNonNull(folder.getParent());
        List<Path> folders = List.of(above, folder);
        for (Path each : folders) {
            Optional<String> fault = TrustedFolder.fault(each);
            if (fault.isPresent()) {
                throw new IOException(fault.get());
            }
        }
    }

    /** Removes what ended processes have left, under the lock: only its holder writes such folders. */
    private void removeUnfinished() {
        List<Path> left = List.of(folder.resolve(UNFINISHED), folder.resolve(DOOMED));
        if (left.stream().noneMatch(each -> Files.exists(each, LinkOption.NOFOLLOW_LINKS))) {
            return;
        }
        try {
            Optional<FileLock> lock = FileLock.take(folder.resolve(LOCK), "");
            if (lock.isPresent()) {
                left.forEach(History::discard);
                lock.get().close();
            }
        } catch (IOException e) {
            LOG.debug("{} stay behind", left, e);
        }
    }

    private static void discard(Path unfinished) {
        try {
            remove(unfinished);
        } catch (IOException e) {
            LOG.debug("{} stays behind", unfinished, e);
        }
    }

    private static void remove(Path tree) throws IOException {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> files;
        try (Stream<Path> all = Files.walk(tree)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }
}
