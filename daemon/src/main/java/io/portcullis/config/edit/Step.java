package io.portcullis.config.edit;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The change of one rule of a file.
 *
 * @param rest what stays in its place; null: nothing
 * @param behind rules that follow it; the first one takes its place if nothing stays
 */
record Step(Rule before, @Nullable Rest rest, List<Rule> behind) {
    Step {
        behind = List.copyOf(behind);
    }

    /**
     * The rest of a rule.
     *
     * @param ports by the rule's ranges: true if the range stays
     * @param peers by the rule's peers: what stays of it; null: nothing
     */
    record Rest(Rule rule, List<Boolean> ports, List<@Nullable Peer> peers) {}

    /** A rule is a table of permissions: each row is a range of ports, each column a peer. A part is some of both. */
    private record Part(BitSet rows, BitSet columns) {}

    /** No change. */
    static Step keep(Rule rule) {
        List<Boolean> ports = Collections.nCopies(rule.ports().size(), true);
        return new Step(rule, new Rest(rule, ports, new ArrayList<>(rule.peers())), List.of());
    }

    /** Removes permissions. */
    static Step remove(Rule rule, Set<Permission> gone) {
        List<Part> parts = parts(rule, permission -> !gone.contains(permission));
        return step(rule, Map.of(rule.description(), parts));
    }

    /** Sets the descriptions of permissions. */
    static Step describe(Rule rule, Map<Permission, String> descriptions) {
        Map<String, List<Part>> parts = new LinkedHashMap<>();
        Set<String> texts = new LinkedHashSet<>(Set.of(rule.description()));
        Permission.of(rule).forEach(each -> texts.add(descriptions.getOrDefault(each, rule.description())));
        for (String text : texts) {
            parts.put(
                    text,
                    parts(
                            rule,
                            each -> descriptions
                                    .getOrDefault(each, rule.description())
                                    .equals(text)));
        }
        return step(rule, parts);
    }

    /** The same with a rule behind it. */
    Step with(Rule next) {
        List<Rule> all = new ArrayList<>(behind);
        all.add(next);
        return new Step(before, rest, all);
    }

    /** The rules that result, in order. */
    List<Rule> after() {
        List<Rule> after = new ArrayList<>();
        if (rest != null) {
            after.add(rest.rule());
        }
        after.addAll(behind);
        return after;
    }

    /** True: the rule stays as it is, and nothing follows it. */
    boolean isUnchanged() {
        return rest != null && behind.isEmpty() && rest.rule().equals(before);
    }

    private static Step step(Rule rule, Map<String, List<Part>> byDescription) {
        @Nullable Rest first = null;
        List<Rule> behind = new ArrayList<>();
        for (Map.Entry<String, List<Part>> each : byDescription.entrySet()) {
            List<Part> parts = new ArrayList<>(each.getValue());
            if (first == null && !parts.isEmpty()) {
                Part main = main(parts, columns(rule).size());
                parts.remove(main);
                first = rest(rule, main, each.getKey());
            }
            parts.forEach(part -> behind.add(rest(rule, part, each.getKey()).rule()));
        }
        return new Step(rule, first, behind);
    }

    /** The part with all columns, so that only ports leave the rule; else the first one. */
    private static Part main(List<Part> parts, int columns) {
        return parts.stream()
                .filter(part -> part.columns().cardinality() == columns)
                .findFirst()
                .orElse(parts.getFirst());
    }

    /** The permissions that a test accepts, as few parts: rows with the same columns are one. */
    private static List<Part> parts(Rule rule, Predicate<Permission> accepts) {
        Map<BitSet, BitSet> rows = new LinkedHashMap<>();
        List<PortRange> ports = Permission.portsOf(rule);
        List<Peer> columns = columns(rule);
        for (int row = 0; row < ports.size(); row++) {
            BitSet accepted = new BitSet();
            for (int column = 0; column < columns.size(); column++) {
                accepted.set(column, accepts.test(Permission.of(rule, ports.get(row), columns.get(column))));
            }
            if (!accepted.isEmpty()) {
                rows.computeIfAbsent(accepted, _ -> new BitSet()).set(row);
            }
        }
        List<Part> parts = new ArrayList<>();
        rows.forEach((accepted, of) -> parts.add(new Part(of, accepted)));
        return parts;
    }

    private static List<Peer> columns(Rule rule) {
        List<Peer> columns = new ArrayList<>();
        rule.peers().forEach(peer -> columns.addAll(Permission.expanded(rule.protocol(), peer)));
        return columns;
    }

    private static Rest rest(Rule rule, Part part, String description) {
        List<Boolean> rows = new ArrayList<>();
        List<PortRange> ports = new ArrayList<>();
        for (int row = 0; row < rule.ports().size(); row++) {
            rows.add(part.rows().get(row));
            if (part.rows().get(row)) {
                ports.add(rule.ports().get(row));
            }
        }
        List<@Nullable Peer> peers = new ArrayList<>();
        int column = 0;
        for (Peer peer : rule.peers()) {
            List<Peer> families = Permission.expanded(rule.protocol(), peer);
            peers.add(peer(peer, families, part.columns().get(column, column + families.size())));
            column += families.size();
        }
        List<Peer> kept = new ArrayList<>();
        for (Peer peer : peers) {
            if (peer != null) {
                kept.add(peer);
            }
        }
        Rule rest =
                new Rule(rule.protocol(), ports, rule.icmpType(), rule.icmpCode(), kept, description, rule.location());
        return new Rest(rest, List.copyOf(rows), peers);
    }

    /** What stays of a peer: all, one family of any, or nothing. */
    private static @Nullable Peer peer(Peer peer, List<Peer> families, BitSet accepted) {
        if (accepted.isEmpty()) {
            return null;
        }
        return accepted.cardinality() == families.size() ? peer : families.get(accepted.nextSetBit(0));
    }
}
