package io.portcullis.intercept;

import io.portcullis.config.Attach;
import io.portcullis.config.OnFailure;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Tcx;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The programs of one interface, attached: each first in its place, noted in the journal before it is. A program of an earlier
 * run that does the same stays where it is; another one is replaced, and there is no moment without one of the two. Programs of
 * others are left alone, and what ours lets through goes on to them. One thread at a time.
 */
final class ProgramSet implements AutoCloseable {
    /**
     * A program and its place.
     *
     * @param nic index
     * @param place for people: {@code eth0 ingress}
     * @param program where {@code open}, as long as we live
     * @param behind what then takes its place, or null: nothing (tcx only)
     * @param open true: the program must not outlive us
     */
    record Part(
            int nic,
            String place,
            boolean ingress,
            BpfProgram program,
            @Nullable BpfProgram behind,
            boolean open) {}

    private final Attach how;
    private final @Nullable BpfMap deadline;
    private final RestoreLog log;
    private final Map<Hook, Tcx.Link> links = new HashMap<>();

    /** What has to run first on a hook: the kernel's number. */
    private final Map<Hook, Integer> first = new HashMap<>();

    /** What has to be on a hook behind a program that goes with us. */
    private final Map<Hook, Integer> behind = new HashMap<>();

    private List<Part> parts = List.of();

    /** When ours was last seen on a hook: nanoseconds of monotonic time. */
    private final Map<Hook, Long> seenNs = new HashMap<>();

    private ProgramSet(Attach how, @Nullable BpfMap deadline, RestoreLog log) {
        this.how = how;
        this.deadline = deadline;
        this.log = log;
    }

    /**
     * A barrier without programs.
     *
     * @param wanted {@link Attach#AUTO}: what the kernel has
     * @throws IOException where the kernel has no BPF, or does not let us
     */
    static ProgramSet of(Attach wanted, OnFailure onFailure, RestoreLog log) throws IOException {
        boolean hasTcx = Tcx.isSupported();
        if (wanted == Attach.TCX && !hasTcx) {
            throw new IOException("attach: tcx needs Linux 6.6: write attach: auto, or clsact");
        }
        Attach how = wanted == Attach.CLSACT || !hasTcx ? Attach.CLSACT : Attach.TCX;
        boolean timed = how == Attach.CLSACT && onFailure == OnFailure.OPEN;
        return new ProgramSet(how, timed ? BpfMap.create() : null, log);
    }

    /** What {@code clsact} programs look at, and {@link #aliveUntil} moves on; null where a link does it, or nothing shall. */
    @Nullable
    BpfMap deadline() {
        return deadline;
    }

    /** Programs that end by themselves do so at this time: nanoseconds of CLOCK_MONOTONIC. */
    void aliveUntil(long monotonicNs) throws ErrnoException {
        if (deadline != null) {
            deadline.set(monotonicNs);
        }
    }

    private Hook hook(Part part) {
        return new Hook(part.nic(), part.ingress(), how == Attach.TCX);
    }

    /**
     * Attaches programs, in this order, and detaches those of an earlier run that are no more wanted.
     *
     * @return lines for the log
     * @throws IOException with what was attached by then still attached
     */
    List<String> raise(List<Part> wanted) throws IOException {
        List<String> notes = put(wanted);
        notes.addAll(tidy());
        return notes;
    }

    /** Attaches programs, in this order; those of an earlier run stay where they are. */
    List<String> put(List<Part> wanted) throws IOException {
        List<String> notes = new ArrayList<>();
        forgetOthers(wanted);
        parts = List.copyOf(wanted);
        for (Part part : parts) {
            boolean kept = put(part);
            notes.add(part.place() + ": program " + part.program().name() + (kept ? " stands already" : " attached")
                    + " (" + how.key() + ")");
            othersBehind(part).ifPresent(notes::add);
            seenNs.remove(hook(part));
        }
        return notes;
    }

    private void forgetOthers(List<Part> wanted) {
        List<Hook> hooks = wanted.stream().map(this::hook).toList();
        for (Hook hook : List.copyOf(links.keySet())) {
            if (!hooks.contains(hook)) {
                closeLink(hook);
            }
        }
        first.keySet().retainAll(hooks);
        behind.keySet().retainAll(hooks);
        seenNs.keySet().retainAll(hooks);
    }

    /** True: it stood there already. */
    private boolean put(Part part) throws IOException {
        return how == Attach.TCX ? putTcx(part) : putFilter(part);
    }

    /** What the journal has on a hook. Two, where a run died between attaching the one and detaching the other. */
    private List<Journal.Standing> noted(Hook hook) {
        return log.journal().programs().stream()
                .filter(each -> each.hook().equals(hook))
                .toList();
    }

    private boolean putTcx(Part part) throws IOException {
        Hook hook = hook(part);
        if (!part.open()) {
            return putPersistent(hook, part.program(), first, 0);
        }
        try (Bpf program = Bpf.load(part.program())) {
            Tcx.Link link = Tcx.linkFirst(program, part.nic(), part.ingress());
            closeLink(hook);
            links.put(hook, link);
            first.put(hook, program.id());
        }
        if (part.behind() != null) {
            putPersistent(hook, part.behind(), behind, 1);
        }
        return false;
    }

    private boolean putPersistent(Hook hook, BpfProgram wanted, Map<Hook, Integer> place, int position)
            throws IOException {
        List<Integer> chain = hook.programs();
        Optional<Journal.Standing> kept = noted(hook).stream()
                .filter(each -> chain.indexOf(each.program()) == position
                        && each.fingerprint().equals(wanted.fingerprint()))
                .findFirst();
        if (kept.isPresent()) {
            place.put(hook, kept.get().program());
            return true;
        }
        try (Bpf program = Bpf.load(wanted)) {
            log.note(all -> all.plus(new Journal.Standing(
                    hook.nic(), hook.ingress(), 0, program.id(), wanted.fingerprint(), position > 0)));
            if (position > 0) {
                Tcx.attachBehind(program, hook.nic(), hook.ingress(), first.getOrDefault(hook, 0));
            } else {
                Tcx.attachFirst(program, hook.nic(), hook.ingress());
            }
            place.put(hook, program.id());
            Pins.add(hook, program);
        }
        return false;
    }

    private boolean putFilter(Part part) throws IOException {
        Hook hook = hook(part);
        int others = othersOnTcx(hook);
        if (others > 0) {
            throw new IOException(part.place() + ": " + others
                    + " tcx program(s) of others stand there, and would come before ours: write attach: tcx");
        }
        Optional<String> qdisc = Clsact.qdisc(hook.nic());
        if (qdisc.isEmpty()) {
            log.note(all -> all.plusQdisc(hook.nic()));
            Clsact.addQdisc(hook.nic());
        } else if (!qdisc.get().equals("clsact")) {
            throw new IOException(part.place() + ": has a qdisc " + qdisc.get()
                    + ", which has no place for what leaves: remove it, or write attach: tcx");
        }
        List<Clsact.Filter> filters = Clsact.filters(hook.nic(), hook.ingress());
        // A program with a deadline looks at the map of the process that loaded it.
        Optional<Journal.Standing> kept = noted(hook).stream()
                .filter(each -> deadline == null
                        && !filters.isEmpty()
                        && filters.getFirst().programId() == each.program()
                        && each.fingerprint().equals(part.program().fingerprint()))
                .findFirst();
        if (kept.isPresent()) {
            first.put(hook, kept.get().program());
            return true;
        }
        List<Journal.Standing> old = noted(hook);
        boolean taken = filters.stream()
                .filter(each -> each.handle() == Hook.HANDLE && each.priority() == Clsact.PRIORITY)
                .anyMatch(each -> old.stream().noneMatch(standing -> standing.program() == each.programId()));
        if (taken) {
            throw new IOException(
                    part.place() + ": a filter of somebody else has our number, priority " + Clsact.PRIORITY
                            + " handle 0x" + Integer.toHexString(Hook.HANDLE) + ": remove it (tc filter del)");
        }
        try (Bpf program = Bpf.load(part.program())) {
            log.note(all -> all.plus(new Journal.Standing(
                    hook.nic(),
                    hook.ingress(),
                    Hook.HANDLE,
                    program.id(),
                    part.program().fingerprint(),
                    deadline != null)));
            Clsact.put(
                    program,
                    hook.nic(),
                    hook.ingress(),
                    Hook.HANDLE,
                    part.program().name());
            first.put(hook, program.id());
        }
        return false;
    }

    /** How many programs are on tcx where filters of ours are, but for ours of an earlier run. */
    private int othersOnTcx(Hook filters) throws ErrnoException {
        Hook tcx = new Hook(filters.nic(), filters.ingress(), true);
        List<Journal.Standing> ours = noted(tcx);
        return (int) tcx.programs().stream()
                .filter(program -> ours.stream().noneMatch(each -> each.program() == program))
                .count();
    }

    /** Programs of others that stand behind ours: named once, for what they do is not our doing. */
    private Optional<String> othersBehind(Part part) throws ErrnoException {
        Hook hook = hook(part);
        List<Journal.Standing> ours = noted(hook);
        List<String> others = hook.programs().stream()
                .filter(program -> program != 0
                        && !isWanted(hook, program)
                        && ours.stream().noneMatch(each -> each.program() == program))
                .map(program -> (program + " " + Ours.nameOf(program)).strip())
                .toList();
        return others.isEmpty()
                ? Optional.empty()
                : Optional.of(part.place() + ": behind ours " + others.size() + " program(s) of others go on: "
                        + String.join(", ", others));
    }

    private boolean isWanted(Hook hook, int program) {
        return first.getOrDefault(hook, 0) == program || behind.getOrDefault(hook, 0) == program;
    }

    /**
     * Detaches what the journal has and this interface does not want: programs of an earlier run.
     *
     * @return what can't be detached, and is tried again: one line each
     */
    List<String> tidy() {
        List<String> left = new ArrayList<>();
        for (Journal.Standing old : log.journal().programs()) {
            if (isWanted(old.hook(), old.program())) {
                continue;
            }
            try {
                old.hook().remove(old.program());
                Pins.remove(old.hook(), old.program());
                log.note(all -> all.minus(old));
            } catch (ErrnoException refused) {
                left.add("program " + old.program() + " of an earlier run can't be detached (NIC " + old.nic() + " "
                        + old.hook().direction() + "), and may stop what is admitted: " + refused.getMessage());
            }
        }
        return left;
    }

    /**
     * Looks whether every program is first in its place, and attaches again what is gone. What others have put before ours
     * stays: two who both want to be first would never end.
     *
     * @param lines takes what was done, for the log
     * @param clock monotonic time now, nanoseconds
     * @return why what is attached does not do what it should, one line each
     */
    List<String> check(List<String> lines, LongSupplier clock) {
        List<String> faults = new ArrayList<>();
        for (Part part : parts) {
            try {
                check(part, lines, clock).ifPresent(faults::add);
            } catch (IOException refused) {
                boolean gone = refused instanceof ErrnoException errno && errno.errno() == Errno.ENODEV;
                faults.add(part.place() + ": " + (gone ? "its NIC is gone" : NicSetup.reason(refused)));
            }
        }
        faults.addAll(tidy());
        return faults;
    }

    private Optional<String> check(Part part, List<String> lines, LongSupplier clock) throws IOException {
        Hook hook = hook(part);
        if (how == Attach.CLSACT && othersOnTcx(hook) > 0) {
            return Optional.of(part.place() + ": a tcx program of somebody else runs before ours");
        }
        long beganNs = clock.getAsLong();
        List<Integer> chain = hook.programs();
        boolean whole = part.behind() == null || chain.contains(behind.getOrDefault(hook, 0));
        int at = chain.indexOf(first.getOrDefault(hook, -1));
        if (at < 0 || !whole) {
            put(part);
            lines.add(part.place() + ": program " + part.program().name()
                    + " was gone, and is attached again; unguarded for at most "
                    + gapMs(hook, beganNs, clock.getAsLong()) + " ms");
            at = hook.programs().indexOf(first.getOrDefault(hook, -1));
        }
        if (at >= 0) {
            seenNs.put(hook, beganNs);
        }
        return fault(part, at);
    }

    /** Milliseconds since ours was last seen, rounded up; where it was not seen since it was attached, since this look began. */
    private long gapMs(Hook hook, long beganNs, long nowNs) {
        return TimeUnit.NANOSECONDS.toMillis(nowNs - seenNs.getOrDefault(hook, beganNs)) + 1;
    }

    private Optional<String> fault(Part part, int at) {
        String what = how == Attach.TCX ? "tcx program" : "filter";
        return switch (at) {
            case 0 -> Optional.empty();
            case -1 -> Optional.of(part.place() + ": our " + what + " is gone");
            default ->
                Optional.of(part.place() + ": " + at + " " + what + (at == 1 ? "" : "s")
                        + " of somebody else run before ours, and may let frames past it");
        };
    }

    private void closeLink(Hook hook) {
        Tcx.Link link = links.remove(hook);
        if (link != null) {
            link.close();
        }
    }

    /** What shall not outlive us goes; all else stays as it is. */
    @Override
    public void close() {
        for (Hook hook : List.copyOf(links.keySet())) {
            closeLink(hook);
        }
        if (deadline != null) {
            deadline.close();
        }
    }
}
