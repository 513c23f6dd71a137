package io.portcullis.ec2.model;

import io.portcullis.config.PrefixList;
import io.portcullis.ec2.state.ListState;
import io.portcullis.ec2.state.ListVersion;
import io.portcullis.ec2.state.State;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * The managed lists of a prefix list: EC2's have one family each. The list's id is that of its first family, which is the one that the
 * state knows, else IPv4 if the list has blocks of it or none at all. Each managed list keeps its id when it loses its last block, if the
 * state knows it.
 */
final class ListSplit {
    private ListSplit() {}

    /** One list, or two: that of the first family first. */
    static List<ManagedList> of(PrefixList list, Ids ids, State state) {
        PackedBlocks all = PackedBlocks.of(list.entries());
        int v6 = all.count(true);
        int v4 = all.size() - v6;
        String first = list.id() == null ? ids.of(ResourceKind.LIST, list.name()) : list.id();
        boolean isFirstV6 = isFirstV6(first, list.name(), ids, state).orElse(v6 > 0 && v4 == 0);
        String second = second(list.name(), !isFirstV6, ids);
        boolean hasSecond = (isFirstV6 ? v4 : v6) > 0 || state.list(second).isPresent();
        boolean hasFirst =
                !hasSecond || (isFirstV6 ? v6 : v4) > 0 || state.list(first).isPresent();
        boolean isShared = hasFirst && hasSecond;
        List<ManagedList> lists = new ArrayList<>();
        if (hasFirst) {
            lists.add(managed(list, isFirstV6, family(all, isFirstV6), isShared, first, state));
        }
        if (hasSecond) {
            lists.add(managed(list, !isFirstV6, family(all, !isFirstV6), isShared, second, state));
        }
        return lists;
    }

    /** Empty: the state does not know. */
    private static Optional<Boolean> isFirstV6(String first, String name, Ids ids, State state) {
        Optional<Boolean> known = state.list(first).map(ListState::isV6);
        if (known.isEmpty() && state.list(second(name, true, ids)).isPresent()) {
            return Optional.of(false);
        }
        if (known.isEmpty() && state.list(second(name, false, ids)).isPresent()) {
            return Optional.of(true);
        }
        return known;
    }

    /** All ids that the managed lists of this name can have, where the configuration sets none. */
    static List<String> ids(String name, Ids ids) {
        return List.of(ids.of(ResourceKind.LIST, name), second(name, false, ids), second(name, true, ids));
    }

    private static String second(String name, boolean isV6, Ids ids) {
        return ids.of(ResourceKind.LIST, name + (isV6 ? "\0IPv6" : "\0IPv4"));
    }

    private static List<Cidr> family(PackedBlocks all, boolean isV6) {
        boolean isWhole = all.count(isV6) == all.size() && new HashSet<>(all).size() == all.size();
        return isWhole
                ? all
                : all.stream().filter(each -> each.isV6() == isV6).distinct().toList();
    }

    private static ManagedList managed(
            PrefixList list, boolean isV6, List<Cidr> entries, boolean isShared, String id, State state) {
        Optional<ListState> kept = state.list(id);
        long version = kept.map(each -> {
                    ListVersion newest = each.newest();
                    boolean isSame = newest.entries()
                            .equals(entries.stream().map(Cidr::toString).toList());
                    return isSame ? newest.number() : newest.number() + 1;
                })
                .orElse(1L);
        return new ManagedList(id, list, isV6, entries, isShared, kept, version, state.tags(id));
    }
}
