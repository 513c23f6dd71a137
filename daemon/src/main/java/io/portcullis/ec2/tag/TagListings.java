package io.portcullis.ec2.tag;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Lists the tags of all objects. */
public final class TagListings {
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

    public TagListings(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    /** By the names of actions. */
    public Map<String, ActionHandler> handlers() {
        return Map.of("DescribeTags", this::describe);
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
                        page.items().stream().map(TagListings::description).toList())
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
