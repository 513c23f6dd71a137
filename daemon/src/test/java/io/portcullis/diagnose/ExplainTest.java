package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExplainTest {
    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1, "2001:db8:1::1"], security-groups: [web, admin], network-acl: edge}
            prefix-lists: {office: [203.0.113.0/28]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: [80, 443], from: any, description: the site}
                  - {protocol: icmp, type: echo-request, from: any}
              admin:
                ingress:
                  - {protocol: tcp, ports: 22, from: {group: app}}
                  - {protocol: tcp, ports: 3389, from: {prefix-list: office}}
                  - {protocol: udp, ports: 5000-5010, from: [10.0.0.0/8, 172.16.0.0/12]}
                egress: []
              app: {members: [10.0.0.2]}
            network-acls:
              edge:
                ingress:
                  - {rule: 90, action: deny, protocol: all, from: 198.51.100.0/24, description: they scan}
                  - {rule: 100, action: allow, protocol: all, from: 0.0.0.0/0}
                  - {rule: 101, action: allow, protocol: all, from: "::/0"}
                egress: [{rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}]
            failsafe: {ingress: [{protocol: tcp, ports: 22, from: 10.99.0.0/16}]}
            """;

    private static ExplainReport explain(String direction, int protocol, String from, String to, int port)
            throws ConfigException {
        return explain(RULES, direction, protocol, from, to, port, 8);
    }

    private static ExplainReport explain(
            String rules, String direction, int protocol, String from, String to, int port, int type)
            throws ConfigException {
        Config config = ConfigReader.parse(rules, "test.yaml");
        return Explain.offline(
                config,
                new ExplainRequest("web0", direction.equals("ingress"), protocol, from, 40_000, to, port, type, 0, 0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ingress | 6  | 203.0.113.5  | 10.0.0.1 | 443  | pass | none | web/ingress[1]
                    ingress | 6  | 2001:db8::5  | 2001:db8:1::1 | 80 | pass | none | web/ingress[1]
                    ingress | 1  | 203.0.113.5  | 10.0.0.1 | 0    | pass | none | web/ingress[2]
                    ingress | 6  | 10.0.0.2     | 10.0.0.1 | 22   | pass | none | admin/ingress[1]
                    ingress | 6  | 10.99.1.1    | 10.0.0.1 | 22   | pass | none | failsafe/ingress[1]
                    ingress | 6  | 198.51.100.7 | 10.0.0.1 | 80   | drop | acl-deny | edge/ingress[90]
                    ingress | 6  | 203.0.113.5  | 10.0.0.1 | 8443 | drop | no-rule |
                    egress  | 6  | 10.0.0.1     | 192.0.2.1 | 25  | pass | none | web/egress[implied]
                    egress  | 6  | 2001:db8:1::1 | 2001:db8::5 | 25 | drop | acl-default |
                    ingress | 6  | 127.0.0.1    | 10.0.0.1 | 80   | drop | bad-address |
                    ingress | 17 | 0.0.0.0      | 10.0.0.1 | 5000 | drop | bad-address |
                    ingress | 47 | 203.0.113.5  | 10.0.0.1 | 0    | drop | no-rule |
                    """)
    void everyVerdictHasItsReasonAndItsRule(
            String direction,
            int protocol,
            String from,
            String to,
            int port,
            String verdict,
            String reason,
            String rule)
            throws ConfigException {
        ExplainReport report = explain(direction, protocol, from, to, port);
        assertEquals(verdict, report.verdict());
        assertEquals(reason, report.reason());
        assertEquals(rule, report.rule() == null ? null : report.rule().id());
        assertNull(report.flow());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    6  | 203.0.113.5   | 8443 | port 8443 is outside 80, 443 of web/ingress[1]
                    6  | 203.0.113.5   | 22   | 203.0.113.5 is outside 10.99.0.0/16 of failsafe/ingress[1]
                    6  | 203.0.113.50  | 3389 | 203.0.113.50 is not in prefix list office (203.0.113.0/28) of admin/ingress[2]
                    17 | 203.0.113.5   | 5005 | 203.0.113.5 is outside 10.0.0.0/8, 172.16.0.0/12 of admin/ingress[3]
                    17 | 10.1.1.1      | 5011 | port 5011 is outside 5000-5010 of admin/ingress[3]
                    17 | 203.0.113.5   | 443  | udp is not tcp of web/ingress[1]
                    """)
    void theNearestRuleIsTheOneThatMeansThePort(int protocol, String from, int port, String why)
            throws ConfigException {
        ExplainReport report = explain("ingress", protocol, from, "10.0.0.1", port);
        ExplainReport.NearestView nearest = report.nearest();
        assertNotNull(nearest);
        assertEquals(why, nearest.why());
        assertTrue(nearest.place().startsWith("test.yaml:"), nearest.place());
    }

    @Test
    void aGroupsMembersAreNamed() throws ConfigException {
        String without = RULES.replace("failsafe:", "#");
        ExplainReport report = explain(without, "ingress", 6, "203.0.113.5", "10.0.0.1", 22, 0);
        ExplainReport.NearestView nearest = report.nearest();
        assertNotNull(nearest);
        assertEquals("203.0.113.5 is not a member of group app (members: 10.0.0.2) of admin/ingress[1]", nearest.why());
        ExplainReport icmp = explain(without, "ingress", 1, "203.0.113.5", "10.0.0.1", 0, 13);
        assertNotNull(icmp.nearest());
        assertEquals(
                "type 13 code 0 is not type 8 of web/ingress[2]", icmp.nearest().why());
        assertNull(explain("ingress", 47, "203.0.113.5", "10.0.0.1", 0).nearest(), "nothing in common with any");
    }

    @Test
    void linkTrafficAndAuditAreNamed() throws ConfigException {
        ExplainReport neighbour = explain(RULES, "ingress", 58, "fe80::1", "fe80::2", 0, 135);
        assertEquals("pass", neighbour.verdict());
        assertEquals("it is link traffic of a class that passes without a rule", neighbour.text());
        ExplainReport dropped = explain(
                RULES.replace("addresses:", "pass-through: [arp], addresses:"),
                "ingress",
                58,
                "fe80::1",
                "fe80::2",
                0,
                135);
        assertEquals("link-class", dropped.reason());
        ExplainReport audited = explain(
                RULES.replace("addresses:", "enforce: audit, addresses:"),
                "ingress",
                6,
                "203.0.113.5",
                "10.0.0.1",
                8443,
                0);
        assertEquals("would-drop", audited.verdict());
        assertEquals("no-rule", audited.reason());
    }

    @Test
    void meaninglessRequestsAreRefused() {
        assertEquals(
                "10.0.0.1 and 2001:db8::1 are of different families",
                assertThrows(IllegalArgumentException.class, () -> explain("ingress", 6, "10.0.0.1", "2001:db8::1", 80))
                        .getMessage());
    }
}
