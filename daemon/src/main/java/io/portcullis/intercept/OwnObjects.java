package io.portcullis.intercept;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Pins;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The programs and pairs in this network namespace that this program has made, recognised without a journal: filters by their name
 * and number; tcx programs by the alias of a pair, by a file of bpffs, and with CAP_SYS_ADMIN by their name in the kernel; pairs by
 * their alias. A program on a link is left out: it goes with its process.
 */
final class OwnObjects {
    /** The names of our programs begin with this. */
    private static final String NAME = "portcullis_";

    private final List<Nic> all;
    private final Set<Integer> pinned;

    private OwnObjects(List<Nic> all, Set<Integer> pinned) {
        this.all = all;
        this.pinned = pinned;
    }

    /** Reads the NICs and pins that exist now. */
    static OwnObjects now() throws IOException {
        return new OwnObjects(Nics.all(), Pins.programs(NAME));
    }

    /** The existing NICs. */
    List<Nic> nics() {
        return all;
    }

    /** Our programs on a NIC; their fingerprints are unknown. */
    List<Journal.AttachedProgram> programsOn(int nic) throws ErrnoException {
        List<Journal.AttachedProgram> found = new ArrayList<>();
        for (boolean ingress : new boolean[] {true, false}) {
            found.addAll(tcx(new TcxHook(nic, ingress)));
            Hook clsact = new ClsactHook(nic, ingress);
            for (Clsact.Filter filter : Clsact.filters(nic, ingress)) {
                if (filter.name().startsWith(NAME) && ClsactHook.hasOurNumber(filter)) {
                    found.add(Journal.AttachedProgram.on(clsact, filter.programId(), "", false));
                }
            }
        }
        return found;
    }

    private List<Journal.AttachedProgram> tcx(TcxHook hook) throws ErrnoException {
        if (!TcxHook.isSupported()) {
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
        Set<Integer> listed = VethPairs.listed(all, hook);
        return entries.stream()
                .filter(entry -> entry.linkId() == 0)
                .map(Tcx.Entry::programId)
                .filter(id -> listed.contains(id) || pinned.contains(id) || isNamedOurs(id))
                .map(id -> Journal.AttachedProgram.on(hook, id, "", false))
                .toList();
    }

    private static boolean isNamedOurs(int program) {
        return nameOf(program).startsWith(NAME);
    }

    /** The name of a program; empty where it has none, is gone, or this process may not ask. */
    static String nameOf(int program) {
        try (Bpf known = Bpf.numbered(program)) {
            return known.name();
        } catch (ErrnoException refused) {
            return "";
        }
    }

    /** The ends of our pairs that are in this network namespace: one or both of each. */
    List<Nic> pairEnds() {
        return all.stream().filter(VethPairs::isOurs).toList();
    }
}
