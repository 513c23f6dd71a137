package io.portcullis.policy;

import io.portcullis.config.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules of an interface by their numbers. Names are made when somebody asks: 100,000 of them would be megabytes. */
final class RuleNames {
    /**
     * Rules that stand together.
     *
     * @param list {@code web/ingress}
     * @param first number of its first rule
     * @param written null: one implied rule
     */
    private record Section(String list, int first, @Nullable List<Rule> written) {}

    private final List<Section> sections = new ArrayList<>();
    private int size;

    /** Appends a list; returns the number of its first rule. */
    int add(String list, List<Rule> written) {
        int first = size;
        if (!written.isEmpty()) {
            sections.add(new Section(list, first, written));
            size += written.size();
        }
        return first;
    }

    /** Appends one rule that nobody wrote; returns its number. */
    int addImplied(String list) {
        sections.add(new Section(list, size, null));
        return size++;
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

    CompiledRule rule(int number) {
        Section section = section(number);
        if (section.written == null) {
            return new CompiledRule(section.list + "[implied]", null, "everything may leave");
        }
        int position = number - section.first;
        Rule rule = section.written.get(position);
        return new CompiledRule(section.list + "[" + (position + 1) + "]", rule.place(), rule.description());
    }
}
