package io.portcullis.intercept;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What of ours is in this network namespace, known without a journal: filters by their name and number; tcx programs by the alias
 * of a pair, by a file of bpffs, and, where this process may ask (CAP_SYS_ADMIN), by the name that the kernel has; pairs by their
 * alias. A program on a link is left out: it goes with its process.
 */
final class Ours {
    /** How the names of our programs begin. */
    static final String NAME = "portcullis_";

    private final List<Nic> all;
    private final Set<Integer> pinned;

    private Ours(List<Nic> all, Set<Integer> pinned) {
        this.all = all;
        this.pinned = pinned;
    }

    /** Looks at the pairs and pins that there are now. */
    static Ours now() throws IOException {
        return new Ours(Nics.all(), Pins.programs());
    }

    /** The NICs that there are. */
    List<Nic> nics() {
        return all;
    }

    /** Our programs on a NIC; what they do exactly is unknown. */
    List<Journal.Standing> programsOn(int nic) throws ErrnoException {
        List<Journal.Standing> found = new ArrayList<>();
        for (boolean ingress : new boolean[] {true, false}) {
            found.addAll(tcx(new Hook(nic, ingress, true)));
            for (Clsact.Filter filter : Clsact.filters(nic, ingress)) {
                if (filter.name().startsWith(NAME)
                        && filter.handle() == Hook.HANDLE
                        && filter.priority() == Clsact.PRIORITY) {
                    found.add(new Journal.Standing(nic, ingress, Hook.HANDLE, filter.programId(), "", false));
                }
            }
        }
        return found;
    }

    private List<Journal.Standing> tcx(Hook hook) throws ErrnoException {
        if (!Hook.hasTcx()) {
            return List.of();
        }
        List<Tcx.Entry> entries;
        try {
            entries = Tcx.query(hook.nic(), hook.ingress()).entries();
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV) {
                return List.of();
            }
            throw refused;
        }
        if (entries.isEmpty()) {
            return List.of();
        }
        Set<Integer> told = Pairs.told(all, hook);
        return entries.stream()
                .filter(entry -> entry.linkId() == 0)
                .map(Tcx.Entry::programId)
                .filter(id -> told.contains(id) || pinned.contains(id) || isNamedOurs(id))
                .map(id -> new Journal.Standing(hook.nic(), hook.ingress(), 0, id, "", false))
                .toList();
    }

    private static boolean isNamedOurs(int program) {
        return nameOf(program).startsWith(NAME);
    }

    /** Name of a program; empty where it has none, is gone, or this process may not ask. */
    static String nameOf(int program) {
        try (Bpf known = Bpf.numbered(program)) {
            return known.name();
        } catch (ErrnoException refused) {
            return "";
        }
    }

    /** The pairs that are ours: one end, or both where both are here. */
    List<Nic> pairEnds() {
        return all.stream().filter(Pairs::isOurs).toList();
    }
}
