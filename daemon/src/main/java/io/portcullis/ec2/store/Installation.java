package io.portcullis.ec2.store;

import io.portcullis.config.Config;
import io.portcullis.config.edit.Outcome.FileChange;
import io.portcullis.config.files.SourceText;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Nic;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The daemon, as the store needs it. Any thread. */
public interface Installation {
    /**
     * What is in force.
     *
     * @param number another one after each change
     */
    record InForce(long number, Config config, Account account, Map<String, Nic> nics) {
        public InForce {
            nics = Map.copyOf(nics);
        }
    }

    /** What is in force now; empty: nothing, or the daemon is starting or stopping. Does not wait. */
    Optional<InForce> inForce();

    /** The result of a try to change something. */
    sealed interface Result {
        /** The change is in force, or would be. */
        record Done() implements Result {}

        /** The files are not those that the change was made for any more: read them, and try again. */
        record Edited() implements Result {}

        /** The change is refused; nothing has changed. One line each. */
        record Refused(List<String> faults) implements Result {
            public Refused {
                faults = List.copyOf(faults);
            }
        }
    }

    /** The files of the configuration. */
    sealed interface Files {
        /** They are in force. */
        record Read(List<SourceText> texts) implements Files {
            public Read {
                texts = List.copyOf(texts);
            }
        }

        /** They are faulty, or can't be read. One line each. */
        record Faulty(List<String> faults) implements Files {
            public Faulty {
                faults = List.copyOf(faults);
            }
        }
    }

    /** Reads the files; where they have been edited since, the edit is put in force first. */
    Files files();

    /**
     * Writes files, and puts them in force.
     *
     * @param changed each with the text that it must still have
     * @param by who asks, and for which action: for the history
     * @param isTrial true: only finds out whether it would be done
     */
    Result apply(List<FileChange> changed, Call by, boolean isTrial);
}
