package io.portcullis.net;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of services, IP protocols and ICMP types. The tables are texts in the format of {@code /etc/services} (services(5)): {@code name
 * number/of aliases… # comment}, without {@code /of} for protocols. Not case-sensitive.
 */
public final class Names {
    private static final int HIGHEST = 65535;
    private static final Pattern LINE =
            Pattern.compile("(\\S+)\\s+([0-9]{1,5})(?:/(\\S+))?((?:\\s+[^\\s#]+)*)\\s*(?:#.*)?");

    /** IP protocols: IANA's names and the usual others. */
    public static final Names PROTOCOLS = new Names(List.of(own("protocols")));

    /** ICMP types, by {@code icmp} and {@code icmpv6}. */
    public static final Names ICMP_TYPES = new Names(List.of(own("icmp-types")));

    /** Ports, by {@code tcp}, {@code udp} and {@code sctp}: our own table, then the host's {@code /etc/services}. */
    public static final Names SERVICES = new Names(List.of(own("services"), ofHost(Path.of("/etc/services"))));

    private final Map<String, Map<String, Integer>> numbers = new LinkedHashMap<>();

    private Names(List<List<String>> tables) {
        for (List<String> table : tables) {
            for (String line : table) {
                add(line);
            }
        }
    }

    private void add(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return;
        }
        String of = matcher.group(3) == null ? "" : matcher.group(3);
        Map<String, Integer> names = numbers.computeIfAbsent(of, _ -> new LinkedHashMap<>());
        int number = Integer.parseInt(matcher.group(2));
        if (number > HIGHEST) {
            return;
        }
        names.putIfAbsent(lower(matcher.group(1)), number);
        for (String alias : matcher.group(4).trim().split("\\s+", -1)) {
            if (!alias.isEmpty()) {
                names.putIfAbsent(lower(alias), number);
            }
        }
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    /** The number of a name. */
    public Optional<Integer> number(String of, String name) {
        return Optional.ofNullable(numbers.getOrDefault(of, Map.of()).get(lower(name)));
    }

    /** The first name of a number in a table without {@code /of}. */
    public Optional<String> name(int number) {
        return numbers.getOrDefault("", Map.of()).entrySet().stream()
                .filter(entry -> entry.getValue() == number)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** All names, in the order of the table. */
    public Set<String> names(String of) {
        return numbers.getOrDefault(of, Map.of()).keySet();
    }

    private static List<String> own(String table) {
        try (InputStream in = Objects.requireNonNull(Names.class.getResourceAsStream(table), table);
                var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return lines.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(table, e);
        }
    }

    /** The lines of a file of the host; empty if it is missing or not readable. */
    private static List<String> ofHost(Path file) {
        if (!Files.isReadable(file)) {
            return List.of();
        }
        try {
            return new ArrayList<>(Files.readAllLines(file, StandardCharsets.ISO_8859_1));
        } catch (IOException _) {
            return List.of();
        }
    }
}
