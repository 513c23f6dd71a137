package io.portcullis.vectors;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** One numbered test vector: frames and the engine's expected verdicts. The file itself describes its format. */
public record Vector(
        int id, String what, Map<String, Object> base, Map<String, Object> config, List<Map<String, Object>> steps) {
    public static final String INTERFACE = "web0";
    public static final long AUTO_MAX_FLOWS = 1_000;
    private static final int LONGEST_FRAME = 70_000;

    /** All vectors of a file. */
    public static List<Vector> read(Path file) throws IOException {
        return parse(Files.readString(file));
    }

    /** All vectors of a file's text. */
    public static List<Vector> parse(String text) {
        Map<String, Object> document = map(new Yaml(new SafeConstructor(new LoaderOptions())).load(text));
        Map<String, Object> base = map(document.get("base"));
        List<Vector> vectors = new ArrayList<>();
        for (Object entry : list(document, "vectors")) {
            Map<String, Object> vector = map(entry);
            List<Map<String, Object>> steps = new ArrayList<>();
            for (Object step : list(vector, "steps")) {
                steps.add(map(step));
            }
            vectors.add(new Vector(
                    Integer.parseInt(String.valueOf(vector.get("id"))),
                    String.valueOf(vector.get("what")),
                    base,
                    map(vector.get("config")),
                    steps));
        }
        return vectors;
    }

    /** Runs it; empty if all verdicts are as expected, else the first difference. */
    public Optional<String> run() {
        try (Arena arena = Arena.ofConfined()) {
            return run(arena.allocate(LONGEST_FRAME));
        } catch (ConfigException e) {
            return Optional.of("configuration: " + e.getMessage());
        }
    }

    private Optional<String> run(MemorySegment memory) throws ConfigException {
        Map<String, Object> own = merged(base, config);
        Engine engine = new Engine(policy(own, 1), Shard.ALL, 1, 2);
        Batch batch = new Batch(memory, true);
        Frames frames = new Frames();
        long nowNs = 1;
        int generation = 1;
        int number = 0;
        for (Map<String, Object> step : steps) {
            number++;
            Map.Entry<String, Object> entry = step.entrySet().iterator().next();
            switch (entry.getKey()) {
                case "wait" ->
                    nowNs += duration(String.valueOf(entry.getValue())).toNanos();
                case "reload" -> engine.install(policy(merged(own, map(entry.getValue())), ++generation), nowNs);
                case "in", "out" -> {
                    Direction direction = entry.getKey().equals("in") ? Direction.INGRESS : Direction.EGRESS;
                    String text = String.valueOf(entry.getValue());
                    int arrow = text.lastIndexOf("->");
                    String notation = text.substring(0, arrow).trim();
                    String expected = text.substring(arrow + 2).trim();
                    byte[] frame = frames.build(notation);
                    MemorySegment.copy(frame, 0, memory, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, frame.length);
                    batch.clear();
                    batch.add(0, frame.length);
                    engine.decide(batch, direction, nowNs);
                    String actual = verdict(engine, batch);
                    forget(engine);
                    boolean fits = actual.equals(expected)
                            || expected.equals("pass")
                                    && actual.startsWith("pass ")
                                    && !actual.startsWith("pass would-drop ");
                    if (!fits) {
                        return Optional.of(
                                "step " + number + ": " + notation + ": expected " + expected + ", got " + actual);
                    }
                    if (expected.startsWith("pass")) {
                        frames.passed(notation);
                    }
                }
                default -> throw new IllegalArgumentException("step " + entry.getKey());
            }
        }
        return Optional.empty();
    }

    /** The format has no word for the verdict of a held fragment. */
    private static void forget(Engine engine) {
        for (Direction direction : Direction.values()) {
            while (engine.released(direction) != null) {
                // On to the next.
            }
        }
    }

    private static String verdict(Engine engine, Batch batch) {
        if (batch.isHeld(0)) {
            return "hold";
        }
        if (batch.isAccepted(0) && batch.reason(0) != 0) {
            return "pass would-drop " + Reason.of(batch.reason(0)).label();
        }
        if (!batch.isAccepted(0)) {
            return "drop " + Reason.of(batch.reason(0)).label();
        }
        int rule = batch.rule(0);
        return rule == Batch.NO_RULE
                ? "pass"
                : "pass " + engine.policy().rule(rule).id();
    }

    private static Policy policy(Map<String, Object> document, long generation) throws ConfigException {
        return Policy.compile(config(document), INTERFACE, generation, AUTO_MAX_FLOWS);
    }

    public static Config config(Map<String, Object> document) throws ConfigException {
        return ConfigReader.parse(new Yaml().dump(document), "vector.yaml");
    }

    public static Duration duration(String text) {
        return Duration.parse("PT" + text.toUpperCase(java.util.Locale.ROOT));
    }

    /** Maps deep-merge, lists and scalars replace, null removes. */
    public static Map<String, Object> merged(Map<String, Object> under, Map<String, Object> over) {
        Map<String, Object> result = new LinkedHashMap<>(under);
        over.forEach((key, value) -> {
            if (value == null) {
                result.remove(key);
            } else if (value instanceof Map<?, ?> && result.get(key) instanceof Map<?, ?> below) {
                result.put(key, merged(map(below), map(value)));
            } else {
                result.put(key, value);
            }
        });
        return result;
    }

    private static List<?> list(Map<String, Object> map, String key) {
        return (List<?>) Objects.requireNonNull(map.get(key), key);
    }

    public static Map<String, Object> map(@Nullable Object value) {
        Map<String, Object> result = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> entries) {
            entries.forEach((key, entry) -> result.put(String.valueOf(key), entry));
        }
        return result;
    }
}
