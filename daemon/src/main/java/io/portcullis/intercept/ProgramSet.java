package io.portcullis.intercept;

import io.portcullis.config.Mode.Attach;
import io.portcullis.config.OnFailure;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nic;
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
 * The attached programs of one interface: each is the first on its hook, and is in the journal before it is attached. A program of
 * an earlier run that does the same stays attached; another one is replaced, and at every moment one of the two is attached.
 * Programs of others are left alone, and run on the frames that ours let through. One thread at a time.
 */
final class ProgramSet implements AutoCloseable {
    /**
     * A program that is wanted on a hook.
     *
     * @param nic index
     * @param place for people: {@code eth0 ingress}
     * @param program the first one
     * @param behind the program that takes over when a linked one goes, or null: none (tcx only)
     * @param linked true: the program must not outlive this process (tcx only)
     * @param anew true: a program of an earlier run is replaced, though it has the same instructions
     */
    record Attachment(
            int nic,
            String place,
            boolean ingress,
            BpfProgram program,
            @Nullable Behind behind,
            boolean linked,
            boolean anew) {
        static Attachment ingress(Nic nic, BpfProgram program) {
            return new Attachment(nic.index(), nic.name() + " ingress", true, program, null, false, false);
        }

        static Attachment egress(Nic nic, BpfProgram program) {
            return new Attachment(nic.index(), nic.name() + " egress", false, program, null, false, false);
        }

        /** The same program, which goes with this process. */
        Attachment linkedIf(boolean isLinked) {
            return new Attachment(nic, place, ingress, program, behind, isLinked, anew);
        }

        /** The same program, which goes with this process, and another one that then lets frames through. */
        Attachment linkedBefore(BpfProgram next) {
            return new Attachment(nic, place, ingress, program, new Behind(next, true), true, anew);
        }

        /** The same program, which goes with this process, and another one that then keeps the NIC shut. */
        Attachment linkedBeforeShut(BpfProgram next) {
            return new Attachment(nic, place, ingress, program, new Behind(next, false), true, anew);
        }

        /** The same programs; those of an earlier run do something else, though their instructions are the same. */
        Attachment anewIf(boolean isAnew) {
            return new Attachment(nic, place, ingress, program, behind, linked, isAnew);
        }
    }

    /** {@code open}: the program lets frames through. */
    record Behind(BpfProgram program, boolean open) {}

    private final Attach list;
    private final @Nullable BpfMap deadline;

    /** Its programs have a deadline; null: none have. */
    private final @Nullable FastPrograms timed;

    private final RestoreLog log;
    private final Map<Hook, Tcx.Link> links = new HashMap<>();

    /** The id of the program that has to be the first on a hook. */
    private final Map<Hook, Integer> first = new HashMap<>();

    /** The id of the program that has to be behind a linked one. */
    private final Map<Hook, Integer> behind = new HashMap<>();

    private List<Attachment> attachments = List.of();

    /** When a check last found our program on a hook: nanoseconds of monotonic time. */
    private final Map<Hook, Long> seenNs = new HashMap<>();

    private ProgramSet(Attach list, @Nullable BpfMap deadline, @Nullable FastPrograms timed, RestoreLog log) {
        this.list = list;
        this.deadline = deadline;
        this.timed = timed;
        this.log = log;
    }

    /**
     * A set without programs.
     *
     * @param wanted {@link Attach#AUTO}: tcx where the kernel has it
     * @param fast some of its programs; null: none
     * @throws IOException where the kernel has no BPF, or refuses it to this process
     */
    static ProgramSet of(Attach wanted, OnFailure onFailure, RestoreLog log, @Nullable FastPrograms fast)
            throws IOException {
        boolean hasTcx = Tcx.isSupported();
        if (wanted == Attach.TCX && !hasTcx) {
            throw new IOException("attach: tcx needs Linux 6.6: write attach: auto, or clsact");
        }
        Attach list = wanted == Attach.CLSACT || !hasTcx ? Attach.CLSACT : Attach.TCX;
        boolean timed = list == Attach.CLSACT && onFailure.endsWithDaemon() && fast == null;
        if (list == Attach.TCX && fast != null) {
            fast.aliveUntil(0);
        }
        return new ProgramSet(list, timed ? BpfMap.create() : null, list == Attach.CLSACT ? fast : null, log);
    }

    /** True: a program can be on a link, which goes with this process, and another one behind it. */
    boolean hasLinks() {
        return list == Attach.TCX;
    }

    /** The map that {@code clsact} programs read and {@link #aliveUntil} sets; null: none does. */
    @Nullable
    BpfMap deadline() {
        return deadline;
    }

    /** True: some programs have a deadline, which {@link #aliveUntil} has to move. */
    boolean hasDeadline() {
        return deadline != null || timed != null;
    }

    /**
     * Attaches the programs of {@link #attach} again, for another end with this process. Those that have a deadline stay; nothing
     * happens before the first {@link #attach}.
     */
    void attachAgain(List<Attachment> wanted) throws IOException {
        if (!hasDeadline() && !attachments.isEmpty()) {
            attach(wanted);
        }
    }

    /** Sets the deadline of the programs that have one: nanoseconds of CLOCK_MONOTONIC. */
    void aliveUntil(long monotonicNs) throws ErrnoException {
        if (deadline != null) {
            deadline.set(monotonicNs);
        }
        if (timed != null) {
            timed.aliveUntil(monotonicNs);
        }
    }

    private Hook hook(Attachment attachment) {
        return list == Attach.TCX
                ? new TcxHook(attachment.nic(), attachment.ingress())
                : new ClsactHook(attachment.nic(), attachment.ingress());
    }

    /**
     * Attaches programs, in this order, and detaches those of an earlier run that are not wanted any more.
     *
     * @return lines for the log
     * @throws IOException where one can't be attached; those before it stay attached
     */
    List<String> attach(List<Attachment> wanted) throws IOException {
        List<String> notes = attachBeside(wanted);
        notes.addAll(detachUnwanted());
        return notes;
    }

    /** Attaches programs, in this order; those of an earlier run stay attached. */
    List<String> attachBeside(List<Attachment> wanted) throws IOException {
        List<String> notes = new ArrayList<>();
        forgetOthers(wanted);
        attachments = List.copyOf(wanted);
        for (Attachment attachment : attachments) {
            boolean kept = attach(attachment);
            notes.add(attachment.place() + ": program " + attachment.program().name()
                    + (kept ? " was attached already" : " attached") + " (" + list.key() + ")");
            othersAfter(attachment).ifPresent(notes::add);
            seenNs.remove(hook(attachment));
        }
        return notes;
    }

    private void forgetOthers(List<Attachment> wanted) {
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

    /** True: it was attached already. */
    private boolean attach(Attachment attachment) throws IOException {
        Hook hook = hook(attachment);
        hook.prepare(attachment.place(), log);
        if (hook instanceof TcxHook tcx && attachment.linked()) {
            attachLinked(tcx, attachment);
            return false;
        }
        // A program with a deadline reads the map of the process that loaded it.
        Optional<Integer> kept =
                deadline == null && !attachment.anew() ? attached(hook, attachment.program(), 0) : Optional.empty();
        behind.remove(hook);
        if (kept.isPresent()) {
            first.put(hook, kept.get());
            closeLink(hook);
            return true;
        }
        try (Bpf program = Bpf.load(attachment.program())) {
            note(hook, program, attachment.program(), deadline != null);
            hook.attachFirst(program);
            first.put(hook, program.id());
        }
        // One that goes with this process, and comes after the new one now.
        closeLink(hook);
        return false;
    }

    private void attachLinked(TcxHook hook, Attachment attachment) throws IOException {
        try (Bpf program = Bpf.load(attachment.program())) {
            Tcx.Link link = hook.linkFirst(program);
            closeLink(hook);
            links.put(hook, link);
            first.put(hook, program.id());
        }
        Behind next = attachment.behind();
        if (next == null) {
            behind.remove(hook);
            return;
        }
        Optional<Integer> kept = attachment.anew() ? Optional.empty() : attached(hook, next.program(), 1);
        if (kept.isPresent()) {
            behind.put(hook, kept.get());
            return;
        }
        try (Bpf program = Bpf.load(next.program())) {
            note(hook, program, next.program(), next.open());
            hook.attachBehind(first.getOrDefault(hook, 0), program);
            behind.put(hook, program.id());
        }
    }

    /** The id of a noted program that has the wanted instructions and position. */
    private Optional<Integer> attached(Hook hook, BpfProgram wanted, int position) throws ErrnoException {
        List<Integer> chain = hook.programs();
        return log.journal().programsOn(hook).stream()
                .filter(own -> chain.indexOf(own.program()) == position
                        && own.fingerprint().equals(wanted.fingerprint()))
                .map(Journal.AttachedProgram::program)
                .findFirst();
    }

    private void note(Hook hook, Bpf loaded, BpfProgram program, boolean open) {
        log.note(journal -> journal.plus(Journal.AttachedProgram.on(hook, loaded.id(), program.fingerprint(), open)));
    }

    /** Names programs of others that run after ours, when ours are attached. */
    private Optional<String> othersAfter(Attachment attachment) throws ErrnoException {
        Hook hook = hook(attachment);
        List<Journal.AttachedProgram> ours = log.journal().programsOn(hook);
        List<String> others = hook.programs().stream()
                .filter(program -> program != 0
                        && !isWanted(hook, program)
                        && ours.stream().noneMatch(own -> own.program() == program))
                .map(program -> (program + " " + OwnObjects.nameOf(program)).strip())
                .toList();
        return others.isEmpty()
                ? Optional.empty()
                : Optional.of(attachment.place() + ": " + others.size() + " program(s) of others run after ours: "
                        + String.join(", ", others));
    }

    private boolean isWanted(Hook hook, int program) {
        return first.getOrDefault(hook, 0) == program || behind.getOrDefault(hook, 0) == program;
    }

    /**
     * Detaches the programs that the journal has and this interface does not want: those of an earlier run.
     *
     * @return the programs that can't be detached, and are tried again: one line each
     */
    private List<String> detachUnwanted() {
        List<String> left = new ArrayList<>();
        for (Journal.AttachedProgram old : log.journal().programs()) {
            if (isWanted(old.hook(), old.program())) {
                continue;
            }
            try {
                old.hook().remove(old.program());
                log.note(journal -> journal.minus(old));
            } catch (ErrnoException refused) {
                left.add("program " + old.program() + " of an earlier run can't be detached (NIC " + old.nic() + " "
                        + old.hook().direction() + "), and may drop admitted frames: " + refused.getMessage());
            }
        }
        return left;
    }

    /**
     * Checks that every program is the first on its hook, and attaches again those that are gone. Programs that others have
     * attached before ours stay: two programs that both want to be the first would never end.
     *
     * @param lines takes what was done, for the log
     * @param clock monotonic time now, nanoseconds
     * @return why the programs do not do their work, one line each
     */
    List<String> check(List<String> lines, LongSupplier clock) {
        List<String> faults = new ArrayList<>();
        for (Attachment attachment : attachments) {
            try {
                check(attachment, lines, clock).ifPresent(faults::add);
            } catch (IOException refused) {
                boolean gone = refused instanceof ErrnoException errno && errno.errno() == Errno.ENODEV;
                faults.add(attachment.place() + ": " + (gone ? "its NIC is gone" : InterceptException.reason(refused)));
            }
        }
        faults.addAll(detachUnwanted());
        return faults;
    }

    private Optional<String> check(Attachment attachment, List<String> lines, LongSupplier clock) throws IOException {
        Hook hook = hook(attachment);
        if (hook.othersBefore(log.journal()) > 0) {
            return Optional.of(attachment.place() + ": a tcx program of somebody else runs before ours");
        }
        long beganNs = clock.getAsLong();
        List<Integer> chain = hook.programs();
        boolean isWhole = attachment.behind() == null || chain.contains(behind.getOrDefault(hook, 0));
        int position = chain.indexOf(first.getOrDefault(hook, -1));
        if (position < 0 || !isWhole) {
            attach(attachment);
            lines.add(attachment.place() + ": program " + attachment.program().name()
                    + " was gone, and is attached again; unguarded for at most "
                    + gapMs(hook, beganNs, clock.getAsLong()) + " ms");
            position = hook.programs().indexOf(first.getOrDefault(hook, -1));
        }
        if (position >= 0) {
            seenNs.put(hook, beganNs);
        }
        Behind next = attachment.behind();
        if (position == 0 && next != null && !next.open()) {
            int between = hook.programs().indexOf(behind.getOrDefault(hook, -1)) - 1;
            return between <= 0
                    ? Optional.empty()
                    : Optional.of(attachment.place() + ": " + between
                            + " program(s) of somebody else run before the one that decides while the daemon is dead");
        }
        return fault(attachment.place(), hook, position);
    }

    /** Milliseconds since a check last found the program, rounded up; since this check began where none has found it yet. */
    private long gapMs(Hook hook, long beganNs, long nowNs) {
        return TimeUnit.NANOSECONDS.toMillis(nowNs - seenNs.getOrDefault(hook, beganNs)) + 1;
    }

    private static Optional<String> fault(String place, Hook hook, int position) {
        return switch (position) {
            case 0 -> Optional.empty();
            case -1 -> Optional.of(place + ": our " + hook.noun() + " is gone");
            default ->
                Optional.of(place + ": " + position + " " + hook.noun() + (position == 1 ? "" : "s")
                        + " of somebody else run before ours, and may let frames past it");
        };
    }

    private void closeLink(Hook hook) {
        Tcx.Link link = links.remove(hook);
        if (link != null) {
            link.close();
        }
    }

    /** Detaches the linked programs; all others stay attached. */
    @Override
    public void close() {
        for (Hook hook : List.copyOf(links.keySet())) {
            closeLink(hook);
        }
        if (deadline != null) {
            deadline.close();
        }
        if (timed != null) {
            // Long ago: from now on the programs do what they do for a dead daemon.
            timed.aliveUntil(1);
        }
    }
}
