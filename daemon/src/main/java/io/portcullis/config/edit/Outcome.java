package io.portcullis.config.edit;

import io.portcullis.config.Config;
import io.portcullis.config.Location;
import io.portcullis.config.files.SourceText;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The result of edits: all of them, or none. */
public sealed interface Outcome {
    /**
     * The edits are possible.
     *
     * @param config the configuration of the new texts
     * @param texts all files of the configuration, the main file first, then those that it included before, then a new one
     * @param changed the files whose text is new
     */
    record Edited(Config config, List<SourceText> texts, List<FileChange> changed) implements Outcome {
        public Edited {
            texts = List.copyOf(texts);
            changed = List.copyOf(changed);
        }
    }

    /**
     * A file before and after.
     *
     * @param name as the reader gives it
     * @param before null: the configuration had no such file, so nothing may be there when it is written
     */
    record FileChange(String name, @Nullable String before, String after) {}

    /**
     * The edits are refused.
     *
     * @param location of the text that is in the way; a file as a whole where there is none
     * @param reason one line, without the location
     */
    record Refused(Cause cause, Location location, String reason) implements Outcome {
        /** {@code file:line:column: reason}. */
        @Override
        public String toString() {
            return location + ": " + reason;
        }
    }

    /** Why edits are refused. */
    enum Cause {
        /** Something to be changed does not exist. */
        MISSING,
        /** Something to be added exists. */
        DUPLICATE,
        /** The text is written in a way that a splice cannot keep: by an anchor, an alias, a merge key, a tag. */
        TEXT,
        /** The configuration is, or would become, invalid. */
        INVALID
    }
}
