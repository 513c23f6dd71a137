package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The walk through EC2's security groups with which this project began, by Debian's AWS command line and with the ids of its text. After
 * each command the traffic and the files are what the walk says.
 */
@Tag("system")
final class ArticleTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final OpenPorts PORTS = new OpenPorts(LAB);

    private static final String GROUP = "sg-00000000000000000";
    private static final String VPC = "vpc-0123456789abcdef0";
    private static final String NEW_FILE =
            "# Made through the EC2 endpoint. Edit it as any other file of the configuration.\n";

    /** The rules of a host that has no group of the walk yet. */
    private static final String CLOSED = """
            version: 1
            # The host of the article.
            interfaces:
              web0:
                mode: host
                nic: out0
                security-groups: [none]   # attached by the operator
            security-groups:
              none: {}
            ec2-api: {credentials: @KEYS@, vpc-id: vpc-0123456789abcdef0}
            """;

    /** The rules of a host whose group, lists and comments are written by hand. */
    private static final String OPEN = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [webserver-open]}
            security-groups:
              webserver-open:   # of the article
                id: sg-00000000000000000
                ingress: []
            ec2-api: {credentials: @KEYS@, vpc-id: vpc-0123456789abcdef0}
            """;

    @BeforeAll
    static void servers() {
        AwsCli.assumeInstalled();
        PORTS.serve();
        LAB.nginx("client", 8_080, 12_345);
    }

    /** The text with one place of it changed. */
    private static String changed(String text, String from, String to) {
        assertTrue(text.contains(from), text);
        return text.replace(from, to);
    }

    private static Path added(Ec2Host host) {
        return host.daemon().config().resolveSibling("rules.d/ec2.yaml");
    }

    @Test
    void itsCommandsWorkFromTheFirstToTheLast() throws IOException {
        try (Ec2Host host = new Ec2Host(LAB, CLOSED)) {
            AwsCli aws = new AwsCli(host);
            String main = host.file();
            assertEquals(VPC, aws.ec2("describe-vpcs --query Vpcs[].VpcId --output text"));
            PORTS.assertOpen(List.of(), List.of());

            // The group, under the id that the text gives it.
            String made = aws.ok(
                    "create-security-group",
                    "--group-name",
                    "webserver-open",
                    "--description",
                    "Allows all inbound traffic",
                    "--vpc-id",
                    VPC,
                    "--query",
                    "GroupId",
                    "--output",
                    "text");
            main = changed(main, "version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n");
            String group = NEW_FILE + """
                    security-groups:
                      webserver-open:
                        id: %s
                        description: "Allows all inbound traffic"
                        ingress: []
                    """.formatted(made);
            assertFiles(host, main, group);
            group = changed(group, made, GROUP);
            Files.writeString(added(host), group);
            Lab.await("the edit", () -> host.call("DescribeSecurityGroups").contains(GROUP));
            assertEquals(
                    "webserver-open",
                    aws.ec2("describe-security-groups --group-ids " + GROUP
                            + " --query SecurityGroups[].GroupName --output text"));
            main = attach(aws, main);

            group = all(aws, group);
            group = ports(aws, main, group);
            egress(aws, main, group);
        }
    }

    private static void assertFiles(Ec2Host host, String main, String added) {
        assertEquals(main, host.file());
        assertEquals(added, Lab.read(added(host)));
    }

    /** What starting an instance with the group is in EC2; returns the text of the main file. */
    private static String attach(AwsCli aws, String main) {
        String nic =
                aws.ec2("describe-network-interfaces --query NetworkInterfaces[].NetworkInterfaceId --output text");
        aws.ec2("modify-network-interface-attribute --network-interface-id " + nic + " --groups " + GROUP);
        String attached = changed(main, "[none]", "[webserver-open]");
        assertEquals(attached, aws.host().file());
        PORTS.assertOpen(List.of(), List.of());
        return attached;
    }

    private static String all(AwsCli aws, String group) {
        aws.ec2("authorize-security-group-ingress --group-id " + GROUP + " --protocol all --port all --cidr 0.0.0.0/0");
        PORTS.assertOpen(List.of(80, 443), List.of(80, 443));
        assertEquals(
                changed(group, "ingress: []", "ingress:\n      - {protocol: all, from: 0.0.0.0/0}"),
                Lab.read(added(aws.host())));
        aws.ec2("revoke-security-group-ingress --group-id " + GROUP + " --protocol all --port all --cidr 0.0.0.0/0");
        PORTS.assertOpen(List.of(), List.of());
        assertEquals(group, Lab.read(added(aws.host())));
        return group;
    }

    private static String ports(AwsCli aws, String main, String empty) {
        String change = "-security-group-ingress --group-id " + GROUP + " --protocol tcp --port ";
        aws.ec2("authorize" + change + "80 --cidr 0.0.0.0/0");
        PORTS.assertOpen(List.of(80), List.of(80));
        String group =
                changed(empty, "ingress: []\n", "ingress:\n      - {protocol: tcp, ports: 80, from: 0.0.0.0/0}\n");
        assertFiles(aws.host(), main, group);

        aws.ec2("authorize" + change + "443 --cidr 0.0.0.0/0");
        PORTS.assertOpen(List.of(80, 443), List.of(80, 443));
        group += "      - {protocol: tcp, ports: 443, from: 0.0.0.0/0}\n";
        assertFiles(aws.host(), main, group);

        aws.ec2("revoke" + change + "80 --cidr 0.0.0.0/0");
        PORTS.assertOpen(List.of(443), List.of(443));
        group = changed(group, "      - {protocol: tcp, ports: 80, from: 0.0.0.0/0}\n", "");
        assertFiles(aws.host(), main, group);

        aws.ec2("authorize" + change + "80 --cidr 203.0.113.10/32");
        PORTS.assertOpen(List.of(80, 443), List.of(443));
        group += "      - {protocol: tcp, ports: 80, from: 203.0.113.10/32}\n";
        assertFiles(aws.host(), main, group);
        return group;
    }

    private static void egress(AwsCli aws, String main, String before) {
        aws.ec2("authorize-security-group-egress --group-id " + GROUP
                + " --protocol tcp --port 12345 --cidr 192.0.2.10/32");
        String group = before + """
                    egress:
                      - {protocol: all, to: any}
                      - {protocol: tcp, ports: 12345, to: 192.0.2.10/32}
                """;
        assertFiles(aws.host(), main, group);
        assertTrue(PORTS.leaves(Lab.CLIENT_FAR + ":12345"), "by the new rule");
        assertTrue(PORTS.leaves(Lab.CLIENT + ":8080"), "by the rule that every new group has");

        aws.ec2("revoke-security-group-egress --group-id " + GROUP + " --protocol all --port all --cidr 0.0.0.0/0");
        assertFiles(aws.host(), main, changed(group, "to: any", "to: \"::/0\""));
        assertTrue(PORTS.leaves("[" + Lab.CLIENT_V6 + "]:8080"), "the rule was two, and that of IPv6 is left");
        assertTrue(PORTS.leaves(Lab.CLIENT_FAR + ":12345"), "by its rule");
        for (String shut : List.of(Lab.CLIENT + ":8080", Lab.CLIENT_FAR + ":8080", Lab.CLIENT_FAR_SECOND + ":12345")) {
            assertTrue(!PORTS.leaves(shut), shut);
        }

        aws.ec2("revoke-security-group-egress --group-id " + GROUP
                + " --ip-permissions IpProtocol=-1,Ipv6Ranges=[{CidrIpv6=::/0}]");
        assertFiles(aws.host(), main, changed(group, "      - {protocol: all, to: any}\n", ""));
        assertTrue(!PORTS.leaves("[" + Lab.CLIENT_V6 + "]:8080"), "no rule is left for IPv6");
        PORTS.assertOpen(List.of(80, 443), List.of(443));
    }

    @Test
    void aGroupCanBeAttachedDetachedAndDeleted() {
        try (Ec2Host host = new Ec2Host(LAB, OPEN)) {
            AwsCli aws = new AwsCli(host);
            String main = host.file();
            String id = aws.ec2("create-security-group --group-name web --description Web --vpc-id " + VPC
                    + " --query GroupId --output text");
            main = changed(main, "version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n");
            aws.ec2("authorize-security-group-ingress --group-name web --protocol tcp --port 80 --cidr 0.0.0.0/0");
            PORTS.assertOpen(List.of(), List.of());
            String nic =
                    aws.ec2("describe-network-interfaces --query NetworkInterfaces[].NetworkInterfaceId --output text");
            String attach = "modify-network-interface-attribute --network-interface-id " + nic + " --groups ";

            aws.ec2(attach + GROUP + " " + id);
            assertEquals(changed(main, "[webserver-open]", "[webserver-open, web]"), host.file());
            PORTS.assertOpen(List.of(80), List.of(80));
            assertEquals(
                    "resource " + id + " has a dependent object",
                    aws.refused("DependencyViolation", "delete-security-group --group-id " + id));

            aws.ec2(attach + GROUP);
            assertEquals(main, host.file());
            PORTS.assertOpen(List.of(), List.of());
            aws.ec2("delete-security-group --group-id " + id);
            assertFiles(host, main, NEW_FILE + "security-groups: {}\n");
            assertEquals(
                    "The security group '" + id + "' does not exist",
                    aws.refused("InvalidGroup.NotFound", "describe-security-groups --group-ids " + id));
        }
    }
}
