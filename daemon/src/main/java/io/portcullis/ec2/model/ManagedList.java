package io.portcullis.ec2.model;

import io.portcullis.config.PrefixList;
import io.portcullis.ec2.state.ListState;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A managed prefix list: the blocks of one family of a list of the configuration.
 *
 * @param written in the configuration
 * @param entries of its family, in the order of the configuration
 * @param isShared true: the list of the configuration has blocks of the other family, too, which are another managed list
 * @param kept what the state file knows; empty: nobody has changed it through the endpoint
 * @param version from 1; an edit of the configuration is a new version
 */
public record ManagedList(
        String id,
        PrefixList written,
        boolean isV6,
        List<Cidr> entries,
        boolean isShared,
        Optional<ListState> kept,
        long version,
        Map<String, String> tags) {
    public ManagedList {
        entries = PackedBlocks.of(entries);
    }

    /** As in the configuration. */
    public String name() {
        return written.name();
    }

    /** The most entries: as it was given, and never fewer than there are. */
    public int maxEntries() {
        return Math.max(
                Math.max(entries.size(), 1), kept.map(ListState::maxEntries).orElse(0));
    }

    /** An entry's description; may be empty. */
    public String description(Cidr entry) {
        return kept.map(state -> state.descriptions().getOrDefault(entry.toString(), ""))
                .orElse("");
    }
}
