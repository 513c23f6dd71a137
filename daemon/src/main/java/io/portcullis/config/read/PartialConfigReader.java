package io.portcullis.config.read;

import io.portcullis.config.Interface;
import io.portcullis.config.OnFailure;
import io.portcullis.config.yaml.Diagnostics;
import io.portcullis.config.yaml.Document;
import io.portcullis.config.yaml.Documents;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.NearestName;
import io.portcullis.config.yaml.Value;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Reads the readable part of an invalid configuration. A misspelt key counts as the most similar one. If an interface is defined twice,
 * the NICs of both definitions count: it is better to block one NIC too many than to leave one open.
 */
public final class PartialConfigReader {
    private static final String NIC = "nic";
    private static final List<String> SIDES = List.of("outside", "inside");
    private static final List<String> NICS = List.of(NIC, SIDES.get(0), SIDES.get(1));
    private static final List<String> MODES = List.of("bridge", "host");
    private static final String ON_FAILURE = "on-failure";

    /** The definitions of one interface in all documents. */
    private static final class Definitions {
        private final Set<String> nics = new LinkedHashSet<>();
        private boolean open;
        private boolean otherwise;

        PartialConfig.Named named(String name) {
            OnFailure onFailure = open && !otherwise ? OnFailure.OPEN : OnFailure.CLOSED;
            String known = ConfigReader.isName(name) ? name : nics.iterator().next();
            return new PartialConfig.Named(known, List.copyOf(nics), onFailure);
        }
    }

    /** Receives the errors, which the caller has already. */
    private final Diagnostics diagnostics = new Diagnostics();

    private final List<Document> documents;
    private final Map<String, Definitions> definitions = new LinkedHashMap<>();

    private PartialConfigReader(Path file) {
        Documents read = Documents.salvaging(diagnostics);
        read.load(file);
        documents = read.all();
    }

    public static PartialConfig read(Path file) {
        return new PartialConfigReader(file).read();
    }

    private PartialConfig read() {
        for (Value interfaces : values("interfaces")) {
            Fields.entries(interfaces).forEach(this::see);
        }
        List<PartialConfig.Named> named = new ArrayList<>();
        definitions.forEach((name, definition) -> named.add(definition.named(name)));
        return new PartialConfig(
                named,
                setting("control", "socket", SettingsReader::socket),
                setting("metrics", "listen", SettingsReader::metrics));
    }

    /** The values of a key, or of a misspelling of it, in all documents. */
    private List<Value> values(String key) {
        return documents.stream()
                .flatMap(document -> Fields.entries(document.top()).stream())
                .filter(value -> meant(value.key(), ConfigReader.KEYS).equals(key))
                .toList();
    }

    private static String meant(String written, List<String> words) {
        return words.contains(written)
                ? written
                : NearestName.to(written, words).orElse(written);
    }

    private void see(Value iface) {
        Set<String> modes = new LinkedHashSet<>();
        Map<String, Set<String>> nics = new LinkedHashMap<>();
        boolean open = false;
        boolean otherwise = false;
        for (Value field : Fields.entries(iface)) {
            String key = meant(field.key(), InterfaceReader.KEYS);
            if (key.equals("mode")) {
                modes.add(meant(field.scalar(), MODES));
            } else if (NICS.contains(key) && Interface.isNicName(field.scalar()) && !field.isNull()) {
                nics.computeIfAbsent(key, _ -> new LinkedHashSet<>()).add(field.scalar());
            } else if (field.key().equals(ON_FAILURE)) {
                open |= field.scalar().equals(OnFailure.OPEN.key());
                otherwise |= !field.scalar().equals(OnFailure.OPEN.key());
            }
        }
        Set<String> named = new LinkedHashSet<>();
        keysOf(modes).forEach(key -> named.addAll(nics.getOrDefault(key, Set.of())));
        if (named.isEmpty()) {
            nics.values().forEach(named::addAll);
        }
        if (!named.isEmpty()) {
            Definitions definition = definitions.computeIfAbsent(iface.key(), _ -> new Definitions());
            definition.nics.addAll(named);
            definition.open |= open;
            definition.otherwise |= otherwise;
        }
    }

    /** The NIC keys of a mode; all if the mode is not readable. */
    private static List<String> keysOf(Set<String> modes) {
        return switch (String.join(" ", modes)) {
            case "host" -> List.of(NIC);
            case "bridge" -> SIDES;
            default -> NICS;
        };
    }

    private <T> Optional<T> setting(String section, String key, Function<Fields, T> reader) {
        Fields fields = Fields.named(values(section));
        if (fields.get(key).isEmpty()) {
            return Optional.empty();
        }
        int errorsBefore = diagnostics.count();
        T read = reader.apply(fields);
        return diagnostics.count() > errorsBefore ? Optional.empty() : Optional.of(read);
    }
}
