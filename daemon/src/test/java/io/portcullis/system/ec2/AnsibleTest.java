package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.system.Lab;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Plays of Debian's Ansible against the host: its modules for groups, interfaces and network ACLs. Skipped where it is missing. */
@Tag("system")
final class AnsibleTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            # The rules of the host.
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [base]}
            security-groups:
              base:
                description: by hand
                ingress: []
                egress: []   # nothing leaves
            prefix-lists:
              offices: {id: pl-0123456789abcdef0, entries: [203.0.113.11/32]}
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

    /** The rules in the file of what clients have made. The module sends a set: their order is not fixed. */
    private Set<String> rules() {
        return outcome.made()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("- {"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void aGroupIsCreatedChangedAndDeleted() {
        LAB.nginx("client", 8_080, 8_081);
        String before = host.file();
        create();
        change();
        delete();
        assertEquals(before.replace("version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n"), host.file());
        host.daemon().cli("reload").ok();
    }

    private void create() {
        Ansible.Play play = ansible.play("""
                - amazon.aws.ec2_eni_info:
                  register: nics
                - name: create
                  amazon.aws.ec2_security_group: &app
                    name: app
                    description: The application
                    rules:
                      - {proto: tcp, ports: 80, cidr_ip: 203.0.113.10/32, rule_desc: one client}
                      - {proto: tcp, ports: [443, 8000-8010], cidr_ipv6: "2001:db8::/32"}
                      - {proto: tcp, ports: 80, ip_prefix: pl-0123456789abcdef0}
                      - {proto: udp, ports: 53, group_name: friends, group_desc: made by a rule}
                      - {proto: all, group_name: app}
                      - {proto: icmp, icmp_type: 8, icmp_code: -1, cidr_ip: 10.1.2.3/8}
                      - {proto: 50, cidr_ip: 10.0.0.0/8}
                    rules_egress:
                      - {proto: tcp, ports: 8080, cidr_ip: 203.0.113.10/32}
                    tags: {Name: app, note: "a < b & \\u00fc"}
                - name: create again
                  amazon.aws.ec2_security_group: *app
                - name: check
                  amazon.aws.ec2_security_group: {name: app, description: The application, rules: [], tags: {}}
                  check_mode: true
                - name: attach
                  amazon.aws.ec2_eni: &attach
                    eni_id: "{{nics.network_interfaces[0].id}}"
                    security_groups: [base, app]
                - name: attach again
                  amazon.aws.ec2_eni: *attach
                """);
        JsonNode made = play.task("create").assertChanged(true).json();
        assertEquals("a < b & ü", made.path("tags").path("note").asText(), made.toPrettyString());
        play.task("create again").assertChanged(false);
        play.task("check").assertChanged(true);
        play.task("attach").assertChanged(true);
        play.task("attach again").assertChanged(false);
        assertEquals(
                new TreeSet<>(Set.of(
                        "- {protocol: tcp, ports: 80, from: 203.0.113.10/32, description: \"one client\"}",
                        "- {protocol: tcp, ports: 443, from: \"2001:db8::/32\"}",
                        "- {protocol: tcp, ports: 8000-8010, from: \"2001:db8::/32\"}",
                        "- {protocol: tcp, ports: 80, from: {prefix-list: offices}}",
                        "- {protocol: udp, ports: 53, from: {group: friends}}",
                        "- {protocol: all, from: {group: app}}",
                        "- {protocol: icmp, type: 8, from: 10.0.0.0/8}",
                        "- {protocol: 50, from: 10.0.0.0/8}",
                        "- {protocol: tcp, ports: 8080, to: 203.0.113.10/32}")),
                rules());
        assertTrue(outcome.made().contains("description: \"made by a rule\""), outcome.made());
        assertTrue(host.file().contains("security-groups: [base, app]}"), host.file());
        outcome.assertReachedFrom(Lab.CLIENT, Lab.CLIENT_SECOND);
        assertLeaves(8_080, true);
        assertLeaves(8_081, false);
    }

    private void change() {
        Ansible.Play play = ansible.play("""
                - name: purge
                  amazon.aws.ec2_security_group:
                    name: app
                    description: The application
                    rules: [{proto: tcp, ports: 80, cidr_ip: 203.0.113.11/32, rule_desc: first}]
                    tags: {Name: renamed}
                - name: add
                  amazon.aws.ec2_security_group: &more
                    name: app
                    description: The application
                    rules: [{proto: tcp, ports: 443, cidr_ip: 203.0.113.10/32}]
                    rules_egress: [{proto: tcp, ports: 8081, cidr_ip: 203.0.113.10/32}]
                    purge_rules: false
                    purge_rules_egress: false
                - name: add again
                  amazon.aws.ec2_security_group: *more
                - name: describe
                  amazon.aws.ec2_security_group:
                    name: app
                    description: The application
                    rules: [{proto: tcp, ports: 80, cidr_ip: 203.0.113.11/32, rule_desc: second}]
                    purge_rules: false
                - name: info
                  amazon.aws.ec2_security_group_info: {filters: {"tag:Name": renamed}}
                """);
        JsonNode purged = play.task("purge").assertChanged(true).json();
        assertEquals("{\"Name\":\"renamed\"}", purged.path("tags").toString());
        play.task("add").assertChanged(true);
        play.task("add again").assertChanged(false);
        play.task("describe").assertChanged(true);
        assertEquals(1, play.task("info").json().path("security_groups").size());
        assertEquals(
                new TreeSet<>(Set.of(
                        "- {protocol: tcp, ports: 80, from: 203.0.113.11/32, description: second}",
                        "- {protocol: tcp, ports: 443, from: 203.0.113.10/32}",
                        "- {protocol: tcp, ports: 8080, to: 203.0.113.10/32}",
                        "- {protocol: tcp, ports: 8081, to: 203.0.113.10/32}")),
                rules());
        outcome.assertReachedFrom(Lab.CLIENT_SECOND);
        assertLeaves(8_081, true);
    }

    private void delete() {
        Ansible.Play play = ansible.play("""
                - amazon.aws.ec2_eni_info:
                  register: nics
                - name: empty
                  amazon.aws.ec2_security_group: {name: app, description: The application, rules: [], rules_egress: []}
                - name: in use
                  amazon.aws.ec2_security_group: {name: app, state: absent}
                  ignore_errors: true
                - name: detach
                  amazon.aws.ec2_eni:
                    eni_id: "{{nics.network_interfaces[0].id}}"
                    security_groups: [base]
                - name: delete
                  amazon.aws.ec2_security_group: {name: app, state: absent}
                - name: delete again
                  amazon.aws.ec2_security_group: {name: app, state: absent}
                - name: delete the friends
                  amazon.aws.ec2_security_group: {name: friends, state: absent}
                """);
        play.task("empty").assertChanged(true);
        play.task("in use").assertRefused("DependencyViolation");
        for (String name : Set.of("detach", "delete", "delete the friends")) {
            play.task(name).assertChanged(true);
        }
        play.task("delete again").assertChanged(false);
        assertTrue(outcome.made().contains("security-groups: {}"), outcome.made());
        outcome.assertReachedFrom();
        assertLeaves(8_080, false);
    }

    private static void assertLeaves(int port, boolean leaves) {
        int exit = LAB.firewall("curl", "-s", "-m", "2", "http://" + Lab.CLIENT + ":" + port + "/")
                .exit();
        assertEquals(leaves, exit == 0, "to port " + port);
    }
}
