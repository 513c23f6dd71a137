package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.ethtool.SizeLimit;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The changes that an interception makes on one NIC so that a port can use it; {@link NicRestore} undoes them. */
final class NicSetup {
    /**
     * With vnet headers only this offload is in the way: it forgets where one packet ended and the next began (the kernel's own
     * bridge switches it off, too).
     */
    private static final String LARGE_RECEIVE = "rx-lro";

    /** In the way of a bridge: the frames that its NICs send are cut in any case. */
    private static final Set<SizeLimit> RECEIVED = EnumSet.of(SizeLimit.GRO_MAX_SIZE, SizeLimit.GRO_IPV4_MAX_SIZE);

    private NicSetup() {}

    /**
     * Claims a NIC for this process; where another daemon has claimed it, the exception names that one.
     *
     * @param folder of the claims
     * @param notes takes a line where no claim is possible, which keeps nobody from guarding the NIC
     * @return empty where no claim is possible
     */
    static Optional<NicClaim> claim(String interfaceName, Nic nic, Path folder, String owner, List<String> notes)
            throws InterceptException {
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(
                        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-x---")));
            }
            Optional<NicClaim> claim = NicClaim.take(folder, nic, owner);
            if (claim.isPresent()) {
                return claim;
            }
            String other = NicClaim.owner(folder, nic).orElse("another portcullis");
            throw new InterceptException(List.of(interfaceName + ": " + nic.name() + " is guarded already, by " + other
                    + (isThisProcess(other)
                            ? ", of this very daemon: another name for it takes a restart, which loses no connection"
                            : ": stop that one, or name another NIC")));
        } catch (IOException refused) {
            notes.add(nic.name() + ": can't be claimed against another portcullis, and is guarded all the same: "
                    + InterceptException.reason(refused));
            return Optional.empty();
        }
    }

    private static boolean isThisProcess(String owner) {
        return owner.contains("pid " + ProcessHandle.current().pid() + ",");
    }

    /**
     * The original state of a bridge's NIC, as far as it will be changed.
     *
     * @param earlier the journal entry of an earlier run that did not restore this very NIC: it has the original state
     * @param carriesOffloads see {@link Interception.AttachRequest#ring}
     */
    static Journal.Entry plan(Nic nic, Optional<Journal.Entry> earlier, boolean carriesOffloads) throws IOException {
        List<String> offloads = inTheWay(Offloads.read(nic.name()).switchable(), carriesOffloads);
        if (earlier.isPresent() && !earlier.get().switches().isEmpty()) {
            Journal.Entry then = earlier.get();
            return Journal.Entry.of(nic)
                    .withSwitches(then.switches(), then.linkLocals())
                    .withStates(then.broughtUp(), false, then.promiscuous())
                    .withOffloads(Journal.join(then.offloads(), offloads))
                    .withSizes(sizes(nic, earlier, RECEIVED));
        }
        List<String> before = earlier.map(Journal.Entry::offloads).orElse(List.of());
        return Journal.Entry.of(nic)
                .withSwitches(
                        StackSysctl.readAll(StackSysctl.areAllGuarded(nic.name()) ? StackSysctl.DEFAULT : nic.name()),
                        Nics.addresses(nic).stream().map(NicAddress::toString).toList())
                .withStates(!nic.up(), false, false)
                .withOffloads(Journal.join(before, offloads))
                .withSizes(sizes(nic, earlier, RECEIVED));
    }

    /** The original state of a NIC in host mode, of which only these offloads and the size limits will be changed. */
    static Journal.Entry planHost(Nic nic, Optional<Journal.Entry> earlier, List<String> inTheWay) throws IOException {
        List<String> offloads = Offloads.read(nic.name()).switchable().stream()
                .filter(inTheWay::contains)
                .toList();
        return Journal.Entry.of(nic)
                .withOffloads(Journal.join(earlier.map(Journal.Entry::offloads).orElse(List.of()), offloads))
                .withSizes(sizes(nic, earlier, EnumSet.allOf(SizeLimit.class)));
    }

    /** The original values of those limits that allow packets longer than their length field can say. */
    private static Map<SizeLimit, Integer> sizes(Nic nic, Optional<Journal.Entry> earlier, Set<SizeLimit> which)
            throws IOException {
        Map<SizeLimit, Integer> sizes = new EnumMap<>(SizeLimit.class);
        SizeLimit.read(nic).forEach((limit, bytes) -> {
            if (which.contains(limit) && bytes > SizeLimit.ORDINARY) {
                sizes.put(limit, bytes);
            }
        });
        earlier.ifPresent(then -> sizes.putAll(then.sizes()));
        return sizes;
    }

    /** Sets again the sysctls of a bridge's NIC that somebody has changed; lines for the log. */
    static List<String> keepSysctls(Nic nic) throws IOException {
        List<String> lines = new ArrayList<>();
        for (StackSysctl sysctl : StackSysctl.values()) {
            Optional<String> now = sysctl.read(nic.name());
            if (now.isPresent() && !now.get().equals(sysctl.guarded())) {
                sysctl.write(nic.name(), sysctl.guarded());
                lines.add(nic.name() + ": " + sysctl.key() + " was set to " + now.get() + " by somebody: it is "
                        + sysctl.guarded() + " again");
            }
        }
        return lines;
    }

    /**
     * Makes a bridge's NIC ready.
     *
     * @param carriesOffloads see {@link Interception.AttachRequest#ring}
     * @return lines for the log
     * @throws IOException where a step fails: the caller undoes the steps before it
     */
    static List<String> apply(Nic nic, Journal.Entry original, boolean carriesOffloads) throws IOException {
        String name = nic.name();
        List<String> notes = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        for (StackSysctl sysctl : StackSysctl.values()) {
            Optional<String> now = sysctl.read(name);
            if (now.isPresent() && !now.get().equals(sysctl.guarded())) {
                sysctl.write(name, sysctl.guarded());
                changed.add(sysctl.key() + " " + sysctl.guarded() + " (was " + now.get() + ")");
            }
        }
        if (!changed.isEmpty()) {
            notes.add(
                    name + ": kept from this host's IP stack: " + String.join(", ", changed) + "; detach restores it");
        }
        if (!nic.up()) {
            Nics.setUp(nic, true);
            notes.add(name + ": was down, is up now" + (original.broughtUp() ? "; detach restores it" : ""));
        }
        Offloads before = Offloads.read(name);
        List<String> all = Stream.concat(before.switchable().stream(), before.fixed().stream())
                .toList();
        notes.addAll(offloadsOff(name, inTheWay(all, carriesOffloads)));
        notes.addAll(limitSizes(nic, original));
        return notes;
    }

    /** Those of these offloads that the ports of a bridge can't carry. */
    static List<String> inTheWay(List<String> offloads, boolean carriesOffloads) {
        return carriesOffloads ? offloads.stream().filter(LARGE_RECEIVE::equals).toList() : offloads;
    }

    /** Lowers the noted size limits to ordinary ones, where they are above; lines for the log. */
    static List<String> limitSizes(Nic nic, Journal.Entry original) throws IOException {
        List<String> lowered = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (SizeLimit limit : original.sizes().keySet()) {
            int now = SizeLimit.read(nic).getOrDefault(limit, 0);
            if (now > SizeLimit.ORDINARY) {
                try {
                    limit.set(nic, SizeLimit.ORDINARY);
                    lowered.add(limit.key() + " " + SizeLimit.ORDINARY + " (was " + now + ")");
                } catch (ErrnoException refused) {
                    notes.add(nic.name() + ": " + limit.key() + " stays " + now
                            + ", and packets longer than their length field can say are dropped as malformed-ip: "
                            + refused.getMessage());
                }
            }
        }
        if (!lowered.isEmpty()) {
            notes.add(nic.name() + ": no BIG TCP: " + String.join(", ", lowered) + "; detach restores it");
        }
        return notes;
    }

    /** Switches off those of these offloads that are on; lines for the log. */
    static List<String> offloadsOff(String name, List<String> inTheWay) throws IOException {
        List<String> notes = new ArrayList<>();
        Offloads before = Offloads.read(name);
        List<String> asked =
                before.switchable().stream().filter(inTheWay::contains).toList();
        List<String> refused = new ArrayList<>(
                before.fixed().stream().filter(inTheWay::contains).toList());
        try {
            refused.addAll(Offloads.set(name, asked, false));
        } catch (ErrnoException failed) {
            notes.add(name + ": offloads stay on: " + failed.getMessage());
            refused.addAll(Offloads.read(name).switchable().stream()
                    .filter(inTheWay::contains)
                    .toList());
        }
        List<String> off =
                asked.stream().filter(feature -> !refused.contains(feature)).toList();
        if (!off.isEmpty()) {
            notes.add(name + ": offloads off: " + String.join(", ", off) + "; detach restores it");
        }
        if (!refused.isEmpty()) {
            notes.add(name + ": offloads that this NIC keeps on: " + String.join(", ", refused)
                    + "; frames longer than the MTU and unfinished checksums may arrive, and are counted");
        }
        return notes;
    }
}
