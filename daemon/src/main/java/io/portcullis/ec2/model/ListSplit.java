package io.portcullis.ec2.model;

import io.portcullis.config.PrefixList;
import io.portcullis.ec2.state.ListState;
import io.portcullis.ec2.state.State;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The managed lists of a prefix list: EC2's have one family each. */
final class ListSplit {
    private ListSplit() {}

    /** One list, or two: that of IPv4 first. An empty list has the family that the state knows, else IPv4. */
    static List<ManagedList> of(PrefixList list, Ids ids, State state) {
        PackedBlocks all = PackedBlocks.of(list.entries());
        int v6 = all.count(true);
        boolean isShared = v6 != 0 && v6 != all.size();
        List<ManagedList> lists = new ArrayList<>();
        if (isShared) {
            lists.add(managed(list, false, family(all, false), true, id(list, ids), state));
            String second = ids.of(Ids.Kind.LIST, list.name() + "\0IPv6");
            lists.add(managed(list, true, family(all, true), true, second, state));
        } else {
            String id = id(list, ids);
            boolean isV6 = all.isEmpty() ? state.list(id).map(ListState::isV6).orElse(false) : v6 != 0;
            lists.add(managed(list, isV6, all, false, id, state));
        }
        return lists;
    }

    private static String id(PrefixList list, Ids ids) {
        String written = list.id();
        return written == null ? ids.of(Ids.Kind.LIST, list.name()) : written;
    }

    private static List<Cidr> family(List<Cidr> all, boolean isV6) {
        return all.stream().filter(each -> each.isV6() == isV6).toList();
    }

    private static ManagedList managed(
            PrefixList list, boolean isV6, List<Cidr> entries, boolean isShared, String id, State state) {
        Optional<ListState> kept = state.list(id);
        long version = kept.map(each -> {
                    ListState.Version newest = each.newest();
                    boolean isSame = newest.entries()
                            .equals(entries.stream().map(Cidr::toString).toList());
                    return isSame ? newest.number() : newest.number() + 1;
                })
                .orElse(1L);
        return new ManagedList(id, list, isV6, entries, isShared, kept, version, state.tags(id));
    }
}
