package io.portcullis.intercept;

import io.portcullis.config.Attach;
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
 * NICs that should be guarded and can't be: nothing passes there, in neither direction, until an {@link Interception} takes them
 * over or a {@code detach} gives them back. Remembers what it has attached, for a disk that is full takes no notes. One thread at a
 * time, in the network namespace of the calling thread.
 */
public final class Shut {
    private final Path state;
    private final Map<String, RestoreLog> logs = new HashMap<>();

    /**
     * Nothing is shut yet.
     *
     * @param state folder of the journals and claims
     */
    public Shut(Path state) {
        this.state = state;
    }

    /**
     * Shuts the NICs of an interface that are there. Where a program of ours keeps frames back already, nothing is done and
     * nothing said: it may be called every second. The loopback device is left alone.
     *
     * @param interfaceName as configured; what is done is noted in its journal
     * @param nicNames those that are missing are left out
     * @return what was done, for the log
     * @throws InterceptException where a NIC can't be shut: why, one line each; the others are
     */
    public List<String> shut(String interfaceName, Collection<String> nicNames) throws InterceptException {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        for (String nicName : nicNames) {
            try {
                Optional<Nic> nic = Nics.find(nicName).filter(each -> !each.loopback());
                if (nic.isPresent() && !isShut(nic.get())) {
                    shut(interfaceName, nic.get(), lines);
                }
            } catch (IOException refused) {
                faults.add(interfaceName + ": " + nicName + " can't be shut: " + NicSetup.reason(refused));
            }
        }
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        return lines;
    }

    /** Without a claim: a daemon that has one and guards has programs there, which were looked for before. */
    private void shut(String interfaceName, Nic nic, List<String> lines) throws IOException {
        RestoreLog log = logOf(interfaceName);
        logs.put(interfaceName, log);
        cover(log, nic.index(), nic.name());
        lines.add(nic.name() + " is shut: nothing passes until " + interfaceName + " is guarded");
    }

    /** What is noted of the interface; what this disk did not take is known here alone. */
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
        return RestoreLog.of(file, journal);
    }

    /**
     * The interface is guarded: what this has attached and is still there, behind programs of the interface, goes.
     *
     * @return why it does not, one line each: nothing passes then
     */
    public List<String> release(String interfaceName) {
        List<String> faults = new ArrayList<>();
        RestoreLog log = logs.remove(interfaceName);
        if (log == null) {
            return faults;
        }
        for (Journal.Standing each : log.journal().programs()) {
            try {
                // The first one is the interface's own by now.
                if (each.hook().position(each.program()) > 0) {
                    each.hook().remove(each.program());
                }
            } catch (IOException refused) {
                faults.add(interfaceName + ": " + NicSetup.reason(refused));
            }
        }
        return faults;
    }

    /** Has nothing pass on a NIC, whatever is attached there already; lines for the log. */
    static List<String> cover(RestoreLog log, int nic, String name) throws IOException {
        List<ProgramSet.Part> parts = new ArrayList<>();
        for (boolean ingress : new boolean[] {true, false}) {
            String place = name + (ingress ? " ingress" : " egress");
            parts.add(new ProgramSet.Part(nic, place, ingress, Programs.drop(), null, false));
        }
        try (ProgramSet barrier = ProgramSet.of(Attach.AUTO, OnFailure.CLOSED, log)) {
            return barrier.put(parts);
        }
    }

    /** True: in both directions a program of ours is known that keeps frames back, and is there. */
    private boolean isShut(Nic nic) throws IOException {
        List<Journal.Standing> noted = new ArrayList<>(standing(state));
        logs.values().forEach(log -> noted.addAll(log.journal().programs()));
        return isShut(noted, nic, true) && isShut(noted, nic, false);
    }

    private static List<Journal.Standing> standing(Path state) throws IOException {
        return Journals.read(state).ofThisBoot().stream()
                .flatMap(found -> found.journal().programs().stream())
                .filter(each -> !each.open())
                .toList();
    }

    private static boolean isShut(List<Journal.Standing> noted, Nic nic, boolean ingress) throws ErrnoException {
        for (Journal.Standing each : noted) {
            if (each.nic() == nic.index()
                    && each.ingress() == ingress
                    && each.hook().position(each.program()) >= 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * True where programs of an earlier run keep frames back: one that a journal of this boot has, or one that is recognised on
     * one of these NICs.
     *
     * @param nicNames those that are missing are left out
     */
    public static boolean keepsSomethingShut(Path state, Collection<String> nicNames) {
        try {
            if (!standing(state).isEmpty()) {
                return true;
            }
            Ours ours = Ours.now();
            for (String nicName : nicNames) {
                Optional<Nic> nic = Nics.find(nicName);
                if (nic.isPresent() && !ours.programsOn(nic.get().index()).isEmpty()) {
                    return true;
                }
            }
            return false;
        } catch (IOException unknown) {
            // Who attaches asks the same, and says what is wrong.
            return false;
        }
    }
}
