package io.portcullis.config.lint;

import io.portcullis.config.Peer;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the rules of a list that another rule of the list covers completely. Comparing all pairs would take minutes for 100,000 rules.
 * Therefore rules are grouped by protocol and peer, and a rule is compared only with rules that match its first address and first port,
 * at most {@link #MOST_STEPS} of them.
 */
final class ShadowedRules {
    private static final int MOST_STEPS = 200;
    private static final List<Integer> ALL_PROTOCOLS = List.of(Rule.ALL);

    /** Key of the rules about one protocol and one block, group or prefix list. */
    private record PeerKey(int protocol, Object peer) {}

    /** Port range of one rule; for ICMP {@code type << 8 | code}. */
    private record Span(int low, int high, int rule) {}

    /** Spans by their low end; {@code widest[i]} is the index of the one with the highest end among the first i + 1. */
    private record Spans(List<Span> byLow, List<Integer> widest) {}

    /** One rule, its peers by kind; {@code any} is expanded to blocks. */
    private record ExpandedRule(Rule rule, Set<Cidr> blocks, Set<String> groups, Set<String> lists) {}

    private final Map<String, Set<Cidr>> lists = new HashMap<>();
    private final Set<Integer> lengthsV4 = new TreeSet<>();
    private final Set<Integer> lengthsV6 = new TreeSet<>();
    private final List<ExpandedRule> expandedRules = new ArrayList<>();
    private final Map<PeerKey, List<Span>> unsorted = new HashMap<>();
    private final Map<PeerKey, Spans> spansByPeer = new HashMap<>();

    private final boolean inOrder;

    /** {@code inOrder}: only an earlier rule covers another, as in a network ACL. */
    ShadowedRules(List<Rule> rules, Map<String, PrefixList> prefixLists, boolean inOrder) {
        this.inOrder = inOrder;
        for (Rule rule : rules) {
            ExpandedRule expanded = expanded(rule);
            int number = expandedRules.size();
            expandedRules.add(expanded);
            expanded.blocks.forEach(this::noteLength);
            for (String list : expanded.lists) {
                PrefixList known = prefixLists.get(list);
                if (known != null && lists.putIfAbsent(list, new LinkedHashSet<>(known.entries())) == null) {
                    known.entries().forEach(this::noteLength);
                }
            }
            for (Object peer : peers(expanded)) {
                List<Span> key = unsorted.computeIfAbsent(new PeerKey(rule.protocol(), peer), _ -> new ArrayList<>());
                for (PortRange range : rule.selectors()) {
                    key.add(new Span(range.low(), range.high(), number));
                }
            }
        }
        unsorted.forEach((key, spans) -> spansByPeer.put(key, sorted(spans)));
        unsorted.clear();
    }

    private static ExpandedRule expanded(Rule rule) {
        ExpandedRule expanded =
                new ExpandedRule(rule, new LinkedHashSet<>(), new LinkedHashSet<>(), new LinkedHashSet<>());
        for (Peer peer : rule.peers()) {
            switch (peer) {
                case Peer.Any _ -> expanded.blocks.addAll(Rule.allAddresses(rule.protocol()));
                case Peer.Net(Cidr cidr) -> expanded.blocks.add(cidr);
                case Peer.Group(String name) -> expanded.groups.add(name);
                case Peer.Prefixes(String list) -> expanded.lists.add(list);
            }
        }
        return expanded;
    }

    private static List<Object> peers(ExpandedRule expanded) {
        List<Object> peers = new ArrayList<>(expanded.blocks);
        expanded.groups.forEach(name -> peers.add(new Peer.Group(name)));
        expanded.lists.forEach(name -> peers.add(new Peer.Prefixes(name)));
        return peers;
    }

    private static Spans sorted(List<Span> spans) {
        // Of equal spans the first rule's sorts last, so the search finds it first.
        spans.sort(Comparator.comparingInt(Span::low)
                .thenComparing(Comparator.comparingInt(Span::rule).reversed()));
        List<Integer> widest = new ArrayList<>(spans.size());
        for (int i = 0; i < spans.size(); i++) {
            boolean wider = i == 0 || spans.get(i).high >= spans.get(widest.getLast()).high;
            widest.add(wider ? i : widest.getLast());
        }
        return new Spans(spans, widest);
    }

    /** The position of a rule that covers the rule at position {@code number}. Of two equal rules the later one is covered. */
    OptionalInt coverOf(int number) {
        ExpandedRule expanded = expandedRules.get(number);
        int protocol = expanded.rule.protocol();
        List<Integer> protocols = protocol == Rule.ALL ? ALL_PROTOCOLS : List.of(protocol, Rule.ALL);
        PortRange range = expanded.rule.selectors().getFirst();
        for (Object peer : coversOfFirstPeer(expanded)) {
            for (int either : protocols) {
                Spans spans = spansByPeer.get(new PeerKey(either, peer));
                OptionalInt cover = spans == null ? OptionalInt.empty() : coverIn(spans, range, number);
                if (cover.isPresent()) {
                    return cover;
                }
            }
        }
        return OptionalInt.empty();
    }

    /** Every block, group or list that contains the first address of a rule. */
    private List<Object> coversOfFirstPeer(ExpandedRule expanded) {
        List<Object> covers = new ArrayList<>();
        @Nullable Cidr first = null;
        if (!expanded.blocks.isEmpty()) {
            first = expanded.blocks.iterator().next();
        } else if (!expanded.groups.isEmpty()) {
            covers.add(new Peer.Group(expanded.groups.iterator().next()));
            covers.add(Rule.allAddresses(expanded.rule.protocol()).getFirst());
        } else {
            String list = expanded.lists.iterator().next();
            covers.add(new Peer.Prefixes(list));
            first = entries(list).stream().findFirst().orElse(null);
        }
        if (first != null) {
            covers.addAll(enclosing(first));
            for (String list : lists.keySet()) {
                covers.add(new Peer.Prefixes(list));
            }
        }
        return covers;
    }

    private OptionalInt coverIn(Spans spans, PortRange range, int number) {
        int last = lastAtOrBelow(spans.byLow, range.low());
        if (last < 0) {
            return OptionalInt.empty();
        }
        Span widest = spans.byLow.get(spans.widest.get(last));
        if (widest.high < range.high()) {
            return OptionalInt.empty();
        }
        if (covers(widest.rule, number)) {
            return OptionalInt.of(widest.rule);
        }
        for (int i = last; i >= Math.max(0, last - MOST_STEPS); i--) {
            Span span = spans.byLow.get(i);
            if (span.high >= range.high() && covers(span.rule, number)) {
                return OptionalInt.of(span.rule);
            }
        }
        return OptionalInt.empty();
    }

    private static int lastAtOrBelow(List<Span> byLow, int low) {
        int from = 0;
        int to = byLow.size();
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (byLow.get(middle).low <= low) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from - 1;
    }

    private boolean covers(int wide, int narrow) {
        if (wide == narrow || inOrder && wide > narrow || !covers(expandedRules.get(wide), expandedRules.get(narrow))) {
            return false;
        }
        return wide < narrow || !covers(expandedRules.get(narrow), expandedRules.get(wide));
    }

    private boolean covers(ExpandedRule wide, ExpandedRule narrow) {
        boolean protocol = wide.rule.protocol() == Rule.ALL || wide.rule.protocol() == narrow.rule.protocol();
        List<PortRange> ranges = wide.rule.selectors();
        return protocol
                && narrow.rule.selectors().stream()
                        .allMatch(range -> ranges.stream()
                                .anyMatch(wider -> wider.low() <= range.low() && wider.high() >= range.high()))
                && (wide.blocks.containsAll(Rule.allAddresses(narrow.rule.protocol())) || coversPeers(wide, narrow));
    }

    private boolean coversPeers(ExpandedRule wide, ExpandedRule narrow) {
        return wide.groups.containsAll(narrow.groups)
                && narrow.blocks.stream().allMatch(block -> coversBlock(wide, block))
                && narrow.lists.stream()
                        .allMatch(list -> wide.lists.contains(list)
                                || entries(list).stream().allMatch(block -> coversBlock(wide, block)));
    }

    private boolean coversBlock(ExpandedRule wide, Cidr block) {
        List<Cidr> enclosing = enclosing(block);
        return !Collections.disjoint(enclosing, wide.blocks)
                || wide.lists.stream().anyMatch(list -> !Collections.disjoint(enclosing, entries(list)));
    }

    private Set<Cidr> entries(String list) {
        return lists.getOrDefault(list, Set.of());
    }

    /** The blocks that enclose a block, itself included, with prefix lengths that occur in the rules. */
    private List<Cidr> enclosing(Cidr block) {
        List<Cidr> blocks = new ArrayList<>();
        for (int length : block.isV6() ? lengthsV6 : lengthsV4) {
            if (length <= block.prefixLength()) {
                blocks.add(new Cidr(block.network().network(length), length));
            }
        }
        return blocks;
    }

    private void noteLength(Cidr block) {
        (block.isV6() ? lengthsV6 : lengthsV4).add(block.prefixLength());
    }
}
