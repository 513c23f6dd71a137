package io.portcullis.intercept;

import io.portcullis.config.Attach;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.linux.BpfMap;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Nic;
import io.portcullis.linux.NicAddress;
import io.portcullis.linux.NicClaim;
import io.portcullis.linux.Nics;
import io.portcullis.linux.PacketSocket;
import io.portcullis.linux.Route;
import java.io.IOException;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An interface in bridge mode: two NICs made ready to be the ends of a bump in the wire, without an IP life of their own. On
 * each a program keeps what arrives from this host's stack, and another one what the stack sends from the wire.
 */
public final class Bridge implements Interception {
    /** For so long programs with a deadline go on without us. */
    static final long ALIVE_NS = 2_000_000_000L;

    /** Devices that take frames from the NIC they stand on before the firewall's verdict. */
    private static final Set<String> STANDS_ON_A_NIC =
            Set.of("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec");

    private final Wish wish;
    private final Mode.Bridge mode;
    private List<Nic> nics;
    private final List<NicClaim> claims;
    private final List<String> notes;
    private final boolean wasStanding;
    private @Nullable Barrier barrier;
    private Journal journal;

    private Bridge(
            Wish wish, Mode.Bridge mode, List<Nic> nics, List<NicClaim> claims, Journal journal, List<String> notes) {
        this.wish = wish;
        this.mode = mode;
        this.nics = nics;
        this.claims = claims;
        this.journal = journal;
        this.notes = notes;
        this.wasStanding = !journal.programs().isEmpty();
    }

    /**
     * Why these NICs can't be attached now: one line a fault, which says what to do; none: they can. Changes nothing.
     *
     * @param interfaceName as configured
     * @param outside NIC name
     * @param inside NIC name
     */
    static List<String> faults(String interfaceName, String outside, String inside) {
        List<String> faults = new ArrayList<>();
        try {
            Guard.checkCapabilities(faults, List.of());
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

    private static Optional<Nic> checkNic(String where, String name, List<Nic> all, List<String> faults)
            throws ErrnoException {
        Optional<Nic> found = Nics.find(name);
        if (found.isEmpty()) {
            faults.add(where + "there is no NIC " + name + "; there are: " + Guard.names(all));
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

    /**
     * Checks both NICs; writes down what a stop must restore; then keeps this host's IP stack off them, switches them on
     * and turns off the offloads that the ports can't carry. When an earlier run did not put things back, its journal's
     * values are the ones to restore, not today's.
     *
     * @throws InterceptException with all faults; nothing is changed then, or it has been put back
     */
    static Bridge attach(Wish wish, Mode.Bridge mode) throws InterceptException {
        String interfaceName = wish.attachment().name();
        List<String> faults = faults(interfaceName, mode.outside(), mode.inside());
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        List<String> notes = new ArrayList<>();
        Bridge bridge;
        List<NicClaim> claims = new ArrayList<>();
        boolean done = false;
        try {
            List<Nic> nics = List.of(Nics.named(mode.outside()), Nics.named(mode.inside()));
            for (Nic nic : nics) {
                claims.add(Guard.claim(interfaceName, nic, wish.owner()));
            }
            Journal journal = Journal.takeOver(
                    interfaceName, nics, wish.state(), notes, (nic, earlier) -> Guard.plan(nic, earlier, wish.ring()));
            bridge = new Bridge(wish, mode, nics, claims, journal, notes);
            done = true;
        } catch (IOException failed) {
            throw new InterceptException(List.of(interfaceName + ": " + Guard.reason(failed)));
        } finally {
            if (!done) {
                claims.forEach(NicClaim::close);
            }
        }
        try {
            for (int i = 0; i < bridge.nics.size(); i++) {
                notes.addAll(
                        Guard.apply(bridge.nics.get(i), bridge.journal.nics().get(i), wish.ring()));
            }
        } catch (IOException failed) {
            List<String> lines = new ArrayList<>(List.of(interfaceName + ": " + Guard.reason(failed)));
            lines.addAll(bridge.detach().faults());
            throw new InterceptException(lines);
        }
        return bridge;
    }

    @Override
    public String outside() {
        return mode.outside();
    }

    @Override
    public String inside() {
        return mode.inside();
    }

    @Override
    public PacketSocket.Manner outsideManner() {
        // Where a NIC does not cut super-frames, what we send meets the program that stops what is not ours.
        return new PacketSocket.Manner(true, true, wish.mark().value(), 0, 0);
    }

    @Override
    public PacketSocket.Manner insideManner() {
        return outsideManner();
    }

    @Override
    public boolean wasStanding() {
        return wasStanding;
    }

    @Override
    public synchronized List<String> engage(long nowNs) throws InterceptException {
        boolean open = wish.attachment().onFailure() == OnFailure.OPEN;
        String name = wish.attachment().name();
        List<String> lines = new ArrayList<>();
        try {
            Barrier raising = Barrier.of(Attach.AUTO, wish.attachment().onFailure(), wish.state(), journal);
            barrier = raising;
            raising.aliveUntil(nowNs + ALIVE_NS);
            lines.addAll(raising.raise(parts(raising)));
            if (open) {
                promiscuous(raising);
            }
            journal = raising.journal();
        } catch (IOException refused) {
            if (open) {
                throw new InterceptException(
                        List.of(name + ": on-failure: open takes programs in the kernel: " + Guard.reason(refused)));
            }
            lines.add("WARNING: no programs in the kernel keep this host's stack off the wire, only switches do: "
                    + Guard.reason(refused));
        }
        if (!wish.ring()) {
            lines.add("what this host's own stack sends is not stopped by a program: libpcap can't mark what is ours");
        }
        return lines;
    }

    private List<Barrier.Part> parts(Barrier raising) {
        Programs programs = new Programs(wish.mark());
        boolean open = wish.attachment().onFailure() == OnFailure.OPEN;
        BpfMap deadline = raising.deadline();
        List<Barrier.Part> parts = new ArrayList<>();
        for (int i = 0; i < nics.size(); i++) {
            Nic nic = nics.get(i);
            int other = nics.get(1 - i).index();
            if (wish.ring()) {
                parts.add(
                        new Barrier.Part(nic.index(), nic.name() + " egress", false, programs.emitOurs(), null, false));
            }
            parts.add(
                    deadline != null
                            ? new Barrier.Part(
                                    nic.index(),
                                    nic.name() + " ingress",
                                    true,
                                    programs.dropUntil(deadline, other),
                                    null,
                                    false)
                            : new Barrier.Part(
                                    nic.index(),
                                    nic.name() + " ingress",
                                    true,
                                    Programs.drop(),
                                    open ? programs.forward(other) : null,
                                    open));
        }
        return parts;
    }

    /** For after us: without a socket that asks for it, a NIC takes the frames of its own address only. */
    private void promiscuous(Barrier raising) throws IOException {
        for (Nic nic : nics) {
            if (!Nics.indexed(nic.index()).promiscuous()) {
                raising.note(all -> all.promiscuous(nic));
                Nics.setPromiscuous(nic, true);
            }
        }
    }

    @Override
    public synchronized List<String> look(List<String> log) {
        Barrier standing = barrier;
        if (standing == null) {
            return List.of();
        }
        List<String> faults = standing.faults();
        if (faults.isEmpty()) {
            return faults;
        }
        try {
            List<Nic> found = new ArrayList<>();
            for (String name : mode.nics()) {
                Optional<Nic> nic = Nics.find(name);
                if (nic.isEmpty()) {
                    return List.of();
                }
                found.add(nic.get());
            }
            for (int i = 0; i < found.size(); i++) {
                if (found.get(i).index() != nics.get(i).index()) {
                    readyAgain(i, found.get(i), log);
                }
            }
            log.addAll(standing.raise(parts(standing)));
            journal = standing.journal();
            return standing.faults();
        } catch (IOException refused) {
            return List.of(wish.attachment().name() + ": " + Guard.reason(refused));
        } catch (InterceptException refused) {
            return refused.faults();
        }
    }

    /** A NIC that was made again under its name. It counts when all is done, so that what fails is tried again. */
    private void readyAgain(int i, Nic nic, List<String> log) throws IOException, InterceptException {
        Barrier standing = barrier;
        if (standing == null) {
            return;
        }
        NicClaim claim = Guard.claim(wish.attachment().name(), nic, wish.owner());
        boolean done = false;
        try {
            Journal.Entry entry = Guard.plan(nic, Optional.empty(), wish.ring());
            standing.note(all -> all.replacing(i, entry));
            journal = standing.journal();
            log.addAll(Guard.apply(nic, entry, wish.ring()));
            done = true;
        } finally {
            if (!done) {
                claim.close();
            }
        }
        claims.set(i, claim).close();
        List<Nic> now = new ArrayList<>(nics);
        now.set(i, nic);
        nics = List.copyOf(now);
    }

    @Override
    public boolean mustSayAlive() {
        Barrier standing = barrier;
        return standing != null && standing.deadline() != null;
    }

    @Override
    public synchronized void alive(long nowNs) {
        Barrier standing = barrier;
        if (standing == null) {
            return;
        }
        try {
            standing.aliveUntil(nowNs + ALIVE_NS);
        } catch (ErrnoException impossible) {
            throw new IllegalStateException(wish.attachment().name(), impossible);
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
        next.write(wish.state());
        journal = next;
        if (barrier != null) {
            barrier.note(all -> all.holding(side == null ? -1 : side.ordinal()));
        }
        for (int i = 0; i < next.nics().size(); i++) {
            Journal.Entry entry = next.nics().get(i);
            Optional<Nic> nic = Nics.find(entry.name()).filter(entry::isOf);
            if (nic.isPresent() && before.nics().get(i).held() != entry.held()) {
                Nics.setUp(nic.get(), !entry.held());
            }
        }
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public synchronized Restored detach() {
        leave();
        return Restoration.restore(journal, wish.state());
    }

    @Override
    public synchronized void leave() {
        if (barrier != null) {
            barrier.close();
            barrier = null;
        }
        claims.forEach(NicClaim::close);
        claims.clear();
    }
}
