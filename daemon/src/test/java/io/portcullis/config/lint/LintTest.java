package io.portcullis.config.lint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.Warning;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class LintTest {
    private static List<String> warnings(String groups) throws ConfigException {
        String yaml = """
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
            security-groups:
            """;
        return ConfigReader.parse(yaml + groups, "f").warnings().stream()
                .map(Warning::toString)
                .toList();
    }

    private static List<String> warningsAboutRules(String... rules) throws ConfigException {
        StringBuilder yaml = new StringBuilder("  web:\n    ingress:\n");
        for (String rule : rules) {
            yaml.append("    - {").append(rule).append("}\n");
        }
        return warnings(yaml + "prefix-lists: {office: [192.0.2.0/24, 198.51.100.0/24], one: [192.0.2.7]}\n");
    }

    @Test
    void aGroupThatPlaysNoPart() throws ConfigException {
        assertEquals(
                List.of("f:6:3: ghost: no interface carries this group, and no rule of another group refers to it"),
                warnings("  web: {}\n"
                        + "  ghost: {members: [10.0.0.1], ingress: [{protocol: udp, from: {group:"
                        + " ghost}}]}\n"));
    }

    @Test
    void aReferencedGroupWithoutMembers() throws ConfigException {
        assertEquals(
                List.of("f:5:19: group db has no members, so nothing matches it: add members to the group, or"
                        + " addresses to an interface that carries it"),
                warnings("  web: {ingress: [{protocol: udp, from: {group: db}}]}\n  db: {}\n"));
    }

    @Test
    void egressRulesNextToAGroupThatLetsEverythingOut() throws ConfigException {
        String yaml = """
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web, open]}
            security-groups: {web: {egress: []}, open: {}}
            """;
        assertEquals(
                List.of(new Warning(
                        new Location("f", 3, 3),
                        "interface edge: the egress rules of group web have no effect, because group open has no"
                                + " egress key and allows all egress")),
                ConfigReader.parse(yaml, "f").warnings());
    }

    @Test
    void sshAndDatabasesForEverybody() throws ConfigException {
        assertEquals(
                List.of(
                        "f:7:7: web/ingress[1]: every address may reach ssh (22), mysql (3306)",
                        "f:8:7: web/ingress[2]: every address may reach rdp (3389)"),
                warningsAboutRules(
                        "protocol: tcp, ports: [ssh, 3300-3310], from: any",
                        "protocol: tcp, ports: 3389, from: 0.0.0.0/0",
                        "protocol: tcp, ports: 5432, from: 10.0.0.0/8",
                        "protocol: udp, ports: 22, from: any"));
        assertEquals(
                List.of("f:7:7: web/ingress[1]: every address may reach every port, including those of ssh, rdp and"
                        + " databases"),
                warningsAboutRules("protocol: tcp, from: any"));
    }

    @Test
    void aRuleThatAnotherCovers() throws ConfigException {
        assertEquals(
                List.of("f:7:7: web/ingress[1] is redundant: web/ingress[2] at f:8:7 allows all of it"),
                warningsAboutRules(
                        "protocol: tcp, ports: 80, from: 10.1.0.0/16",
                        "protocol: tcp, ports: [1-79, 80-90], from: 10.0.0.0/8"));
        assertEquals(
                List.of("f:8:7: web/ingress[2] is redundant: web/ingress[1] at f:7:7 allows all of it"),
                warningsAboutRules("protocol: udp, from: 10.0.0.0/8", "protocol: udp, from: 10.0.0.0/8"));
        assertEquals(
                List.of("f:8:7: web/ingress[2] is redundant: web/ingress[1] at f:7:7 allows all of it"),
                warningsAboutRules(
                        "protocol: icmp, type: 3, from: 0.0.0.0/0", "protocol: icmp, type: 3, code: 4, from: any"));
        assertEquals(
                List.of("f:8:7: web/ingress[2] is redundant: web/ingress[1] at f:7:7 allows all of it"),
                warningsAboutRules(
                        "protocol: udp, from: {prefix-list: office}",
                        "protocol: udp, from: [198.51.100.9, {prefix-list: one}]"));
        assertEquals(
                List.of(),
                warningsAboutRules(
                        "protocol: udp, ports: 1-9, from: [10.0.0.0/8, 192.0.2.0/25]",
                        "protocol: udp, ports: 1-10, from: 10.0.0.0/9",
                        "protocol: udp, ports: 3, from: [10.0.0.0/8, 192.0.2.0/24]",
                        "protocol: sctp, ports: 3, from: 10.0.0.0/8",
                        "protocol: udp, ports: 3, from: \"2001:db8::/32\""));
    }

    /** Compares with a test of each rule against each other one, on rules drawn from few values. */
    @Test
    @Tag("property")
    void coverageAgreesWithComparingAll() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            List<Rule> rules = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                rules.add(rule(random));
            }
            ShadowedRules coverage = new ShadowedRules(rules, Map.of(), false);
            for (int i = 0; i < rules.size(); i++) {
                Collection<Integer> covers = new TreeSet<>();
                for (int j = 0; j < rules.size(); j++) {
                    boolean covered = j != i && covers(rules.get(j), rules.get(i));
                    if (covered && (j < i || !covers(rules.get(i), rules.get(j)))) {
                        covers.add(j);
                    }
                }
                String context = "seed " + seed + ": " + rules.get(i) + " of " + rules;
                int found = coverage.coverOf(i).orElse(-1);
                assertEquals(covers.isEmpty(), found < 0, context);
                assertEquals(found >= 0, covers.contains(found), context);
            }
        }
    }

    private static Rule rule(Random random) {
        List<Integer> protocols = List.of(IpProtocol.TCP, IpProtocol.TCP, IpProtocol.UDP, Rule.ALL);
        int protocol = protocols.get(random.nextInt(4));
        List<PortRange> ports = new ArrayList<>();
        while (protocol != Rule.ALL && random.nextInt(3) > 0) {
            int low = random.nextInt(5);
            ports.add(new PortRange(low, low + random.nextInt(4)));
        }
        List<Peer> peers = new ArrayList<>();
        do {
            int length = random.nextInt(4);
            peers.add(
                    switch (random.nextInt(8)) {
                        case 0 -> new Peer.Any();
                        case 1 -> new Peer.Group("g");
                        default ->
                            new Peer.Net(new Cidr(
                                    new Address(false, 0, Integer.toUnsignedLong(random.nextInt())).network(length),
                                    length));
                    });
        } while (random.nextInt(3) == 0);
        return new Rule(protocol, ports, Rule.ALL, Rule.ALL, peers, "", new Location("f", 1, 1));
    }

    private static boolean covers(Rule wide, Rule narrow) {
        boolean protocol = wide.protocol() == Rule.ALL || wide.protocol() == narrow.protocol();
        List<PortRange> ports = narrow.ports().isEmpty() ? List.of(new PortRange(0, 65535)) : narrow.ports();
        boolean hasPorts = wide.ports().isEmpty()
                || ports.stream()
                        .allMatch(range -> wide.ports().stream()
                                .anyMatch(each -> each.low() <= range.low() && each.high() >= range.high()));
        boolean everyone = coversBlock(wide, Cidr.ALL_V4) && coversBlock(wide, Cidr.ALL_V6);
        return protocol
                && hasPorts
                && narrow.peers().stream()
                        .allMatch(peer -> everyone
                                || switch (peer) {
                                    case Peer.Any _ -> false;
                                    case Peer.Net(Cidr cidr) -> coversBlock(wide, cidr);
                                    case Peer.Group _, Peer.Prefixes _ ->
                                        wide.peers().contains(peer);
                                });
    }

    private static boolean coversBlock(Rule wide, Cidr block) {
        return wide.peers().stream()
                .anyMatch(peer ->
                        peer instanceof Peer.Any || (peer instanceof Peer.Net(Cidr cidr) && cidr.encloses(block)));
    }

    @Test
    void rulesThatNoPacketMatches() throws ConfigException {
        assertEquals(
                List.of(
                        "f:7:7: web/ingress[1] never matches 0.0.0.0: no packet with the unspecified address as its"
                                + " source reaches the rules: for every address of its family write 0.0.0.0/0",
                        "f:8:7: web/ingress[2] never matches 224.0.0.0/8: no packet with multicast as its source"
                                + " reaches the rules",
                        "f:9:7: web/ingress[3] never matches ::1: no packet with loopback as its source reaches the"
                                + " rules",
                        "f:10:7: web/ingress[4] never matches 255.255.255.255: no packet with broadcast as its source"
                                + " reaches the rules"),
                warningsAboutRules(
                        "protocol: udp, ports: 53, from: 0.0.0.0",
                        "protocol: udp, ports: 54, from: [224.0.0.0/8, 192.0.2.1]",
                        "protocol: udp, ports: 55, from: \"::1\"",
                        "protocol: udp, ports: 56, from: 255.255.255.255",
                        "protocol: udp, ports: 67, from: 0.0.0.0",
                        "protocol: udp, ports: 58, from: [224.0.0.0/3, 126.0.0.0/7, \"fe80::/10\", \"::/126\"]"));
    }

    @Test
    void destinationsEntriesListsAndMembersThatNoPacketHas() throws ConfigException {
        String yaml = """
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web], network-acl: acl}
            security-groups:
              web:
                ingress: [{protocol: udp, ports: 7, from: {group: web}}, {protocol: udp, ports: 8, from: {prefix-list: l}}]
                egress: [{protocol: udp, to: [224.0.0.1, 127.0.0.1]}, {protocol: tcp, ports: 9, to: {prefix-list: l}}]
                members: [192.0.2.1, 127.0.0.1]
            prefix-lists: {l: [192.0.2.1, 224.0.0.1, "ff02::1"]}
            network-acls:
              acl: {ingress: [{rule: 7, action: deny, protocol: all, from: [10.0.0.0/8, 127.0.0.0/8]}]}
            failsafe: {ingress: [{protocol: udp, ports: 9, from: 224.0.0.0/4}]}
            """;
        assertEquals(
                List.of(
                        "f:5:3: group web: web/ingress[1] never matches 127.0.0.1: no packet with loopback as its"
                                + " source reaches the rules",
                        "f:7:14: web/egress[1] never matches 127.0.0.1: no packet with loopback as its destination"
                                + " reaches the rules",
                        "f:9:16: prefix list l: web/ingress[2] never matches 224.0.0.1: no packet with multicast as"
                                + " its source reaches the rules (and 1 others)",
                        "f:11:19: acl/ingress[7] never matches 127.0.0.0/8: no packet with loopback as its source"
                                + " reaches the rules",
                        "f:12:22: failsafe/ingress[1] never matches 224.0.0.0/4: no packet with multicast as its"
                                + " source reaches the rules"),
                ConfigReader.parse(yaml, "f").warnings().stream()
                        .map(Warning::toString)
                        .toList());
    }

    @Test
    void anEntryThatAnEarlierOneCoversCompletely() throws ConfigException {
        String yaml = """
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web], network-acl: acl}
            security-groups: {web: {}}
            prefix-lists: {banned: [192.0.2.0/24, 198.51.100.7]}
            network-acls:
              acl:
                ingress:
                  - {rule: 20, action: deny, protocol: tcp, from: {prefix-list: banned}}
                  - {rule: 10, action: allow, protocol: all, from: [0.0.0.0/0]}
                  - {rule: 30, action: allow, protocol: all, from: any}
            """;
        assertEquals(
                List.of("f:9:9: acl/ingress[20] has no effect: acl/ingress[10] at f:10:9 matches all of it first"),
                ConfigReader.parse(yaml, "f").warnings().stream()
                        .map(Warning::toString)
                        .toList());
    }

    @Test
    void aListThatTakesMuchMemory() throws ConfigException {
        StringBuilder list = new StringBuilder();
        for (int i = 0; i <= 100_000; i++) {
            list.append("10.")
                    .append(i >> 16)
                    .append('.')
                    .append(i >> 8 & 255)
                    .append('.')
                    .append(i & 255)
                    .append(',');
        }
        assertEquals(
                List.of("f:6:16: prefix list long has 100,001 blocks: each interface needs memory for all of them,"
                        + " once for each rule and port range that uses the list"),
                warnings("  web: {}\nprefix-lists: {long: [" + list + "]}\n"));
    }

    @Test
    void aSourceCheckWithoutAddressesLetsNothingOut() throws ConfigException {
        Config config = ConfigReader.parse("""
            version: 1
            interfaces:
              edge: {mode: bridge, outside: a, inside: b, source-check: true, security-groups: [web]}
            security-groups: {web: {}}
            """, "test.yaml");
        assertEquals(
                List.of("test.yaml:3:3: interface edge: source-check drops everything from inside,"
                        + " because addresses is empty"),
                config.warnings().stream().map(Warning::toString).toList());
    }
}
