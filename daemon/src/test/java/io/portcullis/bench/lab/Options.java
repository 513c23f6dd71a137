package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Failure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The options of a run.
 *
 * @param rows of the comparison, in the order given
 * @param stallMinutes of {@link Mode#STALLS}, as given
 * @param forwardingOnly of {@link Mode#RULES}: no verdicts
 * @param offload of {@link Mode#RELOAD}: the interface has the fast path
 */
public record Options(
        Mode mode,
        boolean quick,
        List<Row> rows,
        List<Placement> placements,
        int rounds,
        String stallMinutes,
        boolean forwardingOnly,
        boolean offload,
        Path json) {

    /** What is measured, and the name of its JSON. */
    public enum Mode {
        COMPARISON("bench.json"),
        STALLS("stalls.json"),
        HOST("bench-host.json"),
        RULES("bench-rules.json"),
        RELOAD("bench-reload.json"),
        FLOWS("bench-flows.json"),
        EC2("bench-ec2.json"),
        DOWN("");

        private final String json;

        Mode(String json) {
            this.json = json;
        }

        String option() {
            return "--" + name().toLowerCase(Locale.ROOT);
        }
    }

    /** Wrong words on the command line; the usage is printed after the message. */
    public static final class Misuse extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Misuse(String message) {
            super(message);
        }
    }

    /** Reads the words of the command line; throws {@link Misuse}, or {@link Failure} in a mode with options of its own. */
    public static Options parse(List<String> words, Path root) {
        for (Mode mode : List.of(Mode.HOST, Mode.RULES, Mode.RELOAD, Mode.FLOWS, Mode.EC2)) {
            if (!words.isEmpty() && words.getFirst().equals(mode.option())) {
                return parseOwn(mode, words.subList(1, words.size()), root);
            }
        }
        return new Reader(words).read(root);
    }

    private static Options parseOwn(Mode mode, List<String> words, Path root) {
        List<String> taken = new ArrayList<>(List.of("--quick"));
        if (mode == Mode.RULES) {
            taken.add("--forwarding");
        }
        if (mode == Mode.RELOAD) {
            taken.add("--offload");
        }
        if (mode != Mode.FLOWS) {
            taken.add("--json");
        }
        boolean quick = false;
        boolean forwarding = false;
        boolean offload = false;
        Path json = jsonOf(mode, root);
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (!taken.contains(word)) {
                throw new Failure("no such option of " + mode.option() + ": '" + word + "' (it takes "
                        + String.join(", ", taken).replace("--json", "--json FILE") + ")");
            }
            switch (word) {
                case "--quick" -> quick = true;
                case "--forwarding" -> forwarding = true;
                case "--offload" -> offload = true;
                default -> {
                    if (++i == words.size()) {
                        throw new Failure("--json takes a file");
                    }
                    json = absolute(words.get(i));
                }
            }
        }
        return new Options(mode, quick, List.of(), List.of(), 0, "", forwarding, offload, json);
    }

    private static Path jsonOf(Mode mode, Path root) {
        return root.resolve("daemon/target").resolve(mode.json);
    }

    private static Path absolute(String file) {
        return Path.of(file).toAbsolutePath().normalize();
    }

    /** Reads the options of the comparison and of the stalls. */
    private static final class Reader {
        private final List<String> words;
        private int at;
        private Mode mode = Mode.COMPARISON;
        private boolean quick;
        private List<Row> rows = List.of(Row.values());
        private List<Placement> placements = List.of();
        private int rounds = 3;
        private String stallMinutes = "10";
        private String json = "";

        Reader(List<String> words) {
            this.words = words;
        }

        Options read(Path root) {
            boolean down = false;
            for (at = 0; at < words.size(); at++) {
                switch (words.get(at)) {
                    case "--quick" -> quick = true;
                    case "--down" -> down = true;
                    case "--stalls" -> readStalls();
                    case "--only" -> rows = rows(value());
                    case "--placement" -> placements = List.of(placement(value()));
                    case "--rounds" -> rounds = rounds(value());
                    case "--json" -> json = value();
                    default -> throw new Misuse("no such option: " + words.get(at));
                }
            }
            if (down) {
                mode = Mode.DOWN;
            }
            if (mode == Mode.STALLS) {
                rows = List.of(Row.WIRE, Row.RING);
                placements = List.of(Placement.SPLIT);
            } else if (placements.isEmpty()) {
                placements = quick ? List.of(Placement.SPLIT) : List.of(Placement.values());
            }
            Path file = json.isEmpty() ? jsonOf(mode, root) : absolute(json);
            return new Options(mode, quick, rows, placements, rounds, stallMinutes, false, false, file);
        }

        private String value() {
            if (at + 1 == words.size()) {
                throw new Misuse(words.get(at) + " takes a value");
            }
            return words.get(++at);
        }

        private void readStalls() {
            mode = Mode.STALLS;
            if (at + 1 < words.size() && words.get(at + 1).matches("[0-9].*")) {
                stallMinutes = value();
                if (!stallMinutes.matches("[0-9]{1,3}(\\.[0-9])?") || stallMinutes.equals("0")) {
                    throw new Misuse("--stalls takes 0.1 to 999 minutes, not '" + stallMinutes + "'");
                }
            }
        }

        private static List<Row> rows(String names) {
            List<String> all = Arrays.stream(Row.values()).map(Row::label).toList();
            return Arrays.stream(names.split(",", -1))
                    .map(name -> {
                        if (!all.contains(name)) {
                            throw new Misuse("no such row: '" + name + "' (there are " + String.join(" ", all) + ")");
                        }
                        return Row.values()[all.indexOf(name)];
                    })
                    .toList();
        }

        private static Placement placement(String name) {
            return Arrays.stream(Placement.values())
                    .filter(each -> each.label().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new Misuse("a placement is split or free, not '" + name + "'"));
        }

        private static int rounds(String number) {
            if (!number.matches("[1-9][0-9]?")) {
                throw new Misuse("--rounds takes 1 to 99, not '" + number + "'");
            }
            return Integer.parseInt(number);
        }
    }
}
