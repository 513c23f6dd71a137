package io.portcullis.service;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Nic;
import io.portcullis.linux.NicAddress;
import io.portcullis.linux.Nics;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** NICs that others can reach and that nothing guards. */
final class Unguarded {
    private Unguarded() {}

    /**
     * NICs that are up and have an address that is valid beyond their link.
     *
     * @param guarded names of the NICs that interfaces have
     */
    static List<String> nics(Set<String> guarded) throws ErrnoException {
        List<Nic> all = Nics.all();
        List<String> unguarded = new ArrayList<>();
        for (Nic nic : all) {
            boolean ours = nic.name().matches("pc[hdop]-.*") || guarded.contains(nic.name());
            boolean behindOurs = all.stream()
                    .anyMatch(other -> guarded.contains(other.name())
                            && (nic.masterIndex() == other.index()
                                    || nic.lowerIndex() == other.index()
                                            && !nic.kind().equals("veth")));
            if (nic.up() && !nic.loopback() && !ours && !behindOurs && hasGlobalAddress(nic)) {
                unguarded.add(nic.name());
            }
        }
        return unguarded;
    }

    private static boolean hasGlobalAddress(Nic nic) throws ErrnoException {
        return Nics.addresses(nic).stream().anyMatch(address -> address.scope() == NicAddress.RT_SCOPE_UNIVERSE);
    }
}
