package io.portcullis.ec2.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** All actions that this host may offer, from the resource {@code shapes.txt}, and the names of all others. */
public final class ActionTable {
    private static final ActionTable TABLE = new ActionTable();

    private final Map<String, Action> actions = ShapeReader.read(lines("shapes.txt"));
    private final Map<Service, Set<String>> known = names(lines("actions.txt"));

    private ActionTable() {}

    /** Every action, in the order of the table. */
    public static Collection<Action> all() {
        return List.copyOf(TABLE.actions.values());
    }

    /** The action of this name; empty: this host does not offer it. */
    public static Optional<Action> find(Service service, String name) {
        return Optional.ofNullable(TABLE.actions.get(name)).filter(action -> action.service() == service);
    }

    /** Why there is no such action: EC2 has it and this host does not offer it, or nobody has. */
    public static ApiException unknown(Service service, String name) {
        if (!TABLE.known.getOrDefault(service, Set.of()).contains(name)) {
            return ApiError.INVALID_ACTION.of(name);
        }
        return name.contains("LaunchTemplate") || name.equals("RunInstances")
                ? ApiError.UNSUPPORTED_LAUNCH_TEMPLATE.of()
                : ApiError.UNSUPPORTED_OPERATION.of();
    }

    private static Map<Service, Set<String>> names(List<String> lines) {
        Map<Service, Set<String>> names = new EnumMap<>(Service.class);
        Set<String> section = new HashSet<>();
        for (String line : lines) {
            if (line.startsWith("[")) {
                Service service =
                        Service.ofScope(line.substring(1, line.length() - 1)).orElseThrow();
                section = names.computeIfAbsent(service, _ -> new HashSet<>());
            } else {
                section.addAll(List.of(line.split(" ")));
            }
        }
        return names;
    }

    /** Without comments and empty lines. */
    private static List<String> lines(String resource) {
        try (InputStream in = Objects.requireNonNull(ActionTable.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
