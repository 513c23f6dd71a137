package io.portcullis.policy.analysis;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Rule;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.LinkClass;
import io.portcullis.policy.Acl;
import io.portcullis.policy.IntervalSweep;
import io.portcullis.policy.Policy;
import io.portcullis.policy.RuleLayer;
import io.portcullis.policy.SelectorText;
import io.portcullis.policy.Selectors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The difference between two configurations as traffic, not as text. Exact: computed from the compiled policies.
 */
public final class Difference {
    /**
     * Some traffic.
     *
     * @param protocol {@code tcp}, {@code all}, {@code all but tcp, udp}, or a link class
     * @param selectors {@code 80, 443}, {@code type 8}; empty: all
     * @param peers {@code any}, blocks, and intervals such as {@code 10.0.0.5-10.0.0.9}; empty for link traffic
     */
    public record Traffic(String protocol, String selectors, List<String> peers) {
        public Traffic {
            peers = List.copyOf(peers);
        }
    }

    /**
     * The changes of one interface in one direction.
     *
     * @param allowed new flows that become allowed
     * @param denied new flows that become denied
     * @param aclAllowed packets, including those of tracked flows, that the network ACL newly allows
     * @param aclDenied packets, including those of tracked flows, that it newly denies
     */
    public record DirectionChange(
            List<Traffic> allowed, List<Traffic> denied, List<Traffic> aclAllowed, List<Traffic> aclDenied) {
        /** True: no change. */
        public boolean isEmpty() {
            return allowed.isEmpty() && denied.isEmpty() && aclAllowed.isEmpty() && aclDenied.isEmpty();
        }
    }

    /**
     * The changes of one interface.
     *
     * @param note changes other than in rules and network ACL; may be empty
     */
    public record Change(String interfaceName, String note, DirectionChange ingress, DirectionChange egress) {
        /** True: no change. */
        public boolean isEmpty() {
            return note.isEmpty() && ingress.isEmpty() && egress.isEmpty();
        }
    }

    private static final DirectionChange NOTHING = new DirectionChange(List.of(), List.of(), List.of(), List.of());

    /** An interval of addresses with its changed selectors, as text: 100,000 sets would take 800 MB. */
    private record Piece(Address first, Address last, String selectors) {}

    /** The policies, or network ACLs, before and after a change. */
    private interface Comparison {
        Set<Integer> protocols();

        List<RuleLayer> layers(boolean isV6, int protocol);

        /** The selectors before and after the change, within the protocol's domain. */
        List<Selectors> of(List<Selectors> sets, Selectors domain);
    }

    private Difference() {}

    /** The changes of all interfaces of both configurations; unchanged interfaces are left out. */
    public static List<Change> between(Config before, Config after) {
        Set<String> names = new LinkedHashSet<>(before.interfaces().keySet());
        names.addAll(after.interfaces().keySet());
        List<Change> changes = new ArrayList<>();
        for (String name : names) {
            Change change = change(name, before, after);
            if (!change.isEmpty()) {
                changes.add(change);
            }
        }
        return changes;
    }

    private static Change change(String name, Config before, Config after) {
        Interface was = before.interfaces().get(name);
        Interface is = after.interfaces().get(name);
        if (was == null || is == null) {
            String note = was == null
                    ? "becomes guarded: traffic that its rules do not admit becomes denied"
                    : "is no longer guarded: all traffic becomes allowed";
            return new Change(name, note, NOTHING, NOTHING);
        }
        Policy old = Policy.compile(before, name, 0, 1);
        Policy now = Policy.compile(after, name, 0, 1);
        List<String> notes = new ArrayList<>();
        if (was.audit() != is.audit()) {
            notes.add(
                    is.audit()
                            ? "enforce becomes audit: nothing is dropped"
                            : "enforce becomes true: traffic that the rules do not admit is dropped");
        }
        classes(was, is, notes);
        return new Change(name, String.join("; ", notes), direction(old, now, true), direction(old, now, false));
    }

    private static void classes(Interface was, Interface is, List<String> notes) {
        Set<String> before = classes(was);
        Set<String> after = classes(is);
        Set<String> gone = new TreeSet<>(before);
        gone.removeAll(after);
        after.removeAll(before);
        if (!after.isEmpty()) {
            notes.add("link traffic that becomes allowed: " + String.join(", ", after));
        }
        if (!gone.isEmpty()) {
            notes.add("link traffic that becomes denied: " + String.join(", ", gone));
        }
    }

    private static Set<String> classes(Interface of) {
        Set<String> classes =
                of.passThrough().stream().map(LinkClass::key).collect(Collectors.toCollection(TreeSet::new));
        of.ethertypes().forEach(type -> classes.add(String.format("ethertype 0x%04x", type)));
        return classes;
    }

    private static DirectionChange direction(Policy old, Policy now, boolean inward) {
        Comparison flows = flows(old, now, inward);
        List<Traffic> allowed = traffic(flows, false);
        List<Traffic> denied = traffic(flows, true);
        if (old.acl() == null && now.acl() == null) {
            return new DirectionChange(allowed, denied, List.of(), List.of());
        }
        Comparison acls = acls(old.acl(), now.acl(), inward);
        return new DirectionChange(allowed, denied, traffic(acls, false), traffic(acls, true));
    }

    private static Comparison flows(Policy old, Policy now, boolean inward) {
        AdmittedFlows before = new AdmittedFlows(old, inward);
        AdmittedFlows after = new AdmittedFlows(now, inward);
        return new Comparison() {
            @Override
            public Set<Integer> protocols() {
                Set<Integer> protocols = before.protocols();
                protocols.addAll(after.protocols());
                return protocols;
            }

            @Override
            public List<RuleLayer> layers(boolean isV6, int protocol) {
                List<RuleLayer> layers = new ArrayList<>(before.layers(isV6, protocol, Selectors.ALL));
                layers.addAll(after.layers(isV6, protocol, Selectors.ALL));
                return layers;
            }

            @Override
            public List<Selectors> of(List<Selectors> sets, Selectors domain) {
                int split = old.acl() == null ? 1 : 3;
                Selectors was = old.audits() ? domain : before.of(sets.subList(0, split));
                Selectors is = now.audits() ? domain : after.of(sets.subList(split, sets.size()));
                return List.of(was, is);
            }
        };
    }

    private static Comparison acls(@Nullable Acl old, @Nullable Acl now, boolean inward) {
        return new Comparison() {
            @Override
            public Set<Integer> protocols() {
                Set<Integer> protocols = new TreeSet<>();
                if (old != null) {
                    AdmittedFlows.addProtocols(old.rules(inward), protocols);
                }
                if (now != null) {
                    AdmittedFlows.addProtocols(now.rules(inward), protocols);
                }
                return protocols;
            }

            @Override
            public List<RuleLayer> layers(boolean isV6, int protocol) {
                List<RuleLayer> layers = new ArrayList<>();
                if (old != null) {
                    layers.add(old.layer(inward, isV6, protocol, Selectors.ALL));
                }
                if (now != null) {
                    layers.add(now.layer(inward, isV6, protocol, Selectors.ALL));
                }
                return layers;
            }

            @Override
            public List<Selectors> of(List<Selectors> sets, Selectors domain) {
                return List.of(old == null ? domain : sets.getFirst(), now == null ? domain : sets.getLast());
            }
        };
    }

    /** The traffic that is newly admitted, or if {@code lost}, no longer. */
    private static List<Traffic> traffic(Comparison comparison, boolean lost) {
        Set<Integer> named = comparison.protocols();
        int unnamed = AdmittedFlows.unnamed(named);
        Map<Integer, Map<String, List<String>>> byProtocol = new TreeMap<>();
        for (int protocol : named) {
            byProtocol.put(protocol, pieces(comparison, protocol, lost));
        }
        List<Traffic> traffic = new ArrayList<>();
        if (unnamed >= 0) {
            // No rule names these protocols: the change is the same for all of them, and perhaps for some named ones.
            pieces(comparison, unnamed, lost).forEach((selectors, peers) -> {
                Set<String> others = new LinkedHashSet<>();
                byProtocol.forEach((protocol, of) -> {
                    if (Objects.equals(of.get(""), peers)) {
                        of.remove("");
                    } else {
                        others.add(Rule.protocolName(protocol));
                    }
                });
                String name = others.isEmpty() ? "all" : "all but " + String.join(", ", others);
                traffic.add(new Traffic(name, selectors, orAny(peers, unnamed)));
            });
        }
        byProtocol.forEach((protocol, of) -> of.forEach((selectors, peers) ->
                traffic.add(new Traffic(Rule.protocolName(protocol), selectors, orAny(peers, protocol)))));
        return traffic;
    }

    /** The peers of one protocol's changes, by selectors as text. */
    private static Map<String, List<String>> pieces(Comparison comparison, int protocol, boolean lost) {
        Map<String, List<String>> peers = new LinkedHashMap<>();
        for (boolean isV6 : new boolean[] {false, true}) {
            List<Piece> pieces = pieces(comparison, protocol, isV6, lost);
            for (Piece piece : pieces) {
                peers.computeIfAbsent(piece.selectors, _ -> new ArrayList<>()).add(interval(piece));
            }
        }
        return peers;
    }

    private static List<Piece> pieces(Comparison comparison, int protocol, boolean isV6, boolean lost) {
        Selectors domain = Selectors.domain(isV6, protocol);
        List<Piece> pieces = new ArrayList<>();
        IntervalSweep.run(isV6, comparison.layers(isV6, protocol), (first, last, sets) -> {
            List<Selectors> both = comparison.of(sets, domain);
            Selectors was = both.getFirst().and(domain);
            Selectors is = both.getLast().and(domain);
            Selectors changed = lost ? was.without(is) : is.without(was);
            if (changed.isEmpty()) {
                return;
            }
            String selectors = SelectorText.of(changed, isV6, protocol);
            Piece before = pieces.isEmpty() ? null : pieces.getLast();
            if (before != null && before.last.next().equals(first) && before.selectors.equals(selectors)) {
                pieces.removeLast();
                pieces.add(new Piece(before.first, last, selectors));
            } else {
                pieces.add(new Piece(first, last, selectors));
            }
        });
        return pieces;
    }

    private static String interval(Piece piece) {
        for (int length = 0; length <= piece.first.bits(); length++) {
            if (piece.first.network(length).equals(piece.first)
                    && new Cidr(piece.first, length).last().equals(piece.last)) {
                return length == piece.first.bits() ? piece.first.toString() : new Cidr(piece.first, length).toString();
            }
        }
        return piece.first + "-" + piece.last;
    }

    /** {@code any} is both families; with icmp and icmpv6 their own, as in a rule. */
    private static List<String> orAny(List<String> peers, int protocol) {
        List<String> all = switch (protocol) {
            case 1 -> List.of(Cidr.ALL_V4.toString());
            case 58 -> List.of(Cidr.ALL_V6.toString());
            default -> List.of(Cidr.ALL_V4.toString(), Cidr.ALL_V6.toString());
        };
        return peers.equals(all) ? List.of("any") : peers;
    }
}
