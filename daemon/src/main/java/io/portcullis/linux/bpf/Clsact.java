package io.portcullis.linux.bpf;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Netlink;
import io.portcullis.linux.netlink.Nic;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Traffic control's filters on a NIC, in both directions: the qdisc {@code clsact}, and filters of kind {@code bpf} whose return value
 * is the action on the frame (tc-bpf(8); net/sched/cls_bpf.c, sch_ingress.c), through rtnetlink. They outlive the process, but not
 * the NIC. Stateless; any thread. EPERM without CAP_NET_ADMIN.
 */
public final class Clsact {
    /**
     * A filter.
     *
     * @param priority the lowest runs first
     * @param handle its number among those of one priority
     * @param kind {@code bpf}, {@code u32}, …
     * @param name of a {@code bpf} filter, as its owner gave it
     * @param programId of a {@code bpf} filter, else 0
     */
    public record Filter(int priority, int handle, String kind, String name, int programId) {}

    /** Our priority: before all others. */
    public static final int PRIORITY = 1;

    private static final int TC_H_CLSACT = 0xfffffff1;
    private static final int CLSACT_HANDLE = 0xffff0000;
    private static final int INGRESS_PARENT = 0xfffffff2;
    private static final int EGRESS_PARENT = 0xfffffff3;

    /** struct tcmsg: family, padding, index, handle, parent, info. */
    private static final int TCMSG_LENGTH = 20;

    private static final int TCA_KIND = 1;
    private static final int TCA_OPTIONS = 2;
    private static final int TCA_BPF_OPS_LEN = 4;
    private static final int TCA_BPF_OPS = 5;
    private static final int TCA_BPF_FD = 6;
    private static final int TCA_BPF_NAME = 7;
    private static final int TCA_BPF_FLAGS = 8;
    private static final int TCA_BPF_ID = 11;
    private static final int TCA_BPF_FLAG_ACT_DIRECT = 1;

    /** ETH_P_ALL in network byte order. */
    private static final int ALL_PROTOCOLS = 0x0300;

    /** Bytes of a request at the most. */
    private static final int BODY_LENGTH = 256;

    private Clsact() {}

    private static ByteBuffer message(int nic, int handle, int parent, int info) {
        return message(BODY_LENGTH, nic, handle, parent, info);
    }

    private static ByteBuffer message(int length, int nic, int handle, int parent, int info) {
        return Netlink.body(length)
                .putInt(4, nic)
                .putInt(8, handle)
                .putInt(12, parent)
                .putInt(16, info)
                .position(TCMSG_LENGTH);
    }

    /** The kind of qdisc at the handle of {@code clsact}: {@code clsact}, {@code ingress}; empty: none. */
    public static Optional<String> qdisc(int nic) throws ErrnoException {
        try (Netlink netlink = Netlink.open(0)) {
            for (Netlink.Message message : netlink.dump(
                    Netlink.RTM_GETQDISC, message(nic, 0, 0, 0).flip(), "RTM_GETQDISC (NIC " + nic + ")")) {
                if (message.body().getInt(4) == nic && message.body().getInt(8) == CLSACT_HANDLE) {
                    return Optional.of(
                            Nic.string(message.attributes(TCMSG_LENGTH).get(TCA_KIND)));
                }
            }
        }
        return Optional.empty();
    }

    /** Adds the qdisc to a NIC, without filters. EEXIST where the NIC has it. */
    public static void addQdisc(int nic) throws ErrnoException {
        ByteBuffer body = message(nic, CLSACT_HANDLE, TC_H_CLSACT, 0);
        Netlink.putAttribute(body, TCA_KIND, "clsact");
        change(
                Netlink.RTM_NEWQDISC,
                Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL,
                body,
                "RTM_NEWQDISC (clsact, NIC " + nic + ")");
    }

    /** Removes the qdisc with all its filters. */
    public static void removeQdisc(int nic) throws ErrnoException {
        change(
                Netlink.RTM_DELQDISC,
                0,
                message(nic, CLSACT_HANDLE, TC_H_CLSACT, 0),
                "RTM_DELQDISC (clsact, NIC " + nic + ")");
    }

    /**
     * Attaches a program as the filter of this handle, of priority {@link #PRIORITY}. It replaces a filter atomically: every frame meets
     * one of the two.
     *
     * @param name up to 63 bytes, for people
     * @throws ErrnoException EINVAL also where that priority belongs to filters of another kind
     */
    public static void put(Bpf program, int nic, boolean ingress, int handle, String name) throws ErrnoException {
        put(program, nic, ingress, PRIORITY, handle, name);
    }

    /** As {@link #put(Bpf, int, boolean, int, String)}, of another priority. */
    public static void put(Bpf program, int nic, boolean ingress, int priority, int handle, String name)
            throws ErrnoException {
        put(new Place(nic, ingress, priority, handle), name, BODY_LENGTH, options -> {
            Netlink.putAttribute(options, TCA_BPF_FD, program.fd());
            Netlink.putAttribute(options, TCA_BPF_NAME, name);
        });
    }

    /**
     * Attaches a program of classic BPF. It replaces a filter atomically.
     *
     * @param instructions an array of struct sock_filter
     */
    public static void putClassic(byte[] instructions, int nic, boolean ingress, int priority, int handle)
            throws ErrnoException {
        put(new Place(nic, ingress, priority, handle), "classic BPF", BODY_LENGTH + instructions.length, options -> {
            Netlink.putAttribute(options, TCA_BPF_OPS_LEN, instructionCount(instructions));
            Netlink.putAttribute(options, TCA_BPF_OPS, instructions);
        });
    }

    /** A u16. */
    private static byte[] instructionCount(byte[] instructions) {
        return ByteBuffer.allocate(Short.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) (instructions.length / Long.BYTES))
                .array();
    }

    private record Place(int nic, boolean ingress, int priority, int handle) {
        ByteBuffer message(int length) {
            return Clsact.message(
                    length, nic, handle, ingress ? INGRESS_PARENT : EGRESS_PARENT, priority << 16 | ALL_PROTOCOLS);
        }
    }

    private static void put(Place place, String name, int length, Consumer<ByteBuffer> program) throws ErrnoException {
        ByteBuffer body = place.message(length);
        Netlink.putAttribute(body, TCA_KIND, "bpf");
        Netlink.putNested(body, TCA_OPTIONS, options -> {
            program.accept(options);
            Netlink.putAttribute(options, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
        });
        change(
                Netlink.RTM_NEWTFILTER,
                Netlink.NLM_F_CREATE,
                body,
                "RTM_NEWTFILTER (" + name + ", " + (place.ingress() ? "ingress" : "egress") + " of NIC " + place.nic()
                        + ")");
    }

    /** Removes a filter of priority {@link #PRIORITY}. ENOENT where it is gone. */
    public static void remove(int nic, boolean ingress, int handle) throws ErrnoException {
        remove(nic, ingress, PRIORITY, handle);
    }

    /** Removes a filter. ENOENT where it is gone. */
    public static void remove(int nic, boolean ingress, int priority, int handle) throws ErrnoException {
        ByteBuffer body = new Place(nic, ingress, priority, handle).message(BODY_LENGTH);
        Netlink.putAttribute(body, TCA_KIND, "bpf");
        change(
                Netlink.RTM_DELTFILTER,
                0,
                body,
                "RTM_DELTFILTER (" + (ingress ? "ingress" : "egress") + " of NIC " + nic + ")");
    }

    /** The filters of one direction, in the order in which they run; none where there is no qdisc. */
    public static List<Filter> filters(int nic, boolean ingress) throws ErrnoException {
        List<Filter> filters = new ArrayList<>();
        try (Netlink netlink = Netlink.open(0)) {
            for (Netlink.Message message : netlink.dump(
                    Netlink.RTM_GETTFILTER,
                    message(nic, 0, ingress ? INGRESS_PARENT : EGRESS_PARENT, 0).flip(),
                    "RTM_GETTFILTER (NIC " + nic + ")")) {
                int handle = message.body().getInt(8);
                // A message without a handle describes the list of the filters.
                if (handle != 0) {
                    filters.add(filter(message, handle));
                }
            }
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.EINVAL && refused.errno() != Errno.ENOENT) {
                throw refused;
            }
        }
        return filters;
    }

    private static Filter filter(Netlink.Message message, int handle) {
        Map<Integer, ByteBuffer> attributes = message.attributes(TCMSG_LENGTH);
        ByteBuffer options = attributes.get(TCA_OPTIONS);
        Map<Integer, ByteBuffer> inner = options == null
                ? Map.of()
                : Netlink.attributes(options.duplicate().order(ByteOrder.LITTLE_ENDIAN));
        ByteBuffer id = inner.get(TCA_BPF_ID);
        return new Filter(
                message.body().getInt(16) >>> 16,
                handle,
                Nic.string(attributes.get(TCA_KIND)),
                Nic.string(inner.get(TCA_BPF_NAME)),
                id == null ? 0 : id.getInt(0));
    }

    private static void change(int type, int flags, ByteBuffer body, String call) throws ErrnoException {
        try (Netlink netlink = Netlink.open(0)) {
            netlink.exchange(type, flags | Netlink.NLM_F_ACK, body.flip(), call);
        }
    }
}
