package io.portcullis.ec2.action;

import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.state.ListState;
import io.portcullis.ec2.state.ListStatus;
import io.portcullis.ec2.state.ListVersion;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Managed prefix lists: making and deleting them. */
final class PrefixListChanges {
    private static final String OF_AWS = "com.amazonaws";
    private static final int MOST_NAMED_USERS = 10;

    private final CloudStore store;

    PrefixListChanges(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "CreateManagedPrefixList", call -> store.change(call, now -> create(call, now)),
                "DeleteManagedPrefixList", call -> store.change(call, now -> delete(call, now)));
    }

    private static Proposal create(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        String name = request.required("PrefixListName");
        boolean isV6 = isV6(request.required("AddressFamily"));
        int most = PrefixListEntries.maxEntries(request.integer("MaxEntries").orElse(0));
        Map<Cidr, String> entries = PrefixListEntries.read(request.structures("Entry"), isV6);
        Map<String, String> tags = Tags.specified(request, ResourceKind.LIST);
        ClientToken token = ClientToken.of(
                call, List.of(name, String.valueOf(isV6), String.valueOf(most), entries.toString(), tags.toString()));
        Optional<ManagedList> before = token.madeBefore(now.state()).flatMap(now::list);
        if (before.isPresent()) {
            return new Proposal(
                    List.of(),
                    now.state(),
                    PrefixListActions.answer(now, before.get().id()));
        }
        requireName(now, name);
        PrefixListEntries.requireSpace(entries.size(), most);
        String id = now.account()
                .ids()
                .of(ResourceKind.LIST, name, taken -> now.list(taken).isPresent());
        List<Cidr> blocks = List.copyOf(entries.keySet());
        Map<String, String> descriptions = new HashMap<>();
        entries.forEach((block, description) -> PrefixListEntries.describe(descriptions, block, description));
        ListVersion first =
                new ListVersion(1, blocks.stream().map(Cidr::toString).toList(), descriptions);
        State next = without(now, name)
                .withList(id, new ListState(isV6, most, List.of(first), descriptions, ListStatus.CREATED, ""))
                .withTags(id, tags);
        return new Proposal(
                List.of(new Edit.AddPrefixList(name, blocks, id)),
                token.kept(next, id),
                then -> PrefixListActions.answer(then, id));
    }

    private static boolean isV6(String family) throws ApiException {
        return switch (family) {
            case "IPv4" -> false;
            case "IPv6" -> true;
            default -> throw ApiError.INVALID_VALUE.of(family, "AddressFamily", "Expecting IPv4 or IPv6.");
        };
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
            State failed = now.state().withList(list.id(), list.known().with(ListStatus.NOT_DELETED, words));
            return new Proposal(List.of(), failed, then -> PrefixListActions.answer(then, list.id()));
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
}
