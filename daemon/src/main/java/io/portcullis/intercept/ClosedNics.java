package io.portcullis.intercept;

import io.portcullis.config.Mode.Attach;
import io.portcullis.config.OnFailure;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * NICs that should be guarded and can't be: programs drop all frames, in both directions, until an {@link Interception} takes the NICs
 * over or a {@code detach} restores them. Remembers the programs that it has attached, because a full disk takes no journal. One
 * thread at a time, in the network namespace of the calling thread.
 */
public final class ClosedNics {
    private final Path state;
    private final Map<String, RestoreLog> logs = new HashMap<>();

    /**
     * Shuts nothing yet.
     *
     * @param state folder of the journals and claims
     */
    public ClosedNics(Path state) {
        this.state = state;
    }

    /**
     * Shuts the existing NICs of an interface. Where programs of ours drop all frames already, it does nothing and returns no line: it
     * may be called every second. The loopback device is left alone.
     *
     * @param interfaceName as configured; its journal gets the programs
     * @param nicNames missing ones are left out
     * @return what was done, for the log
     * @throws InterceptException where a NIC can't be shut: why, one line each; the others are shut
     */
    public List<String> shut(String interfaceName, Collection<String> nicNames) throws InterceptException {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        for (String nicName : nicNames) {
            try {
                Optional<Nic> nic = Nics.find(nicName).filter(found -> !found.loopback());
                if (nic.isPresent() && !isShut(nic.get())) {
                    shut(interfaceName, nic.get(), lines);
                }
            } catch (IOException refused) {
                faults.add(interfaceName + ": " + nicName + " can't be shut: " + InterceptException.reason(refused));
            }
        }
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        return lines;
    }

    /** Takes no claim: a daemon that has one and guards the NIC has programs there, and {@link #isShut} was asked before. */
    private void shut(String interfaceName, Nic nic, List<String> lines) throws IOException {
        RestoreLog log = logOf(interfaceName);
        logs.put(interfaceName, log);
        cover(log, nic.index(), nic.name());
        lines.add(nic.name() + " is shut: nothing passes until " + interfaceName + " is guarded");
    }

    /** The journal of the interface; a journal that could not be written exists here only. */
    private RestoreLog logOf(String interfaceName) throws IOException {
        RestoreLog known = logs.get(interfaceName);
        if (known != null && !known.warnings().isEmpty()) {
            known.retry();
            return known;
        }
        JournalFile file = JournalFile.ofInterface(state, interfaceName);
        Journal journal = Journals.read(state).ofThisBoot().stream()
                .filter(found -> found.file().equals(file))
                .map(Journals.Found::journal)
                .findFirst()
                .orElse(Journal.empty(interfaceName, Journal.currentBootId()));
        return new RestoreLog(file, journal);
    }

    /**
     * Detaches the programs of this, when the interface is guarded and has programs before them.
     *
     * @return why one can't be detached, one line each: it drops all frames then
     */
    public List<String> release(String interfaceName) {
        List<String> faults = new ArrayList<>();
        RestoreLog log = logs.remove(interfaceName);
        if (log == null) {
            return faults;
        }
        for (Journal.AttachedProgram program : log.journal().programs()) {
            try {
                // A first one belongs to the interface now, which has kept it.
                if (program.hook().position(program.program()) > 0) {
                    program.hook().remove(program.program());
                }
            } catch (IOException refused) {
                faults.add(interfaceName + ": " + InterceptException.reason(refused));
            }
        }
        return faults;
    }

    /**
     * Opens the NICs of an interface again: detaches all programs of its journal.
     *
     * @return why one can't be detached, one line each: it drops all frames then
     */
    public List<String> reopen(String interfaceName) {
        List<String> faults = new ArrayList<>();
        try {
            RestoreLog log = logOf(interfaceName);
            for (Journal.AttachedProgram program : log.journal().programs()) {
                program.hook().remove(program.program());
                log.note(journal -> journal.minus(program));
            }
            logs.remove(interfaceName);
        } catch (IOException refused) {
            faults.add(interfaceName + ": it can't be opened again: " + InterceptException.reason(refused));
        }
        return faults;
    }

    /** Attaches programs that drop all frames of a NIC, before all programs that are attached there; lines for the log. */
    static List<String> cover(RestoreLog log, int nic, String name) throws IOException {
        List<ProgramSet.Attachment> attachments = new ArrayList<>();
        for (boolean ingress : new boolean[] {true, false}) {
            String place = name + (ingress ? " ingress" : " egress");
            attachments.add(new ProgramSet.Attachment(nic, place, ingress, Programs.drop(), null, false, false));
        }
        try (ProgramSet programs = ProgramSet.of(Attach.AUTO, OnFailure.CLOSED, log, null)) {
            return programs.attachBeside(attachments);
        }
    }

    /**
     * True: in both directions a noted program of ours drops all frames, and is attached; or a gate drops what no failsafe rule admits,
     * which leaves the operator a way in.
     */
    private boolean isShut(Nic nic) throws IOException {
        if (Gate.isOn(nic.index())) {
            return true;
        }
        List<Journal.AttachedProgram> noted = new ArrayList<>(closedPrograms(state));
        logs.values().forEach(log -> noted.addAll(log.journal().programs()));
        return isShut(noted, nic, true) && isShut(noted, nic, false);
    }

    private static List<Journal.AttachedProgram> closedPrograms(Path state) throws IOException {
        return Journals.read(state).ofThisBoot().stream()
                .flatMap(found -> found.journal().programs().stream())
                .filter(program -> !program.open())
                .toList();
    }

    private static boolean isShut(List<Journal.AttachedProgram> noted, Nic nic, boolean ingress) throws ErrnoException {
        for (Journal.AttachedProgram program : noted) {
            if (program.nic() == nic.index()
                    && program.ingress() == ingress
                    && program.hook().position(program.program()) >= 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * True where programs of an earlier run drop frames: a journal of this boot has one, or one is recognised on one of these NICs.
     *
     * @param nicNames missing ones are left out
     */
    public static boolean keepsSomethingShut(Path state, Collection<String> nicNames) {
        try {
            if (!closedPrograms(state).isEmpty()) {
                return true;
            }
            OwnObjects own = OwnObjects.now();
            for (String nicName : nicNames) {
                Optional<Nic> nic = Nics.find(nicName);
                if (nic.isPresent()
                        && (Gate.isOn(nic.get().index())
                                || !own.programsOn(nic.get().index()).isEmpty())) {
                    return true;
                }
            }
            return false;
        } catch (IOException unknown) {
            // Attaching makes the same queries, and reports the error.
            return false;
        }
    }
}
