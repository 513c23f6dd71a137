package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.wire.ApiException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random changes of prefix lists, through the endpoint and in the file, against a model that knows nothing of files. */
@Tag("property")
final class PrefixListPropertyTest {
    private static final int STEPS = 150;
    private static final int BLOCKS = 6;
    private static final int MOST_KEPT = 20;
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web: {ingress: []}
            prefix-lists:
              # of both families
              list1: [10.1.0.0/24, "2001:db8:1:0::/64"]
              list2: [10.2.0.0/24]     # of one
            """;

    /** One managed list: entries with their descriptions, in the order of the file. */
    private static final class Modelled {
        final String id;
        final String name;
        final boolean isV6;
        final Map<String, String> descriptions = new TreeMap<>();
        final NavigableMap<Long, Map<String, String>> kept = new TreeMap<>();
        List<String> entries = new ArrayList<>();
        List<String> newest = List.of();
        int most;
        String state = "create-complete";

        Modelled(String id, String name, boolean isV6) {
            this.id = id;
            this.name = name;
            this.isV6 = isV6;
        }

        boolean isEdited() {
            return !kept.isEmpty() && !newest.equals(entries);
        }

        long version() {
            return kept.isEmpty() ? 1 : kept.lastKey() + (isEdited() ? 1 : 0);
        }

        int maxEntries() {
            return Math.max(Math.max(1, most), entries.size());
        }

        String state() {
            return isEdited() ? "modify-complete" : state;
        }

        Map<String, String> described(List<String> blocks) {
            Map<String, String> all = new TreeMap<>();
            blocks.forEach(block -> all.put(block, descriptions.getOrDefault(block, "")));
            return all;
        }

        NavigableMap<Long, Map<String, String>> versions() {
            NavigableMap<Long, Map<String, String>> all = new TreeMap<>(kept);
            all.putIfAbsent(version(), described(entries));
            return all;
        }

        /** The endpoint has changed something else than the entries. */
        void keep(String how) {
            most = maxEntries();
            NavigableMap<Long, Map<String, String>> all = versions();
            kept.clear();
            kept.putAll(all);
            newest = List.copyOf(entries);
            state = how;
            forget();
        }

        void change(List<String> next, Map<String, String> words, String how) {
            keep(how);
            entries = new ArrayList<>(next);
            newest = List.copyOf(next);
            descriptions.clear();
            descriptions.putAll(words);
            descriptions.keySet().retainAll(next);
            kept.put(kept.lastKey() + 1, described(next));
            forget();
        }

        private void forget() {
            while (kept.size() > MOST_KEPT) {
                kept.pollFirstEntry();
            }
        }
    }

    private final TextStore store = new TextStore(YAML);
    private final Calls calls = new Calls(store);
    private final Map<String, Modelled> lists = new LinkedHashMap<>();
    private int made = 2;

    private static List<String> values(String xml, String element) {
        return Pattern.compile("<" + element + ">([^<]*)</" + element + ">")
                .matcher(xml)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private static String block(String name, boolean isV6, int number) {
        String list = name.substring("list".length());
        return isV6 ? "2001:db8:" + list + ":" + number + "::/64" : "10." + list + "." + number + ".0/24";
    }

    /** As it is shown: the first of two runs of zeros, or the longer one, is the short one. */
    private static String shown(String block) {
        return block.replaceFirst("^(2001:db8:[0-9]+):0::/64$", "$1::/64");
    }

    private void addWritten() throws ApiException {
        String all = calls.answer("Action=DescribeManagedPrefixLists");
        List<String> ids = values(all, "prefixListId");
        for (int i = 0; i < ids.size(); i++) {
            boolean isV6 = values(all, "addressFamily").get(i).equals("IPv6");
            String name = values(all, "prefixListName").get(i);
            Modelled list = new Modelled(ids.get(i), name, isV6);
            list.entries.add(shown(block(name, isV6, 0)));
            lists.put(list.id, list);
        }
        assertEquals(3, lists.size(), all);
    }

    private void check(String step) throws ApiException {
        String all = calls.answer("Action=DescribeManagedPrefixLists");
        assertEquals(lists.keySet().stream().sorted().toList(), values(all, "prefixListId"), step);
        for (Modelled list : lists.values()) {
            String one = calls.answer("Action=DescribeManagedPrefixLists&PrefixListId.1=" + list.id);
            assertEquals(List.of(list.name), values(one, "prefixListName"), step);
            assertEquals(List.of(list.isV6 ? "IPv6" : "IPv4"), values(one, "addressFamily"), step);
            assertEquals(List.of(String.valueOf(list.version())), values(one, "version"), step);
            assertEquals(List.of(String.valueOf(list.maxEntries())), values(one, "maxEntries"), step);
            assertEquals(List.of(list.state()), values(one, "state"), step);
            for (Map.Entry<Long, Map<String, String>> version : list.versions().entrySet()) {
                assertEquals(version.getValue(), entries(list, version.getKey()), step + " " + version.getKey());
            }
            long before = list.versions().firstKey() - 1;
            assertTrue(
                    calls.refusal("Action=GetManagedPrefixListEntries&PrefixListId=" + list.id + "&TargetVersion="
                                    + before)
                            .startsWith("InvalidParameterValue"),
                    step);
        }
    }

    private Map<String, String> entries(Modelled list, long version) throws ApiException {
        String xml = calls.answer(
                "Action=GetManagedPrefixListEntries&PrefixListId=" + list.id + "&TargetVersion=" + version);
        Matcher matcher = Pattern.compile("<item><cidr>([^<]*)</cidr>(?:<description>([^<]*)</description>)?</item>")
                .matcher(xml);
        Map<String, String> entries = new TreeMap<>();
        while (matcher.find()) {
            String words = matcher.group(2);
            entries.put(matcher.group(1), words == null ? "" : words);
        }
        return entries;
    }

    private String create(Random random) throws ApiException {
        if (made == 9) {
            return "nothing";
        }
        String name = "list" + ++made;
        boolean isV6 = random.nextBoolean();
        StringBuilder query = new StringBuilder("Action=CreateManagedPrefixList&PrefixListName=" + name);
        int most = 1 + random.nextInt(BLOCKS);
        query.append("&MaxEntries=").append(most).append("&AddressFamily=").append(isV6 ? "IPv6" : "IPv4");
        List<String> entries = new ArrayList<>();
        for (int i = 0; i < random.nextInt(most + 1); i++) {
            entries.add(shown(block(name, isV6, i)));
            query.append("&Entry." + (i + 1) + ".Cidr=").append(block(name, isV6, i));
        }
        String answer = calls.answer(query.toString());
        Modelled list = new Modelled(values(answer, "prefixListId").getFirst(), name, isV6);
        list.entries = entries;
        list.most = most;
        list.keep("create-complete");
        lists.put(list.id, list);
        return query.toString();
    }

    private Modelled any(Random random) {
        return new ArrayList<>(lists.values()).get(random.nextInt(lists.size()));
    }

    private String modify(Random random) throws ApiException {
        Modelled list = any(random);
        long version = random.nextInt(8) == 0 ? list.version() + 1 : list.version();
        StringBuilder query = new StringBuilder("Action=ModifyManagedPrefixList&PrefixListId=" + list.id);
        query.append("&CurrentVersion=").append(version);
        List<String> left = new ArrayList<>(list.entries);
        List<String> fresh = new ArrayList<>();
        Map<String, String> words = new TreeMap<>(list.descriptions);
        int added = 0;
        int removed = 0;
        for (int number = 0; number < BLOCKS; number++) {
            String block = shown(block(list.name, list.isV6, number));
            boolean isThere = list.entries.contains(block);
            if (isThere && random.nextInt(4) == 0) {
                query.append("&RemoveEntry." + ++removed + ".Cidr=").append(block);
                left.remove(block);
            } else if (random.nextInt(4) == 0) {
                String text = random.nextBoolean() ? "d" + random.nextInt(100) : "";
                query.append("&AddEntry." + ++added + ".Cidr=").append(block);
                query.append(text.isEmpty() ? "" : "&AddEntry." + added + ".Description=" + text);
                words.put(block, text);
                if (!isThere) {
                    fresh.add(block);
                }
            }
        }
        left.addAll(fresh);
        if (added + removed == 0) {
            assertTrue(calls.refusal(query.toString()).startsWith("MissingParameter"), query.toString());
        } else if (version != list.version()) {
            assertTrue(calls.refusal(query.toString()).startsWith("PrefixListVersionMismatch"), query.toString());
        } else if (left.size() > list.maxEntries()) {
            assertTrue(calls.refusal(query.toString()).startsWith("PrefixListMaxEntriesExceeded"), query.toString());
        } else {
            calls.answer(query.toString());
            list.change(left, words, "modify-complete");
        }
        return query.toString();
    }

    private String resize(Random random) throws ApiException {
        Modelled list = any(random);
        int most = 1 + random.nextInt(BLOCKS);
        String query = "Action=ModifyManagedPrefixList&PrefixListId=" + list.id + "&MaxEntries=" + most;
        if (most < list.entries.size()) {
            assertTrue(calls.refusal(query).startsWith("PrefixListMaxEntriesExceeded"), query);
        } else {
            calls.answer(query);
            list.keep("modify-complete");
            list.most = most;
        }
        return query;
    }

    private String restore(Random random) throws ApiException {
        Modelled list = any(random);
        List<Long> known = new ArrayList<>(list.versions().keySet());
        long previous = known.get(random.nextInt(known.size()));
        String query = "Action=RestoreManagedPrefixListVersion&PrefixListId=" + list.id + "&PreviousVersion=" + previous
                + "&CurrentVersion=" + list.version();
        Map<String, String> wanted = list.versions().getOrDefault(previous, Map.of());
        if (previous == list.version()) {
            assertTrue(calls.refusal(query).startsWith("InvalidParameterValue"), query);
        } else if (wanted.size() > list.maxEntries()) {
            assertTrue(calls.refusal(query).startsWith("PrefixListMaxEntriesExceeded"), query);
        } else {
            calls.answer(query);
            list.change(order(list), wanted, "restore-complete");
            assertEquals(
                    wanted.keySet().stream().sorted().toList(),
                    list.entries.stream().sorted().toList(),
                    query);
        }
        return query;
    }

    /** The entries as the file has them now: a restored version may have another order than it had. */
    private List<String> order(Modelled list) {
        return store.now().list(list.id).orElseThrow().entries().stream()
                .map(Object::toString)
                .toList();
    }

    private String edit(Random random) {
        Modelled list = any(random);
        List<String> absent = new ArrayList<>();
        for (int number = 1; number < BLOCKS; number++) {
            absent.add(block(list.name, list.isV6, number));
        }
        absent.removeAll(list.entries);
        List<String> present =
                list.entries.stream().filter(block -> !block.endsWith("0::/64")).toList();
        if (present.isEmpty()
                || absent.isEmpty()
                || list.isV6 && list.entries.contains(shown(block(list.name, true, 0)))) {
            return "nothing";
        }
        Collections.shuffle(absent, random);
        String before = present.get(random.nextInt(present.size()));
        store.edit(before, absent.getFirst());
        list.entries.set(list.entries.indexOf(before), absent.getFirst());
        return before + " is now " + absent.getFirst();
    }

    private String delete(Random random) throws ApiException {
        Modelled list = any(random);
        if (random.nextInt(4) != 0 || lists.size() < 3) {
            return "nothing";
        }
        calls.answer("Action=DeleteManagedPrefixList&PrefixListId=" + list.id);
        lists.remove(list.id);
        for (Modelled other : lists.values()) {
            if (other.name.equals(list.name)) {
                other.keep(other.state());
            }
        }
        return "delete " + list.id;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void listsAreAsTheCallsAndTheEditsHaveMadeThem(long seed) throws Exception {
        Random random = new Random(seed);
        addWritten();
        check("at first");
        for (int i = 0; i < STEPS; i++) {
            String step = switch (random.nextInt(10)) {
                case 0 -> create(random);
                case 1 -> resize(random);
                case 2, 3 -> restore(random);
                case 4 -> edit(random);
                case 5 -> delete(random);
                default -> modify(random);
            };
            check("seed " + seed + ", step " + i + ": " + step + "\n" + store.texts());
        }
        assertTrue(store.text().contains("  # of both families\n"), store.text());
    }
}
