package io.portcullis.diagnose;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds NICs that others can reach and that no interface guards. */
public final class Unguarded {
    private Unguarded() {}

    /**
     * NICs that are up and have an address with a scope beyond the link, and NICs of the configuration that are open now.
     *
     * @param guarded names of the NICs that are guarded or shut
     * @param open names of the NICs that can't be guarded now and forward everything; those that exist count
     */
    public static List<String> nics(Set<String> guarded, Set<String> open) throws ErrnoException {
        List<Nic> all = Nics.all();
        Set<Integer> ours = indices(guarded);
        Set<Integer> exposed = indices(open);
        List<String> unguarded = new ArrayList<>();
        for (Nic nic : all) {
            boolean behindOurs = ours.contains(nic.masterIndex())
                    || ours.contains(nic.lowerIndex()) && !nic.kind().equals("veth");
            boolean reachable = nic.up()
                    && !nic.loopback()
                    && !isOfAPair(nic)
                    && !ours.contains(nic.index())
                    && !behindOurs
                    && hasGlobalAddress(nic);
            if (reachable || exposed.contains(nic.index())) {
                unguarded.add(nic.name());
            }
        }
        return unguarded;
    }

    /** True: an end of a veth pair that portcullis created. */
    static boolean isOfAPair(Nic nic) {
        return nic.kind().equals("veth") && nic.alias().startsWith("portcullis ");
    }

    /** The indices of the NICs that exist; a name may be an alternative name. */
    private static Set<Integer> indices(Set<String> names) throws ErrnoException {
        Set<Integer> indices = new HashSet<>();
        for (String name : names) {
            Nics.find(name).ifPresent(nic -> indices.add(nic.index()));
        }
        return indices;
    }

    private static boolean hasGlobalAddress(Nic nic) throws ErrnoException {
        return Nics.addresses(nic).stream().anyMatch(address -> address.scope() == NicAddress.RT_SCOPE_UNIVERSE);
    }
}
