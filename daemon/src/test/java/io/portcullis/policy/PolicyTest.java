package io.portcullis.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Address;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** From YAML to the credited rule: sections 1 and 2 of security-groups.md. */
final class PolicyTest {
    private static final String HEAD = """
        version: 1
        interfaces:
          web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1/32], security-groups: [%s]}
        """;

    private static Policy policy(String groupsOfWeb0, String rest) throws ConfigException {
        return Policy.compile(ConfigReader.parse(HEAD.formatted(groupsOfWeb0) + rest, "test.yaml"), "web0", 7, 1000);
    }

    private static String credited(Policy policy, RuleSet rules, int protocol, int selector, String peer) {
        Address address = Address.parse(peer);
        int rule = rules.match(address.isV6(), protocol, selector, address.high(), address.low());
        return rule == RuleSet.NONE ? "none" : policy.rule(rule).id();
    }

    private static String ingress(Policy policy, int protocol, int selector, String peer) {
        return credited(policy, policy.ingress(), protocol, selector, peer);
    }

    private static String egress(Policy policy, int protocol, int selector, String peer) {
        return credited(policy, policy.egress(), protocol, selector, peer);
    }

    @Test
    void rulesAreNumberedFromOneInTheOrderOfTheFileAndOfTheInterfacesGroups() throws ConfigException {
        Policy policy = policy("b, a", """
            security-groups:
              a: {ingress: [{protocol: tcp, ports: 22, from: any}, {protocol: tcp, from: 192.0.2.0/24}]}
              b: {egress: [], ingress: [{protocol: udp, ports: 53, from: any}, {protocol: tcp, ports: 80, from: any}]}
            """);
        List<String> ids = IntStream.range(0, policy.ruleCount())
                .mapToObj(i -> policy.rule(i).id())
                .toList();
        assertEquals(List.of("b/ingress[1]", "b/ingress[2]", "a/ingress[1]", "a/ingress[2]", "a/egress[implied]"), ids);
        assertEquals("b/ingress[2]", ingress(policy, 6, 80, "192.0.2.1"), "a's second covers it too, but later");
        assertEquals("a/ingress[2]", ingress(policy, 6, 81, "192.0.2.1"));
        assertEquals("a/ingress[1]", ingress(policy, 6, 22, "192.0.2.1"));
        assertEquals("none", ingress(policy, 6, 81, "192.0.3.1"));
        assertEquals("a/egress[implied]", egress(policy, 6, 25, "2001:db8::1"));
    }

    @Test
    void anImpliedRuleHasNoLocationAndAWrittenOneHas() throws ConfigException {
        Policy policy = policy("web", """
            security-groups:
              web:
                ingress: [{protocol: tcp, ports: 80, from: any, description: the site}]
            """);
        assertEquals("the site", policy.rule(0).description());
        assertNotNull(policy.rule(0).location());
        assertEquals(6, policy.rule(0).location().line());
        assertNull(policy.rule(1).location());
    }

    @Test
    void egressAbsentIsEverythingAndEmptyIsNothing() throws ConfigException {
        Policy open = policy("web", "security-groups: {web: {}}");
        assertEquals("web/egress[implied]", egress(open, 47, 0, "192.0.2.1"));
        assertEquals("web/egress[implied]", egress(open, 58, 128 << 8, "2001:db8::1"));
        assertEquals("none", ingress(open, 6, 80, "192.0.2.1"));
        Policy shut = policy("web", "security-groups: {web: {egress: []}}");
        assertEquals("none", egress(shut, 6, 80, "192.0.2.1"));
        assertEquals(0, shut.ruleCount());
    }

    @Test
    void aGroupIsItsMembersAndTheInterfacesThatCarryIt() throws ConfigException {
        Policy policy = policy("web", """
              app0: {mode: bridge, outside: o1, inside: i1, addresses: [10.0.2.0/24, "fd00:2::/64"], security-groups: [app]}
              app1: {mode: bridge, outside: o2, inside: i2, addresses: [10.0.3.1/32], security-groups: [other, app]}
            security-groups:
              app: {members: [10.9.0.5, "fd00:9::5"], ingress: [{protocol: all, from: 203.0.113.0/24}]}
              other: {members: [10.8.0.1]}
              ghost: {}
              web:
                ingress:
                  - {protocol: tcp, ports: 1, from: {group: app}}
                  - {protocol: tcp, ports: 2, from: {group: ghost}}
                  - {protocol: tcp, ports: 3, from: {group: web}}
                  - {protocol: tcp, ports: 4, from: [{group: app}, 198.51.100.0/24]}
            """);
        for (String member : List.of("10.9.0.5", "fd00:9::5", "10.0.2.0", "10.0.2.255", "fd00:2::77", "10.0.3.1")) {
            assertEquals("web/ingress[1]", ingress(policy, 6, 1, member), member);
            assertEquals("web/ingress[4]", ingress(policy, 6, 4, member), member);
        }
        for (String stranger : List.of("10.9.0.6", "10.0.3.2", "10.8.0.1", "203.0.113.1", "10.0.0.1", "fd00:3::1")) {
            assertEquals("none", ingress(policy, 6, 1, stranger), stranger);
            assertEquals("none", ingress(policy, 6, 2, stranger), stranger);
        }
        assertEquals("web/ingress[3]", ingress(policy, 6, 3, "10.0.0.1"), "itself");
        assertEquals("web/ingress[4]", ingress(policy, 6, 4, "198.51.100.9"));
    }

    @Test
    void familiesOfIcmp() throws ConfigException {
        Policy policy = policy("web", """
            security-groups:
              web:
                ingress:
                  - {protocol: icmp, type: 3, code: 4, from: any}
                  - {protocol: icmp, type: 8, from: any}
                  - {protocol: icmpv6, from: any}
            """);
        assertEquals("web/ingress[1]", ingress(policy, 1, 3 << 8 | 4, "192.0.2.1"));
        assertEquals("none", ingress(policy, 1, 3 << 8 | 3, "192.0.2.1"));
        assertEquals("web/ingress[2]", ingress(policy, 1, 8 << 8, "192.0.2.1"));
        assertEquals("web/ingress[2]", ingress(policy, 1, 8 << 8 | 255, "192.0.2.1"));
        assertEquals("none", ingress(policy, 1, 9 << 8, "192.0.2.1"));
        assertEquals("web/ingress[3]", ingress(policy, 58, 128 << 8, "2001:db8::1"));
        assertEquals("none", ingress(policy, 1, 8 << 8, "2001:db8::1"), "protocol 1 over IPv6 is no icmp");
        assertEquals("none", ingress(policy, 58, 0, "192.0.2.1"), "protocol 58 over IPv4 is no icmpv6");
    }

    @Test
    void switchesLimitsAndTimeouts() throws ConfigException {
        Policy byDefault = policy("web", "security-groups: {web: {}}");
        assertEquals(7, byDefault.generation());
        assertEquals(1000, byDefault.maxFlows());
        assertTrue(byDefault.isTcpStrict());
        assertTrue(byDefault.verifiesChecksums());
        assertTrue(byDefault.passes("arp"));
        assertTrue(byDefault.passes("stp"), "a bridge's default");
        assertFalse(byDefault.passes("lldp"));
        assertEquals(30_000_000_000L, byDefault.timeoutNs("udp"));
        Policy set = policy("web", """
            security-groups: {web: {}}
            conntrack: {max-flows: 5, tcp-strict: false, timeouts: {udp: 45s}}
            """);
        assertEquals(5, set.maxFlows());
        assertFalse(set.isTcpStrict());
        assertEquals(45_000_000_000L, set.timeoutNs("udp"));
    }

    @Test
    void anUnknownInterface() throws ConfigException {
        Config config = ConfigReader.parse(HEAD.formatted("web") + "security-groups: {web: {}}", "test.yaml");
        assertThrows(IllegalArgumentException.class, () -> Policy.compile(config, "web1", 1, 1));
    }
}
