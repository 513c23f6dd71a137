package io.portcullis.operations;

import java.util.List;

/**
 * Whether the daemon does its work.
 *
 * @param problems one sentence each; empty while it is healthy
 */
public record Health(boolean healthy, List<String> problems) {
    public Health {
        problems = List.copyOf(problems);
    }
}
