package io.portcullis.config.read;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Control;
import io.portcullis.config.Ec2Api;
import io.portcullis.config.Expectation;
import io.portcullis.config.Failsafe;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.Log;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.Warning;
import io.portcullis.config.files.Overlay;
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
import org.jspecify.annotations.Nullable;

/** Reads a whole configuration from its documents: first each section, then the references between sections. */
public final class ConfigReader {
    private static final int LONGEST_NAME = 255;

    /** Sections with fixed keys, which several files may add to. */
    private static final Map<String, List<String>> SETTINGS = Map.of(
            "conntrack", List.of("max-flows", "on-reload", "tcp-strict", "directory", "timeouts"),
            "metrics", List.of("listen", "rule-hits"),
            "control", List.of("socket", "admins"),
            "history", List.of("keep"),
            "ec2-api", Ec2ApiReader.KEYS,
            "log", List.of("level", "drops", "never-log"),
            "recorder", List.of("memory", "snap"),
            "failsafe", List.of("ingress", "egress"));

    /** The top-level keys. */
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
            "history",
            "ec2-api",
            "log",
            "recorder",
            "mark");

    private static final int MOST_READINGS = 3;

    private final Diagnostics diagnostics;
    private final List<Document> documents;
    private final List<Fields> tops = new ArrayList<>();

    /** False if a file could not be read: a missing name may be in that file. */
    private final boolean isWhole;

    private ConfigReader(List<Document> documents, Diagnostics diagnostics) {
        this.isWhole = diagnostics.errors().isEmpty();
        this.documents = documents;
        this.diagnostics = diagnostics;
    }

    /**
     * Reads a file and all files that it includes.
     *
     * @throws ConfigException with all errors of all files
     */
    public static Config load(Path file) throws ConfigException {
        return load(file, new SourceFiles());
    }

    /**
     * As {@link #load(Path)}. All files are read in the state of one moment: if one changes meanwhile, all are read again, at most three
     * times in total.
     *
     * @param sources receives the files and texts, whether they are valid or not
     */
    public static Config load(Path file, SourceFiles sources) throws ConfigException {
        return load(file, Overlay.NONE, sources);
    }

    /** As {@link #load(Path, SourceFiles)}, with {@code overlay} in place of files of the file system. */
    public static Config load(Path file, Overlay overlay, SourceFiles sources) throws ConfigException {
        for (int readings = 0; readings < MOST_READINGS; readings++) {
            Diagnostics diagnostics = new Diagnostics();
            List<SourceText> texts = new ArrayList<>();
            Documents documents = Documents.whole(diagnostics, overlay, texts);
            try {
                documents.load(file);
            } finally {
                sources.set(texts, documents.files());
            }
            // Some files from before an edit and some from after it: no operator wrote that configuration.
            if (sources.files().equals(sources.files().current())) {
                return read(documents.all(), diagnostics);
            }
        }
        throw new ConfigException(List.of(new ConfigError(
                Location.of(file.toString()),
                "the file, or a file that it includes, changed while it was read, " + MOST_READINGS + " times")));
    }

    /**
     * The configuration of texts that were read earlier. No file is read: included files are among the texts.
     *
     * @param texts from {@link SourceFiles#texts}, at least one
     * @throws ConfigException with all errors of all texts
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
     * Reads a text that includes no files.
     *
     * @param name the file name in errors
     * @throws ConfigException with all errors
     */
    public static Config parse(String yaml, String name) throws ConfigException {
        Diagnostics diagnostics = new Diagnostics();
        Optional<Document> document = Document.compose(yaml, name, diagnostics);
        document.ifPresent(text -> text.includes()
                .forEach(value -> value.error("only a file can include others, and this is not a file")));
        return read(new ArrayList<>(document.stream().toList()), diagnostics);
    }

    /**
     * Reads a stream to its end; it must not include files.
     *
     * @param name the file name in errors
     * @throws ConfigException with all errors
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
        // The nodes of a large file take ten times the memory of its configuration, and Lint needs memory.
        documents.clear();
        if (!diagnostics.errors().isEmpty()) {
            List<ConfigError> errors = new ArrayList<>(diagnostics.errors());
            errors.sort(Comparator.comparing(ConfigError::location, order));
            if (diagnostics.omitted() > 0) {
                errors.add(new ConfigError(
                        errors.getLast().location(),
                        String.format("and %,d more errors, which are not shown", diagnostics.omitted())));
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
        nullKeys();
        Control control = SettingsReader.control(settings("control"));
        Conntrack conntrack = SettingsReader.conntrack(settings("conntrack"), control);
        References references = new References();
        IdReader ids = new IdReader();
        Fields interfaces = named("interfaces");
        Map<String, Interface> byName = new InterfaceReader(references, ids, conntrack.timeouts()).all(interfaces);
        if (isWhole
                && interfaces.all().isEmpty()
                && tops.stream().noneMatch(top -> top.isNull("interfaces"))
                && values("interfaces").stream().allMatch(Value::isMap)) {
            diagnostics.error(
                    documents.getFirst().top().location(), "interfaces is missing: define at least one interface");
        }
        Fields groupNames = named("security-groups");
        Fields listNames = named("prefix-lists");
        GroupReader reader = new GroupReader(references, ids);
        Map<String, SecurityGroup> groups = reader.groups(groupNames);
        Map<String, PrefixList> lists = reader.lists(listNames);
        Fields aclNames = named("network-acls");
        Map<String, NetworkAcl> acls = new AclReader(references, ids, lists).all(aclNames);
        Failsafe failsafe = reader.failsafe(settings("failsafe"));
        List<Expectation> expectations = new ExpectationReader(references).all(values("expect"));
        @Nullable
        Ec2Api ec2Api =
                values("ec2-api").isEmpty() ? null : new Ec2ApiReader(ids, references).read(settings("ec2-api"));
        Log log = SettingsReader.log(settings("log"), settings("recorder"), references);
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
                SettingsReader.history(settings("history")),
                ec2Api,
                log,
                SettingsReader.mark(once("mark")),
                List.of());
        if (diagnostics.errors().isEmpty()) {
            CompiledSize.check(config, diagnostics);
        }
        return config;
    }

    /** Every file may have a version, and the first must. */
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

    /** The values of a top-level key in all files. */
    private List<Value> values(String key) {
        return tops.stream().flatMap(top -> top.get(key).stream()).toList();
    }

    /** Reports null values where a null would protect, check or limit less than the author meant. */
    private void nullKeys() {
        for (Fields top : tops) {
            top.getNonNull("include", "[] for no file");
            top.getNonNull("interfaces", "the interfaces of this file");
            top.getNonNull("conntrack", "{}");
            top.getNonNull("expect", "[] for no expectation");
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

    /** True for a valid name: the characters that EC2 allows, and letters and digits of any script; else adds an error. */
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
