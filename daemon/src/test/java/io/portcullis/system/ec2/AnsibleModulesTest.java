package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.system.Lab;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ansible's modules that ask, those for tags, instances and network ACLs, and plays that are wrong. */
@Tag("system")
final class AnsibleModulesTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                description: by hand
                ingress:
                  - {protocol: tcp, ports: 80, from: any}   # the site
              more: {description: by hand, ingress: []}
            expect:
              - {interface: web0, ingress: {protocol: tcp, ports: 80, from: 203.0.113.10}, verdict: allow}
            ec2-api: {credentials: @KEYS@}
            """;

    private final Ec2Host host = new Ec2Host(LAB, RULES);
    private final Ansible ansible = new Ansible(LAB, host);
    private final Outcome outcome = new Outcome(LAB, host);

    @BeforeAll
    static void assumeInstalled() {
        Ansible.assumeInstalled();
    }

    @AfterEach
    void stop() {
        host.close();
    }

    @Test
    void modulesThatAskAgreeWithOneAnother() {
        String before = host.file();
        Ansible.Play play = ansible.play("""
                - {name: caller, amazon.aws.aws_caller_info: }
                - {name: networks, amazon.aws.ec2_vpc_net_info: , register: networks}
                - name: subnets
                  amazon.aws.ec2_vpc_subnet_info: {filters: {vpc-id: "{{networks.vpcs[0].id}}"}}
                - name: interfaces
                  amazon.aws.ec2_eni_info:
                  register: nics
                - name: instances
                  amazon.aws.ec2_instance_info: {filters: {instance-state-name: running}}
                - name: groups
                  amazon.aws.ec2_security_group_info: {filters: {vpc-id: "{{networks.vpcs[0].id}}"}}
                - name: acls
                  community.aws.ec2_vpc_nacl_info:
                """);
        play.reports().values().forEach(report -> report.assertChanged(false));
        JsonNode network = one(play, "networks", "vpcs");
        JsonNode subnet = one(play, "subnets", "subnets");
        JsonNode nic = one(play, "interfaces", "network_interfaces");
        JsonNode instance = one(play, "instances", "instances");
        JsonNode acl = one(play, "acls", "nacls");
        String owner = play.task("caller").json().path("account").asText();
        for (JsonNode each : List.of(network, subnet, nic, acl)) {
            assertEquals(owner, each.path("owner_id").asText(), each.toPrettyString());
        }
        assertTrue(network.path("is_default").asBoolean(), network.toPrettyString());
        assertEquals("203.0.113.0/24", subnet.path("cidr_block").asText());
        assertEquals(subnet.path("subnet_id"), nic.path("subnet_id"));
        assertEquals(subnet.path("subnet_id"), acl.path("subnets").path(0));
        assertEquals(instance.path("instance_id"), nic.path("attachment").path("instance_id"));
        assertEquals(nic.path("groups"), instance.path("security_groups"));
        assertEquals(Lab.SERVER, instance.path("private_ip_address").asText());
        assertEquals(2, play.task("groups").json().path("security_groups").size());
        assertEquals(before, host.file());
    }

    private static JsonNode one(Ansible.Play play, String task, String list) {
        JsonNode found = play.task(task).json().path(list);
        assertEquals(1, found.size(), found.toPrettyString());
        return found.path(0);
    }

    @Test
    void tagsAndTheGroupsOfTheInstanceAreChangedOnce() {
        Ansible.Play play = ansible.play("""
                - {amazon.aws.ec2_eni_info: , register: nics}
                - {amazon.aws.ec2_instance_info: , register: all}
                - name: tag
                  amazon.aws.ec2_tag: &tag {resource: "{{nics.network_interfaces[0].id}}", tags: {stage: test}}
                - {name: tag again, amazon.aws.ec2_tag: *tag}
                - name: tags
                  amazon.aws.ec2_tag_info: {resource: "{{nics.network_interfaces[0].id}}"}
                - name: groups
                  amazon.aws.ec2_instance: &groups
                    instance_ids: ["{{all.instances[0].instance_id}}"]
                    security_groups: [web, more]
                    state: present
                - {name: groups again, amazon.aws.ec2_instance: *groups}
                """);
        for (String task : List.of("tag", "groups")) {
            play.task(task).assertChanged(true);
            play.task(task + " again").assertChanged(false);
        }
        assertEquals(
                "{\"stage\":\"test\"}", play.task("tags").json().path("tags").toString());
        assertTrue(host.file().contains("security-groups: [web, more]}"), host.file());
    }

    @Test
    void wrongPlaysChangeNothingAndSayWhy() {
        String before = host.file();
        Ansible.Play play = ansible.play("""
                - name: InvalidParameterValue
                  amazon.aws.ec2_security_group: {name: new, description: "Gr\\u00fc\\u00dfe"}
                  ignore_errors: true
                - name: InvalidVpcID.NotFound
                  amazon.aws.ec2_security_group: {name: new, description: new, vpc_id: vpc-00000000}
                  ignore_errors: true
                - name: InvalidGroup.NotFound
                  amazon.aws.ec2_security_group:
                    name: web
                    description: by hand
                    rules: [{proto: tcp, ports: 22, group_id: sg-00000000}]
                    purge_rules: false
                  ignore_errors: true
                - name: InvalidPrefixListID.NotFound
                  amazon.aws.ec2_security_group:
                    name: web
                    description: by hand
                    rules: [{proto: tcp, ports: 22, ip_prefix: pl-00000000}]
                    purge_rules: false
                  ignore_errors: true
                - name: OperationNotPermitted
                  amazon.aws.ec2_security_group: {name: web, description: by hand, rules: []}
                  ignore_errors: true
                - name: DependencyViolation
                  amazon.aws.ec2_security_group: {name: web, state: absent}
                  ignore_errors: true
                """);
        assertEquals(6, play.reports().size());
        play.reports().forEach((code, report) -> report.assertRefused(code));
        String broken = play.task("OperationNotPermitted")
                .json()
                .path("error")
                .path("message")
                .asText();
        assertTrue(broken.contains("expect"), broken);
        assertEquals(before, host.file());
        outcome.assertReachedFrom(Lab.CLIENT, Lab.CLIENT_SECOND);
    }

    @Test
    void aNetworkAclIsCreatedChangedAndDeleted() {
        String tasks = """
                - {amazon.aws.ec2_vpc_subnet_info: , register: found}
                - name: acl
                  community.aws.ec2_vpc_nacl: &acl
                    vpc_id: "{{found.subnets[0].vpc_id}}"
                    name: edge
                    subnets: %s
                    tags: {stage: test}
                    ingress:
                      - [100, tcp, %s, 203.0.113.11/32, null, null, 80, 80]
                      - [200, all, allow, 0.0.0.0/0, null, null, null, null]
                      - [300, icmp, deny, 0.0.0.0/0, 8, 0]
                    egress:
                      - [100, all, allow, 0.0.0.0/0, null, null, null, null]
                - {name: acl again, community.aws.ec2_vpc_nacl: *acl}
                """;
        String subnets = "[\"{{found.subnets[0].id}}\"]";
        // The module associates a new ACL before it has entries: what the host expects would not hold.
        ansible.play(tasks.formatted(subnets, "deny")).task("acl").assertRefused("OperationNotPermitted");
        outcome.assertReachedFrom(Lab.CLIENT, Lab.CLIENT_SECOND);
        assertChangedOnce(tasks.formatted("[]", "deny"));
        assertChangedOnce(tasks.formatted(subnets, "deny"));
        outcome.assertReachedFrom(Lab.CLIENT);
        assertChangedOnce(tasks.formatted(subnets, "allow"));
        outcome.assertReachedFrom(Lab.CLIENT, Lab.CLIENT_SECOND);
        assertChangedOnce("""
                - {amazon.aws.ec2_vpc_net_info: , register: found}
                - name: acl
                  community.aws.ec2_vpc_nacl: &acl {vpc_id: "{{found.vpcs[0].id}}", name: edge, state: absent}
                - {name: acl again, community.aws.ec2_vpc_nacl: *acl}
                """);
        assertTrue(outcome.made().contains("network-acls: {}"), outcome.made());
    }

    private void assertChangedOnce(String tasks) {
        Ansible.Play play = ansible.play(tasks);
        play.task("acl").assertChanged(true);
        play.task("acl again").assertChanged(false);
    }
}
