package io.portcullis.ec2.state;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file of a {@link State}: JSON, written whole or not at all. One thread at a time. */
public final class StateFile {
    private static final Logger LOG = LoggerFactory.getLogger(StateFile.class);

    /** Bytes; far more than a thousand lists with twenty versions. */
    private static final int LONGEST = 64 << 20;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Path file;

    /** @param file need not exist, nor its folder */
    public StateFile(Path file) {
        this.file = file;
    }

    /** The state; empty where there is no file. A damaged one is kept aside, with a warning, and its state is lost. */
    public State load() {
        try {
            OwnedFile read = OwnedFile.read(file, LONGEST);
            if (!read.isTrusted()) {
                throw new IOException("belongs to user " + Integer.toUnsignedString(read.owner()));
            }
            return Objects.requireNonNullElse(JSON.readValue(read.text(), State.class), State.EMPTY);
        } catch (NoSuchFileException none) {
            return State.EMPTY;
        } catch (JacksonException damaged) {
            setAside(damaged.getOriginalMessage());
        } catch (IOException unreadable) {
            setAside(FileFault.text(unreadable));
        }
        return State.EMPTY;
    }

    private void setAside(String why) {
        Path aside = file.resolveSibling(file.getFileName() + ".damaged");
        String kept = "and is kept as " + aside;
        try {
            Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            kept = "and can't be kept aside: " + FileFault.text(e);
        }
        LOG.warn(
                "{} can't be read ({}), {}: tags, versions of prefix lists and ids of modified rules are lost",
                file,
                why,
                kept);
    }

    /**
     * Replaces the state.
     *
     * @throws IOException if it can't be written; then the file is as before
     */
    public void save(State state) throws IOException {
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
        DurableFile.makeFolder(folder);
        DurableFile.write(file, JSON.writeValueAsBytes(state));
        DurableFile.force(folder);
    }
}
