package io.portcullis.service.traffic;

import io.portcullis.config.Config;
import io.portcullis.guard.GuardedInterface;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is guarded at one moment.
 *
 * @param config with the addresses of the NICs; null: none is in force
 * @param interfaces by name
 */
public record Guarded(@Nullable Config config, Map<String, GuardedInterface> interfaces) {}
