package io.portcullis.intercept;

import io.portcullis.linux.Capabilities;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Nic;
import io.portcullis.linux.NicAddress;
import io.portcullis.linux.Nics;
import io.portcullis.linux.Route;
import java.io.IOException;
import java.net.Inet6Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An interface in bridge mode: two NICs made ready to be the ends of a bump in the wire, without an IP life of their own.
 * All of it acts in the network namespace of the calling thread; one thread at a time for one state directory.
 */
public final class Bridge {
    private static final int NICS_NAMED = 12;

    /** Devices that take frames from the NIC they stand on before the firewall's verdict. */
    private static final Set<String> STANDS_ON_A_NIC =
            Set.of("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec");

    private Journal journal;
    private final Path stateDirectory;
    private final List<String> notes;

    private Bridge(Journal journal, Path stateDirectory, List<String> notes) {
        this.journal = journal;
        this.stateDirectory = stateDirectory;
        this.notes = List.copyOf(notes);
    }

    /**
     * Why these NICs can't be attached now: one line a fault, which says what to do; none: they can. Changes nothing.
     *
     * @param interfaceName as configured
     * @param outside NIC name
     * @param inside NIC name
     */
    public static List<String> faults(String interfaceName, String outside, String inside) {
        List<String> faults = new ArrayList<>();
        try {
            checkCapabilities(faults);
            List<Nic> all = Nics.all();
            Optional<Nic> outer = checkNic(interfaceName + ": outside: ", outside, all, faults);
            Optional<Nic> inner = checkNic(interfaceName + ": inside: ", inside, all, faults);
            if (outer.isPresent()
                    && inner.isPresent()
                    && outer.get().index() == inner.get().index()) {
                faults.add(interfaceName + ": outside and inside are the same NIC, "
                        + outer.get().name() + ": name two");
            }
        } catch (IOException failed) {
            faults.add(interfaceName + ": " + Guard.reason(failed));
        }
        return faults.stream().distinct().toList();
    }

    private static void checkCapabilities(List<String> faults) throws IOException {
        Capabilities have = Capabilities.ofThisThread();
        List<String> missing = new ArrayList<>();
        if (!have.has(Capabilities.CAP_NET_RAW)) {
            missing.add("CAP_NET_RAW");
        }
        if (!have.has(Capabilities.CAP_NET_ADMIN)) {
            missing.add("CAP_NET_ADMIN");
        }
        if (!missing.isEmpty()) {
            String names = String.join(" ", missing);
            faults.add("no privilege: " + names + " missing: run as root, or give the service AmbientCapabilities="
                    + names);
        }
    }

    private static Optional<Nic> checkNic(String where, String name, List<Nic> all, List<String> faults)
            throws ErrnoException {
        Optional<Nic> found = Nics.find(name);
        if (found.isEmpty()) {
            faults.add(where + "there is no NIC " + name + "; there are: " + names(all));
            return found;
        }
        Nic nic = found.get();
        if (nic.loopback()) {
            faults.add(where + name + " is the loopback device: name a NIC with a network behind it");
            return found;
        }
        if (!nic.ethernet()) {
            faults.add(where + name + " carries no Ethernet frames (hardware type " + nic.hardwareType()
                    + "): name an Ethernet NIC");
        }
        Optional<Nic> master = Nics.master(nic);
        if (master.isPresent()) {
            faults.add(where + name + " is a port of " + master.get().name() + ": take it out (ip link set " + name
                    + " nomaster), or name another NIC");
        }
        List<NicAddress> addresses = Nics.addresses(nic).stream()
                .filter(address -> !address.isIpv6LinkLocal())
                .toList();
        if (!addresses.isEmpty()) {
            boolean onlyLearnt = addresses.stream()
                    .allMatch(address -> address.address() instanceof Inet6Address && !address.permanent());
            String written = addresses.stream().map(NicAddress::toString).collect(Collectors.joining(", "));
            faults.add(where + name + " has the address " + written
                    + ": this host's own IP stack must stay off the wire: remove it (ip addr flush dev " + name
                    + (onlyLearnt
                            ? " scope global; sysctl -w net/ipv6/conf/" + nic.name() + "/accept_ra=0)"
                            : ") and what puts it there")
                    + ", or name another NIC");
        }
        List<String> routes = Nics.routes(nic).stream()
                .filter(Route::isSetByPeople)
                .map(Route::toString)
                .toList();
        if (addresses.isEmpty() && !routes.isEmpty()) {
            faults.add(where + name + " has the route " + String.join(", ", routes)
                    + ": this host's own IP stack must stay off the wire: remove it (ip route flush dev " + name
                    + ") and what puts it there, or name another NIC");
        }
        for (Nic other : all) {
            if (other.lowerIndex() == nic.index() && other.up() && STANDS_ON_A_NIC.contains(other.kind())) {
                faults.add(where + other.name() + " (" + other.kind() + ") stands on " + name
                        + " and would hear the wire past the firewall: remove it (ip link del " + other.name()
                        + "), or name another NIC");
            }
        }
        return found;
    }

    private static String names(List<Nic> all) {
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
     * Checks both NICs; writes down what a stop must restore; then keeps this host's IP stack off them, switches them on
     * and turns off the offloads that the ports can't carry. When an earlier run did not put things back, its journal's
     * values are the ones to restore, not today's.
     *
     * @param interfaceName as configured
     * @param outside NIC name
     * @param inside NIC name
     * @param carriesOffloads true: the ports hand super-frames and unfinished checksums on as they are, and offloads stay
     *     as they are; false: those that make frames longer than the MTU or leave checksums unfinished go off
     * @param stateDirectory where the journal is kept; made where there is none
     * @throws InterceptException with all faults; nothing is changed then, or it has been put back
     */
    public static Bridge attach(
            String interfaceName, String outside, String inside, boolean carriesOffloads, Path stateDirectory)
            throws InterceptException {
        List<String> faults = faults(interfaceName, outside, inside);
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        List<String> notes = new ArrayList<>();
        Journal journal;
        List<Nic> nics;
        try {
            nics = List.of(Nics.named(outside), Nics.named(inside));
            journal = writeDown(interfaceName, nics, carriesOffloads, stateDirectory, notes);
        } catch (IOException failed) {
            throw new InterceptException(List.of(interfaceName + ": " + Guard.reason(failed)));
        }
        Bridge bridge = new Bridge(journal, stateDirectory, notes);
        try {
            for (int i = 0; i < nics.size(); i++) {
                notes.addAll(Guard.apply(nics.get(i), journal.nics().get(i), carriesOffloads));
            }
        } catch (IOException failed) {
            List<String> lines = new ArrayList<>(List.of(interfaceName + ": " + Guard.reason(failed)));
            lines.addAll(bridge.detach().faults());
            throw new InterceptException(lines);
        }
        return new Bridge(journal, stateDirectory, notes);
    }

    private static Journal writeDown(
            String interfaceName, List<Nic> nics, boolean carriesOffloads, Path directory, List<String> notes)
            throws IOException, InterceptException {
        List<Journal> earlier = new ArrayList<>();
        for (Path file : Journal.files(directory)) {
            Journal journal = Journal.read(file);
            if (journal.isOfThisBoot()) {
                earlier.add(journal);
            }
        }
        List<Journal.Entry> entries = new ArrayList<>();
        for (Nic nic : nics) {
            Optional<Journal.Entry> then = earlier.stream()
                    .flatMap(journal -> journal.entryOf(nic).stream())
                    .findFirst();
            then.ifPresent(
                    entry -> notes.add(nic.name() + ": an earlier run did not restore it: its journal is kept to"));
            entries.add(Guard.plan(nic, then, carriesOffloads));
        }
        for (Journal journal : earlier) {
            if (journal.interfaceName().equals(interfaceName)) {
                restoreLeftBehind(journal.without(nics), notes);
            }
        }
        Journal journal = new Journal(interfaceName, Journal.currentBootId(), entries);
        journal.write(directory);
        for (Journal other : earlier) {
            Journal rest = other.without(nics);
            if (!other.interfaceName().equals(interfaceName)
                    && rest.nics().size() < other.nics().size()) {
                rest.writeOrDelete(directory);
            }
        }
        return journal;
    }

    /** NICs that this interface had in an earlier run and has no more. */
    private static void restoreLeftBehind(Journal journal, List<String> notes) throws InterceptException {
        for (Journal.Entry entry : journal.nics()) {
            Restored restored = Guard.restore(entry);
            if (!restored.faults().isEmpty()) {
                throw new InterceptException(restored.faults());
            }
            notes.addAll(restored.lines());
        }
    }

    /**
     * Holds one side down; with null none, and the one that was comes up. What is held is written down first, so that a
     * stop, or the start after a crash, lets it come up. A NIC that is gone is left alone.
     *
     * @throws IOException if it cannot be written down, or the kernel refuses
     */
    public synchronized void hold(@Nullable Side side) throws IOException {
        Journal before = journal;
        Journal next = before.holding(side == null ? -1 : side.ordinal());
        next.write(stateDirectory);
        for (int i = 0; i < next.nics().size(); i++) {
            Journal.Entry entry = next.nics().get(i);
            Optional<Nic> nic = Nics.find(entry.name()).filter(entry::isOf);
            if (nic.isPresent() && before.nics().get(i).held() != entry.held()) {
                Nics.setUp(nic.get(), !entry.held());
            }
        }
        journal = next;
    }

    /** What attaching did, for the log: one line each. */
    public List<String> notes() {
        return notes;
    }

    /**
     * Puts back what the journal says and removes it. NICs that are gone are said to be so. A second call finds nothing to
     * do.
     */
    public synchronized Restored detach() {
        return restore(journal, stateDirectory);
    }

    /**
     * Puts back all that the journals of a directory say: after a crash, or when the program is removed. Not while a
     * daemon that uses this directory runs.
     *
     * @param stateDirectory may be missing
     */
    public static Restored detachAll(Path stateDirectory) {
        return detachOthers(stateDirectory, Set.of());
    }

    /**
     * Puts back what the journals of a directory say, but for some interfaces: what an earlier configuration named and an
     * earlier run left behind.
     *
     * @param stateDirectory may be missing
     * @param attached names of the interfaces that are attached now
     */
    public static Restored detachOthers(Path stateDirectory, Set<String> attached) {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        try {
            for (Path file : Journal.files(stateDirectory)) {
                try {
                    Journal journal = Journal.read(file);
                    if (attached.contains(journal.interfaceName())) {
                        continue;
                    }
                    Restored restored = restore(journal, stateDirectory);
                    lines.addAll(restored.lines());
                    faults.addAll(restored.faults());
                } catch (IOException broken) {
                    faults.add(Guard.reason(broken));
                }
            }
        } catch (IOException failed) {
            faults.add(Guard.reason(failed));
        }
        return new Restored(lines, faults);
    }

    private static Restored restore(Journal journal, Path directory) {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        try {
            if (!journal.isOfThisBoot()) {
                lines.add(journal.interfaceName() + ": its journal is from before the last boot, nothing to restore");
            } else if (Files.exists(journal.file(directory))) {
                for (Journal.Entry entry : journal.nics()) {
                    Restored restored = Guard.restore(entry);
                    lines.addAll(restored.lines());
                    faults.addAll(restored.faults());
                }
            }
            if (faults.isEmpty()) {
                journal.delete(directory);
            }
        } catch (IOException failed) {
            faults.add(journal.interfaceName() + ": " + Guard.reason(failed));
        }
        return new Restored(lines, faults);
    }
}
