package io.portcullis.ec2.action;

import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.state.ListState;
import io.portcullis.ec2.state.ListStatus;
import io.portcullis.ec2.state.ListVersion;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Managed prefix lists: changing and restoring their entries. */
final class PrefixListEdits {
    private final CloudStore store;

    PrefixListEdits(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "ModifyManagedPrefixList", call -> store.change(call, now -> modify(call, now)),
                "RestoreManagedPrefixListVersion", call -> store.change(call, now -> restore(call, now)));
    }

    private static Proposal modify(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        ManagedList list = PrefixListActions.find(now, request.required("PrefixListId"));
        OptionalLong version = request.number("CurrentVersion");
        OptionalInt most = request.integer("MaxEntries");
        boolean hasEntries = !request.structures("AddEntry").isEmpty()
                || !request.structures("RemoveEntry").isEmpty();
        if (request.flag("IpamPrefixListResolverSyncEnabled")) {
            throw ApiError.UNSUPPORTED_OPERATION.of();
        }
        if (!hasEntries && most.isEmpty() && !request.has("PrefixListName")) {
            throw ApiError.MISSING_PARAMETER.of("AddEntry, RemoveEntry, MaxEntries or PrefixListName");
        }
        if (hasEntries && most.isPresent()) {
            throw ApiError.PREFIX_LIST_BOTH.of();
        }
        // Before the entries: who has read an older version is told so, not which of its entries are gone.
        if (version.isPresent()) {
            requireVersion(list, version.getAsLong());
        }
        Map<Cidr, String> added = PrefixListEntries.read(request.structures("AddEntry"), list.isV6());
        Set<Cidr> removed = PrefixListEntries.removed(request.structures("RemoveEntry"), list);
        if (!request.string("PrefixListName").orElse(list.name()).equals(list.name())) {
            throw ApiError.OPERATION_NOT_PERMITTED.of("The prefix list " + list.name()
                    + " cannot be renamed here: rename it in the configuration, with all that refers to it");
        }
        if (most.isPresent()) {
            PrefixListEntries.requireSpace(list.entries().size(), PrefixListEntries.maxEntries(most.getAsInt()));
        }
        if (!hasEntries) {
            ListState next =
                    list.known().withMaxEntries(most.orElse(list.maxEntries())).with(ListStatus.MODIFIED, "");
            return new Proposal(
                    List.of(),
                    now.state().withList(list.id(), next),
                    then -> PrefixListActions.answer(then, list.id()));
        }
        return changed(now, list, added, removed);
    }

    private static void requireVersion(ManagedList list, long version) throws ApiException {
        if (version != list.version()) {
            throw ApiError.PREFIX_LIST_VERSION.of();
        }
    }

    /** Entries that are removed, then entries that are added; one that is there already gets the new description. */
    private static Proposal changed(Cloud now, ManagedList list, Map<Cidr, String> added, Set<Cidr> removed)
            throws ApiException {
        Map<String, String> descriptions = new HashMap<>(list.descriptions());
        for (Map.Entry<Cidr, String> each : added.entrySet()) {
            if (removed.contains(each.getKey())) {
                throw ApiError.INVALID_COMBINATION.of(
                        "The entry " + each.getKey() + " cannot be added and removed in the same request");
            }
            PrefixListEntries.describe(descriptions, each.getKey(), each.getValue());
        }
        List<Cidr> kept = list.entries().stream()
                .filter(block -> !removed.contains(block))
                .toList();
        Set<Cidr> present = new HashSet<>(kept);
        List<Cidr> fresh = added.keySet().stream()
                .filter(block -> !present.contains(block))
                .toList();
        return changed(now, list, kept, fresh, descriptions, ListStatus.MODIFIED);
    }

    private static Proposal changed(
            Cloud now,
            ManagedList list,
            List<Cidr> kept,
            List<Cidr> fresh,
            Map<String, String> descriptions,
            ListStatus how)
            throws ApiException {
        List<Cidr> next = new ArrayList<>(kept);
        next.addAll(fresh);
        PrefixListEntries.requireSpace(next.size(), list.maxEntries());
        Set<Cidr> gone = new HashSet<>(list.entries());
        kept.forEach(gone::remove);
        List<Cidr> dropped = list.entries().stream().filter(gone::contains).toList();
        List<Edit> edits = fresh.isEmpty() && dropped.isEmpty()
                ? List.of()
                : List.of(new Edit.ChangeEntries(list.name(), fresh, dropped));
        State state = now.state().withList(list.id(), list.known(next, descriptions, how));
        return new Proposal(edits, state, then -> PrefixListActions.answer(then, list.id()));
    }

    private static Proposal restore(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        ManagedList list = PrefixListActions.find(now, request.required("PrefixListId"));
        requireVersion(list, request.number("CurrentVersion").orElse(0));
        long number = request.number("PreviousVersion").orElse(0);
        ListVersion previous = PrefixListActions.version(list, "PreviousVersion", number);
        if (number == list.version()) {
            throw ApiError.INVALID_VALUE.of(number, "PreviousVersion", "Expecting a version before the current one.");
        }
        Set<Cidr> present = new HashSet<>(list.entries());
        List<Cidr> wanted = new ArrayList<>();
        for (String block : previous.entries()) {
            wanted.add(Blocks.read(block, list.isV6()));
        }
        Set<Cidr> all = new HashSet<>(wanted);
        return changed(
                now,
                list,
                list.entries().stream().filter(all::contains).toList(),
                wanted.stream().filter(block -> !present.contains(block)).toList(),
                previous.descriptions(),
                ListStatus.RESTORED);
    }
}
