package io.portcullis.service;

import io.portcullis.config.files.SourceText;
import io.portcullis.history.FileSwap;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.SessionView;
import io.portcullis.policy.analysis.DifferenceText;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a change would do. Immutable; nothing is touched yet.
 *
 * @param read the files of the change
 * @param draft the compiled configuration; null: the files are faulty
 * @param swap what has to be written; null: the files are faulty
 * @param faults why it is refused, one line each
 * @param difference from the configuration in force
 * @param flows tracked flows that the new rules would not admit; null: not known
 * @param claims of {@code expect} that hold, one line each
 * @param session of the actor, under the new rules; null: none
 */
record Plan(
        Reader.Candidate read,
        Reload.@Nullable Draft draft,
        @Nullable FileSwap swap,
        List<String> faults,
        DifferenceText difference,
        ChangeReport.@Nullable Flows flows,
        List<String> claims,
        @Nullable SessionView session) {
    /** Copies the lists. */
    Plan {
        faults = List.copyOf(faults);
        claims = List.copyOf(claims);
    }

    /** A plan of faulty files. */
    static Plan faulty(Reader.Candidate read) {
        DifferenceText none = DifferenceText.notCompared();
        return new Plan(read, null, null, read.faults(), none, null, List.of(), null);
    }

    /** The same with one more fault. */
    Plan with(String fault) {
        List<String> all = new ArrayList<>(faults);
        all.add(fault);
        return new Plan(read, draft, swap, all, difference, flows, claims, session);
    }

    /** The texts of its files. */
    List<SourceText> texts() {
        return read.texts();
    }
}
