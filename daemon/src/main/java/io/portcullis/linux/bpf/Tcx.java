package io.portcullis.linux.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The programs of a NIC that traffic control runs before all its filters, one after the other (tcx, Linux 6.6; kernel/bpf/tcx.c,
 * mprog.c). An attached program outlives the process, but not the NIC; a program on a link is detached with the link's
 * descriptor. Stateless; any thread. EINVAL where the kernel has no tcx.
 */
public final class Tcx {
    /**
     * The programs of one direction, in the order in which they run.
     *
     * @param revision changes with every change of the list
     */
    public record Chain(long revision, List<Entry> entries) {
        /** Copies the list. */
        public Chain {
            entries = List.copyOf(entries);
        }

        /** The position of a program, counted from 0; -1: it is not attached. */
        public int position(int programId) {
            for (int i = 0; i < entries.size(); i++) {
                if (entries.get(i).programId() == programId) {
                    return i;
                }
            }
            return -1;
        }
    }

    /**
     * One program.
     *
     * @param linkId 0: attached without a link
     */
    public record Entry(int programId, int linkId) {}

    /** A program that is attached for as long as this is open. */
    public static final class Link implements AutoCloseable {
        private final int fd;

        private Link(int fd) {
            this.fd = fd;
        }

        @Override
        public void close() {
            Libc.close(fd);
        }
    }

    private static final int BPF_PROG_ATTACH = 8;
    private static final int BPF_PROG_DETACH = 9;
    private static final int BPF_PROG_QUERY = 16;
    private static final int BPF_LINK_CREATE = 28;
    private static final int BPF_TCX_INGRESS = 46;
    private static final int BPF_TCX_EGRESS = 47;
    private static final int BPF_F_BEFORE = 1 << 3;
    private static final int BPF_F_AFTER = 1 << 4;
    private static final int BPF_F_ID = 1 << 5;
    private static final int MOST_PROGRAMS = 64;

    private Tcx() {}

    private static int type(boolean ingress) {
        return ingress ? BPF_TCX_INGRESS : BPF_TCX_EGRESS;
    }

    private static String call(String command, boolean ingress, int nic) {
        return "bpf(" + command + ", " + (ingress ? "BPF_TCX_INGRESS" : "BPF_TCX_EGRESS") + ", NIC " + nic + ")";
    }

    /** True: the kernel has it (Linux 6.6). */
    public static boolean isSupported() throws ErrnoException {
        try {
            query(1, true);
            return true;
        } catch (ErrnoException refused) {
            return switch (refused.errno()) {
                case Errno.EINVAL -> false;
                case Errno.ENODEV -> true;
                default -> throw refused;
            };
        }
    }

    /** The attached programs. Needs CAP_NET_ADMIN; ENODEV where the NIC is gone. */
    public static Chain query(int nic, boolean ingress) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment programs = arena.allocate(4L * MOST_PROGRAMS, 8);
            MemorySegment links = arena.allocate(4L * MOST_PROGRAMS, 8);
            // u32 target, attach_type, query_flags, attach_flags, u64 prog_ids, u32 count, -, u64 prog_attach_flags,
            // link_ids, link_attach_flags, revision
            MemorySegment attributes = arena.allocate(64, 8);
            attributes.set(JAVA_INT, 0, nic);
            attributes.set(JAVA_INT, 4, type(ingress));
            attributes.set(JAVA_LONG, 16, programs.address());
            attributes.set(JAVA_INT, 24, MOST_PROGRAMS);
            attributes.set(JAVA_LONG, 40, links.address());
            int answer = Libc.bpf(BPF_PROG_QUERY, attributes);
            if (answer == -Errno.ENOENT) {
                return new Chain(0, List.of());
            }
            ErrnoException.check(answer, call("BPF_PROG_QUERY", ingress, nic));
            List<Entry> entries = new ArrayList<>();
            for (int i = 0; i < attributes.get(JAVA_INT, 24); i++) {
                entries.add(new Entry(programs.getAtIndex(JAVA_INT, i), links.getAtIndex(JAVA_INT, i)));
            }
            return new Chain(attributes.get(JAVA_LONG, 56), entries);
        }
    }

    /** Attaches a program as the first, for as long as the NIC lives. */
    public static void attachFirst(Bpf program, int nic, boolean ingress) throws ErrnoException {
        attach(program, nic, ingress, BPF_F_BEFORE, 0);
    }

    /** Attaches a program right behind the one with this id. */
    public static void attachBehind(Bpf program, int nic, boolean ingress, int before) throws ErrnoException {
        attach(program, nic, ingress, BPF_F_AFTER | BPF_F_ID, before);
    }

    private static void attach(Bpf program, int nic, boolean ingress, int flags, int relative) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.bpf(BPF_PROG_ATTACH, change(arena, nic, program.fd(), ingress, flags, relative, 0)),
                    call("BPF_PROG_ATTACH", ingress, nic));
        }
    }

    /** u32 target, program, attach_type, flags, replaced program, relative; u64 expected_revision. */
    private static MemorySegment change(
            Arena arena, int nic, int program, boolean ingress, int flags, int relative, long revision) {
        MemorySegment attributes = arena.allocate(32, 8);
        attributes.set(JAVA_INT, 0, nic);
        attributes.set(JAVA_INT, 4, program);
        attributes.set(JAVA_INT, 8, type(ingress));
        attributes.set(JAVA_INT, 12, flags);
        attributes.set(JAVA_INT, 20, relative);
        attributes.set(JAVA_LONG, 24, revision);
        return attributes;
    }

    /**
     * Attaches a program as the first for as long as the link is open.
     *
     * @return the link; the caller closes it
     */
    public static Link linkFirst(Bpf program, int nic, boolean ingress) throws ErrnoException {
        return link(program, nic, ingress, BPF_F_BEFORE);
    }

    /**
     * Attaches a program as the last for as long as the link is open.
     *
     * @return the link; the caller closes it
     */
    public static Link linkLast(Bpf program, int nic, boolean ingress) throws ErrnoException {
        return link(program, nic, ingress, 0);
    }

    private static Link link(Bpf program, int nic, boolean ingress, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // u32 program, target, attach_type, flags, relative, -, u64 expected_revision
            MemorySegment attributes = arena.allocate(32, 8);
            attributes.set(JAVA_INT, 0, program.fd());
            attributes.set(JAVA_INT, 4, nic);
            attributes.set(JAVA_INT, 8, type(ingress));
            attributes.set(JAVA_INT, 12, flags);
            return new Link((int)
                    ErrnoException.check(Libc.bpf(BPF_LINK_CREATE, attributes), call("BPF_LINK_CREATE", ingress, nic)));
        }
    }

    /**
     * Detaches a program by its id. The kernel takes a descriptor or a position; the descriptor of a program by its id needs
     * CAP_SYS_ADMIN, so this uses the position.
     *
     * @param chain must be current, else ESTALE
     * @throws ErrnoException EBUSY where it is on a link
     */
    public static void detach(int programId, int nic, boolean ingress, Chain chain) throws ErrnoException {
        int at = chain.position(programId);
        if (at < 0) {
            throw new ErrnoException(call("BPF_PROG_DETACH", ingress, nic), Errno.ENOENT);
        }
        int flags = at == 0 ? BPF_F_BEFORE : BPF_F_AFTER | BPF_F_ID;
        int relative = at == 0 ? 0 : chain.entries().get(at - 1).programId();
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.bpf(BPF_PROG_DETACH, change(arena, nic, 0, ingress, flags, relative, chain.revision())),
                    call("BPF_PROG_DETACH", ingress, nic));
        }
    }
}
