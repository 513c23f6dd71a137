package io.portcullis.ec2.store;

import io.portcullis.config.files.SourceText;
import java.util.List;

/** The files of the configuration. */
public sealed interface InstallationFiles {
    /** They are in force. */
    record Read(List<SourceText> texts) implements InstallationFiles {
        public Read {
            texts = List.copyOf(texts);
        }
    }

    /** They are faulty, or can't be read. One line each. */
    record Faulty(List<String> faults) implements InstallationFiles {
        public Faulty {
            faults = List.copyOf(faults);
        }
    }
}
