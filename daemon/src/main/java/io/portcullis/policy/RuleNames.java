package io.portcullis.policy;

import io.portcullis.config.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The rules of an interface by their numbers. Names are made on demand: 100,000 of them would take megabytes. */
final class RuleNames {
    /**
     * Consecutive rules of one list.
     *
     * @param list {@code web/ingress}
     * @param first number of its first rule
     * @param written null: one implied rule
     */
    private record Section(String list, int first, @Nullable List<Rule> written) {}

    private final List<Section> sections = new ArrayList<>();
    private int[] hashes = new int[16];
    private int size;

    /** Appends a list; returns the number of its first rule. */
    int add(String list, List<Rule> written) {
        int first = size;
        if (!written.isEmpty()) {
            sections.add(new Section(list, first, written));
            boolean ingress = list.endsWith("/ingress");
            written.forEach(rule -> addHash(hash(list, rule, ingress)));
        }
        return first;
    }

    /** Appends one implied rule; returns its number. */
    int addImplied(String list) {
        sections.add(new Section(list, size, null));
        addHash(sum(list + "[implied]"));
        return size - 1;
    }

    /** The hash of a written rule: of its list, {@code web/ingress}, and its conditions. Never 0. */
    static int hash(String list, Rule rule, boolean ingress) {
        return sum(list + ' ' + rule.text(ingress));
    }

    private static int sum(String text) {
        CRC32 sum = new CRC32();
        sum.update(text.getBytes(StandardCharsets.UTF_8));
        return sum.getValue() == 0 ? 1 : (int) sum.getValue();
    }

    private void addHash(int hash) {
        if (size == hashes.length) {
            hashes = Arrays.copyOf(hashes, 2 * size);
        }
        hashes[size++] = hash;
    }

    int hash(int number) {
        return hashes[number];
    }

    int withHash(int hash) {
        for (int number = 0; number < size; number++) {
            if (hashes[number] == hash) {
                return number;
            }
        }
        return RuleSet.NONE;
    }

    int size() {
        return size;
    }

    private Section section(int number) {
        int from = 0;
        int to = sections.size();
        while (to - from > 1) {
            int middle = (from + to) >>> 1;
            if (sections.get(middle).first <= number) {
                from = middle;
            } else {
                to = middle;
            }
        }
        return sections.get(from);
    }

    RuleIdentity identity(int number) {
        Section section = section(number);
        return section.written == null
                ? RuleIdentity.implied(section.list + "[implied]")
                : RuleIdentity.of(section.list, section.written.get(number - section.first));
    }

    /** A rule as one line of text. */
    String text(int number) {
        Section section = section(number);
        return section.written == null
                ? "all to any"
                : section.written.get(number - section.first).text(section.list.endsWith("/ingress"));
    }

    CompiledRule rule(int number) {
        Section section = section(number);
        if (section.written == null) {
            return new CompiledRule(section.list + "[implied]", null, "all egress is allowed");
        }
        int position = number - section.first;
        Rule rule = section.written.get(position);
        return new CompiledRule(section.list + "[" + (position + 1) + "]", rule.location(), rule.description());
    }
}
