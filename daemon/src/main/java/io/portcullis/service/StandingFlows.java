package io.portcullis.service;

import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.SessionView;
import org.jspecify.annotations.Nullable;

/** What happens to connections that exist, under another configuration. */
final class StandingFlows {
    private StandingFlows() {}

    /** The tracked flows that a configuration would not admit; null: not known. */
    static ChangeReport.@Nullable Flows under(Reload.Draft draft) {
        return null;
    }

    /** The ssh session of an actor, under a configuration; null: there is none, or no guarded interface carries it. */
    static @Nullable SessionView session(Reload.Draft draft, String session) {
        return null;
    }
}
