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
 * Finds the rules of one list that another rule of it wholly covers. Comparing each with each would take minutes for
 * 100,000 rules; so rules stand in shelves, by protocol and address, and a rule is compared with those only that speak
 * about its first address and its first port, and with {@link #MOST_STEPS} of these at the most.
 */
final class ShadowedRules {
    private static final int MOST_STEPS = 200;
    private static final int HIGHEST = 65535;
    private static final List<Integer> ALL_PROTOCOLS = List.of(Rule.ALL);

    /** Where rules about one protocol and one block, group or list (its name) stand. */
    private record Shelf(int protocol, Object peer) {}

    /** Ports from low to high of one rule; for ICMP {@code type << 8 | code}. */
    private record Span(int low, int high, int rule) {}

    /** The spans of a shelf by their low end; {@code widest[i]} is, of the first i + 1, the one with the highest end. */
    private record Spans(List<Span> byLow, List<Integer> widest) {}

    /** One rule, with {@code any} written as the two blocks that it stands for. */
    private record Subject(Rule rule, Set<Cidr> blocks, Set<String> groups, Set<String> lists) {}

    private final Map<String, Set<Cidr>> lists = new HashMap<>();
    private final Set<Integer> lengthsV4 = new TreeSet<>();
    private final Set<Integer> lengthsV6 = new TreeSet<>();
    private final List<Subject> subjects = new ArrayList<>();
    private final Map<Shelf, List<Span>> unsorted = new HashMap<>();
    private final Map<Shelf, Spans> shelves = new HashMap<>();

    private final boolean inOrder;

    /** {@code inOrder}: only an earlier rule covers another, as of entries whose first match decides. */
    ShadowedRules(List<Rule> rules, Map<String, PrefixList> prefixLists, boolean inOrder) {
        this.inOrder = inOrder;
        for (Rule rule : rules) {
            Subject subject = subject(rule);
            int number = subjects.size();
            subjects.add(subject);
            subject.blocks.forEach(this::noteLength);
            for (String list : subject.lists) {
                PrefixList known = prefixLists.get(list);
                if (known != null && lists.putIfAbsent(list, new LinkedHashSet<>(known.entries())) == null) {
                    known.entries().forEach(this::noteLength);
                }
            }
            for (Object peer : peers(subject)) {
                List<Span> shelf = unsorted.computeIfAbsent(new Shelf(rule.protocol(), peer), _ -> new ArrayList<>());
                for (PortRange range : ranges(rule)) {
                    shelf.add(new Span(range.low(), range.high(), number));
                }
            }
        }
        unsorted.forEach((shelf, spans) -> shelves.put(shelf, sorted(spans)));
        unsorted.clear();
    }

    private static Subject subject(Rule rule) {
        Subject subject = new Subject(rule, new LinkedHashSet<>(), new LinkedHashSet<>(), new LinkedHashSet<>());
        for (Peer peer : rule.peers()) {
            switch (peer) {
                case Peer.Any _ -> subject.blocks.addAll(Rule.everyone(rule.protocol()));
                case Peer.Net(Cidr cidr) -> subject.blocks.add(cidr);
                case Peer.Group(String name) -> subject.groups.add(name);
                case Peer.Prefixes(String list) -> subject.lists.add(list);
            }
        }
        return subject;
    }

    private static List<Object> peers(Subject subject) {
        List<Object> peers = new ArrayList<>(subject.blocks);
        subject.groups.forEach(name -> peers.add(new Peer.Group(name)));
        subject.lists.forEach(name -> peers.add(new Peer.Prefixes(name)));
        return peers;
    }

    private static List<PortRange> ranges(Rule rule) {
        if (!rule.ports().isEmpty()) {
            return rule.ports();
        }
        if (rule.icmpType() == Rule.ALL) {
            return List.of(new PortRange(0, HIGHEST));
        }
        int type = rule.icmpType() << 8;
        return rule.icmpCode() == Rule.ALL
                ? List.of(new PortRange(type, type | 0xff))
                : List.of(new PortRange(type | rule.icmpCode(), type | rule.icmpCode()));
    }

    private static Spans sorted(List<Span> spans) {
        // Of equal spans the first rule's comes last, and so is found first.
        spans.sort(Comparator.comparingInt(Span::low)
                .thenComparing(Comparator.comparingInt(Span::rule).reversed()));
        List<Integer> widest = new ArrayList<>(spans.size());
        for (int i = 0; i < spans.size(); i++) {
            boolean wider = i == 0 || spans.get(i).high >= spans.get(widest.getLast()).high;
            widest.add(wider ? i : widest.getLast());
        }
        return new Spans(spans, widest);
    }

    /** The number of a rule that covers rule {@code number}, both counted from 0. Of two equal ones the later is covered. */
    OptionalInt coverOf(int number) {
        Subject subject = subjects.get(number);
        int protocol = subject.rule.protocol();
        List<Integer> protocols = protocol == Rule.ALL ? ALL_PROTOCOLS : List.of(protocol, Rule.ALL);
        PortRange range = ranges(subject.rule).getFirst();
        for (Object peer : coversOfFirstPeer(subject)) {
            for (int either : protocols) {
                Spans spans = shelves.get(new Shelf(either, peer));
                OptionalInt cover = spans == null ? OptionalInt.empty() : coverIn(spans, range, number);
                if (cover.isPresent()) {
                    return cover;
                }
            }
        }
        return OptionalInt.empty();
    }

    /** Every block, group or list in which the first address of a rule is, and that may be on a shelf. */
    private List<Object> coversOfFirstPeer(Subject subject) {
        List<Object> covers = new ArrayList<>();
        @Nullable Cidr first = null;
        if (!subject.blocks.isEmpty()) {
            first = subject.blocks.iterator().next();
        } else if (!subject.groups.isEmpty()) {
            covers.add(new Peer.Group(subject.groups.iterator().next()));
            covers.add(Rule.everyone(subject.rule.protocol()).getFirst());
        } else {
            String list = subject.lists.iterator().next();
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
        if (wide == narrow || inOrder && wide > narrow || !covers(subjects.get(wide), subjects.get(narrow))) {
            return false;
        }
        return wide < narrow || !covers(subjects.get(narrow), subjects.get(wide));
    }

    private boolean covers(Subject wide, Subject narrow) {
        boolean protocol = wide.rule.protocol() == Rule.ALL || wide.rule.protocol() == narrow.rule.protocol();
        List<PortRange> ranges = ranges(wide.rule);
        return protocol
                && ranges(narrow.rule).stream()
                        .allMatch(range -> ranges.stream()
                                .anyMatch(wider -> wider.low() <= range.low() && wider.high() >= range.high()))
                && (wide.blocks.containsAll(Rule.everyone(narrow.rule.protocol())) || coversPeers(wide, narrow));
    }

    private boolean coversPeers(Subject wide, Subject narrow) {
        return wide.groups.containsAll(narrow.groups)
                && narrow.blocks.stream().allMatch(block -> coversBlock(wide, block))
                && narrow.lists.stream()
                        .allMatch(list -> wide.lists.contains(list)
                                || entries(list).stream().allMatch(block -> coversBlock(wide, block)));
    }

    private boolean coversBlock(Subject wide, Cidr block) {
        List<Cidr> enclosing = enclosing(block);
        return !Collections.disjoint(enclosing, wide.blocks)
                || wide.lists.stream().anyMatch(list -> !Collections.disjoint(enclosing, entries(list)));
    }

    private Set<Cidr> entries(String list) {
        return lists.getOrDefault(list, Set.of());
    }

    /** The blocks that a block is in, itself too, of those lengths that occur here. */
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
