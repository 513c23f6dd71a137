package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The virtual NICs of host mode, and how they are known as ours: by an alias, {@code portcullis web0: 12i:345 12e:346}. It tells
 * the programs of the interface as well: index of the NIC, direction, and the kernel's number for the program.
 */
final class Pairs {
    private static final String ALIAS = "portcullis ";
    private static final Pattern PROGRAM = Pattern.compile("([0-9]{1,9})([ie]):([0-9]{1,9})");
    private static final int NAME_LENGTH = 60;

    private Pairs() {}

    /** Between this host's stack and us. */
    static Journal.Pair inside(String interfaceName) {
        return new Journal.Pair(PairName.of("pch", interfaceName), PairName.of("pcd", interfaceName));
    }

    /** Between the NIC and us, for libpcap. */
    static Journal.Pair outside(String interfaceName) {
        return new Journal.Pair(PairName.of("pco", interfaceName), PairName.of("pcp", interfaceName));
    }

    /** True: one end of a pair that we have made, whoever remembers it. */
    static boolean isOurs(Nic nic) {
        return nic.kind().equals("veth") && nic.alias().startsWith(ALIAS);
    }

    /** True: it may be one that has not got its alias yet, because a run died while making it; a note of it must say so, too. */
    static boolean isUnfinished(Nic nic) {
        return nic.kind().equals("veth") && nic.alias().isEmpty() && PairName.isOne(nic.name());
    }

    /**
     * The ends of a pair that are there, and ours.
     *
     * @param noted true: a journal says that we were making it
     */
    static List<Nic> ends(Journal.Pair pair, boolean noted, List<Nic> all) {
        return all.stream()
                .filter(nic -> nic.name().equals(pair.near()) || nic.name().equals(pair.far()))
                .filter(nic -> isOurs(nic) || noted && isUnfinished(nic))
                .toList();
    }

    /** The end whose alias tells the programs of an interface. */
    static Optional<Nic> nearOf(Journal journal) throws ErrnoException {
        if (journal.pairs().isEmpty()) {
            return Optional.empty();
        }
        return Nics.find(inside(journal.interfaceName()).near()).filter(Pairs::isOurs);
    }

    /** Writes what is attached into the alias. */
    static void tell(Nic near, Journal journal) throws ErrnoException {
        String alias = alias(journal);
        if (!alias.equals(near.alias())) {
            Nics.setAlias(near, alias);
        }
    }

    /** The alias of an interface's pair: as many programs as there is room for, the latest first. */
    static String alias(Journal journal) {
        StringBuilder alias = new StringBuilder(ALIAS + shortened(journal.interfaceName()) + ":");
        for (Journal.Standing each : journal.programs().reversed()) {
            String more = " " + each.nic() + (each.ingress() ? "i:" : "e:") + each.program();
            if (each.isTcx() && length(alias) + more.length() <= Nics.ALIAS_LENGTH) {
                alias.append(more);
            }
        }
        return alias.toString();
    }

    private static int length(CharSequence text) {
        return text.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    private static String shortened(String name) {
        int end = name.length();
        while (length(name.substring(0, end)) > NAME_LENGTH) {
            end = name.offsetByCodePoints(end, -1);
        }
        return name.substring(0, end);
    }

    /** What the aliases of all pairs tell of one hook: numbers of programs. */
    static Set<Integer> told(List<Nic> all, Hook hook) {
        Set<Integer> programs = new TreeSet<>();
        for (Nic nic : all) {
            if (!isOurs(nic)) {
                continue;
            }
            Matcher told = PROGRAM.matcher(nic.alias().substring(nic.alias().lastIndexOf(": ") + 1));
            while (told.find()) {
                if (Integer.parseInt(told.group(1)) == hook.nic()
                        && told.group(2).equals(hook.ingress() ? "i" : "e")) {
                    programs.add(Integer.parseInt(told.group(3)));
                }
            }
        }
        return programs;
    }

    /**
     * Removes the pairs of an interface that it does not want any more; those that it wants are noted.
     *
     * @return lines for the log
     */
    static List<String> removeOthers(RestoreLog log, List<Journal.Pair> wanted) throws ErrnoException {
        List<String> lines = new ArrayList<>();
        for (Journal.Pair pair : log.journal().pairs()) {
            if (!wanted.contains(pair)) {
                remove(pair, true).ifPresent(lines::add);
            }
        }
        log.note(all -> all.withPairs(wanted));
        return lines;
    }

    /** Removes a pair; what was removed, in one line, or nothing where it is gone or not ours. */
    static Optional<String> remove(Journal.Pair pair, boolean noted) throws ErrnoException {
        List<Nic> ends = ends(pair, noted, Nics.all());
        if (ends.isEmpty()) {
            return Optional.empty();
        }
        for (Nic end : ends) {
            Nics.delete(end);
        }
        List<String> names = new ArrayList<>(ends.stream().map(Nic::name).toList());
        return Optional.of(String.join(" and ", names) + " removed");
    }
}
