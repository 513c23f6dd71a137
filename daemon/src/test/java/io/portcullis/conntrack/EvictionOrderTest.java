package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.conntrack.index.Links;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random insertions, removals and changes of class against a model that sorts, for tables of many sizes. */
@Tag("property")
final class EvictionOrderTest {
    private static final EvictionClass[] CLASSES = EvictionClass.values();

    private static final class Model {
        private final List<TreeMap<Long, Integer>> byClass = new ArrayList<>();
        private final long[] created;
        private final EvictionClass[] ofClass;
        private long creations;

        Model(int entries) {
            created = new long[entries];
            ofClass = new EvictionClass[entries];
            for (int i = 0; i < CLASSES.length; i++) {
                byClass.add(new TreeMap<>());
            }
        }

        void append(int entry, EvictionClass to) {
            created[entry] = creations++;
            ofClass[entry] = to;
            byClass.get(to.ordinal()).put(created[entry], entry);
        }

        void remove(int entry) {
            byClass.get(ofClass[entry].ordinal()).remove(created[entry]);
        }

        void change(int entry, EvictionClass to) {
            remove(entry);
            ofClass[entry] = to;
            byClass.get(to.ordinal()).put(created[entry], entry);
        }

        int firstBut(int but) {
            return byClass.subList(0, EvictionClass.SPARED.ordinal()).stream()
                    .flatMap(each -> each.values().stream())
                    .filter(entry -> entry != but)
                    .findFirst()
                    .orElse(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 16, 100, 1_000, 5_000})
    void asTheModel(int entries) {
        SplittableRandom random = new SplittableRandom(entries);
        EvictionOrder order = order(entries);
        Model model = new Model(entries);
        Deque<Integer> free = new ArrayDeque<>();
        List<Integer> used = new ArrayList<>();
        for (int entry = 0; entry < entries; entry++) {
            free.add(entry);
        }
        // Phases with few removals, so that the table is full, and phases with many.
        int goes = 1;
        for (int step = 0; step < 60_000; step++) {
            String where = "step " + step;
            if (random.nextInt(2 * entries + 100) == 0) {
                goes = random.nextInt(1, 8);
            }
            if (random.nextInt(10) < goes && !used.isEmpty()) {
                int at = random.nextInt(used.size());
                int entry = used.get(at);
                used.set(at, used.getLast());
                used.removeLast();
                order.remove(entry);
                model.remove(entry);
                free.add(entry);
            } else if (!free.isEmpty()) {
                int entry = free.removeFirst();
                EvictionClass to = CLASSES[random.nextInt(CLASSES.length)];
                order.append(entry, to);
                model.append(entry, to);
                used.add(entry);
            }
            if (!used.isEmpty()) {
                int entry = used.get(random.nextInt(used.size()));
                if (random.nextInt(3) == 0) {
                    EvictionClass to = CLASSES[random.nextInt(CLASSES.length)];
                    order.change(entry, to);
                    model.change(entry, to);
                }
                assertEquals(model.ofClass[entry], order.of(entry), where);
                assertEquals(model.firstBut(entry), order.firstBut(entry), where);
            }
            assertEquals(model.firstBut(-1), order.firstBut(-1), where);
        }
    }

    /** One flow is removed and added again and again: the array never overflows, and the others keep their order. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 10, 1_000})
    void longLivedFlowsKeepTheirPlacesWhileOthersComeAndGo(int entries) {
        EvictionOrder order = order(entries);
        for (int entry = 0; entry < entries - 1; entry++) {
            order.append(entry, EvictionClass.SPARED);
        }
        for (int i = 0; i < 10 * entries; i++) {
            order.append(entries - 1, EvictionClass.UNREPLIED);
            assertEquals(entries - 1, order.firstBut(-1));
            order.remove(entries - 1);
        }
        for (int entry = entries - 2; entry >= 0; entry--) {
            order.change(entry, EvictionClass.CLOSING);
            assertEquals(entry, order.firstBut(-1), "the older one closes later");
        }
    }

    /** All flows are replaced again and again, the oldest first: the largest number of gaps. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 10, 64, 1_000})
    void aFloodReplacesItself(int entries) {
        EvictionOrder order = order(entries);
        for (int i = 0; i < 20 * entries; i++) {
            int entry = i % entries;
            if (i >= entries) {
                assertEquals(entry, order.firstBut(-1));
                order.remove(entry);
            }
            order.append(entry, EvictionClass.UNREPLIED);
        }
        assertTrue(order.firstBut(-1) >= 0);
    }

    private static EvictionOrder order(int entries) {
        Links links = new Links(Arena.ofAuto().allocate((long) entries * Links.BYTES, Links.BYTES));
        return new EvictionOrder(links, entries, Arena.ofAuto().allocate(EvictionOrder.bytes(entries), Links.BYTES));
    }
}
