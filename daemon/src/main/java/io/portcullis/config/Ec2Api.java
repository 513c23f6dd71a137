package io.portcullis.config;

import io.portcullis.net.Address;
import io.portcullis.net.AddressParser;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The endpoint that speaks EC2's Query protocol, and what it shows of an account.
 *
 * @param host address or host name, an IPv6 address without brackets
 * @param port TCP port; 0: any free one
 * @param credentials absolute path of the file with the access keys; null: that of systemd's credentials of the service, else {@link #CREDENTIALS}
 * @param account number of the account, 12 digits; null: derived from the machine
 * @param region the only one that callers may name; null: they may name any
 * @param vpcId id of the only VPC; null: derived from the machine
 * @param subnetIds ids of the interfaces' subnets, by interface name; that of a missing interface is derived from its name
 * @param rate limit of calls a second for each access key, {@value #LEAST_RATE} to {@value #MOST_RATE}
 * @param tls certificate and key; null: HTTP without TLS, on a loopback address only
 */
public record Ec2Api(
        String host,
        int port,
        @Nullable Path credentials,
        @Nullable String account,
        @Nullable String region,
        @Nullable String vpcId,
        Map<String, String> subnetIds,
        int rate,
        @Nullable Tls tls) {
    public static final int LEAST_RATE = 1;
    public static final int MOST_RATE = 100_000;

    /** What {@code ec2-api: {}} says. */
    public static final Ec2Api STANDARD = new Ec2Api("127.0.0.1", 9751, null, null, null, null, Map.of(), 100, null);

    /** Where the access keys usually are. */
    public static final Path CREDENTIALS = Path.of("/etc/portcullis/ec2-credentials");

    private static final String SHOWN_REGION = "us-east-1";
    private static final Pattern ACCOUNT = Pattern.compile("[0-9]{12}");

    /** No longer than Signature Version 4 takes it here. */
    private static final Pattern REGION = Pattern.compile("[a-z](?:[a-z0-9-]{0,62}[a-z0-9])?");

    /**
     * Files in PEM format, by absolute path.
     *
     * @param cert the certificate, and those that lead to its authority
     * @param key its private key
     */
    public record Tls(Path cert, Path key) {
        public Tls {
            requireAbsolute(cert);
            requireAbsolute(key);
        }
    }

    /** What has an id in the configuration. */
    public enum Kind {
        GROUP("sg-"),
        INTERFACE("eni-"),
        PREFIX_LIST("pl-"),
        NETWORK_ACL("acl-"),
        VPC("vpc-"),
        SUBNET("subnet-");

        private static final Pattern DIGITS = Pattern.compile("[0-9a-f]{8}(?:[0-9a-f]{9})?");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }

        /** The start of an id, with its dash. */
        public String prefix() {
            return prefix;
        }

        /** True for an id of this kind: the prefix, and 8 or 17 hexadecimal digits in lower case. */
        public boolean isId(String text) {
            return text.startsWith(prefix)
                    && DIGITS.matcher(text.substring(prefix.length())).matches();
        }
    }

    /** @throws IllegalArgumentException if a value is out of its range or form, or a host beyond loopback has no TLS */
    public Ec2Api {
        subnetIds = Collections.unmodifiableMap(new LinkedHashMap<>(subnetIds));
        if (credentials != null) {
            requireAbsolute(credentials);
        }
        require(!host.isEmpty() && port >= 0 && port <= 65535, "listen " + host + ":" + port);
        require(tls != null || isLoopback(host), host + " without TLS");
        require(account == null || isAccount(account), "account " + account);
        require(region == null || isRegion(region), "region " + region);
        require(vpcId == null || Kind.VPC.isId(vpcId), "VPC " + vpcId);
        subnetIds.values().forEach(id -> require(Kind.SUBNET.isId(id), "subnet " + id));
        require(rate >= LEAST_RATE && rate <= MOST_RATE, "rate " + rate);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }

    private static void requireAbsolute(Path file) {
        require(file.isAbsolute(), file + " is not absolute");
    }

    /** The region that answers show. */
    public String shownRegion() {
        return Objects.requireNonNullElse(region, SHOWN_REGION);
    }

    /** True for the number of an account: 12 digits. */
    public static boolean isAccount(String text) {
        return ACCOUNT.matcher(text).matches();
    }

    /** True for the name of a region: 1 to 64 letters a to z, digits and dashes, a letter first and no dash last. */
    public static boolean isRegion(String text) {
        return REGION.matcher(text).matches();
    }

    /**
     * True for an address of 127.0.0.0/8, {@code ::1} and {@code localhost}. Every other name counts as beyond loopback, as another
     * machine decides about its addresses.
     *
     * @param host address or host name, an IPv6 address without brackets
     */
    public static boolean isLoopback(String host) {
        AddressParser parser = new AddressParser();
        if (!parser.parse(host, host.length())) {
            return host.toLowerCase(Locale.ROOT).equals("localhost");
        }
        Address address = parser.address();
        return address.isV6() ? address.equals(new Address(true, 0, 1)) : address.low() >>> 24 == 127;
    }
}
