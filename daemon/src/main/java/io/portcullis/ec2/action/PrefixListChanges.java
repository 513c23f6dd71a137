package io.portcullis.ec2.action;

import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.state.ListState;
import io.portcullis.ec2.state.ListState.Status;
import io.portcullis.ec2.state.ListState.Version;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Managed prefix lists: making, changing and deleting them. */
final class PrefixListChanges {
    private static final String OF_AWS = "com.amazonaws";
    private static final int LONGEST_DESCRIPTION = 255;
    private static final int MOST_NAMED_USERS = 10;

    private final CloudStore store;

    PrefixListChanges(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "CreateManagedPrefixList", call -> store.change(call, now -> create(call, now)),
                "DeleteManagedPrefixList", call -> store.change(call, now -> delete(call, now)),
                "ModifyManagedPrefixList", call -> store.change(call, now -> modify(call, now)),
                "RestoreManagedPrefixListVersion", call -> store.change(call, now -> restore(call, now)));
    }

    private static Proposal create(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        String name = request.required("PrefixListName");
        boolean isV6 = isV6(request.required("AddressFamily"));
        int most = maxEntries(request.integer("MaxEntries").orElse(0));
        Map<Cidr, String> entries = entries(request.structures("Entry"), isV6);
        Map<String, String> tags = Tags.specified(request, Ids.Kind.LIST);
        ClientToken token = ClientToken.of(
                call, List.of(name, String.valueOf(isV6), String.valueOf(most), entries.toString(), tags.toString()));
        Optional<ManagedList> before = token.madeBefore(now.state()).flatMap(now::list);
        if (before.isPresent()) {
            return new Proposal(List.of(), now.state(), answer(now, before.get().id()));
        }
        requireName(now, name);
        requireSpace(entries.size(), most);
        String id = now.account()
                .ids()
                .of(Ids.Kind.LIST, name, taken -> now.list(taken).isPresent());
        List<Cidr> blocks = List.copyOf(entries.keySet());
        Map<String, String> descriptions = new HashMap<>();
        entries.forEach((block, description) -> describe(descriptions, block, description));
        Version first = new Version(1, blocks.stream().map(Cidr::toString).toList(), descriptions);
        State next = without(now, name)
                .withList(id, new ListState(isV6, most, List.of(first), descriptions, Status.CREATED, ""))
                .withTags(id, tags);
        return new Proposal(
                List.of(new Edit.AddPrefixList(name, blocks, id)), token.kept(next, id), then -> answer(then, id));
    }

    private static boolean isV6(String family) throws ApiException {
        return switch (family) {
            case "IPv4" -> false;
            case "IPv6" -> true;
            default -> throw ApiError.INVALID_VALUE.of(family, "AddressFamily", "Expecting IPv4 or IPv6.");
        };
    }

    private static int maxEntries(int most) throws ApiException {
        if (most < 1) {
            throw ApiError.INVALID_VALUE.of(most, "MaxEntries", "Expecting a value of at least 1.");
        }
        return most;
    }

    private static void requireName(Cloud now, String name) throws ApiException {
        if (name.isBlank() || !GroupText.isAllowed(name)) {
            throw ApiError.INVALID_VALUE.of(
                    name,
                    "PrefixListName",
                    "Expecting 1 to 255 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*");
        }
        if (name.startsWith(OF_AWS)) {
            throw ApiError.INVALID_VALUE.of(name, "PrefixListName", "The name cannot start with " + OF_AWS + ".");
        }
        if (now.config().prefixLists().containsKey(name)) {
            throw ApiError.INVALID_VALUE.of(
                    name, "PrefixListName", "This host has a prefix list of that name, and its names are unique.");
        }
    }

    private static void requireSpace(int size, int most) throws ApiException {
        if (size > most) {
            throw ApiError.PREFIX_LIST_FULL.of(size, most);
        }
    }

    /** Entries with their descriptions, in their order. */
    private static Map<Cidr, String> entries(List<Arguments> written, boolean isV6) throws ApiException {
        Map<Cidr, String> entries = new LinkedHashMap<>();
        for (Arguments each : written) {
            Cidr block = Blocks.read(each.required("Cidr"), isV6);
            String description = each.string("Description").orElse("");
            if (description.codePointCount(0, description.length()) > LONGEST_DESCRIPTION) {
                throw ApiError.INVALID_VALUE.of(
                        description,
                        each.path("Description"),
                        "Expecting at most " + LONGEST_DESCRIPTION + " characters.");
            }
            if (entries.put(block, description) != null) {
                throw twice(block);
            }
        }
        return entries;
    }

    private static ApiException twice(Cidr block) {
        return ApiError.INVALID_PARAMETER.of("The request has the entry " + block + " twice");
    }

    private static void describe(Map<String, String> descriptions, Cidr block, String description) {
        if (description.isEmpty()) {
            descriptions.remove(block.toString());
        } else {
            descriptions.put(block.toString(), description);
        }
    }

    /** The state without what it knows of lists of this name that are gone. */
    private static State without(Cloud now, String name) {
        State state = now.state();
        for (String id : now.listIds(name)) {
            boolean isAnothers =
                    now.list(id).filter(list -> !list.name().equals(name)).isPresent();
            state = isAnothers ? state : state.withoutList(id).withTags(id, Map.of());
        }
        return state;
    }

    private static Proposal delete(Call call, Cloud now) throws ApiException {
        ManagedList list = PrefixListActions.find(now, call.arguments().required("PrefixListId"));
        List<String> users = new ArrayList<>(PrefixListActions.users(now, list.name()));
        users.addAll(PrefixListActions.otherUsers(now, list.name()));
        if (!users.isEmpty()) {
            String more = users.size() > MOST_NAMED_USERS ? " and others" : "";
            String words = "The prefix list is in use: "
                    + String.join(", ", users.subList(0, Math.min(users.size(), MOST_NAMED_USERS))) + more;
            State failed = now.state().withList(list.id(), list.known().with(Status.NOT_DELETED, words));
            return new Proposal(List.of(), failed, then -> answer(then, list.id()));
        }
        Fields answer = new Fields.Builder()
                .with("prefixList", PrefixListActions.fields(now, list, "delete-complete"))
                .build();
        if (!list.isShared()) {
            State next = without(now, list.name()).withoutList(list.id()).withTags(list.id(), Map.of());
            return new Proposal(List.of(new Edit.RemovePrefixList(list.name())), next, answer);
        }
        State next = now.state();
        for (ManagedList other : now.lists()) {
            if (other.name().equals(list.name()) && !other.id().equals(list.id())) {
                // The other list keeps its id only if the state knows it.
                next = next.withList(other.id(), other.known());
            }
        }
        next = next.withoutList(list.id()).withTags(list.id(), Map.of());
        List<Edit> edits = list.entries().isEmpty()
                ? List.of()
                : List.of(new Edit.ChangeEntries(list.name(), List.of(), list.entries()));
        return new Proposal(edits, next, answer);
    }

    private static Proposal modify(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        ManagedList list = PrefixListActions.find(now, request.required("PrefixListId"));
        OptionalLong version = request.number("CurrentVersion");
        OptionalInt most = request.integer("MaxEntries");
        Map<Cidr, String> added = entries(request.structures("AddEntry"), list.isV6());
        Set<Cidr> removed = removed(request.structures("RemoveEntry"), list);
        boolean hasEntries = !added.isEmpty() || !removed.isEmpty();
        if (request.flag("IpamPrefixListResolverSyncEnabled")) {
            throw ApiError.UNSUPPORTED_OPERATION.of();
        }
        if (!hasEntries && most.isEmpty() && !request.has("PrefixListName")) {
            throw ApiError.MISSING_PARAMETER.of("AddEntry, RemoveEntry, MaxEntries or PrefixListName");
        }
        if (hasEntries && most.isPresent()) {
            throw ApiError.PREFIX_LIST_BOTH.of();
        }
        if (version.isPresent()) {
            requireVersion(list, version.getAsLong());
        }
        if (!request.string("PrefixListName").orElse(list.name()).equals(list.name())) {
            throw ApiError.OPERATION_NOT_PERMITTED.of("The prefix list " + list.name()
                    + " cannot be renamed here: rename it in the configuration, with all that refers to it");
        }
        if (most.isPresent()) {
            requireSpace(list.entries().size(), maxEntries(most.getAsInt()));
        }
        if (!hasEntries) {
            ListState next =
                    list.known().withMaxEntries(most.orElse(list.maxEntries())).with(Status.MODIFIED, "");
            return new Proposal(List.of(), now.state().withList(list.id(), next), then -> answer(then, list.id()));
        }
        return changed(now, list, added, removed);
    }

    private static Set<Cidr> removed(List<Arguments> written, ManagedList list) throws ApiException {
        Set<Cidr> present = new HashSet<>(list.entries());
        Set<Cidr> removed = new HashSet<>();
        for (Arguments each : written) {
            Cidr block = Blocks.read(each.required("Cidr"), list.isV6());
            if (!removed.add(block)) {
                throw twice(block);
            }
            if (!present.contains(block)) {
                throw ApiError.PREFIX_LIST_CHANGE.of("The entry " + block + " of the prefix list does not exist.");
            }
        }
        return removed;
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
            describe(descriptions, each.getKey(), each.getValue());
        }
        List<Cidr> kept = list.entries().stream()
                .filter(block -> !removed.contains(block))
                .toList();
        Set<Cidr> present = new HashSet<>(kept);
        List<Cidr> fresh = added.keySet().stream()
                .filter(block -> !present.contains(block))
                .toList();
        return changed(now, list, kept, fresh, descriptions, Status.MODIFIED);
    }

    private static Proposal changed(
            Cloud now,
            ManagedList list,
            List<Cidr> kept,
            List<Cidr> fresh,
            Map<String, String> descriptions,
            Status how)
            throws ApiException {
        List<Cidr> next = new ArrayList<>(kept);
        next.addAll(fresh);
        requireSpace(next.size(), list.maxEntries());
        Set<Cidr> gone = new HashSet<>(list.entries());
        kept.forEach(gone::remove);
        List<Cidr> dropped = list.entries().stream().filter(gone::contains).toList();
        List<Edit> edits = fresh.isEmpty() && dropped.isEmpty()
                ? List.of()
                : List.of(new Edit.ChangeEntries(list.name(), fresh, dropped));
        State state = now.state().withList(list.id(), list.known(next, descriptions, how));
        return new Proposal(edits, state, then -> answer(then, list.id()));
    }

    private static Proposal restore(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        ManagedList list = PrefixListActions.find(now, request.required("PrefixListId"));
        requireVersion(list, request.number("CurrentVersion").orElse(0));
        long number = request.number("PreviousVersion").orElse(0);
        Version previous = PrefixListActions.version(list, "PreviousVersion", number);
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
                Status.RESTORED);
    }

    private static Fields answer(Cloud then, String id) {
        return new Fields.Builder()
                .with(
                        "prefixList",
                        then.list(id)
                                .map(list -> PrefixListActions.fields(then, list))
                                .orElse(Fields.NONE))
                .build();
    }
}
