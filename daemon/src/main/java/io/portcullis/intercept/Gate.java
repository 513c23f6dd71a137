package io.portcullis.intercept;

import io.portcullis.config.PacketMark;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.packet.SocketFilter;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The gate on a NIC: two filters of classic BPF behind all programs of a daemon, which decide while there is none. tc(8) has loaded
 * them at boot, or a daemon puts them there ({@code on-failure: failsafe}). They are recognised by their priority and handle, and are in
 * no journal.
 *
 * <p>While a daemon runs, its frames have to pass the gate. With {@code on-failure: failsafe} they keep their packet mark until then,
 * and a third filter behind the gate clears it; else the gate is removed as soon as the daemon's programs are attached.
 */
public final class Gate {
    /** Behind {@link Clsact#PRIORITY}. */
    public static final int PRIORITY = 2;

    /** As all our filters. */
    public static final int HANDLE = ClsactHook.HANDLE;

    private static final int CLEAR_PRIORITY = 3;

    /**
     * The programs of a gate, which return TC_ACT_UNSPEC to pass and TC_ACT_SHOT to drop.
     *
     * @param ingress of frames that arrive
     * @param egress of frames that leave
     */
    public record Filters(SocketFilter ingress, SocketFilter egress) {
        /** Whether others have the same instructions. */
        public boolean isSame(Filters other) {
            return ingress.isSame(other.ingress) && egress.isSame(other.egress);
        }
    }

    private Gate() {}

    /** True: the filter is a part of a gate. */
    public static boolean isPart(Clsact.Filter filter) {
        return filter.handle() == HANDLE
                && filter.kind().equals("bpf")
                && (filter.priority() == PRIORITY && filter.programId() == 0
                        || filter.priority() == CLEAR_PRIORITY && filter.name().startsWith("portcullis_"));
    }

    /** True: the NIC has a gate, in both directions. */
    public static boolean isOn(int nic) throws ErrnoException {
        return isOn(nic, true) && isOn(nic, false);
    }

    private static boolean isOn(int nic, boolean ingress) throws ErrnoException {
        return Clsact.filters(nic, ingress).stream()
                .anyMatch(filter -> isPart(filter) && filter.priority() == PRIORITY);
    }

    /**
     * Puts a gate on a NIC, or another one in the place of what it has: at every moment one of the two decides.
     *
     * @param mark of the frames that pass the gate, and lose it
     * @throws IOException where a qdisc or a filter of others is in the way
     */
    static void put(Nic nic, Filters filters, PacketMark mark, RestoreLog log) throws IOException {
        ClsactHook.addQdisc(nic.index(), nic.name(), log);
        try (Bpf clear = Bpf.load(new Programs(mark).clear())) {
            Clsact.put(clear, nic.index(), true, CLEAR_PRIORITY, HANDLE, clear.name());
            Clsact.putClassic(filters.ingress().bytes(), nic.index(), true, PRIORITY, HANDLE);
            Clsact.putClassic(filters.egress().bytes(), nic.index(), false, PRIORITY, HANDLE);
        } catch (ErrnoException refused) {
            throw new IOException(
                    nic.name() + ": the filters of on-failure: failsafe are refused (priorities " + PRIORITY + " and "
                            + CLEAR_PRIORITY + " of clsact must not be another program's): " + refused.getMessage(),
                    refused);
        }
    }

    /** Notes a qdisc that holds nothing but our filters: it came with the gate, and goes when the NIC is restored. */
    static void adopt(int nic, RestoreLog log) throws ErrnoException {
        for (boolean ingress : new boolean[] {true, false}) {
            if (Clsact.filters(nic, ingress).stream()
                    .anyMatch(filter -> !isPart(filter) && !ClsactHook.hasOurNumber(filter))) {
                return;
            }
        }
        log.note(journal -> journal.plusQdisc(nic));
    }

    /**
     * Removes the gate of a NIC, and its qdisc where nothing else is there.
     *
     * @return true: there was a part of one
     */
    static boolean remove(int nic) throws ErrnoException {
        boolean removed = false;
        for (boolean ingress : new boolean[] {true, false}) {
            List<Clsact.Filter> parts =
                    Clsact.filters(nic, ingress).stream().filter(Gate::isPart).toList();
            for (Clsact.Filter part : parts) {
                removed |= remove(nic, ingress, part);
            }
        }
        if (removed) {
            Restoration.removeEmptyQdisc(nic);
        }
        return removed;
    }

    /**
     * Removes the gate of a NIC that no interface has any more.
     *
     * @param nicName it may be missing
     * @throws InterceptException where the kernel refuses
     */
    public static void removeFrom(String nicName) throws InterceptException {
        try {
            Optional<Nic> nic = Nics.find(nicName);
            if (nic.isPresent()) {
                remove(nic.get().index());
            }
        } catch (IOException refused) {
            throw new InterceptException(
                    List.of(nicName + ": its gate can't be removed: " + InterceptException.reason(refused)));
        }
    }

    private static boolean remove(int nic, boolean ingress, Clsact.Filter part) throws ErrnoException {
        try {
            Clsact.remove(nic, ingress, part.priority(), HANDLE);
            return true;
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV || refused.errno() == Errno.ENOENT) {
                return false;
            }
            throw refused;
        }
    }
}
