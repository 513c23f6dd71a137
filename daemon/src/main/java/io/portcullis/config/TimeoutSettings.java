package io.portcullis.config;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The idle timeout of flows by state (security-groups.md section 3).
 *
 * @param byKey all of {@link #KEYS}, in that order
 */
public record TimeoutSettings(Map<String, Duration> byKey) {
    /** The shortest valid timeout. */
    public static final Duration SHORTEST = Duration.ofSeconds(1);

    /** The longest valid timeout. */
    public static final Duration LONGEST = Duration.ofDays(30);

    /** The defaults: EC2's if EC2 has one, else Linux's. */
    public static final TimeoutSettings DEFAULT = new TimeoutSettings(defaults());

    /** All keys, as in the file, in the order of the specification. */
    public static final List<String> KEYS = List.copyOf(DEFAULT.byKey.keySet());

    public TimeoutSettings {
        byKey = Collections.unmodifiableMap(new LinkedHashMap<>(byKey));
        if (!byKey.keySet().equals(defaults().keySet())) {
            throw new IllegalArgumentException("timeouts of " + byKey.keySet());
        }
        byKey.forEach((key, idle) -> {
            if (idle.compareTo(SHORTEST) < 0 || idle.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(key + ": " + idle);
            }
        });
    }

    /** The timeout of one of {@link #KEYS}. */
    public Duration get(String key) {
        Duration idle = byKey.get(key);
        if (idle == null) {
            throw new IllegalArgumentException("no timeout " + key);
        }
        return idle;
    }

    /** These, overridden by {@code changes}. */
    public TimeoutSettings with(Map<String, Duration> changes) {
        if (changes.isEmpty()) {
            return this;
        }
        Map<String, Duration> merged = new LinkedHashMap<>(byKey);
        merged.putAll(changes);
        return new TimeoutSettings(merged);
    }

    private static Map<String, Duration> defaults() {
        Map<String, Duration> idle = new LinkedHashMap<>();
        put(idle, "tcp-syn-sent", 120);
        put(idle, "tcp-syn-received", 60);
        put(idle, "tcp-established", 432_000);
        put(idle, "tcp-fin-wait", 120);
        put(idle, "tcp-close-wait", 60);
        put(idle, "tcp-last-ack", 30);
        put(idle, "tcp-time-wait", 120);
        put(idle, "tcp-close", 10);
        put(idle, "tcp-unacknowledged", 300);
        put(idle, "udp", 30);
        put(idle, "udp-stream", 180);
        put(idle, "icmp", 30);
        put(idle, "icmpv6", 30);
        put(idle, "other", 600);
        put(idle, "fragment", 30);
        return idle;
    }

    private static void put(Map<String, Duration> idle, String key, int seconds) {
        idle.put(key, Duration.ofSeconds(seconds));
    }
}
