package io.portcullis.ec2.tag;

import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import java.util.List;
import java.util.Optional;

/** The objects of this host that can have tags, by their ids. */
public final class Resources {
    private static final List<ResourceKind> KINDS = List.of(
            ResourceKind.GROUP,
            ResourceKind.RULE,
            ResourceKind.INTERFACE,
            ResourceKind.ACL,
            ResourceKind.LIST,
            ResourceKind.VPC,
            ResourceKind.SUBNET,
            ResourceKind.INSTANCE);

    private Resources() {}

    /** The kind that a well-formed id says; whether there is such an object is another question. */
    static Optional<ResourceKind> kind(String id) {
        return KINDS.stream().filter(kind -> kind.isWellFormed(id)).findFirst();
    }

    /** True: there is an object with this id. */
    static boolean exists(Cloud cloud, ResourceKind kind, String id) {
        return switch (kind) {
            case GROUP -> cloud.group(id).isPresent();
            case RULE -> cloud.rule(id).isPresent();
            case INTERFACE -> cloud.networkInterface(id).isPresent();
            case ACL -> cloud.acl(id).isPresent();
            case LIST -> cloud.list(id).isPresent();
            case VPC -> cloud.account().vpcId().equals(id);
            case SUBNET ->
                cloud.interfaces().stream().anyMatch(each -> each.subnetId().equals(id));
            case INSTANCE -> cloud.account().instanceId().equals(id);
            case ATTACHMENT, ACL_ASSOCIATION, VPC_ASSOCIATION, SUBNET_ASSOCIATION, RESERVATION -> false;
        };
    }

    /**
     * Checks that an object exists.
     *
     * @param kind of which it must be
     * @throws ApiException the kind's error for a malformed id, or for one that no object has
     */
    public static void require(Cloud cloud, ResourceKind kind, String id) throws ApiException {
        if (!kind.isWellFormed(id)) {
            throw malformed(kind).of(id);
        }
        if (!exists(cloud, kind, id)) {
            throw notFound(kind).of(id);
        }
    }

    private static ApiError malformed(ResourceKind kind) {
        return switch (kind) {
            case GROUP -> ApiError.GROUP_ID_MALFORMED;
            case RULE -> ApiError.RULE_ID_MALFORMED;
            case INTERFACE -> ApiError.INTERFACE_ID_MALFORMED;
            case ACL -> ApiError.ACL_ID_MALFORMED;
            case LIST -> ApiError.PREFIX_LIST_ID_MALFORMED;
            case VPC -> ApiError.VPC_ID_MALFORMED;
            case SUBNET -> ApiError.SUBNET_ID_MALFORMED;
            case INSTANCE -> ApiError.INSTANCE_ID_MALFORMED;
            case ATTACHMENT, ACL_ASSOCIATION, VPC_ASSOCIATION, SUBNET_ASSOCIATION, RESERVATION -> ApiError.ID_INVALID;
        };
    }

    private static ApiError notFound(ResourceKind kind) {
        return switch (kind) {
            case GROUP -> ApiError.GROUP_NOT_FOUND;
            case RULE -> ApiError.RULE_ID_NOT_FOUND;
            case INTERFACE -> ApiError.INTERFACE_NOT_FOUND;
            case ACL -> ApiError.ACL_NOT_FOUND;
            case LIST -> ApiError.PREFIX_LIST_NOT_FOUND;
            case VPC -> ApiError.VPC_NOT_FOUND;
            case SUBNET -> ApiError.SUBNET_NOT_FOUND;
            case INSTANCE -> ApiError.INSTANCE_NOT_FOUND;
            case ATTACHMENT, ACL_ASSOCIATION, VPC_ASSOCIATION, SUBNET_ASSOCIATION, RESERVATION -> ApiError.ID_INVALID;
        };
    }
}
