package io.portcullis.ec2.model;

import java.util.regex.Pattern;

/** The kinds of objects, by the prefixes of their ids. */
public enum ResourceKind {
    GROUP("sg", "security-group"),
    RULE("sgr", "security-group-rule"),
    INTERFACE("eni", "network-interface"),
    ATTACHMENT("eni-attach", "network-interface-attachment"),
    ACL("acl", "network-acl"),
    ACL_ASSOCIATION("aclassoc", "network-acl-association"),
    LIST("pl", "prefix-list"),
    VPC("vpc", "vpc"),
    VPC_ASSOCIATION("vpc-cidr-assoc", "vpc-cidr-block-association"),
    SUBNET("subnet", "subnet"),
    SUBNET_ASSOCIATION("subnet-cidr-assoc", "subnet-cidr-block-association"),
    INSTANCE("i", "instance"),
    RESERVATION("r", "reservation");

    private static final Pattern REST = Pattern.compile("[0-9a-f]{8}|[0-9a-f]{17}");

    private final String prefix;
    private final String resourceType;

    ResourceKind(String prefix, String resourceType) {
        this.prefix = prefix + "-";
        this.resourceType = resourceType;
    }

    /** With the hyphen. */
    public String prefix() {
        return prefix;
    }

    /** Its name in tags and filters (TagSpecification, EC2 API Reference). */
    public String resourceType() {
        return resourceType;
    }

    /** True: an id of this kind, with 8 or 17 hexadecimal digits. */
    public boolean isWellFormed(String id) {
        return id.startsWith(prefix)
                && REST.matcher(id.substring(prefix.length())).matches();
    }
}
