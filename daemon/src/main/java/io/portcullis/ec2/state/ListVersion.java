package io.portcullis.ec2.state;

import java.util.List;
import java.util.Map;

/**
 * One version.
 *
 * @param number from 1
 * @param entries blocks as text, in their order
 * @param descriptions as they were
 */
public record ListVersion(long number, List<String> entries, Map<String, String> descriptions) {
    public ListVersion {
        entries = List.copyOf(entries);
        descriptions = Map.copyOf(descriptions);
    }
}
