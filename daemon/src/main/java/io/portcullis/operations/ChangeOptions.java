package io.portcullis.operations;

import java.util.Objects;

/**
 * How a change is to be made.
 *
 * @param note for the history; may be empty
 * @param confirmMs it goes back unless it is confirmed within this time, milliseconds; 0: it stays
 * @param dryRun true: only report what it would do
 * @param allowLockout true: also where an ssh session would be refused anew
 * @param base number of the change that has to be in force, so that what was reported is what happens; 0: any
 * @param session {@code SSH_CONNECTION} of the actor (ssh(1)); empty: none
 */
public record ChangeOptions(
        String note, long confirmMs, boolean dryRun, boolean allowLockout, long base, String session) {
    /** Characters of a note. */
    public static final int LONGEST_NOTE = 1_000;

    /** Characters of a session: two addresses of 45 and two ports of 5, and a zone each. */
    public static final int LONGEST_SESSION = 200;

    /** The shortest and the longest wait for a confirmation, milliseconds. */
    public static final long SHORTEST_CONFIRM_MS = 1_000;

    public static final long LONGEST_CONFIRM_MS = 24L * 3_600_000;

    /** A change that is made at once. */
    public static final ChangeOptions PLAIN = new ChangeOptions("", 0, false, false, 0, "");

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of range; the message is a sentence
     */
    public ChangeOptions {
        note = Objects.requireNonNullElse(note, "").strip();
        session = Objects.requireNonNullElse(session, "");
        if (note.length() > LONGEST_NOTE) {
            throw new IllegalArgumentException(
                    "a note has at most " + LONGEST_NOTE + " characters, not " + note.length());
        }
        if (session.length() > LONGEST_SESSION) {
            throw new IllegalArgumentException(
                    "SSH_CONNECTION has at most " + LONGEST_SESSION + " characters, not " + session.length());
        }
        if (base < 0) {
            throw new IllegalArgumentException("base must be the number of a change, or 0, not " + base);
        }
        if (confirmMs != 0 && (confirmMs < SHORTEST_CONFIRM_MS || confirmMs > LONGEST_CONFIRM_MS)) {
            throw new IllegalArgumentException("the wait for a confirmation is 1s to 24h");
        }
    }

    /** The same, tried only. */
    public ChangeOptions tried() {
        return new ChangeOptions(note, confirmMs, true, allowLockout, base, session);
    }

    /** The same, for one state. */
    public ChangeOptions on(long number) {
        return new ChangeOptions(note, confirmMs, dryRun, allowLockout, number, session);
    }
}
