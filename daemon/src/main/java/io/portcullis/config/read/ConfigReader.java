package io.portcullis.config.read;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Control;
import io.portcullis.config.Expectation;
import io.portcullis.config.Failsafe;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.Warning;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.lint.Lint;
import io.portcullis.config.yaml.Diagnostics;
import io.portcullis.config.yaml.Document;
import io.portcullis.config.yaml.Documents;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Visible;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads a whole configuration out of its documents: first each part, then what the parts say about one another. */
public final class ConfigReader {
    private static final int LONGEST_NAME = 255;

    /** Parts that several files may add to, with the keys of those that have fixed ones. */
    private static final Map<String, List<String>> SETTINGS = Map.of(
            "conntrack", List.of("max-flows", "on-reload", "tcp-strict", "directory", "timeouts"),
            "metrics", List.of("listen", "rule-hits"),
            "control", List.of("socket"),
            "log", List.of("level", "drops"),
            "failsafe", List.of("ingress", "egress"));

    /** Those of the top. */
    static final List<String> KEYS = List.of(
            "version",
            "include",
            "interfaces",
            "security-groups",
            "prefix-lists",
            "network-acls",
            "failsafe",
            "expect",
            "conntrack",
            "metrics",
            "control",
            "log",
            "mark");

    private static final int MOST_READINGS = 3;

    private final Diagnostics diagnostics;
    private final List<Document> documents;
    private final List<Fields> tops = new ArrayList<>();

    /** False where a file could not be read: what is missing may stand there. */
    private final boolean isWhole;

    private ConfigReader(List<Document> documents, Diagnostics diagnostics) {
        this.isWhole = diagnostics.errors().isEmpty();
        this.documents = documents;
        this.diagnostics = diagnostics;
    }

    /**
     * Reads a file and everything that it includes.
     *
     * @throws ConfigException if anything is wrong with any of them, with all that is
     */
    public static Config load(Path file) throws ConfigException {
        return load(file, new SourceFiles());
    }

    /**
     * As {@link #load(Path)}. All files are read as they are at one moment: where one changes meanwhile, all are read again, three
     * times at the most.
     *
     * @param sources gets, in any case, what the reading came across
     */
    public static Config load(Path file, SourceFiles sources) throws ConfigException {
        for (int readings = 0; readings < MOST_READINGS; readings++) {
            Diagnostics diagnostics = new Diagnostics();
            List<SourceText> texts = new ArrayList<>();
            Documents documents = Documents.whole(diagnostics, texts);
            try {
                documents.load(file);
            } finally {
                sources.set(texts, documents.files());
            }
            // Some files as they were before an edit and some as they are after it are no configuration of anybody's.
            if (sources.files().equals(sources.files().current())) {
                return read(documents.all(), diagnostics);
            }
        }
        throw new ConfigException(List.of(new ConfigError(
                Location.of(file.toString()),
                "the file, or a file that it includes, changed while it was read, " + MOST_READINGS + " times")));
    }

    /**
     * The configuration of files that were read earlier; no file is looked at, and what they include is not followed: it is
     * among them.
     *
     * @param texts as {@link SourceFiles#texts} gives them, at least one
     * @throws ConfigException if anything is wrong with any of them, with all that is
     */
    public static Config of(List<SourceText> texts) throws ConfigException {
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("no text");
        }
        Diagnostics diagnostics = new Diagnostics();
        List<Document> documents = new ArrayList<>();
        for (SourceText text : texts) {
            Document.compose(text.yaml(), text.name(), diagnostics).ifPresent(documents::add);
        }
        return read(documents, diagnostics);
    }

    /**
     * Reads a text that includes nothing.
     *
     * @param name what faults call the file
     * @throws ConfigException if anything is wrong with it, with all that is
     */
    public static Config parse(String yaml, String name) throws ConfigException {
        Diagnostics diagnostics = new Diagnostics();
        Optional<Document> document = Document.compose(yaml, name, diagnostics);
        document.ifPresent(text -> text.includes()
                .forEach(value -> value.error("only a file can include others, and this is not a file")));
        return read(new ArrayList<>(document.stream().toList()), diagnostics);
    }

    /**
     * Reads a stream to its end; what it says includes nothing.
     *
     * @param name what faults call it
     * @throws ConfigException if anything is wrong with it, with all that is
     * @throws IOException if the stream cannot be read
     */
    public static Config read(InputStream in, String name) throws ConfigException, IOException {
        Diagnostics diagnostics = new Diagnostics();
        Optional<String> yaml = Documents.text(in, name, diagnostics);
        if (yaml.isEmpty()) {
            throw new ConfigException(diagnostics.errors());
        }
        return parse(yaml.get(), name);
    }

    private static Config read(List<Document> documents, Diagnostics diagnostics) throws ConfigException {
        if (documents.isEmpty()) {
            throw new ConfigException(diagnostics.errors());
        }
        Comparator<Location> order = inFileOrder(documents);
        Config config = new ConfigReader(documents, diagnostics).read();
        // The nodes of a large file take ten times the memory that its configuration does, and the doubts need some.
        documents.clear();
        if (!diagnostics.errors().isEmpty()) {
            List<ConfigError> errors = new ArrayList<>(diagnostics.errors());
            errors.sort(Comparator.comparing(ConfigError::location, order));
            if (diagnostics.untold() > 0) {
                errors.add(new ConfigError(
                        errors.getLast().location(),
                        String.format("and %,d more errors, which are not shown", diagnostics.untold())));
            }
            throw new ConfigException(errors);
        }
        List<Warning> warnings = new ArrayList<>(Lint.about(config));
        warnings.sort(Comparator.comparing(Warning::location, order));
        return config.with(warnings);
    }

    private static Comparator<Location> inFileOrder(List<Document> documents) {
        Map<String, Integer> order = new HashMap<>();
        documents.forEach(document -> order.putIfAbsent(document.file(), order.size()));
        return Comparator.comparingInt((Location location) -> order.getOrDefault(location.file(), order.size()))
                .thenComparing(Location::file)
                .thenComparingInt(Location::line)
                .thenComparingInt(Location::column);
    }

    private Config read() {
        for (Document document : documents) {
            tops.add(document.top().fields(KEYS));
        }
        version();
        withoutValue();
        Control control = SettingsReader.control(settings("control"));
        Conntrack conntrack = SettingsReader.conntrack(settings("conntrack"), control);
        References references = new References();
        Fields interfaces = named("interfaces");
        Map<String, Interface> byName = new InterfaceReader(references, conntrack.timeouts()).all(interfaces);
        if (isWhole
                && interfaces.all().isEmpty()
                && tops.stream().noneMatch(top -> top.isWithoutValue("interfaces"))
                && values("interfaces").stream().allMatch(Value::isMap)) {
            diagnostics.error(
                    documents.getFirst().top().location(), "interfaces is missing: define at least one interface");
        }
        Fields groupNames = named("security-groups");
        Fields listNames = named("prefix-lists");
        Map<String, SecurityGroup> groups = new GroupReader(references).groups(groupNames);
        Map<String, PrefixList> lists = GroupReader.lists(listNames);
        Fields aclNames = named("network-acls");
        Map<String, NetworkAcl> acls = new AclReader(references, lists).all(aclNames);
        Failsafe failsafe = new GroupReader(references).failsafe(settings("failsafe"));
        List<Expectation> expectations = new ExpectationReader(references).all(values("expect"));
        boolean hasFailsafe = !failsafe.rules().isEmpty();
        groupNames.all().stream()
                .filter(value -> hasFailsafe && value.key().equals("failsafe"))
                .forEach(value ->
                        value.errorAtKey("logs and metrics use this name for the failsafe rules: rename the group"));
        if (isWhole) {
            references.check(groupNames.names(), listNames.names(), aclNames.names(), interfaces.names());
        }
        Config config = new Config(
                byName,
                groups,
                lists,
                acls,
                failsafe,
                expectations,
                conntrack,
                SettingsReader.metrics(settings("metrics")),
                control,
                SettingsReader.log(settings("log")),
                SettingsReader.mark(once("mark")),
                List.of());
        if (diagnostics.errors().isEmpty()) {
            CompiledSize.check(config, diagnostics);
        }
        return config;
    }

    /** Every file may say its version, and the first must. */
    private void version() {
        for (Fields top : tops) {
            top.get("version").ifPresent(value -> {
                if (!value.text("1").orElse("1").equals("1")) {
                    value.error("this program reads version 1 only");
                }
            });
        }
        if (tops.getFirst().get("version").isEmpty()) {
            diagnostics.error(documents.getFirst().top().location(), "version is missing: write version: 1");
        }
    }

    /** What the files say under a key of theirs. */
    private List<Value> values(String key) {
        return tops.stream().flatMap(top -> top.get(key).stream()).toList();
    }

    /** Without their value less is guarded, proved or limited than somebody meant. */
    private void withoutValue() {
        for (Fields top : tops) {
            top.filled("include", "[] for no file");
            top.filled("interfaces", "the interfaces of this file");
            top.filled("conntrack", "{}");
            top.filled("expect", "[] for no expectation");
        }
    }

    private Fields named(String key) {
        return Fields.named(values(key));
    }

    private Fields settings(String key) {
        return Fields.of(values(key), SETTINGS.getOrDefault(key, List.of()));
    }

    private Optional<Value> once(String key) {
        List<Value> values = values(key);
        for (Value again : values.stream().skip(1).toList()) {
            again.errorAtKey("defined twice, first at " + values.getFirst().keyLocation());
        }
        return values.stream().findFirst();
    }

    /** True for a key that can be a name: what EC2 takes, and letters and digits of any script; else a fault. */
    public static boolean isName(Value value) {
        boolean isName = isName(value.key());
        if (!isName) {
            value.errorAtKey(
                    "a name has 1 to " + LONGEST_NAME + " characters: letters, digits, spaces, ._-:/()#,@[]+=&;{}!$*");
        }
        return isName;
    }

    public static boolean isName(String name) {
        return !name.isEmpty()
                && name.length() <= LONGEST_NAME
                && name.codePoints()
                        .allMatch(c -> Character.isLetterOrDigit(c) && !Visible.isInvisible(c)
                                || " ._-:/()#,@[]+=&;{}!$*".indexOf(c) >= 0);
    }
}
