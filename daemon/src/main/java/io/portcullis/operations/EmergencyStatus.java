package io.portcullis.operations;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an operator has ordered in place of the rules.
 *
 * @param panic null: none
 * @param bypasses by interface; panic comes before them
 */
public record EmergencyStatus(@Nullable Panic panic, List<Bypass> bypasses) {
    /** The rules decide. */
    public static final EmergencyStatus NONE = new EmergencyStatus(null, List.of());

    /** Copies the list. */
    public EmergencyStatus {
        bypasses = List.copyOf(Objects.requireNonNullElse(bypasses, List.of()));
    }

    /**
     * Nothing passes.
     *
     * @param since ISO 8601, UTC; empty: not known
     * @param by who ordered it; empty: not known
     * @param keepsFailsafe true: flows that failsafe rules admit pass
     * @param faults what does not hold of it, one sentence each
     */
    public record Panic(String since, String by, boolean keepsFailsafe, List<String> faults) {
        /** Copies the list. */
        public Panic {
            faults = List.copyOf(faults);
        }

        /** {@code PANIC: nothing passes since …}. */
        @Override
        public String toString() {
            return "PANIC: " + (keepsFailsafe ? "only failsafe flows pass" : "nothing passes")
                    + (since.isEmpty() ? "" : " since " + since)
                    + (by.isEmpty() ? "" : " (" + by + ")")
                    + "; portcullis panic off ends it"
                    + (faults.isEmpty() ? "" : ". " + String.join("; ", faults));
        }
    }

    /**
     * Everything passes one interface.
     *
     * @param until ISO 8601, UTC
     * @param by who ordered it
     */
    public record Bypass(String interfaceName, String until, String by) {
        /** {@code BYPASS: edge: everything passes unfiltered until …}. */
        @Override
        public String toString() {
            return "BYPASS: " + interfaceName + ": everything passes unfiltered until " + until + " (" + by
                    + "); portcullis bypass " + interfaceName + " --end ends it";
        }
    }
}
