package io.portcullis.ec2.store;

import io.portcullis.config.edit.Outcome.FileChange;
import io.portcullis.ec2.Call;
import java.util.List;
import java.util.Optional;

/** The daemon, as the store needs it. Any thread. */
public interface Installation {
    /** What is in force now; empty: nothing, or the daemon is starting or stopping. Does not wait. */
    Optional<InForce> inForce();

    /** Reads the files; where they have been edited since, the edit is put in force first. */
    InstallationFiles files();

    /**
     * Writes files, and puts them in force.
     *
     * @param changed each with the text that it must still have
     * @param by who asks, and for which action: for the history
     * @param isTrial true: only finds out whether it would be done
     */
    InstallationResult apply(List<FileChange> changed, Call by, boolean isTrial);
}
