package io.portcullis.intercept;

import io.portcullis.linux.BootId;
import io.portcullis.linux.ethtool.SizeLimit;
import io.portcullis.linux.netlink.Nic;
import java.io.IOException;
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
 * The state that a stop must restore for one interface. An earlier version wrote fewer fields, a later one writes more: a missing
 * field is empty, an unknown one is ignored. The names of the components are the file's format.
 *
 * @param interfaceName as configured
 * @param bootId of the running kernel: after a boot there is nothing to restore
 * @param nics one entry each, with their original state
 * @param pairs the virtual NICs that were made
 * @param programs the programs that were attached
 * @param qdiscs indices of the NICs to which a {@code clsact} was added
 */
record Journal(
        String interfaceName,
        String bootId,
        List<Entry> nics,
        List<Pair> pairs,
        List<AttachedProgram> programs,
        List<Integer> qdiscs) {
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

    /** A journal with nothing to undo. */
    static Journal empty(String interfaceName, String bootId) {
        return new Journal(interfaceName, bootId, List.of());
    }

    private static <T> List<T> copy(@Nullable List<T> list) {
        return list == null ? List.of() : List.copyOf(list);
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    /** Names of a veth pair that was made: {@code near} is the end to which the kernel's programs redirect. */
    record Pair(String near, String far) {
        Pair {
            if (text(near).isEmpty() || text(far).isEmpty()) {
                throw new IllegalArgumentException("a pair of virtual NICs has two names");
            }
        }
    }

    /**
     * A program on its hook.
     *
     * @param nic index of the NIC
     * @param handle of a filter, 0 for tcx
     * @param program the kernel's id for it
     * @param fingerprint of its instructions; empty: unknown
     * @param open true: it lets frames through when the process ends ({@code on-failure: open})
     */
    record AttachedProgram(int nic, boolean ingress, int handle, int program, String fingerprint, boolean open) {
        AttachedProgram {
            fingerprint = text(fingerprint);
        }

        static AttachedProgram on(Hook hook, int program, String fingerprint, boolean open) {
            return new AttachedProgram(hook.nic(), hook.ingress(), hook.handle(), program, fingerprint, open);
        }

        boolean isTcx() {
            return handle == 0;
        }

        Hook hook() {
            return Hook.of(nic, ingress, handle);
        }

        boolean isSame(AttachedProgram other) {
            return hook().equals(other.hook()) && program == other.program;
        }
    }

    /**
     * The original state of one NIC.
     *
     * @param name for people
     * @param index identifies the NIC, with the addresses and the programs: {@link NicRestore#isSame}
     * @param hardwareAddress its address at that time
     * @param permanentAddress its burned-in address; empty: none
     * @param switches sysctl values
     * @param broughtUp true: it was down
     * @param held true: we hold it down because the other side has no carrier; a stop lets it come up
     * @param promiscuous true: we made it promiscuous
     * @param offloads kernel names of the features that were on
     * @param sizes limits that were above {@link SizeLimit#ORDINARY}
     * @param linkLocals its IPv6 link-local addresses, {@code fe80::1/64}: the kernel restores the one that it makes itself, not
     *     those that people added
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
                switches.forEach((sysctl, value) -> {
                    if (sysctl != null && value != null) {
                        inOrder.put(sysctl, value);
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
                sizes.forEach((limit, value) -> {
                    if (limit != null && value != null) {
                        limits.put(limit, value);
                    }
                });
            }
            sizes = Collections.unmodifiableMap(limits);
            linkLocals = copy(linkLocals);
            if (index <= 0) {
                throw new IllegalArgumentException("index of a NIC: " + index);
            }
        }

        /** An entry of a NIC of which nothing is changed yet. */
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

        Entry withSwitches(Map<StackSysctl, String> others, List<String> addresses) {
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

        Entry withStates(boolean wasDown, boolean isHeld, boolean madePromiscuous) {
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

        Entry withOffloads(Collection<String> features) {
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

        Entry withSizes(Map<SizeLimit, Integer> limits) {
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
        return BootId.read().toString();
    }

    /** This journal, with the NIC at one place of the list held down, or none (-1). */
    Journal holding(int place) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < nics.size(); i++) {
            Entry entry = nics.get(i);
            entries.add(entry.withStates(entry.broughtUp(), i == place, entry.promiscuous()));
        }
        return withNics(entries);
    }

    /** This journal, with another NIC at one place of the list. */
    Journal replacing(int place, Entry entry) {
        List<Entry> entries = new ArrayList<>(nics);
        entries.set(place, entry);
        return withNics(entries);
    }

    /** This journal; we made the NIC of this index promiscuous. */
    Journal promiscuous(int nic) {
        return withNics(nics.stream()
                .map(entry -> entry.index() == nic ? entry.withStates(entry.broughtUp(), entry.held(), true) : entry)
                .toList());
    }

    private Journal withNics(List<Entry> entries) {
        return new Journal(interfaceName, bootId, entries, pairs, programs, qdiscs);
    }

    /** This journal, with these pairs. */
    Journal withPairs(List<Pair> others) {
        return new Journal(interfaceName, bootId, nics, others, programs, qdiscs);
    }

    /** This journal and a program. */
    Journal plus(AttachedProgram program) {
        return new Journal(interfaceName, bootId, nics, pairs, join(programs, List.of(program)), qdiscs);
    }

    /** This journal without a program. */
    Journal minus(AttachedProgram program) {
        return new Journal(
                interfaceName,
                bootId,
                nics,
                pairs,
                programs.stream().filter(other -> !other.isSame(program)).toList(),
                qdiscs);
    }

    /** This journal; we added a qdisc to the NIC of this index. */
    Journal plusQdisc(int nic) {
        return new Journal(interfaceName, bootId, nics, pairs, programs, join(qdiscs, List.of(nic)));
    }

    /** This journal and the entries of another one. */
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

    /** The programs on one hook. Two, where a run died between attaching the one and detaching the other. */
    List<AttachedProgram> programsOn(Hook hook) {
        return programs.stream().filter(program -> program.hook().equals(hook)).toList();
    }

    /** The entries of the NICs whose index fits, without pairs. */
    Journal about(IntPredicate nic) {
        return new Journal(
                interfaceName,
                bootId,
                nics.stream().filter(entry -> nic.test(entry.index())).toList(),
                List.of(),
                programs.stream().filter(program -> nic.test(program.nic())).toList(),
                qdiscs.stream().filter(nic::test).toList());
    }

    /** Indices of the NICs that it has entries of. */
    Set<Integer> indices() {
        return Stream.of(nics.stream().map(Entry::index), programs.stream().map(AttachedProgram::nic), qdiscs.stream())
                .flatMap(indices -> indices)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** True where there is nothing to undo. */
    boolean isEmpty() {
        return nics.isEmpty() && pairs.isEmpty() && programs.isEmpty() && qdiscs.isEmpty();
    }
}
