package io.portcullis.intercept;

import io.portcullis.config.Mode;
import io.portcullis.config.Mode.Attach;
import io.portcullis.config.OnFailure;
import io.portcullis.config.PacketMark;
import io.portcullis.intercept.fast.FastPort;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Direction;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An interface in bridge mode: its two NICs are the ends of a bump in the wire, and this host's IP stack does not use them. On each a
 * program keeps arriving frames from the stack, and another one keeps the stack's frames off the wire.
 */
public final class Bridge implements Interception {
    /** One of the two NICs. */
    public enum Side {
        /** Towards the world. */
        OUTSIDE,
        /** Towards the guarded hosts. */
        INSIDE
    }

    /** How far in the future the deadline of programs is set. */
    static final long ALIVE_NS = 2_000_000_000L;

    /** The deadline of programs that have none for now. */
    static final long NEVER = Long.MAX_VALUE;

    private final AttachRequest request;
    private final Mode.Bridge mode;
    private final RestoreLog log;
    private final Map<Integer, NicClaim> claims = new HashMap<>();
    private final List<String> notes;
    private final boolean wasAttached;

    /** One NIC each, outside first; of a NIC that is gone the last state. */
    private List<Nic> nics;

    /** Sides whose NIC is gone, or has come back and is not ready yet. */
    private final Set<Integer> lost = new TreeSet<>();

    private @Nullable ProgramSet programs;

    /** Its taps; null: none. */
    private @Nullable VethPairs taps;

    /** True: the programs outlive this process, whatever {@code on-failure} says. */
    private boolean heldShut;

    private Bridge(AttachRequest request, Mode.Bridge mode, List<Nic> nics, RestoreLog log, List<String> notes)
            throws ErrnoException {
        this.request = request;
        this.mode = mode;
        this.nics = nics;
        this.log = log;
        this.notes = notes;
        boolean attached = !log.journal().programs().isEmpty();
        for (Nic nic : nics) {
            attached |= Gate.isOn(nic.index());
        }
        this.wasAttached = attached;
    }

    private String name() {
        return request.iface().name();
    }

    private boolean isOpenOnFailure() {
        return request.iface().onFailure() == OnFailure.OPEN;
    }

    /**
     * Checks both NICs, and notes their original state; then keeps this host's IP stack off them, sets them up and switches off the
     * offloads that the ports can't carry. Where an earlier run did not restore a NIC, its journal has the original state.
     *
     * @throws InterceptException with all faults; see {@link Interception#attach}
     */
    static Bridge attach(AttachRequest request, Mode.Bridge mode) throws InterceptException {
        String interfaceName = request.iface().name();
        List<String> faults = NicCheck.bridgeFaults(interfaceName, mode.outside(), mode.inside());
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
            RestoreLog log = Takeover.of(
                    interfaceName,
                    nics,
                    request.state(),
                    notes,
                    (nic, earlier) -> NicSetup.plan(nic, earlier, request.ring()));
            Bridge bridge = new Bridge(request, mode, nics, log, notes);
            bridge.makeReady();
            bridge.claims.putAll(claims);
            done = true;
            return bridge;
        } catch (IOException failed) {
            throw new InterceptException(List.of(interfaceName + ": " + InterceptException.reason(failed)));
        } finally {
            if (!done) {
                claims.values().forEach(NicClaim::close);
            }
        }
    }

    private void makeReady() throws InterceptException {
        try {
            makeTaps(notes);
            for (int i = 0; i < nics.size(); i++) {
                notes.addAll(NicSetup.apply(nics.get(i), log.journal().nics().get(i), request.ring()));
            }
            NicCheck.unequalMtus(nics.getFirst(), nics.getLast()).ifPresent(notes::add);
        } catch (IOException failed) {
            List<String> lines = new ArrayList<>(List.of(name() + ": " + InterceptException.reason(failed)));
            if (!wasAttached) {
                lines.addAll(Restoration.restore(log).faults());
            }
            throw new InterceptException(lines);
        }
    }

    private void makeTaps(List<String> lines) throws IOException {
        if (request.fast() != null) {
            taps = VethPairs.make(name(), List.of(VethPairs.tapsOf(name())), true, log, lines);
        }
    }

    @Override
    public synchronized Optional<Veth> taps() {
        return Optional.ofNullable(taps).map(VethPairs::taps);
    }

    @Override
    public List<String> nics() {
        return mode.nics();
    }

    @Override
    public Optional<String> hostNic() {
        return Optional.empty();
    }

    @Override
    public Optional<Bridge> followLinks(Mode wanted) {
        return wanted instanceof Mode.Bridge bridge && bridge.followLinkState() ? Optional.of(this) : Optional.empty();
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
        // Where a NIC does not cut super-frames, our frames pass the egress program, which drops those without our
        // mark.
        return new PacketSocket.SocketOptions(true, true, request.mark().value(), 0, 0);
    }

    @Override
    public PacketSocket.SocketOptions insideOptions() {
        return outsideOptions();
    }

    @Override
    public boolean wasAttached() {
        return wasAttached;
    }

    @Override
    public synchronized List<String> engage(long nowNs) throws InterceptException {
        List<String> lines = new ArrayList<>();
        try {
            ProgramSet set = ProgramSet.of(Attach.AUTO, request.iface().onFailure(), log, request.fast());
            programs = set;
            set.aliveUntil(deadlineNs(nowNs));
            lines.addAll(set.attach(attachments(set)));
            for (Nic nic : nics) {
                if (Gate.remove(nic.index())) {
                    lines.add(nic.name() + ": the gate of the boot is removed");
                }
            }
            lines.addAll(VethPairs.removeOthers(log, taps == null ? List.of() : taps.names()));
            if (isOpenOnFailure()) {
                makePromiscuous();
            }
        } catch (IOException refused) {
            if (isOpenOnFailure() || request.fast() != null) {
                throw new InterceptException(
                        List.of(name() + ": " + (request.fast() == null ? "on-failure: open" : "offload: auto")
                                + " needs programs in the kernel: " + InterceptException.reason(refused)));
            }
            lines.add("WARNING: no programs in the kernel keep this host's stack off the wire, only sysctls do: "
                    + InterceptException.reason(refused));
        }
        if (!request.ring()) {
            lines.add("no program drops the frames of this host's own stack: libpcap can't mark ours");
        }
        return lines;
    }

    private List<ProgramSet.Attachment> attachments(ProgramSet set) {
        Programs wanted = new Programs(request.mark());
        List<ProgramSet.Attachment> attachments = new ArrayList<>();
        if (taps != null) {
            attachments.addAll(taps.shutTaps());
        }
        for (int i = 0; i < nics.size(); i++) {
            Nic nic = nics.get(i);
            int other = nics.get(1 - i).index();
            if (request.ring()) {
                attachments.add(ProgramSet.Attachment.egress(nic, wanted.emitOurs()));
            }
            attachments.add(barrier(set, wanted, i, other));
        }
        return attachments;
    }

    /** What keeps the frames of a side from this host's stack, and from the other side. */
    private ProgramSet.Attachment barrier(ProgramSet set, Programs wanted, int side, int other) {
        Nic nic = nics.get(side);
        boolean opens = isOpenOnFailure() && !heldShut;
        FastPrograms fast = request.fast();
        if (fast != null && taps != null) {
            Direction direction = side == Side.OUTSIDE.ordinal() ? Direction.INGRESS : Direction.EGRESS;
            FastPort port =
                    new FastPort(direction, false, other, taps.tap(direction).index(), request.mark(), false);
            ProgramSet.Attachment live =
                    ProgramSet.Attachment.ingress(nic, fast.live(port)).anewIf(!fast.hasEarlierMemory());
            if (!set.hasLinks()) {
                return live;
            }
            return opens ? live.linkedBefore(wanted.forward(other)) : live.linkedBeforeShut(fast.dead(port));
        }
        BpfMap deadline = set.deadline();
        if (deadline != null) {
            return ProgramSet.Attachment.ingress(nic, wanted.dropUntil(deadline, other));
        }
        ProgramSet.Attachment drop = ProgramSet.Attachment.ingress(nic, Programs.drop());
        return opens ? drop.linkedBefore(wanted.forward(other)) : drop;
    }

    /** When this process ends: without a socket that asks for all frames, a NIC takes the frames of its own address only. */
    private void makePromiscuous() throws IOException {
        for (Nic nic : nics) {
            if (!Nics.indexed(nic.index()).promiscuous()) {
                log.note(journal -> journal.promiscuous(nic.index()));
                Nics.setPromiscuous(nic, true);
            }
        }
    }

    @Override
    public synchronized List<String> checkNics(List<String> lines, Set<Integer> deleted) {
        log.retry();
        List<String> faults = new ArrayList<>(checkTaps(lines));
        for (int i = 0; i < nics.size(); i++) {
            try {
                faults.addAll(checkNic(i, lines, deleted));
            } catch (IOException refused) {
                faults.add(name() + ": " + InterceptException.reason(refused));
            } catch (InterceptException refused) {
                faults.addAll(refused.faults());
            }
        }
        return faults;
    }

    private List<String> checkTaps(List<String> lines) {
        try {
            if (taps != null && !taps.areWhole()) {
                makeTaps(lines);
                if (programs != null) {
                    lines.addAll(programs.attach(attachments(programs)));
                }
            }
            return List.of();
        } catch (IOException refused) {
            return List.of(name() + ": " + InterceptException.reason(refused));
        }
    }

    private List<String> checkNic(int side, List<String> lines, Set<Integer> deleted)
            throws IOException, InterceptException {
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
                lines.add(had.name() + " is gone: it is guarded again when a NIC " + configured + " is there");
            }
            return List.of(name() + ": " + had.name() + " is gone; waiting for a NIC " + configured);
        }
        Nic nic = now.get();
        if (nic.index() != had.index() || lost.contains(side) || isMadeAnew(side, nic)) {
            lost.add(side);
            makeReadyAgain(side, nic, lines);
            lost.remove(side);
        } else if (!nic.name().equals(had.name())) {
            lines.add(had.name() + " is called " + nic.name() + " now: it is guarded on; the configuration names "
                    + configured);
            replace(side, nic);
        }
        Optional<Nic> master = Nics.master(nic);
        return master.isEmpty()
                ? List.of()
                : List.of(name() + ": " + nic.name() + " is a port of "
                        + master.get().name() + " now, which gets its frames too: take it out (ip link set "
                        + nic.name() + " nomaster)");
    }

    /** True: it has our index and nothing else of our NIC, whose deletion went unnoticed. */
    private boolean isMadeAnew(int side, Nic nic) throws IOException {
        Journal now = log.journal();
        return programs != null && !NicRestore.isSame(nic, now.nics().get(side), now);
    }

    private void replace(int side, Nic nic) {
        List<Nic> now = new ArrayList<>(nics);
        now.set(side, nic);
        nics = List.copyOf(now);
    }

    /** For a NIC that has come back, or was made again. Its programs come first. */
    private void makeReadyAgain(int side, Nic nic, List<String> lines) throws IOException, InterceptException {
        int before = nics.get(side).index();
        if (!claims.containsKey(nic.index())) {
            NicSetup.claim(name(), nic, request.state(), request.owner(), lines)
                    .ifPresent(claim -> claims.put(nic.index(), claim));
        }
        Journal.Entry entry = NicSetup.plan(nic, Optional.empty(), request.ring());
        log.note(journal -> journal.replacing(side, entry));
        replace(side, nic);
        ProgramSet set = programs;
        if (set != null) {
            lines.addAll(set.attach(attachments(set)));
        }
        lines.addAll(NicSetup.apply(nic, entry, request.ring()));
        if (set != null && isOpenOnFailure()) {
            makePromiscuous();
        }
        NicClaim old = before == nic.index() ? null : claims.remove(before);
        if (old != null) {
            old.close();
        }
    }

    @Override
    public synchronized List<String> checkPrograms(List<String> lines, LongSupplier clock) {
        List<String> faults = new ArrayList<>();
        ProgramSet set = programs;
        if (set != null) {
            set.check(lines, clock).forEach(fault -> faults.add(name() + ": " + fault));
        }
        for (int i = 0; i < nics.size(); i++) {
            try {
                if (!lost.contains(i)) {
                    lines.addAll(NicSetup.keepSysctls(nics.get(i)));
                }
            } catch (IOException refused) {
                faults.add(name() + ": " + nics.get(i).name() + ": " + InterceptException.reason(refused));
            }
        }
        return faults;
    }

    @Override
    public List<String> warnings() {
        return log.warnings();
    }

    @Override
    public boolean hasDeadline() {
        ProgramSet set = programs;
        return set != null && set.hasDeadline();
    }

    @Override
    public synchronized void extendDeadline(long nowNs) {
        ProgramSet set = programs;
        if (set == null) {
            return;
        }
        try {
            set.aliveUntil(deadlineNs(nowNs));
        } catch (ErrnoException impossible) {
            throw new IllegalStateException(name(), impossible);
        }
    }

    private long deadlineNs(long nowNs) {
        return heldShut && request.fast() == null ? NEVER : nowNs + ALIVE_NS;
    }

    @Override
    public synchronized void holdShut(boolean held, long nowNs) throws InterceptException {
        heldShut = held;
        ProgramSet set = programs;
        if (set == null || !isOpenOnFailure() || !lost.isEmpty()) {
            return;
        }
        try {
            set.aliveUntil(deadlineNs(nowNs));
            set.attachAgain(attachments(set));
        } catch (IOException refused) {
            throw new InterceptException(List.of(name() + ": " + InterceptException.reason(refused)));
        }
    }

    /**
     * Holds one side down, and sets the other one up; null: sets both up. The journal has the held side, so that a stop, or the start
     * after a crash, sets it up. A NIC that is gone is left alone.
     *
     * @throws IOException if the kernel refuses
     */
    public synchronized void hold(@Nullable Side side) throws IOException {
        List<Journal.Entry> before = log.journal().nics();
        for (int i = 0; i < nics.size(); i++) {
            if (before.get(i).held() && (side == null || side.ordinal() != i)) {
                setUp(i, true);
            }
        }
        log.note(journal -> journal.holding(side == null ? -1 : side.ordinal()));
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
    public List<String> replaceGate(Function<PacketMark, Gate.Filters> next) {
        return List.of();
    }

    @Override
    public synchronized Restored detach() {
        leave();
        return Restoration.restore(log);
    }

    @Override
    public synchronized void leave() {
        if (programs != null) {
            programs.close();
            programs = null;
        }
        claims.values().forEach(NicClaim::close);
        claims.clear();
    }
}
