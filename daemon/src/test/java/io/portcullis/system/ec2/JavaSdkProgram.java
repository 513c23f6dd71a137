package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.AddPrefixListEntry;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.Filter;
import software.amazon.awssdk.services.ec2.model.IpPermission;
import software.amazon.awssdk.services.ec2.model.IpRange;
import software.amazon.awssdk.services.ec2.model.Ipv6Range;
import software.amazon.awssdk.services.ec2.model.ManagedPrefixList;
import software.amazon.awssdk.services.ec2.model.PrefixListId;
import software.amazon.awssdk.services.ec2.model.PrefixListState;
import software.amazon.awssdk.services.ec2.model.ResourceType;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRule;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRuleUpdate;
import software.amazon.awssdk.services.ec2.model.Tag;
import software.amazon.awssdk.services.ec2.model.TagSpecification;
import software.amazon.awssdk.services.sts.StsClient;

/** Started as a program inside the host, STEP URL KEY SECRET: the calls of {@link SdkWalk}. It fails at the first wrong answer. */
final class JavaSdkProgram {
    private static final int PAGE = 5;
    private static final int GROUPS = 7;

    private final Ec2Client ec2;

    private JavaSdkProgram(Ec2Client ec2) {
        this.ec2 = ec2;
    }

    public static void main(String[] arguments) {
        URI endpoint = URI.create(arguments[1]);
        try (Ec2Client ec2 = client(endpoint, arguments[2], arguments[3])) {
            JavaSdkProgram program = new JavaSdkProgram(ec2);
            switch (arguments[0]) {
                case "open" -> program.open();
                case "change" -> program.change();
                case "close" -> {
                    program.close();
                    try (Ec2Client stranger = client(endpoint, arguments[2], "another-secret")) {
                        // The JDK's client has no body of a 401: its code and message are lost.
                        assertEquals(
                                401,
                                assertThrows(Ec2Exception.class, stranger::describeVpcs)
                                        .statusCode());
                    }
                    assertAccount(endpoint, arguments[2], arguments[3]);
                }
                default -> throw new IllegalArgumentException(arguments[0]);
            }
        }
    }

    private static Ec2Client client(URI endpoint, String key, String secret) {
        return Ec2Client.builder()
                .endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(key, secret)))
                .httpClient(UrlConnectionHttpClient.create())
                .build();
    }

    private static void assertAccount(URI endpoint, String key, String secret) {
        try (StsClient sts = StsClient.builder()
                .endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(key, secret)))
                .httpClient(UrlConnectionHttpClient.create())
                .build()) {
            assertTrue(sts.getCallerIdentity().arn().endsWith(":user/" + key));
        }
    }

    private void open() {
        String vpc = ec2.describeVpcs(r -> r.filters(filter("is-default", "true")))
                .vpcs()
                .getFirst()
                .vpcId();
        String id = ec2.createSecurityGroup(r -> r.groupName("sdk")
                        .description("Made by an SDK")
                        .vpcId(vpc)
                        .tagSpecifications(TagSpecification.builder()
                                .resourceType(ResourceType.SECURITY_GROUP)
                                .tags(Tag.builder()
                                        .key("team")
                                        .value("blue & <green>")
                                        .build())
                                .build()))
                .groupId();
        SecurityGroup made = ec2.waiter()
                .waitUntilSecurityGroupExists(r -> r.groupIds(id))
                .matched()
                .response()
                .orElseThrow()
                .securityGroups()
                .getFirst();
        assertEquals("blue & <green>", made.tags().getFirst().value());
        assertRefused(
                "InvalidGroup.Duplicate",
                400,
                () -> ec2.createSecurityGroup(r -> r.groupName("sdk").description("again")));
        List<IpPermission> permissions = List.of(
                tcp(80, 80)
                        .ipRanges(IpRange.builder()
                                .cidrIp("203.0.113.10/32")
                                .description("one client")
                                .build())
                        .build(),
                tcp(8_000, 8_010)
                        .ipv6Ranges(
                                Ipv6Range.builder().cidrIpv6("2001:db8::/32").build())
                        .build());
        assertRefused(
                "DryRunOperation",
                412,
                () -> ec2.authorizeSecurityGroupIngress(
                        r -> r.groupId(id).ipPermissions(permissions).dryRun(true)));
        assertEquals(
                2,
                ec2.authorizeSecurityGroupIngress(r -> r.groupId(id).ipPermissions(permissions))
                        .securityGroupRules()
                        .size());
        assertRefused(
                "InvalidPermission.Duplicate",
                400,
                () -> ec2.authorizeSecurityGroupIngress(r -> r.groupId(id).ipPermissions(permissions.getFirst())));
        attach("base", "sdk");
        IntStream.range(0, GROUPS)
                .forEach(i ->
                        ec2.createSecurityGroup(r -> r.groupName("page-" + i).description("one of a page")));
        assertEquals(
                GROUPS, groupsOfPages().map(SecurityGroup::groupName).distinct().count(), "each group is on one page");
    }

    private void change() {
        String id = idOf("sdk");
        SecurityGroupRule rule =
                ingress(id).filter(r -> r.fromPort() == 80).findFirst().orElseThrow();
        ec2.modifySecurityGroupRules(r -> r.groupId(id)
                .securityGroupRules(SecurityGroupRuleUpdate.builder()
                        .securityGroupRuleId(rule.securityGroupRuleId())
                        .securityGroupRule(s -> s.ipProtocol("tcp")
                                .fromPort(80)
                                .toPort(80)
                                .cidrIpv4("203.0.113.11/32")
                                .description("another client"))
                        .build()));
        SecurityGroupRule modified = ec2.describeSecurityGroupRules(
                        r -> r.securityGroupRuleIds(rule.securityGroupRuleId()))
                .securityGroupRules()
                .getFirst();
        assertEquals("203.0.113.11/32", modified.cidrIpv4());
        String list = ec2.createManagedPrefixList(r -> r.prefixListName("sdk-list")
                        .addressFamily("IPv4")
                        .maxEntries(10)
                        .entries(entry("198.51.100.0/24")))
                .prefixList()
                .prefixListId();
        assertEquals(PrefixListState.CREATE_COMPLETE, list(list).state());
        ec2.authorizeSecurityGroupIngress(r -> r.groupId(id)
                .ipPermissions(tcp(80, 80)
                        .prefixListIds(PrefixListId.builder().prefixListId(list).build())
                        .build()));
        ec2.modifyManagedPrefixList(r -> r.prefixListId(list).currentVersion(1L).addEntries(entry("203.0.113.10/32")));
        assertEquals(2, list(list).version());
        assertRefused(
                "PrefixListVersionMismatch",
                400,
                () -> ec2.modifyManagedPrefixList(
                        r -> r.prefixListId(list).currentVersion(1L).addEntries(entry("203.0.113.12/32"))));
        assertEquals(
                List.of("198.51.100.0/24", "203.0.113.10/32"),
                ec2.getManagedPrefixListEntriesPaginator(r -> r.prefixListId(list)).entries().stream()
                        .map(e -> e.cidr())
                        .sorted()
                        .toList());
    }

    private void close() {
        String id = idOf("sdk");
        assertRefused("DependencyViolation", 400, () -> ec2.deleteSecurityGroup(r -> r.groupId(id)));
        List<String> rules =
                ingress(id).map(SecurityGroupRule::securityGroupRuleId).toList();
        ec2.revokeSecurityGroupIngress(r -> r.groupId(id).securityGroupRuleIds(rules));
        assertRefused(
                "InvalidSecurityGroupRuleId.NotFound",
                400,
                () -> ec2.revokeSecurityGroupIngress(r -> r.groupId(id).securityGroupRuleIds(rules)));
        assertRefused(
                "InvalidPermission.NotFound",
                400,
                () -> ec2.revokeSecurityGroupIngress(r ->
                        r.groupId(id).ipProtocol("tcp").fromPort(80).toPort(80).cidrIp("203.0.113.11/32")));
        attach("base");
        ec2.deleteSecurityGroup(r -> r.groupId(id));
        assertRefused("InvalidGroup.NotFound", 400, () -> ec2.describeSecurityGroups(r -> r.groupIds(id)));
        groupsOfPages().forEach(group -> ec2.deleteSecurityGroup(r -> r.groupId(group.groupId())));
        String list = ec2
                .describeManagedPrefixListsPaginator(r -> r.filters(filter("prefix-list-name", "sdk-list")))
                .prefixLists()
                .stream()
                .findFirst()
                .orElseThrow()
                .prefixListId();
        ec2.deleteManagedPrefixList(r -> r.prefixListId(list));
        assertRefused("UnsupportedOperation", 400, ec2::describeVolumes);
    }

    private Stream<SecurityGroup> groupsOfPages() {
        return ec2
                .describeSecurityGroupsPaginator(r -> r.maxResults(PAGE).filters(filter("group-name", "page-*")))
                .securityGroups()
                .stream();
    }

    private Stream<SecurityGroupRule> ingress(String group) {
        return ec2
                .describeSecurityGroupRulesPaginator(r -> r.maxResults(PAGE).filters(filter("group-id", group)))
                .securityGroupRules()
                .stream()
                .filter(rule -> !rule.isEgress());
    }

    private ManagedPrefixList list(String id) {
        return ec2.describeManagedPrefixLists(r -> r.prefixListIds(id))
                .prefixLists()
                .getFirst();
    }

    private String idOf(String name) {
        return ec2.describeSecurityGroups(r -> r.filters(filter("group-name", name)))
                .securityGroups()
                .getFirst()
                .groupId();
    }

    /** The host's interface has these groups, and no others. */
    private void attach(String... names) {
        String nic = ec2.describeNetworkInterfacesPaginator(r -> {}).networkInterfaces().stream()
                .findFirst()
                .orElseThrow()
                .networkInterfaceId();
        List<String> ids = Stream.of(names).map(this::idOf).toList();
        ec2.modifyNetworkInterfaceAttribute(r -> r.networkInterfaceId(nic).groups(ids));
    }

    private static IpPermission.Builder tcp(int from, int to) {
        return IpPermission.builder().ipProtocol("tcp").fromPort(from).toPort(to);
    }

    private static AddPrefixListEntry entry(String cidr) {
        return AddPrefixListEntry.builder().cidr(cidr).build();
    }

    private static Filter filter(String name, String value) {
        return Filter.builder().name(name).values(value).build();
    }

    private static void assertRefused(String code, int status, Executable call) {
        Ec2Exception error = assertThrows(Ec2Exception.class, call, code);
        assertEquals(code, error.awsErrorDetails().errorCode(), error.getMessage());
        assertEquals(status, error.statusCode(), error.getMessage());
        assertNotNull(error.requestId(), error.getMessage());
    }
}
