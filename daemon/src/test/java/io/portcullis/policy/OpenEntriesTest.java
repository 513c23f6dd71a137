package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class OpenEntriesTest {
    /** Random steps, compared with the library's queue; entries of one rule are equal here. */
    @Test
    void theLowestRuleIsFirst() {
        SplittableRandom random = new SplittableRandom(11);
        OpenEntries entries = new OpenEntries();
        PriorityQueue<Integer> model = new PriorityQueue<>();
        for (int step = 0; step < 20_000; step++) {
            if (model.isEmpty() || random.nextInt(100) < (step < 10_000 ? 60 : 40)) {
                int rule = random.nextInt(500);
                entries.add(RuleSet.entry(6, random.nextInt(1 << 16), 0xffff, rule));
                model.add(rule);
            } else {
                entries.removeFirst();
                model.remove();
            }
            assertEquals(model.isEmpty(), entries.isEmpty());
            if (!model.isEmpty()) {
                assertEquals(model.element(), RuleSet.rule(entries.first()));
            }
        }
    }
}
