package io.portcullis.config.edit;

import io.portcullis.config.files.SourceText;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A valid configuration of one or several files in a random style: block and flow, on one line and on several, any indentation,
 * comments, blank lines, quotes, tabs between tokens, emoji, line ends, a byte order mark, no line break at the end.
 */
public final class RandomConfig {
    /** Comments with this word are on lines of their own, above an item or a key of a block. */
    static final String STAYS = "stays";

    private static final List<String> NAMES = List.of("web", "db", "ops team", "admin");
    private static final List<String> BLOCKS = List.of(
            "10.0.0.0/8", "192.0.2.0/24", "203.0.113.7", "2001:db8::/32", "fd00::5", "0.0.0.0/0", "::/0", "any");
    private static final List<String> TEXTS = List.of(
            "in", "two words", "a: b #1", "\ud83d\udd25 fire", "it's", "\"quoted\"", "", "\u00e9t\u00e9", "tab\there");

    private final Random random;
    private final boolean hasComments;
    private final boolean hasTabs;
    private final int flowChance;
    private int comments;

    private int ids;

    /** Above 0: inside an item of a list, whose comments go with it. */
    private int depth;

    private RandomConfig(Random random) {
        this.random = random;
        hasComments = random.nextInt(4) > 0;
        hasTabs = random.nextInt(5) == 0;
        flowChance = random.nextInt(101);
    }

    /** The files, the main one first. */
    public static List<SourceText> texts(Random random) {
        return new RandomConfig(random).files();
    }

    private List<SourceText> files() {
        List<String> groups = new ArrayList<>(NAMES.subList(0, 1 + random.nextInt(NAMES.size())));
        boolean hasList = random.nextBoolean();
        boolean hasAcl = random.nextBoolean();
        Map<String, Object> main = new LinkedHashMap<>();
        main.put("version", "1");
        Map<String, Object> other = random.nextBoolean() ? null : new LinkedHashMap<>();
        int kind = random.nextInt(3);
        if (other != null) {
            main.put("include", new ArrayList<>(List.of(kind == 0 ? "rules.d/*.yaml" : "rules.d/a.yaml")));
        } else if (kind == 0) {
            main.put("include", new ArrayList<>(List.of("rules.d/*.yaml")));
        } else if (kind == 1) {
            main.put("include", new ArrayList<>());
        }
        Map<String, Object> web0 = identified("eni-");
        web0.putAll(map("mode", "bridge", "outside", "eth1", "inside", "eth2"));
        web0.put("security-groups", new ArrayList<>(groups.subList(0, 1 + random.nextInt(groups.size()))));
        if (hasAcl && random.nextBoolean()) {
            web0.put("network-acl", "edge");
        }
        main.put("interfaces", map("web0", web0));
        Map<String, Object> mine = new LinkedHashMap<>();
        Map<String, Object> theirs = new LinkedHashMap<>();
        for (String name : groups) {
            (other == null || random.nextBoolean() ? mine : theirs).put(name, group(groups, hasList));
        }
        main.put("security-groups", mine);
        Map<String, Object> lists = other == null || random.nextBoolean() ? main : other;
        if (hasList) {
            List<Object> blocks = blocks(random.nextInt(4), 6);
            Map<String, Object> resolvers = identified("pl-");
            resolvers.put("entries", blocks);
            lists.put("prefix-lists", map("resolvers", random.nextBoolean() ? resolvers : blocks));
        }
        if (hasAcl) {
            Map<String, Object> edge = identified("acl-");
            edge.putAll(map("ingress", entries("from"), "egress", entries("to")));
            lists.put("network-acls", map("edge", edge));
        }
        if (random.nextBoolean()) {
            main.put("log", map("level", "info"));
        }
        List<SourceText> texts = new ArrayList<>();
        texts.add(new SourceText("/nowhere/portcullis.yaml", text(main)));
        if (other != null) {
            other.put("security-groups", theirs);
            texts.add(new SourceText("/nowhere/rules.d/a.yaml", text(other)));
        }
        return texts;
    }

    private Map<String, Object> group(List<String> groups, boolean hasList) {
        Map<String, Object> group = identified("sg-");
        if (random.nextBoolean()) {
            group.put("description", pick(TEXTS));
        }
        if (random.nextInt(4) > 0) {
            group.put("ingress", rules("from", groups, hasList));
        }
        if (random.nextBoolean()) {
            group.put("egress", rules("to", groups, hasList));
        }
        if (random.nextInt(3) == 0) {
            group.put("members", blocks(random.nextInt(3), 5));
        }
        return group;
    }

    private List<Object> rules(String peer, List<String> groups, boolean hasList) {
        List<Object> rules = new ArrayList<>();
        int count = random.nextInt(5);
        for (int i = 0; i < count; i++) {
            Map<String, Object> rule = new LinkedHashMap<>();
            if (random.nextInt(8) == 0) {
                rule.put("description", pick(TEXTS));
            }
            String protocol = pick(List.of("tcp", "udp", "all", "icmp", "47"));
            rule.put("protocol", protocol);
            if (protocol.equals("tcp") || protocol.equals("udp") && random.nextBoolean()) {
                rule.put("ports", oneOrSome(List.of("80", "443", "8000-8100", "0-65535", "53", "domain")));
            }
            if (protocol.equals("icmp") && random.nextBoolean()) {
                rule.put("type", pick(List.of("echo-request", "3", "8")));
            }
            List<Object> peers = new ArrayList<>(BLOCKS);
            peers.add(map("group", pick(groups)));
            if (hasList) {
                peers.add(map("prefix-list", "resolvers"));
            }
            if (protocol.equals("icmp")) {
                peers.removeIf(each -> each instanceof String text && text.contains(":"));
            }
            rule.put(peer, oneOrSome(peers));
            if (!rule.containsKey("description") && random.nextInt(3) == 0) {
                rule.put("description", pick(TEXTS));
            }
            rules.add(rule);
        }
        return rules;
    }

    private List<Object> entries(String peer) {
        List<Object> entries = new ArrayList<>();
        int count = random.nextInt(4);
        for (int i = 0; i < count; i++) {
            String number = String.valueOf(100 + 10 * (i * 7 % 4));
            Map<String, Object> entry =
                    map("rule", number, "action", pick(List.of("allow", "deny")), "protocol", "tcp");
            entry.put("ports", oneOrSome(List.of("80", "1024-65535")));
            entry.put(peer, pick(BLOCKS));
            entries.add(entry);
        }
        return entries;
    }

    private List<Object> blocks(int count, int from) {
        List<Object> blocks = new ArrayList<>(BLOCKS.subList(0, from));
        Collections.shuffle(blocks, random);
        return new ArrayList<>(blocks.subList(0, Math.min(count, from)));
    }

    private Object oneOrSome(List<?> choices) {
        if (random.nextBoolean()) {
            return pick(choices);
        }
        List<Object> some = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            some.add(pick(choices));
        }
        return some;
    }

    /** The keys of something that may have an id. */
    private Map<String, Object> identified(String prefix) {
        Map<String, Object> keys = new LinkedHashMap<>();
        if (random.nextBoolean()) {
            keys.put("id", id(prefix, ids++, random));
        }
        return keys;
    }

    /** An id in one of its two lengths; the same number gives the same last digits. */
    static String id(String prefix, int number, Random random) {
        return prefix + (random.nextBoolean() ? "%08x" : "0123abcde%08x").formatted(number);
    }

    private static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    private String text(Map<String, Object> top) {
        StringBuilder out = new StringBuilder(random.nextInt(4) == 0 ? "# \ud83e\uddf1 top\n" : "");
        if (random.nextInt(6) == 0) {
            out.append("---\n");
        }
        blockMap(top, 0, out);
        String text = out.toString();
        if (random.nextInt(5) == 0) {
            text = text.substring(0, text.length() - 1);
        } else if (random.nextInt(5) == 0) {
            text += "\n# the end\n";
        }
        if (random.nextInt(4) == 0) {
            text = text.replace("\n", "\r\n");
        }
        return random.nextInt(5) == 0 ? "\ufeff" + text : text;
    }

    private int step() {
        return pick(List.of(2, 2, 4, 1, 3, 7));
    }

    private void aboveLine(int indent, StringBuilder out) {
        if (hasComments && random.nextInt(4) == 0) {
            out.append(" ".repeat(indent))
                    .append("# ")
                    .append(depth > 0 ? "inner" : STAYS)
                    .append(' ')
                    .append(comments++)
                    .append(" {[\"'\n");
        }
        if (random.nextInt(10) == 0) {
            out.append(random.nextBoolean() ? "\n" : "   \n");
        }
    }

    private String lineEnd() {
        if (!hasComments || random.nextInt(3) > 0) {
            return random.nextInt(10) == 0 ? "  \n" : "\n";
        }
        return "  # own" + (hasTabs ? "\t" : " ") + comments++ + "\n";
    }

    private void blockMap(Map<?, ?> map, int indent, StringBuilder out) {
        boolean isFirst = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            // The first key may follow a dash.
            if (!isFirst || indent == 0) {
                aboveLine(indent, out);
                out.append(" ".repeat(indent));
            }
            isFirst = false;
            out.append(scalar((String) entry.getKey(), false)).append(random.nextInt(12) == 0 ? " :" : ":");
            value(entry.getValue(), indent, out, true);
        }
    }

    private void blockList(List<?> list, int indent, StringBuilder out) {
        for (Object item : list) {
            aboveLine(indent, out);
            int gap = random.nextInt(4) == 0 ? 3 : 1;
            out.append(" ".repeat(indent)).append('-');
            depth++;
            if (item instanceof Map<?, ?> map && isBlock()) {
                out.append(" ".repeat(gap));
                blockMap(map, indent + 1 + gap, out);
            } else {
                value(item, indent, out, false);
            }
            depth--;
        }
    }

    private boolean isBlock() {
        return random.nextInt(100) >= flowChance;
    }

    private void value(Object value, int indent, StringBuilder out, boolean isOfMap) {
        boolean isEmpty =
                value instanceof List<?> list && list.isEmpty() || value instanceof Map<?, ?> map && map.isEmpty();
        if (value instanceof String text) {
            if (isOfMap && random.nextInt(8) == 0 && text.length() > 3) {
                out.append(random.nextBoolean() ? " |-" : " >-").append(random.nextBoolean() ? "  # own\n" : "\n");
                out.append(" ".repeat(indent + 2)).append(text).append('\n');
                return;
            }
            out.append(gap()).append(scalar(text, false)).append(lineEnd());
        } else if (!isEmpty && isBlock() && isOfMap) {
            out.append(lineEnd());
            if (value instanceof List<?> list) {
                blockList(list, random.nextInt(4) == 0 ? indent : indent + step(), out);
            } else if (value instanceof Map<?, ?> map) {
                int inner = indent + step();
                aboveLine(inner, out);
                out.append(" ".repeat(inner));
                blockMap(map, inner, out);
            }
        } else {
            out.append(gap());
            flow(value, indent, out, random.nextInt(3) == 0 ? indent + step() : -1);
            out.append(lineEnd());
        }
    }

    private String gap() {
        return random.nextInt(6) == 0 ? "   " : " ";
    }

    /** {@code indent} -1: on one line. */
    private void flow(Object value, int around, StringBuilder out, int indent) {
        switch (value) {
            case String text -> out.append(scalar(text, true));
            case List<?> list -> {
                out.append('[');
                flowItems(list, around, out, indent);
                out.append(']');
            }
            case Map<?, ?> map -> {
                out.append('{');
                flowItems(new ArrayList<>(map.entrySet()), around, out, indent);
                out.append('}');
            }
            case Map.Entry<?, ?> entry -> {
                out.append(scalar((String) entry.getKey(), true)).append(": ");
                flow(entry.getValue(), around, out, -1);
            }
            default -> throw new AssertionError(value);
        }
    }

    private void flowItems(List<?> items, int around, StringBuilder out, int indent) {
        boolean hasComma = random.nextInt(6) == 0;
        for (int i = 0; i < items.size(); i++) {
            if (indent >= 0 && random.nextInt(4) > 0) {
                out.append(hasComments && random.nextInt(3) == 0 ? "  # own " + comments++ + "\n" : "\n");
                aboveLine(indent, out);
                out.append(" ".repeat(indent));
            } else if (i > 0) {
                out.append(random.nextInt(6) == 0 ? "" : " ");
            } else if (random.nextInt(6) == 0) {
                out.append(' ');
            }
            boolean isItem = !(items.get(i) instanceof Map.Entry<?, ?>);
            depth += isItem ? 1 : 0;
            flow(items.get(i), around, out, indent < 0 ? -1 : indent + 2);
            depth -= isItem ? 1 : 0;
            boolean isLast = i == items.size() - 1;
            out.append(random.nextInt(8) == 0 ? " " : "").append(isLast && !hasComma ? "" : ",");
        }
        if (indent >= 0 && random.nextBoolean()) {
            out.append("\n").append(" ".repeat(around + 1));
        } else if (hasComma) {
            out.append(' ');
        }
    }

    private String scalar(String text, boolean isFlow) {
        boolean isSafe = text.matches(isFlow ? "[A-Za-z0-9][A-Za-z0-9 ./-]*" : "[A-Za-z0-9][A-Za-z0-9 ./:-]*")
                && !text.endsWith(":")
                && !text.contains(": ");
        int style = random.nextInt(6);
        if (isSafe && style > 1) {
            return text;
        }
        if (style % 2 == 0) {
            return "'" + text.replace("'", "''") + "'";
        }
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
