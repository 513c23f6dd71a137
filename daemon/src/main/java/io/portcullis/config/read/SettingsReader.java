package io.portcullis.config.read;

import io.portcullis.config.Conntrack;
import io.portcullis.config.Control;
import io.portcullis.config.History;
import io.portcullis.config.Log;
import io.portcullis.config.Log.Drops;
import io.portcullis.config.Log.Level;
import io.portcullis.config.Metrics;
import io.portcullis.config.PacketMark;
import io.portcullis.config.Peer;
import io.portcullis.config.TimeoutSettings;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the settings of the whole daemon: connection tracking, metrics, control, history, log, mark. */
final class SettingsReader {
    private static final long MOST_FLOWS = 1_000_000_000;
    private static final Path DIRECTORY = Path.of("/run/portcullis");

    /** sun_path of sockaddr_un, less its terminating zero (unix(7)). */
    private static final int LONGEST_SOCKET = 107;

    /** Names that groupadd(8) takes, but none that begins with a digit or a dot: 1e5 and .5 are numbers to an editor. */
    private static final Pattern GROUP = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,30}[A-Za-z0-9_.$-]?");

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,7})(KiB|MiB|GiB)");
    /** Before the number of {@code metrics.rule-hits}. */
    private static final String TOP = "top ";

    private static final int MOST_RULE_HITS = 1_000_000;

    private static final String NEVER = "an address, a block, {prefix-list: NAME} or a list of those";
    private static final List<String> LIST = List.of("prefix-list");

    private SettingsReader() {}

    /**
     * {@code conntrack}.
     *
     * @param control its socket's folder is the default for the flow tables, as for the daemon's other files
     */
    static Conntrack conntrack(Fields fields, Control control) {
        long maxFlows = fields.get("max-flows").map(SettingsReader::maxFlows).orElse(Conntrack.AUTO);
        boolean strict = fields.get("tcp-strict").map(value -> value.flag(true)).orElse(true);
        boolean recheck = fields.getNonNull("on-reload", "keep or recheck")
                .flatMap(value -> value.choice(List.of("keep", "recheck")))
                .filter("recheck"::equals)
                .isPresent();
        Path beside = control.socket().getParent();
        Path directory =
                fields.get("directory").flatMap(SettingsReader::directory).orElse(beside == null ? DIRECTORY : beside);
        Map<String, Duration> changes =
                fields.get("timeouts").map(SettingsReader::timeouts).orElse(Map.of());
        return new Conntrack(maxFlows, recheck, strict, directory, TimeoutSettings.DEFAULT.with(changes));
    }

    private static long maxFlows(Value value) {
        return value.scalar().equals("auto")
                ? Conntrack.AUTO
                : value.number("auto, or a number", 1, MOST_FLOWS).orElse(Conntrack.AUTO);
    }

    /** The timeouts that a map changes. */
    static Map<String, Duration> timeouts(Value map) {
        Map<String, Duration> changes = new LinkedHashMap<>();
        for (Value value : map.fields(TimeoutSettings.KEYS).all()) {
            if (TimeoutSettings.KEYS.contains(value.key()) && !value.isNull()) {
                value.duration(TimeoutSettings.SHORTEST, TimeoutSettings.LONGEST)
                        .ifPresent(idle -> changes.put(value.key(), idle));
            }
        }
        return changes;
    }

    /** {@code metrics}. */
    static Metrics metrics(Fields fields) {
        Metrics standard = Metrics.STANDARD;
        int ruleHits = fields.get("rule-hits").map(SettingsReader::ruleHits).orElse(standard.ruleHits());
        return fields.get("listen")
                .flatMap(value -> ListenAddress.read(value, standard.port()))
                .map(listen -> new Metrics(listen.host(), listen.port(), ruleHits))
                .orElse(new Metrics(standard.host(), standard.port(), ruleHits));
    }

    private static int ruleHits(Value value) {
        String expected = "true, false or top and a number from 1 to 1000000, such as top 1000";
        Optional<String> text = value.text(expected);
        if (text.isEmpty() || text.get().equals("true")) {
            return Metrics.ALL;
        }
        if (text.get().equals("false")) {
            return 0;
        }
        Optional<Long> most = text.get().startsWith(TOP)
                ? Value.numberIn(text.get().substring(TOP.length()), 1, MOST_RULE_HITS)
                : Optional.empty();
        if (most.isEmpty()) {
            value.error("must be " + expected);
        }
        return most.map(Long::intValue).orElse(Metrics.ALL);
    }

    /** {@code control}. */
    static Control control(Fields fields) {
        return new Control(
                socket(fields),
                fields.get("admins").flatMap(SettingsReader::group).orElse(Control.STANDARD.admins()));
    }

    /** {@code control.socket}. */
    static Path socket(Fields control) {
        return control.get("socket").flatMap(SettingsReader::socket).orElse(Control.STANDARD.socket());
    }

    private static Optional<String> group(Value value) {
        String expected = "the name of a group of this host";
        Optional<String> name = value.text(expected);
        if (name.isPresent() && !GROUP.matcher(name.get()).matches()) {
            value.error("must be " + expected
                    + ": 1 to 32 of the letters a to z and A to Z, digits and _.-, a letter or _ first");
            return Optional.empty();
        }
        return name;
    }

    /** {@code history}. */
    static History history(Fields fields) {
        return fields.get("keep")
                .flatMap(value -> value.number(History.FEWEST, History.MOST))
                .map(keep -> new History(keep.intValue()))
                .orElse(History.STANDARD);
    }

    private static Optional<Path> directory(Value value) {
        return path(value, DIRECTORY.toString());
    }

    private static Optional<Path> socket(Value value) {
        Optional<Path> path = path(value, Control.STANDARD.socket().toString());
        if (path.isPresent() && path.get().toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_SOCKET) {
            value.error("the path of a socket has at most " + LONGEST_SOCKET + " bytes");
            return Optional.empty();
        }
        return path;
    }

    /** An absolute path; {@code example} is for the error. */
    static Optional<Path> path(Value value, String example) {
        Optional<String> text = value.text("an absolute path");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Path path = Path.of(text.get());
            if (path.isAbsolute()) {
                return Optional.of(path);
            }
            value.error("must be an absolute path such as " + example);
        } catch (InvalidPathException e) {
            value.error("not a path: " + e.getReason());
        }
        return Optional.empty();
    }

    /** {@code log} and {@code recorder}. */
    static Log log(Fields fields, Fields recorder, References references) {
        Level level = fields.get("level")
                .flatMap(value -> word(value, Level.values()))
                .orElse(Level.INFO);
        Drops drops = fields.get("drops")
                .flatMap(value -> word(value, Drops.values()))
                .orElse(Drops.SAMPLED);
        List<Peer> never =
                fields.get("never-log").map(value -> never(value, references)).orElse(List.of());
        return new Log(level, drops, never, recorder(recorder));
    }

    private static List<Peer> never(Value value, References references) {
        List<Peer> peers = new ArrayList<>();
        for (Value item : value.itemsOrSelf()) {
            Optional<Peer> peer = item.isMap()
                    ? list(item, references)
                    : item.text(NEVER)
                            .flatMap(text -> BlockReader.block(item, text))
                            .map(Peer.Net::new);
            peer.ifPresent(peers::add);
        }
        return peers;
    }

    private static Optional<Peer> list(Value value, References references) {
        if (value.isSetInBraces() && Fields.entries(value).stream().noneMatch(entry -> LIST.contains(entry.key()))) {
            value.wrongKindOrBraces(NEVER);
            return Optional.empty();
        }
        Fields fields = value.fields(LIST);
        Optional<Value> name = fields.get(LIST.getFirst());
        if (fields.all().stream().allMatch(Value::isNull)) {
            value.wrongKind(NEVER);
        }
        name.ifPresent(references::toList);
        return name.flatMap(text -> text.text("the name of a prefix list")).map(Peer.Prefixes::new);
    }

    private static Log.Recorder recorder(Fields fields) {
        Log.Recorder standard = Log.Recorder.STANDARD;
        return new Log.Recorder(
                fields.get("memory").flatMap(SettingsReader::memory).orElse(standard.memory()),
                fields.get("snap")
                        .flatMap(value -> value.number(
                                "a number of bytes", Log.Recorder.SHORTEST_SNAP, Log.Recorder.LONGEST_SNAP))
                        .map(Long::intValue)
                        .orElse(standard.snap()));
    }

    /** Bytes of memory, with a binary unit; 0: none. */
    private static Optional<Long> memory(Value value) {
        String expected = "0, or a size from 1MiB to 1GiB";
        Optional<String> text = value.text(expected);
        if (text.isEmpty() || text.get().equals("0")) {
            return text.map(_ -> 0L);
        }
        Matcher size = SIZE.matcher(text.get());
        if (size.matches()) {
            long bytes = Long.parseLong(size.group(1))
                    << (size.group(2).equals("KiB") ? 10 : size.group(2).equals("MiB") ? 20 : 30);
            if (bytes >= Log.Recorder.LEAST_MEMORY && bytes <= Log.Recorder.MOST_MEMORY) {
                return Optional.of(bytes);
            }
        }
        value.error("must be " + expected + ", with KiB, MiB or GiB");
        return Optional.empty();
    }

    /** A constant by its name in lower case. */
    static <E extends Enum<E>> Optional<E> word(Value value, E[] constants) {
        List<String> words = Stream.of(constants)
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .toList();
        return value.choice(words).map(word -> constants[words.indexOf(word)]);
    }

    /** {@code mark}. */
    static PacketMark mark(Optional<Value> mark) {
        PacketMark standard = new PacketMark(0x5043, 0xffff);
        if (mark.isEmpty()) {
            return standard;
        }
        String expected = "value/mask of 32 bits each, such as 0x5043/0xffff";
        Optional<String> text = mark.get().text(expected);
        if (text.isEmpty()) {
            return standard;
        }
        String[] parts = text.get().split("/", -1);
        Optional<Long> value = bits(parts[0]);
        Optional<Long> mask = parts.length == 2 ? bits(parts[1]) : Optional.empty();
        if (value.isEmpty() || mask.isEmpty()) {
            mark.get().error("must be " + expected);
            return standard;
        }
        if ((value.get() & mask.get()) == 0) {
            mark.get().error("matches every packet without a mark: set a bit of the mask in the value");
            return standard;
        }
        return new PacketMark(value.get().intValue(), mask.get().intValue());
    }

    /** A number of 32 bits, unsigned, decimal or with {@code 0x}. */
    static Optional<Long> bits(String text) {
        boolean isHex = text.startsWith("0x") || text.startsWith("0X");
        try {
            return Optional.of(isHex ? hex(text.substring(2)) : Integer.toUnsignedLong(Integer.parseUnsignedInt(text)));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    private static long hex(String digits) {
        return Integer.toUnsignedLong(Integer.parseUnsignedInt(digits, 16));
    }
}
