package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Metrics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a running daemon can't change: an edit of it is refused, and says that it takes a restart. */
final class Restarts {
    /** A setting of the whole file. */
    private record Setting(String key, Function<Config, Object> value) {}

    private static final List<Setting> SETTINGS = List.of(
            new Setting("conntrack.directory", config -> config.conntrack().directory()),
            new Setting("mark", Config::mark),
            new Setting("control.socket", config -> config.control().socket()),
            new Setting("metrics.listen", config -> listen(config.metrics())));

    private Restarts() {}

    private static String listen(Metrics metrics) {
        return metrics.host() + ":" + metrics.port();
    }

    /**
     * Why a configuration can't follow the one in force; empty: it can.
     *
     * @param now in force; null: none, and nothing is in the way
     * @param changed what is known of the interfaces, by name: why another description can't be taken
     */
    static List<String> reasons(Path file, @Nullable Config now, Config next, List<String> changed) {
        List<String> reasons = new ArrayList<>(changed);
        if (now != null) {
            for (Setting each : SETTINGS) {
                Object before = each.value().apply(now);
                if (!before.equals(each.value().apply(next))) {
                    reasons.add(file + ": " + each.key() + ": a change needs a restart (now " + before + ")");
                }
            }
        }
        return reasons;
    }
}
