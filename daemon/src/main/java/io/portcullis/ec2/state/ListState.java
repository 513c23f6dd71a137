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
 * @param status how the last call that changes lists ended
 * @param message about the status; may be empty
 */
public record ListState(
        boolean isV6,
        int maxEntries,
        List<ListVersion> versions,
        Map<String, String> descriptions,
        ListStatus status,
        String message) {
    /** The most versions that are kept: the oldest go. */
    public static final int MOST_VERSIONS = 20;

    /** The most entries of all versions that are kept, the newest one aside: the file would grow with each change of a long list. */
    public static final int MOST_ENTRIES = 100_000;

    public ListState {
        versions = last(versions);
        descriptions = Map.copyOf(descriptions);
        if (versions.isEmpty()) {
            throw new IllegalArgumentException("a list without a version");
        }
    }

    private static List<ListVersion> last(List<ListVersion> versions) {
        int from = versions.size();
        int entries = 0;
        while (from > 0 && versions.size() - from < MOST_VERSIONS) {
            entries += versions.get(from - 1).entries().size();
            if (entries > MOST_ENTRIES && from < versions.size()) {
                break;
            }
            from--;
        }
        return List.copyOf(versions.subList(from, versions.size()));
    }

    /** The newest version. */
    public ListVersion newest() {
        return versions.getLast();
    }

    /** The same with this status. */
    public ListState with(ListStatus now, String words) {
        return new ListState(isV6, maxEntries, versions, descriptions, now, words);
    }

    /** The same with this many entries at most. */
    public ListState withMaxEntries(int most) {
        return new ListState(isV6, most, versions, descriptions, status, message);
    }
}
