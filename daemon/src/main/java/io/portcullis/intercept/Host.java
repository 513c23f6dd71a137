package io.portcullis.intercept;

import io.portcullis.config.Mode;
import io.portcullis.config.PacketMark;
import io.portcullis.intercept.fast.FastPort;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Direction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An interface in host mode: one NIC of this host, which keeps its addresses, routes and name. A pair of virtual NICs is between the
 * NIC and this host's IP stack:
 *
 * <pre>
 *   wire ─▶ NIC ingress: drops frames without our mark, after the outside port's packet socket has received them
 *   stack ─▶ NIC egress: redirects frames without our mark to pch-NAME ═▶ pcd-NAME, where the inside port receives them
 *   outside port sends by the NIC, marked: NIC egress passes the frame
 *   inside port sends by pcd-NAME ═▶ pch-NAME ingress: marks the frame, and redirects it to NIC ingress, which passes it
 * </pre>
 *
 * With a fast path the programs of the NIC send the frames that need a decision to the taps of the two ports instead, on ingress and
 * on egress; the ports send as above.
 *
 * <p>libpcap can't recognise its own frames by the mark. For it a second pair is on the NIC's other side: NIC ingress redirects arriving
 * frames to pco-NAME ═▶ pcp-NAME, where the outside port receives them. A frame that this port sends by pcp-NAME is marked and leaves
 * by the NIC.
 */
public final class Host implements Interception {
    /** Offloads that merge arriving frames in a way that a NIC of this host must not while it is guarded. */
    static final List<String> IN_THE_WAY = List.of("rx-lro", "rx-gro-list");

    private final AttachRequest request;
    private final Mode.Host mode;
    private final List<String> notes;
    private final boolean wasAttached;
    private final RestoreLog log;
    private final ProgramSet programs;
    private Nic nic;
    private @Nullable NicClaim claim;
    private VethPairs pairs;

    /** True: the programs outlive this process, whatever {@code on-failure} says. */
    private boolean heldShut;

    /** Decides while the daemon is dead; null: nothing does. */
    private Gate.@Nullable Filters gate;

    /** True: the NIC is gone, or has come back and is not guarded yet. */
    private boolean lost;

    private Host(
            AttachRequest request,
            Mode.Host mode,
            Nic nic,
            @Nullable NicClaim claim,
            RestoreLog log,
            ProgramSet programs,
            VethPairs pairs,
            boolean wasAttached,
            List<String> notes) {
        this.request = request;
        this.gate = request.gate();
        this.mode = mode;
        this.nic = nic;
        this.claim = claim;
        this.log = log;
        this.programs = programs;
        this.pairs = pairs;
        this.wasAttached = wasAttached;
        this.notes = notes;
    }

    private String name() {
        return request.iface().name();
    }

    /** As {@link Interception#attach}. */
    static Host attach(AttachRequest request, Mode.Host mode) throws InterceptException {
        String name = request.iface().name();
        List<String> faults = NicCheck.hostFaults(name, mode.nic());
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        List<String> notes = new ArrayList<>();
        NicClaim claim = null;
        RestoreLog log = null;
        boolean done = false;
        try {
            Nic nic = Nics.named(mode.nic());
            claim = NicSetup.claim(name, nic, request.state(), request.owner(), notes)
                    .orElse(null);
            log = Takeover.of(name, List.of(nic), request.state(), notes, (taken, earlier) -> {
                earlier.ifPresent(entry -> notes.addAll(NicRestore.noMoreABridge(taken, entry)));
                return NicSetup.planHost(taken, earlier, IN_THE_WAY);
            });
            boolean hasGate = Gate.isOn(nic.index());
            boolean wasAttached = hasGate
                    || log.journal().programs().stream()
                            .anyMatch(program -> program.nic() == nic.index() && program.ingress());
            if (hasGate) {
                Gate.adopt(nic.index(), log);
            }
            ProgramSet programs = ProgramSet.of(mode.attach(), request.iface().onFailure(), log, request.fast());
            VethPairs pairs = VethPairs.make(name, neededPairs(request), request.ring(), log, notes);
            notes.addAll(NicSetup.offloadsOff(nic.name(), IN_THE_WAY));
            notes.addAll(NicSetup.limitSizes(nic, log.journal().nics().getFirst()));
            Host host = new Host(request, mode, nic, claim, log, programs, pairs, wasAttached, notes);
            done = true;
            return host;
        } catch (IOException failed) {
            List<String> lines = new ArrayList<>(List.of(name + ": " + InterceptException.reason(failed)));
            if (log != null && log.journal().programs().isEmpty() && !hasGate(mode.nic())) {
                lines.addAll(Restoration.restore(log).faults());
            }
            throw new InterceptException(lines);
        } finally {
            if (!done && claim != null) {
                claim.close();
            }
        }
    }

    private static List<Journal.Pair> neededPairs(AttachRequest request) {
        String name = request.iface().name();
        List<Journal.Pair> needed = new ArrayList<>(List.of(VethPairs.insideOf(name)));
        if (!request.ring()) {
            needed.add(VethPairs.outsideOf(name));
        }
        if (request.fast() != null) {
            needed.add(VethPairs.tapsOf(name));
        }
        return needed;
    }

    /** True also where that is not known: what is shut stays shut. */
    private static boolean hasGate(String nic) {
        try {
            Optional<Nic> found = Nics.find(nic);
            return found.isPresent() && Gate.isOn(found.get().index());
        } catch (ErrnoException unknown) {
            return true;
        }
    }

    @Override
    public synchronized List<String> nics() {
        return List.of(nic.name());
    }

    @Override
    public synchronized Optional<String> hostNic() {
        return Optional.of(nic.name());
    }

    @Override
    public Optional<Bridge> followLinks(Mode wanted) {
        return Optional.empty();
    }

    @Override
    public String outside() {
        return request.ring() ? nic.name() : pairs.outside().far().name();
    }

    @Override
    public String inside() {
        return pairs.inside().far().name();
    }

    @Override
    public synchronized Optional<Veth> taps() {
        return request.fast() == null ? Optional.empty() : Optional.of(pairs.taps());
    }

    @Override
    public PacketSocket.SocketOptions outsideOptions() {
        // No frame with our mark arrives on a tap.
        boolean hasTap = request.fast() != null;
        int mark = request.mark().value();
        return new PacketSocket.SocketOptions(
                false,
                false,
                mark,
                hasTap ? 0 : mark,
                hasTap ? 0 : request.mark().mask());
    }

    @Override
    public PacketSocket.SocketOptions insideOptions() {
        return PacketSocket.SocketOptions.ALONE;
    }

    @Override
    public boolean wasAttached() {
        return wasAttached;
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public synchronized List<String> engage(long nowNs) throws InterceptException {
        try {
            programs.aliveUntil(deadlineNs(nowNs));
            List<String> lines = new ArrayList<>(attachAll());
            lines.addAll(VethPairs.removeOthers(log, neededPairs(request)));
            return lines;
        } catch (IOException refused) {
            throw new InterceptException(List.of(name() + ": " + InterceptException.reason(refused)));
        }
    }

    /** The gate comes before the programs, or goes after them: at every moment one of the two decides. */
    private List<String> attachAll() throws IOException {
        if (gate != null) {
            Gate.put(nic, gate, request.mark(), log);
        }
        List<String> lines = programs.attach(attachments());
        if (gate == null && Gate.remove(nic.index())) {
            lines.add(nic.name() + ": the gate of the time before is removed");
        }
        return lines;
    }

    @Override
    public synchronized List<String> replaceGate(Function<PacketMark, Gate.Filters> next) throws InterceptException {
        if (gate == null) {
            return List.of();
        }
        Gate.Filters wanted = next.apply(request.mark());
        if (wanted.isSame(gate)) {
            return List.of();
        }
        try {
            Gate.put(nic, wanted, request.mark(), log);
            gate = wanted;
            return List.of(nic.name() + ": other filters for on-failure: failsafe");
        } catch (IOException refused) {
            throw new InterceptException(List.of(name() + ": " + InterceptException.reason(refused)));
        }
    }

    /** In the order in which they are attached: the program that a frame meets last comes first. */
    private List<ProgramSet.Attachment> attachments() {
        Programs wanted = new Programs(request.mark(), gate != null);
        @Nullable BpfMap deadline = programs.deadline();
        boolean isLinked = request.iface().onFailure().endsWithDaemon() && deadline == null && !heldShut;
        Nic near = pairs.inside().near();
        List<ProgramSet.Attachment> attachments = new ArrayList<>();
        attachments.add(ProgramSet.Attachment.ingress(pairs.inside().far(), Programs.drop()));
        attachments.add(ProgramSet.Attachment.ingress(near, wanted.deliver(nic.index())));
        if (!request.ring()) {
            attachments.add(ProgramSet.Attachment.ingress(pairs.outside().far(), Programs.drop()));
            attachments.add(ProgramSet.Attachment.ingress(pairs.outside().near(), wanted.forward(nic.index())));
        }
        FastPrograms fast = request.fast();
        if (fast != null) {
            attachments.addAll(pairs.shutTaps());
            attachments.add(fast(fast, Direction.EGRESS));
            attachments.add(fast(fast, Direction.INGRESS));
            return attachments;
        }
        attachments.add(ProgramSet.Attachment.egress(nic, wanted.divert(deadline, near.index()))
                .linkedIf(isLinked));
        attachments.add(ProgramSet.Attachment.ingress(
                        nic,
                        request.ring()
                                ? wanted.admitOurs(deadline)
                                : wanted.admitOursAndDivert(
                                        deadline, pairs.outside().near().index()))
                .linkedIf(isLinked));
        return attachments;
    }

    private ProgramSet.Attachment fast(FastPrograms fast, Direction direction) {
        boolean ends = request.iface().onFailure().endsWithDaemon() && !heldShut;
        boolean isBeforeDead = programs.hasLinks() && !ends;
        FastPort last =
                new FastPort(direction, true, nic.index(), pairs.tap(direction).index(), request.mark(), gate != null);
        BpfProgram program = fast.live(isBeforeDead ? last.beforeAnother() : last);
        ProgramSet.Attachment live = (direction == Direction.INGRESS
                        ? ProgramSet.Attachment.ingress(nic, program)
                        : ProgramSet.Attachment.egress(nic, program))
                .anewIf(!fast.hasEarlierMemory());
        return isBeforeDead ? live.linkedBeforeShut(fast.dead(last)) : live.linkedIf(programs.hasLinks());
    }

    @Override
    public synchronized List<String> checkNics(List<String> lines, Set<Integer> deleted) {
        log.retry();
        try {
            boolean wasLost = lost;
            lost |= deleted.contains(nic.index());
            Optional<Nic> same = lost ? Optional.empty() : Nics.at(nic.index());
            Optional<Nic> now = same.isPresent() ? same : Nics.find(mode.nic());
            if (now.isEmpty()) {
                lost = true;
                if (!wasLost) {
                    lines.add(nic.name() + " is gone: it is guarded again when a NIC " + mode.nic() + " is there");
                }
                return List.of(name() + ": " + nic.name() + " is gone; waiting for a NIC " + mode.nic());
            }
            if (lost || now.get().index() != nic.index()) {
                lost = true;
                begin(now.get(), lines);
                lost = false;
            } else if (!now.get().name().equals(nic.name())) {
                lines.add(nic.name() + " is called " + now.get().name()
                        + " now: it is guarded on; the configuration names " + mode.nic());
                nic = now.get();
            }
            offloadsOff(lines);
            if (!pairs.areWhole()) {
                pairs = VethPairs.make(name(), neededPairs(request), request.ring(), log, lines);
                lines.addAll(programs.attach(attachments()));
            }
            checkGate(lines);
            return NicCheck.hostFaults(name(), now.get());
        } catch (IOException refused) {
            return List.of(name() + ": " + InterceptException.reason(refused));
        } catch (InterceptException refused) {
            return refused.faults();
        }
    }

    /** Somebody may have removed the gate, or loaded the one of the boot again. */
    private void checkGate(List<String> lines) throws IOException {
        if (gate != null && !Gate.isOn(nic.index())) {
            Gate.put(nic, gate, request.mark(), log);
            lines.add(nic.name() + ": the filters of on-failure: failsafe were gone, and are attached again");
        } else if (gate == null && Gate.remove(nic.index())) {
            lines.add(nic.name() + ": somebody loaded the gate of the boot, which dropped admitted frames: removed");
        }
    }

    @Override
    public synchronized List<String> checkPrograms(List<String> lines, LongSupplier clock) {
        return programs.check(lines, clock).stream()
                .map(fault -> name() + ": " + fault)
                .toList();
    }

    @Override
    public List<String> warnings() {
        return log.warnings();
    }

    /** Switches off again an offload that somebody has switched on. */
    private void offloadsOff(List<String> lines) throws IOException {
        Journal.Entry noted = log.journal().nics().getFirst();
        Journal.Entry planned = NicSetup.planHost(nic, Optional.of(noted), IN_THE_WAY);
        if (!planned.offloads().equals(noted.offloads())) {
            log.note(journal -> journal.replacing(0, planned));
            lines.addAll(NicSetup.offloadsOff(nic.name(), IN_THE_WAY));
        }
    }

    /** For a NIC that has come back, or another one of the same name: it was unguarded until now. Its programs come first. */
    private void begin(Nic next, List<String> lines) throws IOException, InterceptException {
        List<String> faults = NicCheck.hostFaults(name(), next);
        if (!faults.isEmpty()) {
            throw new InterceptException(faults);
        }
        NicClaim claimed = claim != null && claim.nic() == next.index()
                ? claim
                : NicSetup.claim(name(), next, request.state(), request.owner(), lines)
                        .orElse(null);
        if (claim != null && claim != claimed) {
            claim.close();
        }
        claim = claimed;
        nic = next;
        Journal.Entry entry = NicSetup.planHost(next, Optional.empty(), IN_THE_WAY);
        log.note(journal -> journal.replacing(0, entry));
        lines.addAll(attachAll());
        lines.addAll(NicSetup.offloadsOff(next.name(), IN_THE_WAY));
        lines.addAll(NicSetup.limitSizes(next, entry));
    }

    @Override
    public boolean hasDeadline() {
        return programs.hasDeadline();
    }

    @Override
    public synchronized void extendDeadline(long nowNs) {
        try {
            programs.aliveUntil(deadlineNs(nowNs));
        } catch (ErrnoException impossible) {
            throw new IllegalStateException(name(), impossible);
        }
    }

    private long deadlineNs(long nowNs) {
        return heldShut && request.fast() == null ? Bridge.NEVER : nowNs + Bridge.ALIVE_NS;
    }

    @Override
    public synchronized void holdShut(boolean held, long nowNs) throws InterceptException {
        heldShut = held;
        if (!request.iface().onFailure().endsWithDaemon() || lost) {
            return;
        }
        try {
            programs.aliveUntil(deadlineNs(nowNs));
            programs.attachAgain(attachments());
        } catch (IOException refused) {
            throw new InterceptException(List.of(name() + ": " + InterceptException.reason(refused)));
        }
    }

    @Override
    public synchronized Restored detach() {
        leave();
        return Restoration.restore(log);
    }

    @Override
    public synchronized void leave() {
        try {
            if (request.fast() == null) {
                // At once the gate decides, or under panic nobody.
                programs.aliveUntil(heldShut ? Bridge.NEVER : 0);
            }
        } catch (ErrnoException impossible) {
            throw new IllegalStateException(name(), impossible);
        }
        programs.close();
        if (claim != null) {
            claim.close();
            claim = null;
        }
    }
}
