package io.portcullis.policy;

import io.portcullis.config.Location;
import org.jspecify.annotations.Nullable;

/**
 * The name of a rule in logs, metrics and reports.
 *
 * @param id {@code web/ingress[1]}, counted from 1; the implied egress rule is {@code web/egress[implied]}
 * @param location null for an implied rule
 * @param description may be empty
 */
public record CompiledRule(String id, @Nullable Location location, String description) {}
