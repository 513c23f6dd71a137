package io.portcullis.operations;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/apply}, {@code /v1/rollback}, {@code /v1/confirm}: what a change does, or would do.
 *
 * @param ok false: it is refused, and nothing has changed
 * @param tried true: a dry run
 * @param conflict true: another change came first; the report is about the configuration in force now
 * @param change as the history has it; of a dry run, with the number that it would get
 * @param writes files that are written
 * @param removes files that are not part of the configuration any more
 * @param notes other effects, one line each
 * @param flows what happens to tracked flows; null: not known
 * @param claims of {@code expect} that were proved, one line each
 * @param session whether the session of the actor is admitted anew; null: there is none, or it passes no guarded interface
 * @param confirmUntil when it goes back unless it is confirmed, ISO 8601, UTC; empty: it stays
 * @param millis how long it took
 * @param errors each {@code file:line:column: text}; empty if it is ok
 * @param warnings each {@code file:line:column: text}
 */
public record ChangeReport(
        boolean ok,
        boolean tried,
        boolean conflict,
        ChangeView change,
        List<String> writes,
        List<String> removes,
        List<String> notes,
        @Nullable Flows flows,
        List<String> claims,
        @Nullable SessionView session,
        String confirmUntil,
        long millis,
        List<String> errors,
        List<String> warnings) {
    /**
     * The tracked flows under the new rules.
     *
     * @param tracked all flows
     * @param refused those that the rules would not admit as new ones: they could not come back
     * @param cut those that end, or lose a direction, at their next packet
     * @param examples some that are refused or cut, as text
     */
    public record Flows(long tracked, long refused, long cut, List<String> examples) {
        public Flows {
            examples = List.copyOf(examples);
        }
    }

    /** Copies the lists. */
    public ChangeReport {
        writes = List.copyOf(writes);
        removes = List.copyOf(removes);
        notes = List.copyOf(notes);
        claims = List.copyOf(claims);
        confirmUntil = Objects.requireNonNullElse(confirmUntil, "");
        errors = List.copyOf(errors);
        warnings = List.copyOf(warnings);
    }
}
