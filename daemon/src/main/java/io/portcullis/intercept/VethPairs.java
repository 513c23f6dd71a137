package io.portcullis.intercept;

import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.linux.Capabilities;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.linux.packet.PacketSocket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An interface in host mode: one NIC of this host, in place, with its addresses, routes and name. A pair of virtual NICs stands
 * between it and this host's IP stack:
 *
 * <pre>
 *   wire ─▶ NIC ingress: not ours: dropped, after the outside port's packet socket has heard it
 *   stack ─▶ NIC egress: not ours: on to pch-NAME ═▶ pcd-NAME, where the inside port hears it
 *   outside port sends by the NIC, marked: its egress lets it out
 *   inside port sends by pcd-NAME ═▶ pch-NAME ingress: marked, and arrives on the NIC, whose ingress lets it in
 * </pre>
 *
 * libpcap can't tell by the mark what it has sent itself. For it a second pair stands at the NIC's other side: what arrives
 * goes on to pco-NAME ═▶ pcp-NAME, where the outside port hears it, and what that sends by pcp-NAME leaves by the NIC, marked.
 */
public final class VethPairs implements Interception {
    private static final String ADVICE = ": guard it from the machine or the NIC that carries it";

    /** What a NIC of this host must not join on arrival while it is guarded: names of offloads. */
    public static final List<String> IN_THE_WAY = List.of("rx-lro", "rx-gro-list");

    private final AttachRequest request;
    private final Mode.Host mode;
    private final List<String> notes;
    private final boolean wasStanding;
    private final RestoreLog journal;
    private final ProgramSet barrier;
    private Nic nic;
    private @Nullable NicClaim claim;
    private List<Veth> pairs;

    /** True: the NIC is gone, or has come back and is not guarded yet. */
    private boolean lost;

    private VethPairs(
            AttachRequest request,
            Mode.Host mode,
            Nic nic,
            @Nullable NicClaim claim,
            RestoreLog journal,
            ProgramSet barrier,
            List<Veth> pairs,
            boolean wasStanding,
            List<String> notes) {
        this.request = request;
        this.mode = mode;
        this.nic = nic;
        this.claim = claim;
        this.journal = journal;
        this.barrier = barrier;
        this.pairs = pairs;
        this.wasStanding = wasStanding;
        this.notes = notes;
    }

    /** As {@link Interception#faults}; a NIC that is not there is none, for it may come. */
    static List<String> faults(String interfaceName, Mode.Host mode) {
        List<String> faults = new ArrayList<>();
        try {
            NicSetup.checkCapabilities(faults, List.of(Capabilities.CAP_BPF));
            Optional<Nic> nic = Nics.find(mode.nic());
            if (nic.isPresent()) {
                faults.addAll(faults(interfaceName + ": nic: ", nic.get()));
            }
        } catch (IOException failed) {
            faults.add(interfaceName + ": " + NicSetup.reason(failed));
        }
        return faults;
    }

    private static List<String> faults(String where, Nic nic) throws ErrnoException {
        if (nic.loopback()) {
            return List.of(where + nic.name() + " is the loopback device: its traffic never leaves this host");
        }
        if (!nic.ethernet()) {
            return List.of(where + nic.name() + " carries no Ethernet frames (hardware type " + nic.hardwareType()
                    + ": tun, WireGuard, PPP and their like)" + ADVICE);
        }
        Optional<Nic> master = Nics.master(nic);
        if (master.isPresent()) {
            return List.of(where + nic.name() + " is a port of " + master.get().name() + " ("
                    + master.get().kind() + "): name " + master.get().name() + " instead");
        }
        return List.of();
    }

    /** As {@link Interception#attach}. */
    static VethPairs attach(AttachRequest request, Mode.Host mode) throws InterceptException {
        String name = request.attachment().name();
        List<String> faults = faults(name, mode);
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        List<String> notes = new ArrayList<>();
        NicClaim claim = null;
        RestoreLog journal = null;
        boolean done = false;
        try {
            Nic nic = Nics.named(mode.nic());
            claim = NicSetup.claim(name, nic, request.state(), request.owner(), notes)
                    .orElse(null);
            journal = Takeover.of(name, List.of(nic), request.state(), notes, (each, earlier) -> {
                earlier.ifPresent(then -> notes.addAll(NicSetup.noMoreABridge(each, then)));
                return NicSetup.planHost(each, earlier, IN_THE_WAY);
            });
            boolean wasStanding = journal.journal().programs().stream()
                    .anyMatch(standing -> standing.nic() == nic.index() && standing.ingress());
            ProgramSet barrier =
                    ProgramSet.of(mode.attach(), request.attachment().onFailure(), journal);
            List<Veth> pairs = pairs(request, journal, notes);
            notes.addAll(NicSetup.offloadsOff(nic.name(), IN_THE_WAY));
            notes.addAll(NicSetup.limitSizes(nic, journal.journal().nics().getFirst()));
            VethPairs host = new VethPairs(request, mode, nic, claim, journal, barrier, pairs, wasStanding, notes);
            done = true;
            return host;
        } catch (IOException failed) {
            List<String> lines = new ArrayList<>(List.of(name + ": " + NicSetup.reason(failed)));
            if (journal != null && journal.journal().programs().isEmpty()) {
                lines.addAll(Restoration.restore(journal).faults());
            }
            throw new InterceptException(lines);
        } finally {
            if (!done && claim != null) {
                claim.close();
            }
        }
    }

    private static List<Journal.Pair> wantedPairs(AttachRequest request) {
        String name = request.attachment().name();
        return request.ring() ? List.of(Pairs.inside(name)) : List.of(Pairs.inside(name), Pairs.outside(name));
    }

    /** Makes the pairs that there have to be; those of an earlier run stay. */
    private static List<Veth> pairs(AttachRequest request, RestoreLog journal, List<String> notes) throws IOException {
        List<Journal.Pair> noted = journal.journal().pairs();
        List<Journal.Pair> wanted = wantedPairs(request);
        for (Journal.Pair pair : wanted) {
            List<Nic> ours = Pairs.ends(pair, noted.contains(pair), Nics.all());
            for (String each : List.of(pair.near(), pair.far())) {
                if (Nics.find(each).isPresent()
                        && ours.stream().noneMatch(end -> end.name().equals(each))) {
                    throw new IOException(
                            "there is a NIC " + each + " already, which is not ours: remove it (ip link del " + each
                                    + "), or give the interface another name");
                }
            }
        }
        journal.note(all -> all.withPairs(Journal.join(all.pairs(), wanted)));
        List<Veth> pairs = new ArrayList<>();
        for (Journal.Pair pair : wanted) {
            pairs.add(whole(pair, request.attachment().name(), notes));
            Nic leaving = pairs.getLast().near();
            Offloads offloads = Offloads.read(leaving.name());
            Offloads.set(leaving.name(), request.ring() ? offloads.beyondVnetHeaders() : offloads.switchable(), false);
        }
        return pairs;
    }

    /** The pair as it is, or anew where something of it is gone or down. */
    private static Veth whole(Journal.Pair pair, String interfaceName, List<String> notes) throws IOException {
        Optional<Nic> near = Nics.find(pair.near());
        Optional<Nic> far = Nics.find(pair.far());
        boolean isWhole = near.isPresent()
                && far.isPresent()
                && near.get().up()
                && far.get().up()
                && Pairs.isOurs(near.get())
                && near.get().lowerIndex() == far.get().index();
        if (isWhole) {
            return new Veth(near.get(), far.get());
        }
        Pairs.remove(pair, true).ifPresent(notes::add);
        Veth made = Veth.create(
                pair.near(), pair.far(), Pairs.alias(Journal.empty(interfaceName, Journal.currentBootId())));
        notes.add(pair.near() + " and " + pair.far() + " made");
        return made;
    }

    /** Name of the NIC that is guarded, as it is called now. */
    public synchronized String nic() {
        return nic.name();
    }

    @Override
    public String outside() {
        return request.ring() ? nic.name() : pairs.get(1).far().name();
    }

    @Override
    public String inside() {
        return pairs.getFirst().far().name();
    }

    @Override
    public PacketSocket.SocketOptions outsideOptions() {
        return new PacketSocket.SocketOptions(
                false,
                false,
                request.mark().value(),
                request.mark().value(),
                request.mark().mask());
    }

    @Override
    public PacketSocket.SocketOptions insideOptions() {
        return PacketSocket.SocketOptions.ALONE;
    }

    @Override
    public boolean wasStanding() {
        return wasStanding;
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public synchronized List<String> engage(long nowNs) throws InterceptException {
        try {
            barrier.aliveUntil(nowNs + Bridge.ALIVE_NS);
            List<String> lines = new ArrayList<>(barrier.raise(parts()));
            lines.addAll(Pairs.removeOthers(journal, wantedPairs(request)));
            return lines;
        } catch (IOException refused) {
            throw new InterceptException(List.of(request.attachment().name() + ": " + NicSetup.reason(refused)));
        }
    }

    /** In the order in which they are attached: what a frame meets later comes first. */
    private List<ProgramSet.Part> parts() {
        Programs programs = new Programs(request.mark());
        boolean linked = request.attachment().onFailure() == OnFailure.OPEN && barrier.deadline() == null;
        @Nullable BpfMap deadline = barrier.deadline();
        Nic near = pairs.getFirst().near();
        Nic far = pairs.getFirst().far();
        List<ProgramSet.Part> parts = new ArrayList<>();
        parts.add(new ProgramSet.Part(far.index(), far.name() + " ingress", true, Programs.drop(), null, false));
        parts.add(new ProgramSet.Part(
                near.index(), near.name() + " ingress", true, programs.deliver(nic.index()), null, false));
        if (!request.ring()) {
            Nic outer = pairs.get(1).near();
            Nic heard = pairs.get(1).far();
            parts.add(
                    new ProgramSet.Part(heard.index(), heard.name() + " ingress", true, Programs.drop(), null, false));
            parts.add(new ProgramSet.Part(
                    outer.index(), outer.name() + " ingress", true, programs.forward(nic.index()), null, false));
        }
        parts.add(new ProgramSet.Part(
                nic.index(), nic.name() + " egress", false, programs.divert(deadline, near.index()), null, linked));
        parts.add(new ProgramSet.Part(
                nic.index(),
                nic.name() + " ingress",
                true,
                request.ring()
                        ? programs.admitOurs(deadline)
                        : programs.admitOursAndDivert(
                                deadline, pairs.get(1).near().index()),
                null,
                linked));
        return parts;
    }

    @Override
    public synchronized List<String> look(List<String> log, Set<Integer> deleted) {
        String name = request.attachment().name();
        journal.retry();
        try {
            boolean wasLost = lost;
            lost |= deleted.contains(nic.index());
            Optional<Nic> same = lost ? Optional.empty() : Nics.at(nic.index());
            Optional<Nic> now = same.isPresent() ? same : Nics.find(mode.nic());
            if (now.isEmpty()) {
                lost = true;
                if (!wasLost) {
                    log.add(nic.name() + " is gone: it is guarded again when a NIC " + mode.nic() + " is there");
                }
                return List.of(name + ": " + nic.name() + " is gone; waiting for a NIC " + mode.nic());
            }
            if (lost || now.get().index() != nic.index()) {
                lost = true;
                begin(now.get(), log);
                lost = false;
            } else if (!now.get().name().equals(nic.name())) {
                log.add(nic.name() + " is called " + now.get().name()
                        + " now: it is guarded on; the configuration names " + mode.nic());
                nic = now.get();
            }
            offloadsOff(log);
            if (!arePairsWhole()) {
                pairs = pairs(request, journal, log);
                log.addAll(barrier.raise(parts()));
            }
            return faults(name + ": nic: ", now.get());
        } catch (IOException refused) {
            return List.of(name + ": " + NicSetup.reason(refused));
        } catch (InterceptException refused) {
            return refused.faults();
        }
    }

    @Override
    public synchronized List<String> check(List<String> log, LongSupplier clock) {
        return barrier.check(log, clock).stream()
                .map(fault -> request.attachment().name() + ": " + fault)
                .toList();
    }

    @Override
    public List<String> warnings() {
        return journal.warnings();
    }

    /** Somebody may have switched one on. */
    private void offloadsOff(List<String> log) throws IOException {
        Journal.Entry noted = journal.journal().nics().getFirst();
        Journal.Entry planned = NicSetup.planHost(nic, Optional.of(noted), IN_THE_WAY);
        if (!planned.offloads().equals(noted.offloads())) {
            journal.note(all -> all.replacing(0, planned));
            log.addAll(NicSetup.offloadsOff(nic.name(), IN_THE_WAY));
        }
    }

    private boolean arePairsWhole() throws ErrnoException {
        List<Nic> all = Nics.all();
        return pairs.stream()
                .allMatch(pair -> all.stream()
                                .anyMatch(each -> each.index() == pair.near().index() && each.up())
                        && all.stream()
                                .anyMatch(each -> each.index() == pair.far().index() && each.up()));
    }

    /** A NIC that has come back, or another one of the same name: it was unguarded until now. Its programs come first. */
    private void begin(Nic next, List<String> log) throws IOException, InterceptException {
        String name = request.attachment().name();
        List<String> faults = faults(name + ": nic: ", next);
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        NicClaim claimed = claim != null && claim.nic() == next.index()
                ? claim
                : NicSetup.claim(name, next, request.state(), request.owner(), log)
                        .orElse(null);
        if (claim != null && claim != claimed) {
            claim.close();
        }
        claim = claimed;
        nic = next;
        Journal.Entry entry = NicSetup.planHost(next, Optional.empty(), IN_THE_WAY);
        journal.note(all -> all.replacing(0, entry));
        log.addAll(barrier.raise(parts()));
        log.addAll(NicSetup.offloadsOff(next.name(), IN_THE_WAY));
        log.addAll(NicSetup.limitSizes(next, entry));
    }

    @Override
    public boolean mustSayAlive() {
        return barrier.deadline() != null;
    }

    @Override
    public synchronized void alive(long nowNs) {
        try {
            barrier.aliveUntil(nowNs + Bridge.ALIVE_NS);
        } catch (ErrnoException impossible) {
            throw new IllegalStateException(request.attachment().name(), impossible);
        }
    }

    @Override
    public synchronized Restored detach() {
        leave();
        return Restoration.restore(journal);
    }

    @Override
    public synchronized void leave() {
        barrier.close();
        if (claim != null) {
            claim.close();
            claim = null;
        }
    }
}
