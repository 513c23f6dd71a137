package io.portcullis.ec2.wire;

import io.portcullis.net.Visible;

/**
 * The errors of the API: code, HTTP status and words. They are EC2's where answers of the real service are known; clients match codes,
 * and some match words. A {@code %s} in the words is replaced by an argument of {@link #of}.
 */
public enum ApiError {
    // The request as a whole: Common Errors of the EC2 API Reference.
    AUTH_FAILURE("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
    WRONG_SCOPE("AuthFailure", 401, "Credential should be scoped to %s, not '%s'."),
    INCOMPLETE_SIGNATURE("IncompleteSignature", 400, "The Authorization header does not conform to AWS standards: %s"),
    MISSING_AUTHENTICATION_TOKEN(
            "MissingAuthenticationToken", 403, "The request has no signature: sign it with Signature Version 4"),
    REQUEST_EXPIRED("RequestExpired", 400, "Request has expired."),
    UNAUTHORIZED_OPERATION(
            "UnauthorizedOperation",
            403,
            "You are not authorized to perform this operation: access key %s is read-only"),
    MALFORMED_QUERY("MalformedQueryString", 400, "The query string contains a syntax error: %s"),
    INVALID_QUERY("InvalidQueryParameter", 400, "%s"),
    MISSING_ACTION("MissingAction", 400, "The request must contain the parameter Action"),
    INVALID_ACTION("InvalidAction", 400, "The action %s is not valid for this web service."),
    NO_SUCH_VERSION("NoSuchVersion", 400, "The requested version (%s) of service %s does not exist"),
    UNSUPPORTED_OPERATION(
            "UnsupportedOperation", 400, "The functionality you requested is not available in this region."),
    UNSUPPORTED_LAUNCH_TEMPLATE(
            "UnsupportedOperation",
            400,
            "This host launches no instances: portcullis import ec2 FILE reads a launch template's JSON."),
    OPERATION_NOT_PERMITTED("OperationNotPermitted", 400, "%s"),
    DRY_RUN_OPERATION("DryRunOperation", 412, "Request would have succeeded, but DryRun flag is set."),
    REQUEST_LIMIT_EXCEEDED("RequestLimitExceeded", 503, "Request limit exceeded."),
    UNAVAILABLE("Unavailable", 503, "%s"),
    INTERNAL_ERROR("InternalError", 500, "An internal error has occurred"),

    // Parameters of any action.
    UNKNOWN_PARAMETER("UnknownParameter", 400, "The parameter %s is not recognized"),
    MISSING_PARAMETER("MissingParameter", 400, "The request must contain the parameter %s"),
    INVALID_VALUE("InvalidParameterValue", 400, "Value (%s) for parameter %s is invalid. %s"),
    INVALID_PARAMETER("InvalidParameterValue", 400, "%s"),
    INVALID_COMBINATION("InvalidParameterCombination", 400, "%s"),
    PARAMETER_WITH_MAX_RESULTS(
            "InvalidParameterCombination", 400, "The parameter %s cannot be used with the parameter maxResults"),
    INVALID_FILTER("InvalidParameterValue", 400, "The filter '%s' is invalid"),
    FILTER_LIMIT_EXCEEDED("FilterLimitExceeded", 400, "The request has more than %s %s"),
    INVALID_TOKEN(
            "InvalidParameterValue", 400, "Value ( %s ) for parameter NextToken is invalid. The token is invalid."),

    // Security groups.
    GROUP_NOT_FOUND("InvalidGroup.NotFound", 400, "The security group '%s' does not exist"),
    GROUP_DUPLICATE("InvalidGroup.Duplicate", 400, "The security group '%s' already exists for VPC '%s'"),
    GROUP_ID_MALFORMED("InvalidGroupId.Malformed", 400, "The security group ID '%s' is malformed"),
    DEPENDENCY_VIOLATION("DependencyViolation", 400, "resource %s has a dependent object"),
    CANNOT_DELETE("CannotDelete", 400, "the specified group: \"%s\" name: \"%s\" cannot be deleted by a user"),
    GROUP_NAME(
            "InvalidParameterValue",
            400,
            "Invalid security group name. Valid names are strings less than 256 characters from the following set: "
                    + " a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"),
    GROUP_NAME_RESERVED("InvalidParameterValue", 400, "Cannot use reserved security group name: %s"),
    GROUP_NAME_OF_ID(
            "InvalidParameterValue",
            400,
            "Value (%s) for parameter GroupName is invalid. Group names may not be in the format sg-*."),
    NOT_ASCII(
            "InvalidParameterValue",
            400,
            "Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not supported."),
    GROUP_DESCRIPTION(
            "InvalidParameterValue",
            400,
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the"
                    + " following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"),

    // Rules.
    RULE_DUPLICATE("InvalidPermission.Duplicate", 400, "the specified rule \"peer: %s, %sALLOW\" already exists"),
    RULE_TWICE("InvalidParameterValue", 400, "The same permission must not appear multiple times"),
    RULE_NOT_FOUND("InvalidPermission.NotFound", 400, "The specified rule does not exist in this security group."),
    RULE_ID_MALFORMED("InvalidSecurityGroupRuleId.Malformed", 400, "The security group rule ID '%s' is malformed"),
    RULE_ID_NOT_FOUND("InvalidSecurityGroupRuleId.NotFound", 400, "The security group rule ID '%s' does not exist"),
    RULE_PROTOCOL_MISSING(
            "InvalidParameterValue",
            400,
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."),
    RULE_PROTOCOL_UNKNOWN("InvalidParameterValue", 400, "Invalid value '%s' for IP protocol. Unknown protocol."),
    RULE_PORT_MISSING(
            "InvalidParameterValue",
            400,
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."),
    RULE_WITHOUT_SOURCE(
            "MissingParameter",
            400,
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"),
    RULE_WITHOUT_PEER(
            "MissingParameter", 400, "The request must contain %s, or Ipv6Ranges, PrefixListIds or Groups beside it"),
    RULE_WITH_SOURCES(
            "InvalidParameterCombination",
            400,
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified"),
    RULE_DESCRIPTION(
            "InvalidParameterValue",
            400,
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:"
                    + " a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"),
    BLOCK_MALFORMED("InvalidParameterValue", 400, "CIDR block %s is malformed"),
    ICMP_CODE("InvalidParameterValue", 400, "ICMP code (%s) out of range"),

    // Tags.
    TAG_RESOURCE_TYPE("InvalidParameterValue", 400, "'%s' is not a valid taggable resource type for this operation."),
    TAG_TWICE("InvalidParameterValue", 400, "Duplicate tag key '%s' specified."),
    TAG_LIMIT_EXCEEDED("TagLimitExceeded", 400, "The maximum number of tags for a resource is %s"),

    // The host.
    ID_INVALID("InvalidID", 400, "The ID '%s' is not valid"),
    INTERFACE_ID_MALFORMED("InvalidNetworkInterfaceId.Malformed", 400, "Invalid id: \"%s\" (expecting \"eni-...\")"),
    INTERFACE_NOT_FOUND("InvalidNetworkInterfaceID.NotFound", 400, "The networkInterface ID '%s' does not exist"),
    INSTANCE_ID_MALFORMED("InvalidInstanceID.Malformed", 400, "Invalid id: \"%s\" (expecting \"i-...\")"),
    INSTANCE_NOT_FOUND("InvalidInstanceID.NotFound", 400, "The instance ID '%s' does not exist"),
    INSTANCE_WITH_INTERFACES(
            "InvalidInstanceID",
            400,
            "There are multiple interfaces attached to instance '%s'. Please specify an interface ID for the"
                    + " operation instead."),
    SUBNET_ID_MALFORMED("InvalidSubnetID.Malformed", 400, "The subnet ID '%s' is malformed"),
    SUBNET_NOT_FOUND("InvalidSubnetID.NotFound", 400, "The subnet ID '%s' does not exist"),
    VPC_ID_MALFORMED("InvalidVpcID.Malformed", 400, "The vpc ID '%s' is malformed"),
    ZONE_NOT_FOUND("InvalidParameterValue", 400, "Invalid availability zone: [%s]"),
    ZONE_ID_NOT_FOUND("InvalidParameterValue", 400, "Invalid availability zone-id: [%s]"),

    // Other objects.
    VPC_NOT_FOUND("InvalidVpcID.NotFound", 400, "The vpc ID '%s' does not exist"),
    PEERING_NOT_FOUND("InvalidVpcPeeringConnectionID.NotFound", 400, "The vpcPeeringConnection ID '%s' does not exist"),
    PREFIX_LIST_ID_MALFORMED("InvalidPrefixListID.Malformed", 400, "The prefix list ID '%s' is malformed"),
    PREFIX_LIST_NOT_FOUND("InvalidPrefixListID.NotFound", 400, "The prefix list ID '%s' does not exist"),
    PREFIX_LIST_VERSION("PrefixListVersionMismatch", 400, "The prefix list has the incorrect version number."),
    PREFIX_LIST_BOTH(
            "InvalidParameterCombination",
            400,
            "You cannot modify the entries and the maximum entries for the prefix list in the same request."),
    PREFIX_LIST_FULL(
            "PrefixListMaxEntriesExceeded",
            400,
            "The prefix list would have %s entries, and has at most %s (MaxEntries)"),
    PREFIX_LIST_CHANGE("InvalidPrefixListModification", 400, "%s"),
    TOKEN_OF_ANOTHER_CALL(
            "IdempotentParameterMismatch",
            400,
            "The client token %s was used before, with other parameters: use another one"),
    ACL_ID_MALFORMED("InvalidNetworkAclID.Malformed", 400, "The networkAcl ID '%s' is malformed"),
    ACL_NOT_FOUND("InvalidNetworkAclID.NotFound", 400, "The networkAcl ID '%s' does not exist"),
    ACL_IS_DEFAULT("InvalidParameterValue", 400, "cannot delete default network ACL %s"),
    ACL_IN_USE("DependencyViolation", 400, "The networkAcl '%s' has dependencies and cannot be deleted."),
    ASSOCIATION_ID_MALFORMED("InvalidAssociationID.Malformed", 400, "The association ID '%s' is malformed"),
    ASSOCIATION_NOT_FOUND("InvalidAssociationID.NotFound", 400, "The association ID '%s' does not exist"),
    ACL_ENTRY_EXISTS("NetworkAclEntryAlreadyExists", 400, "The network acl entry identified by %s already exists."),
    ACL_ENTRY_NOT_FOUND("InvalidNetworkAclEntry.NotFound", 400, "no %s entry with number %s"),
    USER_DATA_MALFORMED("InvalidUserData.Malformed", 400, "Invalid BASE64 encoding of user data.");

    /** The most characters of an argument that are quoted. */
    private static final int MOST_QUOTED = 200;

    private final String code;
    private final int status;
    private final String words;

    ApiError(String code, int status, String words) {
        this.code = code;
        this.status = status;
        this.words = words;
    }

    /** EC2's name for it; several errors may have the same. */
    public String code() {
        return code;
    }

    /** Of HTTP. */
    public int status() {
        return status;
    }

    /**
     * The exception that says so.
     *
     * @param quoted what the words quote, in their order; long ones are cut, invisible characters are escaped
     */
    public ApiException of(Object... quoted) {
        Object[] texts = new Object[quoted.length];
        for (int i = 0; i < quoted.length; i++) {
            String text = String.valueOf(quoted[i]);
            int most = isOwnText() ? Integer.MAX_VALUE : MOST_QUOTED;
            texts[i] = Visible.text(text.length() <= most ? text : text.substring(0, most) + "…");
        }
        return new ApiException(this, words.formatted(texts));
    }

    /** True: the argument is the whole message. */
    private boolean isOwnText() {
        return words.equals("%s");
    }
}
