package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.net.Direction;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * The virtual NICs of an interface. In host mode one pair is between this host's stack and the inside port; for libpcap a second one
 * is between the NIC and the outside port. With offload two NICs are the <em>taps</em> of the two ports: programs send them the frames
 * that need a decision, and the ports receive there. They are a pair only because a veth needs one: no frame crosses it. An alias says
 * that they are ours: {@code portcullis web0: 12i:345 12e:346}. It also lists the attached programs of the interface: index of the NIC,
 * direction, id of the program.
 */
final class VethPairs {
    private static final String ALIAS = "portcullis ";
    private static final Pattern PROGRAM = Pattern.compile("([0-9]{1,9})([ie]):([0-9]{1,9})");

    /** A name has no space. */
    private static final Pattern OWNER = Pattern.compile(ALIAS + "(\\S*):(?: .*)?");

    /** Bytes of an interface's name in an alias. */
    private static final int NAME_LENGTH = 60;

    private static final Pattern FORM = Pattern.compile("pc[hdoptu]-.+");

    /** Letters that a NIC's name has of an interface's name that does not fit. */
    private static final int SHORTENED = 4;

    private final Map<Journal.Pair, Veth> pairs;
    private final String interfaceName;

    private VethPairs(String interfaceName, Map<Journal.Pair, Veth> pairs) {
        this.interfaceName = interfaceName;
        this.pairs = Map.copyOf(pairs);
    }

    private Veth made(Journal.Pair pair) {
        return Objects.requireNonNull(pairs.get(pair), pair::near);
    }

    /** The pair between this host's stack and the inside port. */
    Veth inside() {
        return made(insideOf(interfaceName));
    }

    /** The pair between the NIC and the outside port; without a ring only. */
    Veth outside() {
        return made(outsideOf(interfaceName));
    }

    List<Journal.Pair> names() {
        return List.copyOf(pairs.keySet());
    }

    /** The taps of the outside port (near) and of the inside port (far). */
    Veth taps() {
        return made(tapsOf(interfaceName));
    }

    /** The tap of the port that receives the frames of a direction. */
    Nic tap(Direction direction) {
        return direction == Direction.INGRESS ? taps().near() : taps().far();
    }

    /** Programs that end each frame on a tap after its port has received it, and keep this host's stack from sending there. */
    List<ProgramSet.Attachment> shutTaps() {
        return Stream.of(taps().near(), taps().far())
                .flatMap(tap -> Stream.of(
                        ProgramSet.Attachment.ingress(tap, Programs.drop()),
                        ProgramSet.Attachment.egress(tap, Programs.drop())))
                .toList();
    }

    /** True: all ends exist, and are up. */
    boolean areWhole() throws ErrnoException {
        Set<Integer> up = new TreeSet<>();
        Nics.all().stream().filter(Nic::up).forEach(nic -> up.add(nic.index()));
        return pairs.values().stream()
                .allMatch(pair -> up.contains(pair.near().index())
                        && up.contains(pair.far().index()));
    }

    /** The names of the pairs that an interface may have. */
    static List<Journal.Pair> all(String interfaceName) {
        return List.of(insideOf(interfaceName), outsideOf(interfaceName), tapsOf(interfaceName));
    }

    /** Between this host's stack and the inside port. */
    static Journal.Pair insideOf(String interfaceName) {
        return new Journal.Pair(name("pch", interfaceName), name("pcd", interfaceName));
    }

    /** Between the NIC and the outside port, for libpcap. */
    static Journal.Pair outsideOf(String interfaceName) {
        return new Journal.Pair(name("pco", interfaceName), name("pcp", interfaceName));
    }

    /** The taps of the outside port and of the inside port. */
    static Journal.Pair tapsOf(String interfaceName) {
        return new Journal.Pair(name("pct", interfaceName), name("pcu", interfaceName));
    }

    /**
     * {@code pch-web0}. An interface's name may be longer than a NIC's, and have letters that scripts trip over: then it is the
     * beginning of that name and a checksum.
     *
     * @param prefix three letters
     */
    private static String name(String prefix, String interfaceName) {
        String whole = prefix + "-" + interfaceName;
        String plain = interfaceName.replaceAll("[^A-Za-z0-9_.-]", "");
        if (plain.equals(interfaceName) && whole.length() <= Nic.NAME_LENGTH) {
            return whole;
        }
        CRC32 checksum = new CRC32();
        checksum.update(interfaceName.getBytes(StandardCharsets.UTF_8));
        String end = String.format("%07x", checksum.getValue() & 0xfff_ffffL);
        return prefix + "-" + plain.substring(0, Math.min(plain.length(), SHORTENED)) + end;
    }

    /**
     * Makes the pairs that an interface needs, noted before they are made; those of an earlier run stay.
     *
     * @param ring true: frames that cross a pair may have offloads
     * @param notes takes lines for the log
     * @throws IOException also where a NIC of others has one of their names
     */
    static VethPairs make(
            String interfaceName, List<Journal.Pair> needed, boolean ring, RestoreLog log, List<String> notes)
            throws IOException {
        for (Journal.Pair pair : needed) {
            refuseOthers(pair, log.journal().pairs().contains(pair));
        }
        log.note(journal -> journal.withPairs(Journal.join(journal.pairs(), needed)));
        Map<Journal.Pair, Veth> pairs = new HashMap<>();
        for (Journal.Pair pair : needed) {
            Veth made = whole(pair, interfaceName, notes);
            String leaving = made.near().name();
            Offloads offloads = Offloads.read(leaving);
            Offloads.set(leaving, ring ? offloads.beyondVnetHeaders() : offloads.switchable(), false);
            pairs.put(pair, made);
        }
        return new VethPairs(interfaceName, pairs);
    }

    private static void refuseOthers(Journal.Pair pair, boolean noted) throws IOException {
        List<Nic> ours = ends(pair, noted, Nics.all());
        for (String name : List.of(pair.near(), pair.far())) {
            if (Nics.find(name).isPresent()
                    && ours.stream().noneMatch(end -> end.name().equals(name))) {
                throw new IOException("there is a NIC " + name + " already, which is not ours: remove it (ip link del "
                        + name + "), or give the interface another name");
            }
        }
    }

    /** The existing pair; where one of its ends is missing or down, a new one. */
    private static Veth whole(Journal.Pair pair, String interfaceName, List<String> notes) throws IOException {
        Optional<Nic> near = Nics.find(pair.near());
        Optional<Nic> far = Nics.find(pair.far());
        boolean isWhole = near.isPresent()
                && far.isPresent()
                && near.get().up()
                && far.get().up()
                && isOurs(near.get())
                && near.get().lowerIndex() == far.get().index();
        if (isWhole) {
            return new Veth(near.get(), far.get());
        }
        remove(pair, true).ifPresent(notes::add);
        Veth made = Veth.create(pair.near(), pair.far(), alias(Journal.empty(interfaceName, Journal.currentBootId())));
        notes.add(pair.near() + " and " + pair.far() + " made");
        return made;
    }

    /** True: one end of a pair that this program has made, for any interface. */
    static boolean isOurs(Nic nic) {
        return nic.kind().equals("veth") && nic.alias().startsWith(ALIAS);
    }

    /** True: it may be ours and have no alias yet, because a run died while it made the pair. Only a note in the journal proves it. */
    private static boolean isUnfinished(Nic nic) {
        return nic.kind().equals("veth")
                && nic.alias().isEmpty()
                && FORM.matcher(nic.name()).matches();
    }

    /**
     * The ends of a pair that exist and are ours.
     *
     * @param noted true: the journal says that we were making the pair
     */
    static List<Nic> ends(Journal.Pair pair, boolean noted, List<Nic> all) {
        return all.stream()
                .filter(nic -> nic.name().equals(pair.near()) || nic.name().equals(pair.far()))
                .filter(nic -> isOurs(nic) || noted && isUnfinished(nic))
                .toList();
    }

    /** Writes the attached programs of an interface into the alias of its first pair, where it has one. */
    static void writeAlias(Journal journal) throws ErrnoException {
        if (journal.pairs().isEmpty()) {
            return;
        }
        Optional<Nic> near = Nics.find(journal.pairs().getFirst().near()).filter(VethPairs::isOurs);
        String alias = alias(journal);
        if (near.isPresent() && !alias.equals(near.get().alias())) {
            Nics.setAlias(near.get(), alias);
        }
    }

    /** The alias of an interface's pair: as many programs as fit, the latest first. */
    static String alias(Journal journal) {
        StringBuilder alias = new StringBuilder(ALIAS + shortened(journal.interfaceName()) + ":");
        for (Journal.AttachedProgram program : journal.programs().reversed()) {
            String more = " " + program.nic() + (program.ingress() ? "i:" : "e:") + program.program();
            if (program.isTcx() && length(alias) + more.length() <= Nics.ALIAS_LENGTH) {
                alias.append(more);
            }
        }
        return alias.toString();
    }

    /** The name of the interface that one of our pairs belongs to, as its alias has it: a long one is cut. */
    static String owner(Nic end) {
        Matcher alias = OWNER.matcher(end.alias());
        return alias.matches() ? alias.group(1) : "";
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

    /** The ids of the programs that the aliases of all pairs list for one hook. */
    static Set<Integer> listed(List<Nic> all, Hook hook) {
        Set<Integer> programs = new TreeSet<>();
        for (Nic nic : all) {
            if (!isOurs(nic)) {
                continue;
            }
            Matcher listed = PROGRAM.matcher(nic.alias().substring(nic.alias().lastIndexOf(": ") + 1));
            while (listed.find()) {
                if (Integer.parseInt(listed.group(1)) == hook.nic()
                        && listed.group(2).equals(hook.ingress() ? "i" : "e")) {
                    programs.add(Integer.parseInt(listed.group(3)));
                }
            }
        }
        return programs;
    }

    /**
     * Removes the noted pairs of an interface that it does not need any more; afterwards the needed ones are noted.
     *
     * @return lines for the log
     */
    static List<String> removeOthers(RestoreLog log, List<Journal.Pair> needed) throws ErrnoException {
        List<String> lines = new ArrayList<>();
        for (Journal.Pair pair : log.journal().pairs()) {
            if (!needed.contains(pair)) {
                remove(pair, true).ifPresent(lines::add);
            }
        }
        log.note(journal -> journal.withPairs(needed));
        return lines;
    }

    /** Removes a pair: which ends, in one line; empty where none exists that is ours. */
    static Optional<String> remove(Journal.Pair pair, boolean noted) throws ErrnoException {
        List<Nic> ends = ends(pair, noted, Nics.all());
        if (ends.isEmpty()) {
            return Optional.empty();
        }
        for (Nic end : ends) {
            Nics.delete(end);
        }
        return Optional.of(String.join(" and ", ends.stream().map(Nic::name).toList()) + " removed");
    }
}
