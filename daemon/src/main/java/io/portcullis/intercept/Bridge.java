package io.portcullis.intercept;

import io.portcullis.config.Attach;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Route;
import io.portcullis.linux.packet.PacketSocket;
import java.io.IOException;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
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

    private final AttachRequest request;
    private final Mode.Bridge mode;
    private final RestoreLog journal;
    private final Map<Integer, NicClaim> claims = new HashMap<>();
    private final List<String> notes;
    private final boolean wasStanding;

    /** A NIC each, outside first; one that is gone is as it was. */
    private List<Nic> nics;

    /** Sides whose NIC is gone, or has come back and is not ready yet. */
    private final Set<Integer> lost = new TreeSet<>();

    private @Nullable ProgramSet barrier;

    private Bridge(AttachRequest request, Mode.Bridge mode, List<Nic> nics, RestoreLog journal, List<String> notes) {
        this.request = request;
        this.mode = mode;
        this.nics = nics;
        this.journal = journal;
        this.notes = notes;
        this.wasStanding = !journal.journal().programs().isEmpty();
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
            NicSetup.checkCapabilities(faults, List.of());
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
            faults.add(interfaceName + ": " + NicSetup.reason(failed));
        }
        return faults.stream().distinct().toList();
    }

    private static Optional<Nic> checkNic(String where, String name, List<Nic> all, List<String> faults)
            throws ErrnoException {
        Optional<Nic> found = Nics.find(name);
        if (found.isEmpty()) {
            faults.add(where + "there is no NIC " + name + "; there are: " + NicSetup.names(all));
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

    /** As {@link Interception#warnings(io.portcullis.config.Interface)}. */
    static List<String> warnings(String outside, String inside) {
        try {
            Optional<Nic> outer = Nics.find(outside);
            Optional<Nic> inner = Nics.find(inside);
            return outer.isPresent() && inner.isPresent()
                    ? unequalMtus(outer.get(), inner.get()).stream().toList()
                    : List.of();
        } catch (ErrnoException refused) {
            return List.of(String.valueOf(refused.getMessage()));
        }
    }

    private static Optional<String> unequalMtus(Nic one, Nic other) {
        if (one.mtu() == other.mtu()) {
            return Optional.empty();
        }
        Nic smaller = one.mtu() < other.mtu() ? one : other;
        Nic larger = smaller.equals(one) ? other : one;
        return Optional.of(
                smaller.name() + " has MTU " + smaller.mtu() + " and " + larger.name() + " has " + larger.mtu()
                        + ": longer packets than " + smaller.mtu() + " bytes are dropped (too-big): ip link set dev "
                        + larger.name() + " mtu " + smaller.mtu());
    }

    /**
     * Checks both NICs; writes down what a stop must restore; then keeps this host's IP stack off them, switches them on
     * and turns off the offloads that the ports can't carry. When an earlier run did not put things back, its journal's
     * values are the ones to restore, not today's.
     *
     * @throws InterceptException with all faults; see {@link Interception#attach}
     */
    static Bridge attach(AttachRequest request, Mode.Bridge mode) throws InterceptException {
        String interfaceName = request.attachment().name();
        List<String> faults = faults(interfaceName, mode.outside(), mode.inside());
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        List<String> notes = new ArrayList<>();
        Map<Integer, NicClaim> claims = new HashMap<>();
        boolean done = false;
        try {
            List<Nic> nics = List.of(Nics.named(mode.outside()), Nics.named(mode.inside()));
            for (Nic nic : nics) {
                NicSetup.claim(interfaceName, nic, request.state(), request.owner(), notes)
                        .ifPresent(claim -> claims.put(nic.index(), claim));
            }
            RestoreLog journal = Takeover.of(
                    interfaceName,
                    nics,
                    request.state(),
                    notes,
                    (nic, earlier) -> NicSetup.plan(nic, earlier, request.ring()));
            Bridge bridge = new Bridge(request, mode, nics, journal, notes);
            bridge.ready();
            bridge.claims.putAll(claims);
            done = true;
            return bridge;
        } catch (IOException failed) {
            throw new InterceptException(List.of(interfaceName + ": " + NicSetup.reason(failed)));
        } finally {
            if (!done) {
                claims.values().forEach(NicClaim::close);
            }
        }
    }

    private void ready() throws InterceptException {
        try {
            for (int i = 0; i < nics.size(); i++) {
                notes.addAll(
                        NicSetup.apply(nics.get(i), journal.journal().nics().get(i), request.ring()));
            }
            unequalMtus(nics.getFirst(), nics.getLast()).ifPresent(notes::add);
        } catch (IOException failed) {
            List<String> lines = new ArrayList<>(List.of(request.attachment().name() + ": " + NicSetup.reason(failed)));
            if (!wasStanding) {
                lines.addAll(Restoration.restore(journal).faults());
            }
            throw new InterceptException(lines);
        }
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
    public PacketSocket.SocketOptions outsideOptions() {
        // Where a NIC does not cut super-frames, what we send meets the program that stops what is not ours.
        return new PacketSocket.SocketOptions(true, true, request.mark().value(), 0, 0);
    }

    @Override
    public PacketSocket.SocketOptions insideOptions() {
        return outsideOptions();
    }

    @Override
    public boolean wasStanding() {
        return wasStanding;
    }

    @Override
    public synchronized List<String> engage(long nowNs) throws InterceptException {
        boolean open = request.attachment().onFailure() == OnFailure.OPEN;
        String name = request.attachment().name();
        List<String> lines = new ArrayList<>();
        try {
            ProgramSet raising = ProgramSet.of(Attach.AUTO, request.attachment().onFailure(), journal);
            barrier = raising;
            raising.aliveUntil(nowNs + ALIVE_NS);
            lines.addAll(raising.raise(parts(raising)));
            lines.addAll(Pairs.removeOthers(journal, List.of()));
            if (open) {
                promiscuous();
            }
        } catch (IOException refused) {
            if (open) {
                throw new InterceptException(
                        List.of(name + ": on-failure: open takes programs in the kernel: " + NicSetup.reason(refused)));
            }
            lines.add("WARNING: no programs in the kernel keep this host's stack off the wire, only switches do: "
                    + NicSetup.reason(refused));
        }
        if (!request.ring()) {
            lines.add("what this host's own stack sends is not stopped by a program: libpcap can't mark what is ours");
        }
        return lines;
    }

    private List<ProgramSet.Part> parts(ProgramSet raising) {
        Programs programs = new Programs(request.mark());
        boolean open = request.attachment().onFailure() == OnFailure.OPEN;
        BpfMap deadline = raising.deadline();
        List<ProgramSet.Part> parts = new ArrayList<>();
        for (int i = 0; i < nics.size(); i++) {
            Nic nic = nics.get(i);
            int other = nics.get(1 - i).index();
            if (request.ring()) {
                parts.add(new ProgramSet.Part(
                        nic.index(), nic.name() + " egress", false, programs.emitOurs(), null, false));
            }
            parts.add(
                    deadline != null
                            ? new ProgramSet.Part(
                                    nic.index(),
                                    nic.name() + " ingress",
                                    true,
                                    programs.dropUntil(deadline, other),
                                    null,
                                    false)
                            : new ProgramSet.Part(
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
    private void promiscuous() throws IOException {
        for (Nic nic : nics) {
            if (!Nics.indexed(nic.index()).promiscuous()) {
                journal.note(all -> all.promiscuous(nic.index()));
                Nics.setPromiscuous(nic, true);
            }
        }
    }

    @Override
    public synchronized List<String> look(List<String> log, Set<Integer> deleted) {
        journal.retry();
        List<String> faults = new ArrayList<>();
        for (int i = 0; i < nics.size(); i++) {
            try {
                faults.addAll(look(i, log, deleted));
            } catch (IOException refused) {
                faults.add(request.attachment().name() + ": " + NicSetup.reason(refused));
            } catch (InterceptException refused) {
                faults.addAll(refused.faults());
            }
        }
        return faults;
    }

    private List<String> look(int side, List<String> log, Set<Integer> deleted) throws IOException, InterceptException {
        String name = request.attachment().name();
        Nic had = nics.get(side);
        String configured = mode.nics().get(side);
        boolean wasLost = lost.contains(side);
        if (deleted.contains(had.index())) {
            lost.add(side);
        }
        Optional<Nic> same = lost.contains(side) ? Optional.empty() : Nics.at(had.index());
        Optional<Nic> now = same.isPresent() ? same : Nics.find(configured);
        if (now.isEmpty()) {
            lost.add(side);
            if (!wasLost) {
                log.add(had.name() + " is gone: it is guarded again when a NIC " + configured + " is there");
            }
            return List.of(name + ": " + had.name() + " is gone; waiting for a NIC " + configured);
        }
        Nic nic = now.get();
        if (nic.index() != had.index() || lost.contains(side) || isMadeAnew(side, nic)) {
            lost.add(side);
            readyAgain(side, nic, log);
            lost.remove(side);
        } else if (!nic.name().equals(had.name())) {
            log.add(had.name() + " is called " + nic.name() + " now: it is guarded on; the configuration names "
                    + configured);
            replace(side, nic);
        }
        Optional<Nic> master = Nics.master(nic);
        return master.isEmpty()
                ? List.of()
                : List.of(name + ": " + nic.name() + " is a port of "
                        + master.get().name() + " now, which hears its frames too: take it out (ip link set "
                        + nic.name() + " nomaster)");
    }

    /** It has our index, and nothing else of what it had: the news of its going were lost. */
    private boolean isMadeAnew(int side, Nic nic) throws IOException {
        Journal now = journal.journal();
        return barrier != null && !SameNic.is(nic, now.nics().get(side), now);
    }

    private void replace(int side, Nic nic) {
        List<Nic> now = new ArrayList<>(nics);
        now.set(side, nic);
        nics = List.copyOf(now);
    }

    /** A NIC that has come back, or was made again. Its programs come first. */
    private void readyAgain(int side, Nic nic, List<String> log) throws IOException, InterceptException {
        String name = request.attachment().name();
        int before = nics.get(side).index();
        if (!claims.containsKey(nic.index())) {
            NicSetup.claim(name, nic, request.state(), request.owner(), log)
                    .ifPresent(claim -> claims.put(nic.index(), claim));
        }
        Journal.Entry entry = NicSetup.plan(nic, Optional.empty(), request.ring());
        journal.note(all -> all.replacing(side, entry));
        replace(side, nic);
        ProgramSet standing = barrier;
        if (standing != null) {
            log.addAll(standing.raise(parts(standing)));
        }
        log.addAll(NicSetup.apply(nic, entry, request.ring()));
        if (standing != null && request.attachment().onFailure() == OnFailure.OPEN) {
            promiscuous();
        }
        NicClaim old = before == nic.index() ? null : claims.remove(before);
        if (old != null) {
            old.close();
        }
    }

    @Override
    public synchronized List<String> check(List<String> log, LongSupplier clock) {
        String name = request.attachment().name();
        List<String> faults = new ArrayList<>();
        ProgramSet standing = barrier;
        if (standing != null) {
            standing.check(log, clock).forEach(fault -> faults.add(name + ": " + fault));
        }
        for (int i = 0; i < nics.size(); i++) {
            try {
                if (!lost.contains(i)) {
                    log.addAll(NicSetup.keepSwitches(nics.get(i)));
                }
            } catch (IOException refused) {
                faults.add(name + ": " + nics.get(i).name() + ": " + NicSetup.reason(refused));
            }
        }
        return faults;
    }

    @Override
    public List<String> warnings() {
        return journal.warnings();
    }

    @Override
    public boolean mustSayAlive() {
        ProgramSet standing = barrier;
        return standing != null && standing.deadline() != null;
    }

    @Override
    public synchronized void alive(long nowNs) {
        ProgramSet standing = barrier;
        if (standing == null) {
            return;
        }
        try {
            standing.aliveUntil(nowNs + ALIVE_NS);
        } catch (ErrnoException impossible) {
            throw new IllegalStateException(request.attachment().name(), impossible);
        }
    }

    /**
     * Holds one side down; with null none, and the one that was comes up. It is noted for as long as it is down, so that a stop,
     * or the start after a crash, lets it come up. A NIC that is gone is left alone.
     *
     * @throws IOException if the kernel refuses
     */
    public synchronized void hold(@Nullable Side side) throws IOException {
        List<Journal.Entry> before = journal.journal().nics();
        for (int i = 0; i < nics.size(); i++) {
            if (before.get(i).held() && (side == null || side.ordinal() != i)) {
                setUp(i, true);
            }
        }
        journal.note(all -> all.holding(side == null ? -1 : side.ordinal()));
        if (side != null) {
            setUp(side.ordinal(), false);
        }
    }

    private void setUp(int side, boolean up) throws ErrnoException {
        Optional<Nic> nic =
                lost.contains(side) ? Optional.empty() : Nics.at(nics.get(side).index());
        if (nic.isPresent() && nic.get().up() != up) {
            Nics.setUp(nic.get(), up);
        }
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public synchronized Restored detach() {
        leave();
        return Restoration.restore(journal);
    }

    @Override
    public synchronized void leave() {
        if (barrier != null) {
            barrier.close();
            barrier = null;
        }
        claims.values().forEach(NicClaim::close);
        claims.clear();
    }
}
