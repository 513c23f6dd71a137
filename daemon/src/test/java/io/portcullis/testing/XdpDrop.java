package io.portcullis.testing;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nics;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A foreign XDP program that drops all frames a NIC receives, for as long as this is open. */
public final class XdpDrop implements AutoCloseable {
    private static final int BPF_PROG_LOAD = 5;
    private static final int BPF_LINK_CREATE = 28;
    private static final int BPF_PROG_TYPE_XDP = 6;
    private static final int BPF_XDP = 37;
    private static final int SKB_MODE = 2;

    /** r0 = XDP_DROP; exit (struct bpf_insn). */
    private static final long[] DROP = {0x0000_0001_0000_00b7L, 0x95L};

    private final int link;

    private XdpDrop(int link) {
        this.link = link;
    }

    /** On the NIC of that name in this network namespace. */
    public static XdpDrop on(String nic) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment load = arena.allocate(120, 8);
            load.set(JAVA_INT, 0, BPF_PROG_TYPE_XDP);
            load.set(JAVA_INT, 4, DROP.length);
            load.set(JAVA_LONG, 8, arena.allocateFrom(JAVA_LONG, DROP).address());
            load.set(JAVA_LONG, 16, arena.allocateFrom("GPL").address());
            int program = (int) ErrnoException.check(Libc.bpf(BPF_PROG_LOAD, load), "bpf(BPF_PROG_LOAD)");
            try {
                MemorySegment create = arena.allocate(48, 8);
                create.set(JAVA_INT, 0, program);
                create.set(JAVA_INT, 4, Nics.index(nic));
                create.set(JAVA_INT, 8, BPF_XDP);
                create.set(JAVA_INT, 12, SKB_MODE);
                return new XdpDrop(
                        (int) ErrnoException.check(Libc.bpf(BPF_LINK_CREATE, create), "bpf(BPF_LINK_CREATE)"));
            } finally {
                Libc.close(program);
            }
        }
    }

    @Override
    public void close() {
        Libc.close(link);
    }

    /** Drops all frames of the named NIC until the test kills this process. Prints {@code ready}, for which the test waits. */
    public static void main(String[] arguments) throws Exception {
        try (XdpDrop _ = on(arguments[0])) {
            System.out.println("ready");
            Thread.sleep(Long.MAX_VALUE);
        }
    }
}
