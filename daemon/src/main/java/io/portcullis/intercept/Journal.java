package io.portcullis.intercept;

import io.portcullis.linux.ethtool.SizeLimit;
import io.portcullis.linux.netlink.Nic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a stop must restore for one interface. An earlier version knew less, a later one knows more: what is missing is empty,
 * what is unknown is ignored.
 *
 * @param interfaceName as configured
 * @param bootId of the kernel that ran: after a boot there is nothing to restore
 * @param nics one entry each
 * @param pairs of virtual NICs that were made
 * @param programs that were attached
 * @param qdiscs indices of the NICs that were given a {@code clsact}
 */
record Journal(
        String interfaceName,
        String bootId,
        List<Entry> nics,
        List<Pair> pairs,
        List<Standing> programs,
        List<Integer> qdiscs) {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    /** Copies the lists. */
    Journal {
        nics = copy(nics);
        pairs = copy(pairs);
        programs = copy(programs);
        qdiscs = copy(qdiscs);
        if (interfaceName.isEmpty() || bootId.isEmpty()) {
            throw new IllegalArgumentException("interfaceName and bootId must not be empty");
        }
    }

    Journal(String interfaceName, String bootId, List<Entry> nics) {
        this(interfaceName, bootId, nics, List.of(), List.of(), List.of());
    }

    /** One without anything to undo. */
    static Journal empty(String interfaceName, String bootId) {
        return new Journal(interfaceName, bootId, List.of());
    }

    private static <T> List<T> copy(@Nullable List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    /** Names of a veth pair, made by us: {@code near} is the end that the kernel's programs speak of. */
    record Pair(String near, String far) {
        Pair {
            if (text(near).isEmpty() || text(far).isEmpty()) {
                throw new IllegalArgumentException("a pair of virtual NICs has two names");
            }
        }
    }

    /**
     * A program where it is attached.
     *
     * @param nic index of the NIC
     * @param handle of a filter, 0 for tcx
     * @param program the kernel's number for it
     * @param fingerprint of what it does; empty: unknown
     * @param open true: it lets frames through when the process ends ({@code on-failure: open})
     */
    record Standing(int nic, boolean ingress, int handle, int program, String fingerprint, boolean open) {
        Standing {
            fingerprint = text(fingerprint);
        }

        boolean isTcx() {
            return handle == 0;
        }

        Hook hook() {
            return new Hook(nic, ingress, isTcx());
        }

        boolean isSame(Standing other) {
            return hook().equals(other.hook()) && program == other.program;
        }
    }

    /**
     * One NIC as it was.
     *
     * @param name for people
     * @param index with the addresses and what is attached: which NIC it is, see {@link SameNic}
     * @param hardwareAddress that it had
     * @param permanentAddress that it was built with; empty: none
     * @param switches values by what they are of
     * @param broughtUp true: it was down
     * @param held true: we hold it down because the other side has lost its carrier; a stop lets it come up
     * @param promiscuous true: it was made so
     * @param offloads kernel names of the features that were on
     * @param sizes limits that were above {@link SizeLimit#ORDINARY}
     * @param linkLocals its IPv6 link-local addresses, {@code fe80::1/64}: the kernel brings its own one back, not those
     *     that people gave it
     */
    record Entry(
            String name,
            int index,
            String hardwareAddress,
            String permanentAddress,
            Map<StackSysctl, String> switches,
            boolean broughtUp,
            boolean held,
            boolean promiscuous,
            List<String> offloads,
            Map<SizeLimit, Integer> sizes,
            List<String> linkLocals) {
        /** Copies the collections. */
        Entry {
            Map<StackSysctl, String> inOrder = new EnumMap<>(StackSysctl.class);
            if (switches != null) {
                switches.forEach((one, value) -> {
                    if (one != null && value != null) {
                        inOrder.put(one, value);
                    }
                });
            }
            switches = Collections.unmodifiableMap(inOrder);
            name = text(name);
            hardwareAddress = text(hardwareAddress);
            permanentAddress = text(permanentAddress);
            offloads = copy(offloads);
            Map<SizeLimit, Integer> limits = new EnumMap<>(SizeLimit.class);
            if (sizes != null) {
                sizes.forEach((one, value) -> {
                    if (one != null && value != null) {
                        limits.put(one, value);
                    }
                });
            }
            sizes = Collections.unmodifiableMap(limits);
            linkLocals = copy(linkLocals);
            if (index <= 0) {
                throw new IllegalArgumentException("index of a NIC: " + index);
            }
        }

        /** Of a NIC of which nothing is changed yet. */
        static Entry of(Nic nic) {
            return new Entry(
                    nic.name(),
                    nic.index(),
                    nic.hardwareAddress(),
                    nic.permanentAddress(),
                    Map.of(),
                    false,
                    false,
                    false,
                    List.of(),
                    Map.of(),
                    List.of());
        }

        Entry with(Map<StackSysctl, String> others, List<String> addresses) {
            return new Entry(
                    name,
                    index,
                    hardwareAddress,
                    permanentAddress,
                    others,
                    broughtUp,
                    held,
                    promiscuous,
                    offloads,
                    sizes,
                    addresses);
        }

        Entry with(boolean wasDown, boolean isHeld, boolean madePromiscuous) {
            return new Entry(
                    name,
                    index,
                    hardwareAddress,
                    permanentAddress,
                    switches,
                    wasDown,
                    isHeld,
                    madePromiscuous,
                    offloads,
                    sizes,
                    linkLocals);
        }

        Entry with(Collection<String> features) {
            return new Entry(
                    name,
                    index,
                    hardwareAddress,
                    permanentAddress,
                    switches,
                    broughtUp,
                    held,
                    promiscuous,
                    List.copyOf(features),
                    sizes,
                    linkLocals);
        }

        Entry with(Map<SizeLimit, Integer> limits) {
            return new Entry(
                    name,
                    index,
                    hardwareAddress,
                    permanentAddress,
                    switches,
                    broughtUp,
                    held,
                    promiscuous,
                    offloads,
                    limits,
                    linkLocals);
        }
    }

    static String currentBootId() throws IOException {
        return ProcSys.read(BOOT_ID);
    }

    /** The same, with the NIC at one place of the list held down, or none (-1). */
    Journal holding(int place) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < nics.size(); i++) {
            Entry entry = nics.get(i);
            entries.add(entry.with(entry.broughtUp(), i == place, entry.promiscuous()));
        }
        return withNics(entries);
    }

    /** The same, with another NIC at one place of the list. */
    Journal replacing(int place, Entry entry) {
        List<Entry> entries = new ArrayList<>(nics);
        entries.set(place, entry);
        return withNics(entries);
    }

    /** The same; the NIC of this index was made promiscuous. */
    Journal promiscuous(int nic) {
        return withNics(nics.stream()
                .map(entry -> entry.index() == nic ? entry.with(entry.broughtUp(), entry.held(), true) : entry)
                .toList());
    }

    private Journal withNics(List<Entry> entries) {
        return new Journal(interfaceName, bootId, entries, pairs, programs, qdiscs);
    }

    /** The same, with these pairs. */
    Journal withPairs(List<Pair> others) {
        return new Journal(interfaceName, bootId, nics, others, programs, qdiscs);
    }

    /** The same, and this program besides. */
    Journal plus(Standing standing) {
        return new Journal(interfaceName, bootId, nics, pairs, join(programs, List.of(standing)), qdiscs);
    }

    /** The same, but for this program. */
    Journal minus(Standing standing) {
        return new Journal(
                interfaceName,
                bootId,
                nics,
                pairs,
                programs.stream().filter(each -> !each.isSame(standing)).toList(),
                qdiscs);
    }

    /** The same; the NIC of this index was given a qdisc. */
    Journal plusQdisc(int nic) {
        return new Journal(interfaceName, bootId, nics, pairs, programs, join(qdiscs, List.of(nic)));
    }

    /** The same, and what another one says besides. */
    Journal plus(Journal other) {
        return new Journal(
                interfaceName,
                bootId,
                join(nics, other.nics),
                join(pairs, other.pairs),
                join(programs, other.programs),
                join(qdiscs, other.qdiscs));
    }

    static <T> List<T> join(List<T> some, List<T> more) {
        return Stream.concat(some.stream(), more.stream()).distinct().toList();
    }

    /** Only what it says about NICs whose index fits, without pairs. */
    Journal about(IntPredicate nic) {
        return new Journal(
                interfaceName,
                bootId,
                nics.stream().filter(each -> nic.test(each.index())).toList(),
                List.of(),
                programs.stream().filter(each -> nic.test(each.nic())).toList(),
                qdiscs.stream().filter(nic::test).toList());
    }

    /** Indices of the NICs that it says something about. */
    Set<Integer> indices() {
        return Stream.of(nics.stream().map(Entry::index), programs.stream().map(Standing::nic), qdiscs.stream())
                .flatMap(each -> each)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** True where there is nothing to undo. */
    boolean isEmpty() {
        return nics.isEmpty() && pairs.isEmpty() && programs.isEmpty() && qdiscs.isEmpty();
    }
}
