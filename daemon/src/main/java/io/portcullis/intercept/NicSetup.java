package io.portcullis.intercept;

import io.portcullis.linux.Capabilities;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.ethtool.SizeLimit;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
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

/** What is done to one NIC so that it can be a port, and how it is undone. */
final class NicSetup {
    /**
     * With vnet headers only this one is in the way: it forgets where one packet ended and the next began (the kernel's own
     * bridge switches it off, too).
     */
    private static final String LARGE_RECEIVE = "rx-lro";

    /** In the way of a bridge: what its NICs send is cut in any case. */
    private static final Set<SizeLimit> RECEIVED = EnumSet.of(SizeLimit.GRO_MAX_SIZE, SizeLimit.GRO_IPV4_MAX_SIZE);

    private static final int NICS_NAMED = 12;

    private NicSetup() {}

    /**
     * Names the capabilities that are missing.
     *
     * @param more besides CAP_NET_RAW and CAP_NET_ADMIN, by number
     */
    static void checkCapabilities(List<String> faults, List<Integer> more) throws IOException {
        Capabilities have = Capabilities.ofThisThread();
        List<String> missing = new ArrayList<>();
        if (!have.has(Capabilities.CAP_NET_RAW)) {
            missing.add("CAP_NET_RAW");
        }
        if (!have.has(Capabilities.CAP_NET_ADMIN)) {
            missing.add("CAP_NET_ADMIN");
        }
        if (more.contains(Capabilities.CAP_BPF)
                && !have.has(Capabilities.CAP_BPF)
                && !have.has(Capabilities.CAP_SYS_ADMIN)) {
            missing.add("CAP_BPF");
        }
        if (!missing.isEmpty()) {
            String names = String.join(" ", missing);
            faults.add("no privilege: " + names + " missing: run as root, or give the service AmbientCapabilities="
                    + names);
        }
    }

    /** The NICs that there are, for a message. */
    static String names(List<Nic> all) {
        List<String> names = all.stream()
                .filter(nic -> !nic.loopback())
                .map(Nic::name)
                .sorted()
                .toList();
        if (names.isEmpty()) {
            return "none";
        }
        int more = names.size() - NICS_NAMED;
        return String.join(", ", names.subList(0, Math.min(names.size(), NICS_NAMED)))
                + (more > 0 ? " and " + more + " more" : "");
    }

    /**
     * Takes a NIC for us alone; where another daemon has it, it is named.
     *
     * @param folder of the claims
     * @param notes takes a line where it can't be claimed, which keeps nobody from guarding it
     * @return empty where it can't be claimed
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
                    + (isOurs(other)
                            ? ", of this very daemon: another name for it takes a restart, which loses no connection"
                            : ": stop that one, or name another NIC")));
        } catch (IOException refused) {
            notes.add(nic.name() + ": can't be claimed against another portcullis, and is guarded all the same: "
                    + reason(refused));
            return Optional.empty();
        }
    }

    private static boolean isOurs(String owner) {
        return owner.contains("pid " + ProcessHandle.current().pid() + ",");
    }

    /**
     * What will have to be restored.
     *
     * @param earlier what an earlier run, which did not end well, wrote down about this very NIC: that was the original
     * @param carriesOffloads see {@link Interception.AttachRequest#ring}
     */
    static Journal.Entry plan(Nic nic, Optional<Journal.Entry> earlier, boolean carriesOffloads) throws IOException {
        List<String> offloads = inTheWay(Offloads.read(nic.name()).switchable(), carriesOffloads);
        if (earlier.isPresent() && !earlier.get().switches().isEmpty()) {
            Journal.Entry then = earlier.get();
            return Journal.Entry.of(nic)
                    .with(then.switches(), then.linkLocals())
                    .with(then.broughtUp(), false, then.promiscuous())
                    .with(Journal.join(then.offloads(), offloads))
                    .with(sizes(nic, earlier, RECEIVED));
        }
        List<String> before = earlier.map(Journal.Entry::offloads).orElse(List.of());
        return Journal.Entry.of(nic)
                .with(
                        isSwitched(nic) ? switches("default") : switches(nic.name()),
                        Nics.addresses(nic).stream().map(NicAddress::toString).toList())
                .with(!nic.up(), false, false)
                .with(Journal.join(before, offloads))
                .with(sizes(nic, earlier, RECEIVED));
    }

    private static Map<StackSysctl, String> switches(String of) throws IOException {
        Map<StackSysctl, String> switches = new EnumMap<>(StackSysctl.class);
        for (StackSysctl one : StackSysctl.values()) {
            one.read(of).ifPresent(value -> switches.put(one, value));
        }
        return switches;
    }

    /** True: its switches are those of a bridge's port, one and all, so that an earlier run has set them. */
    static boolean isSwitched(Nic nic) throws IOException {
        Map<StackSysctl, String> now = switches(nic.name());
        return !now.isEmpty()
                && now.entrySet().stream()
                        .allMatch(each -> each.getValue().equals(each.getKey().guarded()));
    }

    /**
     * Gives a NIC this host's defaults, whose switches are those of a bridge's port though no journal tells what they were.
     *
     * @return a line for the log, where something was changed
     */
    static Optional<String> restoreDefaults(Nic nic) throws IOException {
        if (!isSwitched(nic)) {
            return Optional.empty();
        }
        List<String> done = new ArrayList<>();
        for (Map.Entry<StackSysctl, String> each : switches("default").entrySet()) {
            if (!each.getValue().equals(each.getKey().guarded())) {
                each.getKey().write(nic.name(), each.getValue());
                done.add(each.getKey().key() + " " + each.getValue());
            }
        }
        return done.isEmpty()
                ? Optional.empty()
                : Optional.of(nic.name() + ": was a bridge's port, and no journal tells what it was before: this host's"
                        + " defaults: " + String.join(", ", done));
    }

    /** Sets again what somebody has changed; lines for the log. */
    static List<String> keepSwitches(Nic nic) throws IOException {
        List<String> lines = new ArrayList<>();
        for (StackSysctl one : StackSysctl.values()) {
            Optional<String> now = one.read(nic.name());
            if (now.isPresent() && !now.get().equals(one.guarded())) {
                one.write(nic.name(), one.guarded());
                lines.add(nic.name() + ": " + one.key() + " was set to " + now.get() + " by somebody: it is "
                        + one.guarded() + " again");
            }
        }
        return lines;
    }

    /**
     * Makes a NIC ready.
     *
     * @param carriesOffloads see {@link Interception.AttachRequest#ring}
     * @return lines for the log
     * @throws IOException when it can't be: what was done so far is for the caller to undo
     */
    static List<String> apply(Nic nic, Journal.Entry journalled, boolean carriesOffloads) throws IOException {
        String name = nic.name();
        List<String> notes = new ArrayList<>();
        List<String> switched = new ArrayList<>();
        for (StackSysctl one : StackSysctl.values()) {
            Optional<String> now = one.read(name);
            if (now.isPresent() && !now.get().equals(one.guarded())) {
                one.write(name, one.guarded());
                switched.add(one.key() + " " + one.guarded() + " (was " + now.get() + ")");
            }
        }
        if (!switched.isEmpty()) {
            notes.add(
                    name + ": kept from this host's IP stack: " + String.join(", ", switched) + "; detach restores it");
        }
        if (!nic.up()) {
            Nics.setUp(nic, true);
            notes.add(name + ": was down, is up now" + (journalled.broughtUp() ? "; detach restores it" : ""));
        }
        notes.addAll(offloadsOff(name, carriesOffloads));
        notes.addAll(limitSizes(nic, journalled));
        return notes;
    }

    private static List<String> inTheWay(List<String> offloads, boolean carriesOffloads) {
        return carriesOffloads ? offloads.stream().filter(LARGE_RECEIVE::equals).toList() : offloads;
    }

    /** What will have to be restored of a NIC of this host's, of which nothing is changed but these offloads. */
    static Journal.Entry planHost(Nic nic, Optional<Journal.Entry> earlier, List<String> inTheWay) throws IOException {
        List<String> offloads = Offloads.read(nic.name()).switchable().stream()
                .filter(inTheWay::contains)
                .toList();
        return Journal.Entry.of(nic)
                .with(Journal.join(earlier.map(Journal.Entry::offloads).orElse(List.of()), offloads))
                .with(sizes(nic, earlier, EnumSet.allOf(SizeLimit.class)));
    }

    /** The limits of these that make packets longer than their length field can say, as they were before us. */
    private static Map<SizeLimit, Integer> sizes(Nic nic, Optional<Journal.Entry> earlier, Set<SizeLimit> which)
            throws IOException {
        Map<SizeLimit, Integer> sizes = new EnumMap<>(SizeLimit.class);
        for (Map.Entry<SizeLimit, Integer> each : SizeLimit.read(nic).entrySet()) {
            if (which.contains(each.getKey()) && each.getValue() > SizeLimit.ORDINARY) {
                sizes.put(each.getKey(), each.getValue());
            }
        }
        earlier.ifPresent(then -> sizes.putAll(then.sizes()));
        return sizes;
    }

    /** Makes super-frames ordinary ones, as far as they are not; lines for the log. */
    static List<String> limitSizes(Nic nic, Journal.Entry journalled) throws IOException {
        List<String> lowered = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (SizeLimit each : journalled.sizes().keySet()) {
            int now = SizeLimit.read(nic).getOrDefault(each, 0);
            if (now > SizeLimit.ORDINARY) {
                try {
                    each.set(nic, SizeLimit.ORDINARY);
                    lowered.add(each.key() + " " + SizeLimit.ORDINARY + " (was " + now + ")");
                } catch (ErrnoException refused) {
                    notes.add(nic.name() + ": " + each.key() + " stays " + now
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

    private static void sizesBack(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
        for (Map.Entry<SizeLimit, Integer> each : entry.sizes().entrySet()) {
            // One by one: to lower or raise one may change the next.
            if (SizeLimit.read(nic).getOrDefault(each.getKey(), Integer.MAX_VALUE) < each.getValue()) {
                each.getKey().set(nic, each.getValue());
                done.add(each.getKey().key() + " " + each.getValue());
            }
        }
    }

    /** Gives back what a bridge has changed on a NIC that a host guards from now on; lines for the log. */
    static List<String> noMoreABridge(Nic nic, Journal.Entry then) {
        return then.switches().isEmpty()
                ? List.of()
                : restore(nic, then.with(false, false, then.promiscuous()).with(List.of()))
                        .lines();
    }

    private static List<String> offloadsOff(String name, boolean carriesOffloads) throws IOException {
        Offloads before = Offloads.read(name);
        List<String> all = Stream.concat(before.switchable().stream(), before.fixed().stream())
                .toList();
        return offloadsOff(name, inTheWay(all, carriesOffloads));
    }

    /** Switches these offloads off, as far as they are on; lines for the log. */
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
                    + "; frames longer than the MTU and unfinished checksums may come, and are counted");
        }
        return notes;
    }

    /** Puts a NIC back as the journal has it. Goes on after a failure: a half restored NIC is better than an untouched one. */
    static Restored restore(Nic nic, Journal.Entry entry) {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        List<String> done = new ArrayList<>();
        step(nic, faults, () -> offloadsOn(nic, entry, done, faults));
        step(nic, faults, () -> sizesBack(nic, entry, done));
        step(nic, faults, () -> upOrDown(nic, entry, done));
        for (StackSysctl one : StackSysctl.values()) {
            step(nic, faults, () -> switchBack(nic, entry, one, done));
        }
        step(nic, faults, () -> linkLocalsBack(nic, entry, done));
        step(nic, faults, () -> promiscuityBack(nic, entry, done));
        lines.add(nic.name() + ": restored: " + (done.isEmpty() ? "nothing had changed" : String.join(", ", done)));
        return new Restored(lines, faults);
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void step(Nic nic, List<String> faults, Step step) {
        try {
            step.run();
        } catch (IOException failed) {
            faults.add(nic.name() + ": not restored: " + reason(failed));
        }
    }

    private static void offloadsOn(Nic nic, Journal.Entry entry, List<String> done, List<String> faults)
            throws IOException {
        List<String> unwanted = Offloads.read(nic.name()).names(f -> !f.wanted());
        List<String> missing =
                entry.offloads().stream().filter(unwanted::contains).toList();
        if (missing.isEmpty()) {
            return;
        }
        Offloads.set(nic.name(), missing, true);
        List<String> still = Offloads.read(nic.name()).names(f -> !f.wanted() && missing.contains(f.name()));
        if (!still.isEmpty()) {
            faults.add(nic.name() + ": offloads that this NIC will not take back: " + String.join(", ", still));
        }
        done.add("offloads " + String.join(" ", missing));
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

    private static void switchBack(Nic nic, Journal.Entry entry, StackSysctl one, List<String> done)
            throws IOException {
        String value = entry.switches().get(one);
        if (value != null && !Optional.of(value).equals(one.read(nic.name()))) {
            one.write(nic.name(), value);
            done.add(one.key() + " " + value);
        }
    }

    private static void promiscuityBack(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
        if (entry.promiscuous() && nic.promiscuous()) {
            Nics.setPromiscuous(nic, false);
            done.add("promisc off");
        }
    }

    private static void linkLocalsBack(Nic nic, Journal.Entry entry, List<String> done) throws IOException {
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

    /** What an exception says to people; those of java.nio.file say only the path. */
    static String reason(IOException failed) {
        return switch (failed) {
            case AccessDeniedException denied ->
                denied.getFile() + ": permission denied: run as root, or give the service CAP_NET_ADMIN";
            case FileSystemException file
            when "Read-only file system".equals(file.getReason()) ->
                file.getFile() + ": read-only here: under systemd, set ProtectKernelTunables=no";
            case FileSystemException file
            when file.getReason() == null ->
                file.getFile() + ": " + file.getClass().getSimpleName();
            default -> String.valueOf(failed.getMessage());
        };
    }
}
