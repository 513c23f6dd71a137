package io.portcullis.ec2.state;

import java.util.List;
import java.util.Map;

/**
 * What is known of a managed prefix list.
 *
 * @param isV6 its family, which an empty list does not tell
 * @param maxEntries as it was given
 * @param versions the last ones, ascending by number, at least one
 * @param descriptions of entries, by their blocks; entries without one are absent
 */
public record ListState(boolean isV6, int maxEntries, List<Version> versions, Map<String, String> descriptions) {
    /** The most versions that are kept: the oldest go. */
    public static final int MOST_VERSIONS = 20;

    /**
     * One version.
     *
     * @param number from 1
     * @param entries blocks as text, in their order
     * @param descriptions as they were
     */
    public record Version(long number, List<String> entries, Map<String, String> descriptions) {
        public Version {
            entries = List.copyOf(entries);
            descriptions = Map.copyOf(descriptions);
        }
    }

    public ListState {
        versions = List.copyOf(
                versions.size() <= MOST_VERSIONS
                        ? versions
                        : versions.subList(versions.size() - MOST_VERSIONS, versions.size()));
        descriptions = Map.copyOf(descriptions);
        if (versions.isEmpty()) {
            throw new IllegalArgumentException("a list without a version");
        }
    }

    /** The newest version. */
    public Version newest() {
        return versions.getLast();
    }
}
