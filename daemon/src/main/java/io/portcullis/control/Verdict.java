package io.portcullis.control;

import io.portcullis.operations.Actor;

/**
 * Who asks for a change, and whether it may.
 *
 * @param refusal a sentence with the user, the rule and the remedy; empty: it may
 */
record Verdict(Actor actor, String refusal) {
    /** It may. */
    static Verdict admitted(Actor actor) {
        return new Verdict(actor, "");
    }

    /**
     * It may not.
     *
     * @param name of its user; empty: not known
     * @param admins the group of {@code control.admins}; empty: none
     * @param trouble why that group admits nobody; empty: the process is no member
     */
    static Verdict refused(Actor actor, String name, String admins, String trouble) {
        String uid = "uid " + Integer.toUnsignedString(actor.uid());
        String who = name.isEmpty() ? uid : "user " + name + " (" + uid + ")";
        return new Verdict(actor, who + " may look, but not change anything: " + rule(name, admins, trouble));
    }

    private static String rule(String name, String admins, String trouble) {
        if (admins.isEmpty()) {
            return "control.admins names no group, or the configuration is faulty, so root alone may: use sudo, or"
                    + " name a group there";
        }
        String rule = "control.admins admits the group " + admins + ", ";
        return trouble.isEmpty()
                ? rule + "and this process is no member of it: use sudo, or join it (usermod -aG " + admins + " "
                        + (name.isEmpty() ? "USER" : name) + ") and log in again"
                : rule + trouble + ": use sudo";
    }

    boolean isAdmitted() {
        return refusal.isEmpty();
    }
}
