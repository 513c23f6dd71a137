package io.portcullis.ec2.action;

import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import java.util.Optional;

/** Security groups by the ids and names of a request. */
final class GroupLookup {
    private GroupLookup() {}

    /**
     * The group with an id.
     *
     * @throws ApiException InvalidGroupId.Malformed, InvalidGroup.NotFound
     */
    static Group byId(Cloud cloud, String id) throws ApiException {
        requireWellFormed(id);
        return found(cloud.group(id), id);
    }

    /**
     * The group with a name, in whatever case.
     *
     * @throws ApiException InvalidGroup.NotFound
     */
    static Group byName(Cloud cloud, String name) throws ApiException {
        return found(cloud.groupNamed(name), name);
    }

    /**
     * The group that {@code GroupId} or {@code GroupName} of a request names.
     *
     * @throws ApiException neither, both, or there is no such group
     */
    static Group named(Cloud cloud, Arguments request) throws ApiException {
        Optional<String> id = request.string("GroupId");
        Optional<String> name = request.string("GroupName");
        if (id.isPresent() && name.isPresent()) {
            throw ApiError.INVALID_COMBINATION.of(
                    "The parameter GroupName may not be used in combination with GroupId");
        }
        if (id.isPresent()) {
            return byId(cloud, id.get());
        }
        if (name.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of("GroupId or GroupName");
        }
        return byName(cloud, name.get());
    }

    /** @throws ApiException InvalidGroupId.Malformed */
    static void requireWellFormed(String id) throws ApiException {
        if (!ResourceKind.GROUP.isWellFormed(id)) {
            throw ApiError.GROUP_ID_MALFORMED.of(id);
        }
    }

    private static Group found(Optional<Group> group, String named) throws ApiException {
        if (group.isEmpty()) {
            throw ApiError.GROUP_NOT_FOUND.of(named);
        }
        return group.get();
    }
}
