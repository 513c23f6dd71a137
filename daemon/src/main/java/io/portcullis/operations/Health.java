package io.portcullis.operations;

import java.util.List;

/**
 * Whether every interface forwards, as {@code /healthz} says.
 *
 * @param problems one sentence each; empty if it is healthy
 */
public record Health(boolean healthy, List<String> problems) {
    public Health {
        problems = List.copyOf(problems);
    }
}
