package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import java.io.IOException;
import java.util.Map;

/**
 * Whether a NIC is the one that a journal speaks of. Its index alone does not say so: a NIC that went and came back, or was made
 * anew, may have the old index, and is as the kernel made it, so that there is nothing to restore. Its address alone does not
 * either: bonds, macvlans and randomisation change it.
 */
final class SameNic {
    private SameNic() {}

    /** True: it has this index, and a program of the journal, the same address, or the switches of a port. */
    static boolean is(Nic nic, Journal.Entry entry, Journal journal) throws IOException {
        if (nic.index() != entry.index()) {
            return false;
        }
        if (isUnder(journal, nic.index())) {
            return true;
        }
        if (!entry.permanentAddress().isEmpty() && !nic.permanentAddress().isEmpty()) {
            return entry.permanentAddress().equals(nic.permanentAddress());
        }
        boolean likely = entry.hardwareAddress().equals(nic.hardwareAddress())
                || entry.name().equals(nic.name()) && !entry.switches().isEmpty();
        return likely && isSwitched(nic, entry);
    }

    /** True: a program of the journal is on the NIC. It goes with the NIC. */
    static boolean isUnder(Journal journal, int nic) throws ErrnoException {
        for (Journal.Standing each : journal.programs()) {
            if (each.nic() == nic && each.hook().position(each.program()) >= 0) {
                return true;
            }
        }
        return false;
    }

    /** True where a switch that we have changed is as we set it, or none was to be changed. */
    private static boolean isSwitched(Nic nic, Journal.Entry entry) throws IOException {
        boolean changed = false;
        for (Map.Entry<StackSysctl, String> each : entry.switches().entrySet()) {
            StackSysctl one = each.getKey();
            if (!each.getValue().equals(one.guarded())) {
                changed = true;
                if (one.read(nic.name()).filter(one.guarded()::equals).isPresent()) {
                    return true;
                }
            }
        }
        return !changed;
    }
}
