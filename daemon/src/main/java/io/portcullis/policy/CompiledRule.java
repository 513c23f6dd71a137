package io.portcullis.policy;

import io.portcullis.config.Location;
import org.jspecify.annotations.Nullable;

/**
 * A rule as logs, metrics and people name it.
 *
 * @param id {@code web/ingress[1]}, counted from 1; the implied egress rule is {@code web/egress[implied]}
 * @param location where it is written; null for an implied one
 * @param description from the file, empty where there is none
 */
public record CompiledRule(String id, @Nullable Location location, String description) {}
