package io.portcullis.service;

import io.portcullis.config.Interface;
import io.portcullis.config.OnFailure;
import java.util.List;

/**
 * An interface of the configuration that is not guarded yet.
 *
 * @param mode as it is written; empty where the file is too faulty to say
 * @param nics names in the configuration
 * @param state what happens to their traffic meanwhile
 * @param reasons why it is not guarded, one sentence each
 */
record PendingInterface(
        String name,
        String mode,
        List<String> nics,
        OnFailure onFailure,
        List<String> groups,
        State state,
        List<String> reasons) {
    /** What happens to the traffic meanwhile. */
    enum State {
        /** None of its NICs exists. */
        ABSENT("waiting"),
        /** Programs in the kernel drop all of it. */
        SHUT("shut"),
        /** It passes unfiltered: {@code on-failure: open}, or the kernel refuses the programs that would drop it. */
        OPEN("open");

        private final String key;

        State(String key) {
            this.key = key;
        }

        /** The word for it in {@code status}. */
        String key() {
            return key;
        }
    }

    /** Copies the lists. */
    PendingInterface {
        nics = List.copyOf(nics);
        groups = List.copyOf(groups);
        reasons = List.copyOf(reasons);
    }

    /** An interface of a valid configuration; its NICs are as they are. */
    static PendingInterface of(Interface iface, List<String> reasons) {
        return new PendingInterface(
                iface.name(),
                iface.mode().key(),
                iface.mode().nics(),
                iface.onFailure(),
                iface.securityGroups(),
                State.OPEN,
                reasons);
    }

    /** The same in another state. */
    PendingInterface in(State next, List<String> why) {
        return new PendingInterface(name, mode, nics, onFailure, groups, next, why);
    }

    /** {@code web0: eth0 is shut until it can be guarded: …}. */
    @Override
    public String toString() {
        return name + ": " + detail();
    }

    /** The same without the name. */
    String detail() {
        boolean several = nics.size() > 1;
        String subject = (nics.isEmpty() ? "its NIC" : String.join(" and ", nics)) + (several ? " are" : " is");
        String text = switch (state) {
            case ABSENT ->
                "there is no NIC " + String.join(", nor ", nics) + " yet; "
                        + (several ? "they are guarded when they come" : "it is guarded when it comes");
            case SHUT -> subject + " shut until it can be guarded";
            case OPEN -> subject + " NOT GUARDED and open";
        };
        return text + (reasons.isEmpty() ? "" : ": " + String.join("; ", reasons));
    }
}
