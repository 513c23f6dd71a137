package io.portcullis.ec2.model;

import io.portcullis.config.PrefixList;
import io.portcullis.ec2.state.ListState;
import io.portcullis.ec2.state.ListStatus;
import io.portcullis.ec2.state.ListVersion;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A managed prefix list: the blocks of one family of a list of the configuration.
 *
 * @param written in the configuration
 * @param entries of its family, in the order of the configuration; a block that is written twice comes once
 * @param isShared true: the blocks of the other family are another managed list
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

    /** How the last change ended; an edit of the configuration is one. */
    public ListStatus status() {
        return kept.map(state -> isEdited(state) ? ListStatus.MODIFIED : state.status())
                .orElse(ListStatus.CREATED);
    }

    /** What there is to say about the status; may be empty. */
    public String message() {
        return kept.map(state -> isEdited(state) ? "" : state.message()).orElse("");
    }

    private boolean isEdited(ListState state) {
        return version != state.newest().number();
    }

    /** The versions that are known, ascending; the last one is this list as it is. */
    public List<ListVersion> versions() {
        List<ListVersion> all = new ArrayList<>(kept.map(ListState::versions).orElse(List.of()));
        if (all.isEmpty() || all.getLast().number() != version) {
            all.add(versionOf(version, entries, descriptions()));
        }
        return all;
    }

    /** What the state file is to know of this list. */
    public ListState known() {
        return new ListState(isV6, maxEntries(), versions(), descriptions(), status(), message());
    }

    /**
     * What the state file is to know when the list has got other entries.
     *
     * @param next in the order of the configuration
     * @param descriptions by blocks; those of other blocks are left out
     */
    public ListState known(List<Cidr> next, Map<String, String> descriptions, ListStatus how) {
        ListVersion newest = versionOf(version + 1, next, descriptions);
        List<ListVersion> all = versions();
        all.add(newest);
        return new ListState(isV6, maxEntries(), all, newest.descriptions(), how, "");
    }

    /** The descriptions of entries, by their blocks; entries without one are absent. */
    public Map<String, String> descriptions() {
        return kept.map(ListState::descriptions).orElse(Map.of());
    }

    private static ListVersion versionOf(long number, List<Cidr> entries, Map<String, String> descriptions) {
        List<String> blocks = entries.stream().map(Cidr::toString).toList();
        Map<String, String> theirs = blocks.stream()
                .filter(block -> !descriptions.getOrDefault(block, "").isEmpty())
                .collect(Collectors.toMap(block -> block, block -> descriptions.getOrDefault(block, "")));
        return new ListVersion(number, blocks, theirs);
    }
}
