package io.portcullis.operations;

import java.util.List;
import java.util.Objects;

/**
 * One change of the configuration, as {@code history} shows it and {@code change.json} holds it.
 *
 * @param change its number, from 1
 * @param at when it was asked for, ISO 8601, UTC
 * @param note of the actor; may be empty
 * @param configuration path of the file that includes the others
 * @param sha256 of all files together
 * @param files of the configuration, in the order of reading
 * @param base number of the change that was in force before; 0: none is known
 * @param outcome {@code begun}: it is being made; {@code applied}, {@code confirmed}, {@code reverted}, {@code refused}
 * @param reason of a refusal or a reversal; else empty
 * @param admits traffic that it newly allows, one line each
 * @param denies traffic that it newly denies, one line each
 * @param notes other effects; where nothing was compared: why not
 * @param compared false: nothing was compared; the two lists are empty whatever it does
 */
public record ChangeView(
        long change,
        String at,
        By actor,
        String note,
        String configuration,
        String sha256,
        List<FileView> files,
        long base,
        String outcome,
        String reason,
        List<String> admits,
        List<String> denies,
        List<String> notes,
        boolean compared) {
    /** Its files are being written. */
    public static final String BEGUN = "begun";

    /** It was in force, or is. */
    public static final String APPLIED = "applied";

    public static final String CONFIRMED = "confirmed";
    public static final String REVERTED = "reverted";
    public static final String REFUSED = "refused";

    /**
     * Who made it, and by which way.
     *
     * @param uid of the process that asked, or the owner of the edited file; -1: not known
     * @param loginuid of the login session behind it (audit); -1: none, or not known
     * @param user name of the login uid, else of the uid; empty: not known
     * @param via {@code apply}, {@code edit}, {@code rollback}, {@code api}, {@code fleet}
     * @param pid of the process that asked; 0: not known
     */
    public record By(int uid, int loginuid, String user, String via, long pid) {
        public By {
            Objects.requireNonNull(user, "an actor without user");
            Objects.requireNonNull(via, "an actor without via");
        }

        /** An actor, who comes by {@code via}. */
        public static By of(Actor actor, String via) {
            return new By(actor.uid(), actor.loginUid(), actor.user(), via, actor.pid());
        }

        /** {@code alice (uid 0, login uid 1000)}. */
        public String name() {
            String name = user.isEmpty() ? "somebody" : user;
            String login = loginuid < 0 || loginuid == uid ? "" : ", login uid " + loginuid;
            return uid < 0 ? name : name + " (uid " + uid + login + ")";
        }

        /** {@code alice (uid 0, login uid 1000) by apply}. */
        @Override
        public String toString() {
            return name() + " by " + via;
        }
    }

    /**
     * One file.
     *
     * @param name its path
     * @param stored name of its copy in the folder of the change
     * @param sha256 of the copy
     * @param size bytes
     */
    public record FileView(String name, String stored, String sha256, long size) {
        public FileView {
            Objects.requireNonNull(name, "a file without name");
            Objects.requireNonNull(stored, "a file without stored");
            Objects.requireNonNull(sha256, "a file without sha256");
        }
    }

    /** Copies the lists. */
    public ChangeView {
        Objects.requireNonNull(actor, "no actor");
        Objects.requireNonNull(sha256, "no sha256");
        Objects.requireNonNull(outcome, "no outcome");
        at = Objects.requireNonNullElse(at, "");
        note = Objects.requireNonNullElse(note, "");
        configuration = Objects.requireNonNullElse(configuration, "");
        reason = Objects.requireNonNullElse(reason, "");
        files = List.copyOf(Objects.requireNonNullElse(files, List.of()));
        admits = List.copyOf(Objects.requireNonNullElse(admits, List.of()));
        denies = List.copyOf(Objects.requireNonNullElse(denies, List.of()));
        notes = List.copyOf(Objects.requireNonNullElse(notes, List.of()));
    }

    /** The same with another outcome. */
    public ChangeView with(String newOutcome, String newReason) {
        return new ChangeView(
                change,
                at,
                actor,
                note,
                configuration,
                sha256,
                files,
                base,
                newOutcome,
                newReason,
                admits,
                denies,
                notes,
                compared);
    }

    /** The same with another number. */
    public ChangeView numbered(long number) {
        return new ChangeView(
                number,
                at,
                actor,
                note,
                configuration,
                sha256,
                files,
                base,
                outcome,
                reason,
                admits,
                denies,
                notes,
                compared);
    }

    /** True: its rules were accepted: it is in force, was, or can be again. */
    public boolean wasInForce() {
        return outcome.equals(APPLIED) || outcome.equals(CONFIRMED) || outcome.equals(REVERTED);
    }
}
