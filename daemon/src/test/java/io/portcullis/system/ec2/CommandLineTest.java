package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What people do with Debian's AWS command line once they know the walk of {@link ArticleTest}. */
@Tag("system")
final class CommandLineTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final OpenPorts PORTS = new OpenPorts(LAB);
    private static final String WEB = "sg-00000000000000000";
    private static final String RULES = """
            version: 1
            # The rules of the host.
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000000
                ingress: [{protocol: tcp, ports: [80, 443], from: 203.0.113.10}]   # one client
            ec2-api: {credentials: @KEYS@, vpc-id: vpc-0123456789abcdef0, rate: 1000}
            """;

    @BeforeAll
    static void servers() {
        AwsCli.assumeInstalled();
        PORTS.serve();
    }

    private static Path added(Ec2Host host) {
        return host.daemon().config().resolveSibling("rules.d/ec2.yaml");
    }

    @Test
    void groupsAreFoundAndPrintedInEachForm() {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            AwsCli aws = new AwsCli(host);
            String before = host.file();
            CompletableFuture<String> waiter =
                    CompletableFuture.supplyAsync(() -> aws.ec2("wait security-group-exists --group-names a b"));
            for (String name : List.of("a", "b")) {
                aws.ec2("create-security-group --group-name " + name + " --description Described"
                        + " --tag-specifications ResourceType=security-group,Tags=[{Key=of,Value=test}]");
            }
            waiter.join();
            String names = " --query SecurityGroups[].GroupName --output text";
            assertEquals("a\tb", aws.ec2("describe-security-groups --filters Name=tag:of,Values=test" + names));
            assertEquals("web", aws.ec2("describe-security-groups --filters Name=group-name,Values=w*" + names));
            assertEquals(
                    "web",
                    aws.ec2("describe-security-groups --filters Name=ip-permission.from-port,Values=80"
                            + " Name=ip-permission.cidr,Values=203.0.113.10/32 --page-size 5" + names));
            String table = aws.ec2("describe-security-groups --output table --group-ids " + WEB);
            assertTrue(table.contains("|  GroupId     |  sg-00000000000000000"), table);

            String token = aws.ec2("describe-security-groups --max-items 2 --query NextToken")
                    .replace("\"", "");
            assertEquals(
                    1,
                    aws.ec2("describe-security-groups --starting-token " + token + names)
                            .lines()
                            .count());
            assertEquals(
                    "Request would have succeeded, but DryRun flag is set.",
                    aws.refused("DryRunOperation", "delete-security-group --group-name a --dry-run"));
            aws.refused("DependencyViolation", "delete-security-group --group-name web --dry-run");
            aws.ec2("delete-security-group --group-name a");
            aws.ec2("delete-security-group --group-name b");
            assertEquals(before, host.file().replace("include: [rules.d/ec2.yaml]\n", ""));
        }
    }

    @Test
    void aRuleIsMovedDescribedTaggedAndRevokedByItsId() {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            AwsCli aws = new AwsCli(host);
            PORTS.assertOpen(List.of(80, 443), List.of());
            String id = aws.ec2("describe-security-group-rules --filters Name=group-id,Values=" + WEB
                    + " --query SecurityGroupRules[?FromPort==`80`].SecurityGroupRuleId --output text");
            aws.ec2("modify-security-group-rules --group-id " + WEB + " --security-group-rules SecurityGroupRuleId="
                    + id + ",SecurityGroupRule={IpProtocol=tcp,FromPort=80,ToPort=80,CidrIpv4=203.0.113.11/32}");
            PORTS.assertOpen(List.of(443), List.of(80));
            aws.ec2("update-security-group-rule-descriptions-ingress --group-id " + WEB
                    + " --security-group-rule-descriptions SecurityGroupRuleId=" + id + ",Description=another");
            aws.ec2("create-tags --resources " + id + " --tags Key=Name,Value=moved");
            assertEquals(
                    "203.0.113.11/32\tanother\tmoved",
                    aws.ec2("describe-security-group-rules --security-group-rule-ids " + id
                            + " --query SecurityGroupRules[0].[CidrIpv4,Description,Tags[0].Value] --output text"));
            assertTrue(
                    host.file()
                            .contains(
                                    "{protocol: tcp, ports: 80, from: 203.0.113.11/32, description: another}]   # one client"),
                    host.file());
            aws.ec2("revoke-security-group-ingress --group-id " + WEB + " --security-group-rule-ids " + id);
            PORTS.assertOpen(List.of(443), List.of());
            assertEquals("", aws.ec2("describe-tags --output text"));
            assertTrue(
                    host.file().contains("[{protocol: tcp, ports: [443], from: 203.0.113.10}]   # one"), host.file());
        }
    }

    @Test
    void aPrefixListOpensAndShuts() {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            AwsCli aws = new AwsCli(host);
            String id = aws.ec2("create-managed-prefix-list --prefix-list-name offices --address-family IPv4"
                    + " --max-entries 5 --entries Cidr=203.0.113.11/32,Description=hq"
                    + " --query PrefixList.PrefixListId --output text");
            aws.ec2("authorize-security-group-ingress --group-id " + WEB
                    + " --ip-permissions IpProtocol=tcp,FromPort=80,ToPort=80,PrefixListIds=[{PrefixListId=" + id
                    + "}]");
            PORTS.assertOpen(List.of(80, 443), List.of(80));
            String entries = """
                    # Made through the EC2 endpoint. Edit it as any other file of the configuration.
                    prefix-lists:
                      offices:
                        id: %s
                        entries:
                          - 203.0.113.11/32
                    """.formatted(id);
            assertEquals(entries, Lab.read(added(host)));
            String modify = "modify-managed-prefix-list --prefix-list-id " + id
                    + " --remove-entries Cidr=203.0.113.11/32 --add-entries Cidr=198.51.100.0/24 --current-version ";
            aws.ec2(modify + 1);
            PORTS.assertOpen(List.of(80, 443), List.of());
            assertEquals(entries.replace("203.0.113.11/32", "198.51.100.0/24"), Lab.read(added(host)));
            aws.refused("PrefixListVersionMismatch", modify + 1);
            aws.ec2("restore-managed-prefix-list-version --prefix-list-id " + id
                    + " --previous-version 1 --current-version 2");
            PORTS.assertOpen(List.of(80, 443), List.of(80));
            assertEquals(entries, Lab.read(added(host)));
            assertEquals(
                    "203.0.113.11/32\thq",
                    aws.ec2("get-managed-prefix-list-entries --output text --prefix-list-id " + id
                            + " --query Entries[].[Cidr,Description]"));
        }
    }

    @Test
    void aNetworkAclStandsBeforeTheGroups() {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            AwsCli aws = new AwsCli(host);
            String id = aws.ec2("create-network-acl --vpc-id vpc-0123456789abcdef0"
                    + " --tag-specifications ResourceType=network-acl,Tags=[{Key=Name,Value=edge}]"
                    + " --query NetworkAcl.NetworkAclId --output text");
            String entry = "create-network-acl-entry --network-acl-id " + id + " --rule-action allow --protocol ";
            String http = " --ingress --cidr-block 0.0.0.0/0 --rule-number 100 --port-range From=80,To=80";
            aws.ec2(entry + "tcp" + http);
            aws.ec2(entry + "all --egress --cidr-block 0.0.0.0/0 --rule-number 100");
            String association = aws.ec2("describe-network-acls --filters Name=default,Values=true"
                    + " --query NetworkAcls[0].Associations[0].NetworkAclAssociationId --output text");
            String back = aws.ec2("replace-network-acl-association --output text --association-id " + association
                    + " --network-acl-id " + id);
            PORTS.assertOpen(List.of(80), List.of());
            assertTrue(host.file().contains("security-groups: [web], network-acl: edge}"), host.file());
            assertEquals("""
                    # Made through the EC2 endpoint. Edit it as any other file of the configuration.
                    network-acls:
                      edge:
                        id: %s
                        ingress:
                          - {rule: 100, action: allow, protocol: tcp, ports: 80, from: 0.0.0.0/0}
                        egress:
                          - {rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}
                    """.formatted(id), Lab.read(added(host)));
            aws.ec2(entry.replace("create", "replace") + "tcp" + http.replace("=80", "=443"));
            PORTS.assertOpen(List.of(443), List.of());
            aws.ec2("delete-network-acl-entry --ingress --rule-number 100 --network-acl-id " + id);
            PORTS.assertOpen(List.of(), List.of());
            String standard = aws.ec2("describe-network-acls --filters Name=default,Values=true"
                    + " --query NetworkAcls[0].NetworkAclId --output text");
            aws.ec2("replace-network-acl-association --association-id " + back + " --network-acl-id " + standard);
            PORTS.assertOpen(List.of(80, 443), List.of());
            aws.ec2("delete-network-acl --network-acl-id " + id);
            assertTrue(Lab.read(added(host)).endsWith("network-acls: {}\n"), Lab.read(added(host)));
        }
    }
}
