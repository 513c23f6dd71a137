package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.ethtool.SizeLimit;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Undoes on one NIC the changes of {@link NicSetup}, and decides whether a NIC is the one that a journal describes. */
final class NicRestore {
    private NicRestore() {}

    /**
     * True where a NIC is the one that a journal describes: it has this index, and a program of the journal, the same address, or the
     * sysctls of a bridge's port. The index alone does not prove it: a NIC that went and came back, or was made anew, may have the old
     * index, and is as the kernel made it, so that there is nothing to restore. The address alone does not prove it either: bonds,
     * macvlans and randomisation change it.
     */
    static boolean isSame(Nic nic, Journal.Entry entry, Journal journal) throws IOException {
        if (nic.index() != entry.index()) {
            return false;
        }
        if (hasProgramOf(journal, nic.index())) {
            return true;
        }
        if (!entry.permanentAddress().isEmpty() && !nic.permanentAddress().isEmpty()) {
            return entry.permanentAddress().equals(nic.permanentAddress());
        }
        boolean isLikely = entry.hardwareAddress().equals(nic.hardwareAddress())
                || entry.name().equals(nic.name()) && !entry.switches().isEmpty();
        return isLikely && hasSysctlOf(entry, nic);
    }

    /** True: a program of the journal is attached to the NIC. It goes with the NIC. */
    private static boolean hasProgramOf(Journal journal, int nic) throws ErrnoException {
        for (Journal.AttachedProgram program : journal.programs()) {
            if (program.nic() == nic && program.hook().position(program.program()) >= 0) {
                return true;
            }
        }
        return false;
    }

    /** True where a sysctl that we have changed has our value, or none had to be changed. */
    private static boolean hasSysctlOf(Journal.Entry entry, Nic nic) throws IOException {
        boolean isChanged = false;
        for (Map.Entry<StackSysctl, String> original : entry.switches().entrySet()) {
            StackSysctl sysctl = original.getKey();
            if (!original.getValue().equals(sysctl.guarded())) {
                isChanged = true;
                if (sysctl.read(nic.name()).filter(sysctl.guarded()::equals).isPresent()) {
                    return true;
                }
            }
        }
        return !isChanged;
    }

    /** Restores a NIC from its journal entry. Goes on after a failure: a half restored NIC is better than an untouched one. */
    static Restored restore(Nic nic, Journal.Entry entry) {
        List<String> faults = new ArrayList<>();
        List<String> done = new ArrayList<>();
        step(nic, faults, () -> offloadsOn(nic, entry, done, faults));
        step(nic, faults, () -> restoreSizes(nic, entry, done));
        step(nic, faults, () -> upOrDown(nic, entry, done));
        for (StackSysctl sysctl : StackSysctl.values()) {
            step(nic, faults, () -> restoreSysctl(nic, entry, sysctl, done));
        }
        step(nic, faults, () -> restoreLinkLocals(nic, entry, done));
        step(nic, faults, () -> restorePromiscuity(nic, entry, done));
        String line = nic.name() + ": restored: " + (done.isEmpty() ? "nothing had changed" : String.join(", ", done));
        return new Restored(List.of(line), faults);
    }

    /** Restores what a bridge has changed on a NIC that is guarded in host mode from now on; lines for the log. */
    static List<String> noMoreABridge(Nic nic, Journal.Entry entry) {
        return entry.switches().isEmpty()
                ? List.of()
                : restore(
                                nic,
                                entry.withStates(false, false, entry.promiscuous())
                                        .withOffloads(List.of()))
                        .lines();
    }

    /**
     * Gives a NIC this host's defaults where its sysctls are those of a bridge's port and no journal has their original values.
     *
     * @return a line for the log, where something was changed
     */
    static Optional<String> restoreDefaults(Nic nic) throws IOException {
        if (!StackSysctl.areAllGuarded(nic.name())) {
            return Optional.empty();
        }
        List<String> done = new ArrayList<>();
        for (Map.Entry<StackSysctl, String> original :
                StackSysctl.readAll(StackSysctl.DEFAULT).entrySet()) {
            StackSysctl sysctl = original.getKey();
            if (!original.getValue().equals(sysctl.guarded())) {
                sysctl.write(nic.name(), original.getValue());
                done.add(sysctl.key() + " " + original.getValue());
            }
        }
        return done.isEmpty()
                ? Optional.empty()
                : Optional.of(nic.name() + ": was a bridge's port, and no journal has its original values: this host's"
                        + " defaults: " + String.join(", ", done));
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void step(Nic nic, List<String> faults, Step step) {
        try {
            step.run();
        } catch (IOException failed) {
            faults.add(nic.name() + ": not restored: " + InterceptException.reason(failed));
        }
    }

    private static void offloadsOn(Nic nic, Journal.Entry entry, List<String> done, List<String> faults)
            throws IOException {
        List<String> unwanted = Offloads.read(nic.name()).names(feature -> !feature.wanted());
        List<String> missing =
                entry.offloads().stream().filter(unwanted::contains).toList();
        if (missing.isEmpty()) {
            return;
        }
        Offloads.set(nic.name(), missing, true);
        List<String> still =
                Offloads.read(nic.name()).names(feature -> !feature.wanted() && missing.contains(feature.name()));
        if (!still.isEmpty()) {
            faults.add(nic.name() + ": offloads that this NIC does not switch on again: " + String.join(", ", still));
        }
        done.add("offloads " + String.join(" ", missing));
    }

    private static void restoreSizes(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
        for (Map.Entry<SizeLimit, Integer> original : entry.sizes().entrySet()) {
            // One by one: to lower or raise one may change the next.
            SizeLimit limit = original.getKey();
            if (SizeLimit.read(nic).getOrDefault(limit, Integer.MAX_VALUE) < original.getValue()) {
                limit.set(nic, original.getValue());
                done.add(limit.key() + " " + original.getValue());
            }
        }
    }

    private static void upOrDown(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
        if (entry.broughtUp() && nic.up()) {
            Nics.setUp(nic, false);
            done.add("down");
        } else if (entry.held() && !entry.broughtUp() && !nic.up()) {
            Nics.setUp(nic, true);
            done.add("up");
        }
    }

    private static void restoreSysctl(Nic nic, Journal.Entry entry, StackSysctl sysctl, List<String> done)
            throws IOException {
        String original = entry.switches().get(sysctl);
        if (original != null && !Optional.of(original).equals(sysctl.read(nic.name()))) {
            sysctl.write(nic.name(), original);
            done.add(sysctl.key() + " " + original);
        }
    }

    private static void restoreLinkLocals(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
        List<String> present =
                Nics.addresses(nic).stream().map(NicAddress::toString).toList();
        for (String address : entry.linkLocals()) {
            if (!present.contains(address)) {
                int slash = address.indexOf('/');
                InetAddress numeric = InetAddress.ofLiteral(address.substring(0, slash));
                int prefixLength = Integer.parseInt(address.substring(slash + 1));
                Nics.addAddress(nic, new NicAddress(numeric, prefixLength, NicAddress.RT_SCOPE_LINK, true));
                done.add("address " + address);
            }
        }
    }

    private static void restorePromiscuity(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
        if (entry.promiscuous() && nic.promiscuous()) {
            Nics.setPromiscuous(nic, false);
            done.add("promisc off");
        }
    }
}
