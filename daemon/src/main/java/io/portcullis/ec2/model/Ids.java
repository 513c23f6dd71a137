package io.portcullis.ec2.model;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Ids that depend on nothing but the host, the kind of an object and its name, so that they are the same after a restart. The machine id
 * is confidential (machine-id(5)): the ids do not show it.
 */
public final class Ids {
    private static final String HMAC = "HmacSHA256";
    private static final int DIGITS = 17;
    private static final Pattern REST = Pattern.compile("[0-9a-f]{8}|[0-9a-f]{17}");

    /** The kinds of objects, by the prefixes of their ids. */
    public enum Kind {
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

        private final String prefix;
        private final String resourceType;

        Kind(String prefix, String resourceType) {
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

    /** The machine id of machines without one: their ids are those of every such machine. */
    private static final String NO_MACHINE_ID = "no machine id";

    private final byte[] host;

    /** @param host tells this host from others: its machine id */
    public Ids(String host) {
        this.host = host.getBytes(StandardCharsets.UTF_8);
        if (this.host.length == 0) {
            throw new IllegalArgumentException("a host without id");
        }
    }

    /** The number of this host's account: 12 digits. */
    public String account() {
        long number = Long.parseLong(
                of(Kind.INSTANCE, "account")
                        .substring(Kind.INSTANCE.prefix.length())
                        .substring(0, 12),
                16);
        return String.format("%012d", number % 1_000_000_000_000L);
    }

    /** Of the machine with this id; empty: it has none. */
    public static Ids ofMachine(Optional<String> id) {
        return new Ids(id.orElse(NO_MACHINE_ID));
    }

    /** The id of an object with this name. */
    public String of(Kind kind, String name) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(host, HMAC));
            byte[] sum = mac.doFinal(("portcullis\0" + kind.prefix + "\0" + name).getBytes(StandardCharsets.UTF_8));
            return kind.prefix + HexFormat.of().formatHex(sum).substring(0, DIGITS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + HMAC, e);
        }
    }

    /** The id of an object with this name; where that id is taken, another one that is as stable. */
    public String of(Kind kind, String name, Predicate<String> isTaken) {
        String id = of(kind, name);
        for (int attempt = 1; isTaken.test(id); attempt++) {
            id = of(kind, name + "#" + attempt);
        }
        return id;
    }
}
