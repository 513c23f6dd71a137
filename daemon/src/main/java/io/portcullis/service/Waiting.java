package io.portcullis.service;

import io.portcullis.config.OnFailure;
import java.util.List;

/**
 * An interface that should be guarded and is not yet.
 *
 * @param mode as it is written; empty where the file is too faulty to say
 * @param nics as they are named
 * @param state what becomes of their traffic meanwhile
 * @param reasons one sentence each
 */
record Waiting(
        String name,
        String mode,
        List<String> nics,
        OnFailure onFailure,
        List<String> groups,
        State state,
        List<String> reasons) {
    /** What becomes of the traffic meanwhile. */
    enum State {
        /** None of its NICs is there. */
        ABSENT("waiting"),
        /** Programs in the kernel drop all of it. */
        SHUT("shut"),
        /** It passes unfiltered: {@code on-failure: open}, or the kernel refuses the programs that would drop it. */
        OPEN("open");

        private final String key;

        State(String key) {
            this.key = key;
        }

        /** As status says it. */
        String key() {
            return key;
        }
    }

    /** Copies the lists. */
    Waiting {
        nics = List.copyOf(nics);
        groups = List.copyOf(groups);
        reasons = List.copyOf(reasons);
    }

    /** {@code web0: eth0 is shut until it can be guarded: …}. */
    @Override
    public String toString() {
        return name + ": " + detail();
    }

    /** The same without the name. */
    String detail() {
        String which = nics.isEmpty() ? "its NIC" : String.join(" and ", nics);
        String is = nics.size() > 1 ? " are" : " is";
        String what = switch (state) {
            case ABSENT ->
                "there is no NIC " + String.join(", nor ", nics) + " yet; " + (nics.size() > 1 ? "they are" : "it is")
                        + " guarded when " + (nics.size() > 1 ? "they come" : "it comes");
            case SHUT -> which + is + " shut until it can be guarded";
            case OPEN -> which + is + " NOT GUARDED and open";
        };
        return what + (reasons.isEmpty() ? "" : ": " + String.join("; ", reasons));
    }
}
