package io.portcullis.cli.replay;

import io.portcullis.policy.Policy;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A replay that has ended.
 *
 * @param local who was inside
 * @param notes for the user: what the verdicts depend on
 * @param expected null: nothing was expected
 * @param written the file of the dropped frames; null: none
 * @param error why the capture could not be read to its end; empty: it was
 */
record Outcome(
        Path capture,
        String interfaceName,
        Survey.Local local,
        Policy policy,
        Counts counts,
        List<String> notes,
        @Nullable ExpectedVerdicts expected,
        @Nullable Path written,
        String error) {
    boolean isGood() {
        return error.isEmpty() && (expected == null || expected.different() == 0);
    }
}
