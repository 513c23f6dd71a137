package io.portcullis.ec2.tag;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Sets and deletes tags of any object. They are kept in the state: a file of the configuration has no place for them. */
public final class TagActions {
    /** The most objects, and the most tags to delete, of one call (CreateTags and DeleteTags, EC2 API Reference). */
    private static final int MOST_IN_A_CALL = 1_000;

    private final CloudStore store;

    public TagActions(CloudStore store) {
        this.store = store;
    }

    /** By the names of actions. */
    public Map<String, ActionHandler> handlers() {
        return Map.of(
                "CreateTags", call -> store.change(call, now -> create(call.arguments(), now)),
                "DeleteTags", call -> store.change(call, now -> delete(call.arguments(), now)));
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
}
