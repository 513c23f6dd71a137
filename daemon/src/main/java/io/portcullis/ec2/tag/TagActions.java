package io.portcullis.ec2.tag;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Sets, deletes and lists tags of any object. They are kept in the state: a file of the configuration has no place for them. */
public final class TagActions {
    /** The most objects, and the most tags to delete, of one call (CreateTags and DeleteTags, EC2 API Reference). */
    private static final int MOST_IN_A_CALL = 1_000;

    private static final Set<String> FILTERS = Set.of("key", "resource-id", "resource-type", "value", Filters.TAG);

    /** One tag of one object. */
    private record Tag(String resourceId, String resourceType, String key, String value) {
        /** Unique. No id has a zero character. */
        String place() {
            return resourceId + "\0" + key;
        }
    }

    private final CloudStore store;
    private final Pages pages;

    public TagActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    /** By the names of actions. */
    public Map<String, ActionHandler> handlers() {
        return Map.of(
                "CreateTags", call -> store.change(call, now -> create(call.arguments(), now)),
                "DeleteTags", call -> store.change(call, now -> delete(call.arguments(), now)),
                "DescribeTags", this::describe);
    }

    private static Proposal create(Arguments request, Cloud now) throws ApiException {
        List<String> ids = resources(request, now);
        Map<String, String> set = Tags.read(request.structures("Tag"));
        State next = now.state();
        for (String id : ids) {
            next = next.withTags(id, Tags.added(next.tags(id), set));
        }
        return new Proposal(List.of(), next, Fields.DONE);
    }

    private static Proposal delete(Arguments request, Cloud now) throws ApiException {
        List<String> ids = resources(request, now);
        List<Arguments> tags = request.structures("Tag");
        requireAtMost(tags.size(), "tags");
        List<String> keys = new ArrayList<>();
        for (Arguments tag : tags) {
            keys.add(Tags.key(tag));
        }
        State next = now.state();
        for (String id : ids) {
            Map<String, String> left = new LinkedHashMap<>(next.tags(id));
            for (int i = 0; i < tags.size(); i++) {
                // A value that is empty is not the same as none.
                Optional<String> value = tags.get(i).string("Value");
                if (value.isEmpty()) {
                    left.remove(keys.get(i));
                } else {
                    left.remove(keys.get(i), value.get());
                }
            }
            next = next.withTags(id, tags.isEmpty() ? Map.of() : left);
        }
        return new Proposal(List.of(), next, Fields.DONE);
    }

    private static List<String> resources(Arguments request, Cloud now) throws ApiException {
        List<String> ids = request.strings("ResourceId");
        requireAtMost(ids.size(), "resource IDs");
        for (String id : ids) {
            Optional<ResourceKind> kind = Resources.kind(id);
            if (kind.isEmpty()) {
                throw ApiError.ID_INVALID.of(id);
            }
            Resources.require(now, kind.get(), id);
        }
        return ids;
    }

    private static void requireAtMost(int count, String what) throws ApiException {
        if (count > MOST_IN_A_CALL) {
            throw ApiError.INVALID_PARAMETER.of(
                    "A request may have at most " + MOST_IN_A_CALL + " " + what + ", not " + count);
        }
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Filters filters = Filters.of(call.arguments(), FILTERS);
        List<Tag> found = all(cloud).stream()
                .filter(tag -> filters.pass(name -> property(tag, name)))
                .sorted(Comparator.comparing(Tag::place))
                .toList();
        Pages.Page<Tag> page = pages.page(call.action(), call.arguments(), found, Tag::place);
        return new Fields.Builder()
                .with(
                        "tagSet",
                        page.items().stream().map(TagActions::description).toList())
                .with("nextToken", page.next())
                .build();
    }

    /** The state may still have tags of objects that are gone. */
    private static List<Tag> all(Cloud cloud) {
        List<Tag> all = new ArrayList<>();
        cloud.state().tags().forEach((id, tags) -> {
            Optional<ResourceKind> kind = Resources.kind(id).filter(each -> Resources.exists(cloud, each, id));
            kind.ifPresent(each -> tags.forEach((key, value) -> all.add(new Tag(id, each.resourceType(), key, value))));
        });
        return all;
    }

    private static List<String> property(Tag tag, String filter) {
        return switch (filter) {
            case "key" -> List.of(tag.key);
            case "value" -> List.of(tag.value);
            case "resource-id" -> List.of(tag.resourceId);
            case "resource-type" -> List.of(tag.resourceType);
            default -> filter.equals(Filters.TAG + tag.key) ? List.of(tag.value) : List.of();
        };
    }

    private static Fields description(Tag tag) {
        return new Fields.Builder()
                .with("resourceId", tag.resourceId)
                .with("resourceType", tag.resourceType)
                .with("key", tag.key)
                .with("value", tag.value)
                .build();
    }
}
