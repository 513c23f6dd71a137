package io.portcullis.hits.file;

import io.portcullis.hits.HitPart;
import io.portcullis.hits.HitTable;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.FileName;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The mapped files of one interface's table: {@code NAME.0} and so on, each a {@link HitPart}. One thread at a time. */
final class TableFiles implements HitTable.Growth {
    private static final Logger LOG = LoggerFactory.getLogger(TableFiles.class);

    private static final String ASIDE = ".damaged";

    private final Path folder;
    private final String name;
    private final HitPart.Owner owner;
    private int next;
    private volatile String trouble = "";

    TableFiles(Path folder, HitPart.Owner owner) {
        this.folder = folder;
        this.owner = owner;
        name = FileName.of(owner.interfaceName());
    }

    /** Why some hits end with the process, for people; empty: they don't. */
    String trouble() {
        return trouble;
    }

    /**
     * Opens what an earlier run has left, with columns for so many workers. What is damaged is put aside; what is of another boot is
     * removed.
     */
    List<HitPart> open(int workers) {
        List<HitPart> parts = new ArrayList<>();
        try {
            TrustedFolder.make(Objects.requireNonNull(folder.getParent()));
            DurableFile.makeFolder(folder);
            Optional<String> fault = TrustedFolder.fault(folder);
            if (fault.isPresent()) {
                throw new IOException(fault.get());
            }
            for (Path file : files()) {
                next = Math.max(next, number(file) + 1);
                open(file, workers).ifPresent(parts::add);
            }
        } catch (IOException e) {
            note(e);
        }
        return parts;
    }

    private Optional<HitPart> open(Path file, int workers) throws IOException {
        MemorySegment memory;
        try {
            memory = MappedFile.open(file, TrustedFolder.owners(), Arena.ofAuto());
            if (HitPart.isEmpty(memory, owner)) {
                Files.delete(file);
                return Optional.empty();
            }
            HitPart part = HitPart.read(memory, owner);
            return Optional.of(part.columns() < workers ? widened(file, part, workers) : part);
        } catch (HitPart.UnknownPart damaged) {
            putAside(file, file + ": " + damaged.getMessage());
            return Optional.empty();
        }
    }

    private HitPart widened(Path file, HitPart part, int workers) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + DurableFile.NEW);
        Files.deleteIfExists(fresh);
        HitPart wide = part.widened(MappedFile.create(fresh, part.bytesWith(workers)), workers, owner);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        return wide;
    }

    /**
     * Keeps a file that can't be used, under another name.
     *
     * @param why it can't, with its name
     */
    static void putAside(Path file, String why) throws IOException {
        Path aside = file.resolveSibling(file.getFileName() + ASIDE);
        Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE);
        LOG.error(
                "{}: it is put aside as {}; rules that it alone knows are counted from now on",
                why,
                aside.getFileName());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> file.getFileName().toString().matches("\\Q" + name + "\\E\\.[0-9]{1,9}"))
                    .sorted(Comparator.comparingInt(TableFiles::number))
                    .toList();
        }
    }

    private static int number(Path file) {
        String text = file.getFileName().toString();
        return Integer.parseInt(text.substring(text.lastIndexOf('.') + 1));
    }

    @Override
    public MemorySegment zeroes(int part, long bytes) {
        if (trouble.isEmpty()) {
            try {
                return MappedFile.create(folder.resolve(name + "." + next++), bytes);
            } catch (IOException e) {
                note(e);
            }
        }
        return HitTable.memory(bytes);
    }

    private void note(IOException e) {
        trouble = owner.interfaceName()
                + ": rule hits are counted in memory, and a crash loses those since the last minute: "
                + FileFault.text(e);
        LOG.warn("{}", trouble);
    }

    /** Removes all of them. */
    void delete() {
        try {
            for (Path file : files()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            LOG.debug("{} keeps the hits of {}", folder, owner.interfaceName(), e);
        }
    }
}
