package io.portcullis.config.read;

import io.portcullis.config.Control;
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
 * Reads what is legible in a faulty configuration. Where a name is misspelt, the nearest one is meant; where an interface is
 * described twice, all NICs of both count: one NIC too many that is shut is better than one that is open.
 */
public final class PartialConfigReader {
    private static final String NIC = "nic";
    private static final List<String> SIDES = List.of("outside", "inside");
    private static final List<String> NICS = List.of(NIC, SIDES.get(0), SIDES.get(1));
    private static final List<String> MODES = List.of("bridge", "host");
    private static final String ON_FAILURE = "on-failure";

    /** What the documents say about one interface. */
    private static final class Sighting {
        private final Set<String> nics = new LinkedHashSet<>();
        private boolean open;
        private boolean otherwise;

        PartialConfig.Named named(String name) {
            OnFailure onFailure = open && !otherwise ? OnFailure.OPEN : OnFailure.CLOSED;
            String known = ConfigReader.isName(name) ? name : nics.iterator().next();
            return new PartialConfig.Named(known, List.copyOf(nics), onFailure);
        }
    }

    /** Takes the faults, which the caller knows already. */
    private final Diagnostics diagnostics = new Diagnostics();

    private final List<Document> documents;
    private final Map<String, Sighting> sightings = new LinkedHashMap<>();

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
        sightings.forEach((name, sighting) -> named.add(sighting.named(name)));
        return new PartialConfig(
                named,
                setting("control", "socket", SettingsReader::control).map(Control::socket),
                setting("metrics", "listen", SettingsReader::metrics));
    }

    /** What all documents say under a key, or under one that is meant to be it. */
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
            Sighting sighting = sightings.computeIfAbsent(iface.key(), _ -> new Sighting());
            sighting.nics.addAll(named);
            sighting.open |= open;
            sighting.otherwise |= otherwise;
        }
    }

    /** The keys whose NICs belong to a mode; all where the mode is not legible. */
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
