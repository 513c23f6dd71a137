package io.portcullis.config.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Control;
import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.History;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.Log;
import io.portcullis.config.Log.Drops;
import io.portcullis.config.Log.Level;
import io.portcullis.config.Metrics;
import io.portcullis.config.Mode;
import io.portcullis.config.Mode.Attach;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.OnFailure;
import io.portcullis.config.PacketMark;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.TimeoutSettings;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.LinkClass;
import io.portcullis.net.PortRange;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigTest {
    private static final String HEAD = """
        version: 1
        interfaces:
          edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
        """;

    @TempDir
    Path folder;

    private static Config parse(String yaml) throws ConfigException {
        return ConfigReader.parse(yaml, "test.yaml");
    }

    private static Rule ingress(String rule) throws ConfigException {
        Config config = parse(HEAD + "security-groups: {web: {ingress: [{" + rule + "}]}}\n");
        return config.group("web").ingress().getFirst();
    }

    private static Interface edge(Config config) {
        return Objects.requireNonNull(config.interfaces().get("edge"));
    }

    @Test
    void aGroupSaysWhatIsLoggedAndTheLogWhatNeverIs() throws ConfigException {
        Config config = ConfigReader.parse("""
                version: 1
                interfaces:
                  edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [a, b, c]}
                security-groups: {a: {log: accepted}, b: {log: none}, c: {}}
                prefix-lists: {scanners: [192.0.2.0/24]}
                log: {never-log: [{prefix-list: scanners}, 10.0.0.9]}
                """, "test.yaml");
        assertEquals(SecurityGroup.Logged.ACCEPTED, config.group("a").log());
        assertEquals(SecurityGroup.Logged.NONE, config.group("b").log());
        assertEquals(SecurityGroup.Logged.DENIED, config.group("c").log());
        assertEquals(
                List.of(new Peer.Prefixes("scanners"), new Peer.Net(Cidr.of(Address.parse("10.0.0.9")))),
                config.log().never());
    }

    @Test
    void anAbsentKeyHasItsDefault() throws ConfigException {
        Config config = parse(HEAD + "security-groups: {web: {}}\n");
        Interface edge = edge(config);
        assertEquals(
                EnumSet.of(LinkClass.ARP, LinkClass.NDP, LinkClass.MLD, LinkClass.DHCP, LinkClass.EAPOL, LinkClass.STP),
                edge.passThrough());
        assertTrue(edge.verifyChecksums());
        assertEquals(List.of(), edge.addresses());
        assertEquals(List.of(), edge.ethertypes());
        assertEquals(TimeoutSettings.DEFAULT, edge.timeouts());
        assertEquals(new Location("test.yaml", 3, 3), edge.location());
        assertEquals(List.of(), config.group("web").ingress());
        assertNull(config.group("web").egress());
        assertEquals(
                new Conntrack(Conntrack.AUTO, false, true, Path.of("/run/portcullis"), TimeoutSettings.DEFAULT),
                config.conntrack());
        assertEquals(new Metrics("127.0.0.1", 9750, Metrics.ALL), config.metrics());
        assertEquals(new Control(Path.of("/run/portcullis/control.sock"), ""), config.control());
        assertEquals(new History(50), config.history());
        assertEquals(new Log(Level.INFO, Drops.SAMPLED, List.of(), Log.Recorder.STANDARD), config.log());
        assertEquals(new PacketMark(0x5043, 0xffff), config.mark());
    }

    @Test
    void offloadHasOneWorkerUnlessTheFileSaysOtherwise() throws ConfigException {
        String file = """
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]%s}
            security-groups:
              web: {}
            """;
        assertEquals(Offload.OFF, edge(parse(file.formatted(""))).offload());
        assertEquals(3, edge(parse(file.formatted(", offload: off"))).workers(4));
        assertEquals(1, edge(parse(file.formatted(", offload: auto"))).workers(4));
        assertEquals(
                2, edge(parse(file.formatted(", offload: auto, workers: 2"))).workers(4));
    }

    @Test
    void everyRecordHasItsNotation() throws ConfigException {
        Config config = parse("""
            version: 1
            interfaces:
              edge:
                mode: bridge
                outside: eth1
                inside: eth2
                addresses: [10.0.5.0/24, "fd00::5", "fe80::/64"]
                link-state: ignore
                learn: 0s
                security-groups: [web, admin]
                enforce: true
                datapath: ring
                offload: auto
                workers: 4
                busy-poll: true
                on-failure: closed
                source-check: false
                checksums: trust
                pass-through: [lldp, dhcp-server, ndp-redirect]
                ethertypes: [0x88f7, 35041]
                timeouts: {tcp-established: 350s, udp: 1m}
            security-groups:
              web:
                description: HTTP and HTTPS
                ingress:
                  - {protocol: tcp, ports: [80, https], from: any, description: world}
                  - {protocol: tcp, ports: 8000-8100, from: [203.0.113.10, "2001:db8::/32", {group: admin}]}
                egress:
                  - {protocol: udp, ports: domain, to: {prefix-list: resolvers}}
              admin:
                members: [192.0.2.0/28]
                egress: []
            prefix-lists:
              resolvers: [192.0.2.53/32, "2001:db8::53"]
            network-acls: {}
            failsafe: {}
            expect: []
            conntrack:
              max-flows: 5000
              on-reload: keep
              tcp-strict: false
              directory: /run/portcullis
              timeouts: {udp: 1500ms, other: 2h, fragment: 30d}
            metrics: {listen: "[::1]:9000", rule-hits: top 1000}
            control: {socket: /tmp/p.sock, admins: Fw-admins.net}
            history: {keep: 10000}
            log: {level: debug, drops: all}
            mark: 1/0xffffffff
            """);
        Interface edge = edge(config);
        assertEquals("eth1", edge.mode().nics().getFirst());
        assertEquals("eth2", edge.mode().nics().getLast());
        assertEquals("[10.0.5.0/24, fd00::5/128, fe80::/64]", edge.addresses().toString());
        assertEquals(List.of("web", "admin"), edge.securityGroups());
        assertEquals(Datapath.RING, edge.datapath());
        assertEquals(Offload.AUTO, edge.offload());
        assertEquals(4, edge.workers(2));
        assertTrue(edge.busyPoll());
        assertFalse(edge.verifyChecksums());
        assertEquals(EnumSet.of(LinkClass.LLDP, LinkClass.DHCP_SERVER, LinkClass.NDP_REDIRECT), edge.passThrough());
        assertEquals(List.of(0x88f7, 35041), edge.ethertypes());
        assertEquals(Duration.ofSeconds(350), edge.timeouts().get("tcp-established"));
        assertEquals(Duration.ofMinutes(1), edge.timeouts().get("udp"));
        assertEquals(Duration.ofHours(2), edge.timeouts().get("other"));
        assertEquals(Duration.ofMillis(1500), config.conntrack().timeouts().get("udp"));
        assertEquals(Duration.ofDays(30), config.conntrack().timeouts().get("fragment"));
        assertEquals(
                TimeoutSettings.KEYS, new ArrayList<>(edge.timeouts().byKey().keySet()));

        SecurityGroup web = config.group("web");
        assertEquals("HTTP and HTTPS", web.description());
        assertEquals(
                new Rule(
                        6,
                        List.of(new PortRange(80, 80), new PortRange(443, 443)),
                        Rule.ALL,
                        Rule.ALL,
                        List.of(new Peer.Any()),
                        "world",
                        new Location("test.yaml", 26, 9)),
                web.ingress().getFirst());
        assertEquals(
                List.of(
                        new Peer.Net(Cidr.of(Address.parse("203.0.113.10"))),
                        new Peer.Net(new Cidr(Address.parse("2001:db8::"), 32)),
                        new Peer.Group("admin")),
                web.ingress().get(1).peers());
        List<Rule> egress = web.egress();
        assertNotNull(egress);
        assertEquals(List.of(new Peer.Prefixes("resolvers")), egress.getFirst().peers());
        assertEquals(List.of(), config.group("admin").egress());
        assertEquals(
                "[10.0.5.0/24, fd00::5/128, fe80::/64, 192.0.2.0/28]",
                config.members("admin").toString());
        assertEquals(
                "[192.0.2.53/32, 2001:db8::53/128]",
                config.prefixList("resolvers").entries().toString());
        assertEquals(5000, config.conntrack().maxFlows());
        assertFalse(config.conntrack().tcpStrict());
        assertEquals(new Metrics("::1", 9000, 1_000), config.metrics());
        assertEquals(new Control(Path.of("/tmp/p.sock"), "Fw-admins.net"), config.control());
        assertEquals(10_000, config.history().keep());
        assertEquals(new Log(Level.DEBUG, Drops.ALL, List.of(), Log.Recorder.STANDARD), config.log());
        assertEquals(new PacketMark(1, -1), config.mark());
    }

    @Test
    void theSampleFileIsValidWithoutWarnings() throws ConfigException {
        Config sample = ConfigReader.load(Path.of("../config/portcullis.yaml"));
        assertEquals(Set.of("web0"), sample.interfaces().keySet());
        assertEquals(3, sample.group("web").ingress().size());
        assertEquals(List.of(), sample.warnings());
    }

    @Test
    void nullIsAsIfTheKeyWereAbsent() throws ConfigException {
        Config config = parse("""
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web], addresses: , timeouts: ~}
            security-groups:
              web: {members: , description: }
              spare: {}
            prefix-lists:
            conntrack: {tcp-strict: , timeouts: }
            mark: ~
            failsafe:
            """);
        assertNull(config.group("web").egress());
        assertEquals(List.of(), config.group("spare").ingress());
        assertEquals(new PacketMark(0x5043, 0xffff), config.mark());
    }

    @Test
    void anEntryOfANetworkAclTakesTheKeysOfARuleExceptGroups() throws ConfigException {
        Config config = parse("""
            version: 1
            interfaces:
              edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web], network-acl: acl}
            security-groups: {web: {}}
            prefix-lists: {banned: [192.0.2.0/24, "2001:db8::/32"], none: []}
            network-acls:
              acl:
                ingress:
                  - {rule: 1, action: deny, protocol: all, from: {prefix-list: banned}}
                  - {rule: 2, action: deny, protocol: icmpv6, from: {prefix-list: banned}}
                  - {rule: 3, action: deny, protocol: tcp, from: [10.0.0.1, {prefix-list: banned}, 10.0.0.1]}
                  - {rule: 4, action: allow, protocol: icmp, from: any}
                  - {rule: 5, action: deny, protocol: all, from: {prefix-list: none}}
                  - {rule: 6, action: allow, protocol: all, from: any}
            """);
        NetworkAcl acl = config.networkAcls().get("acl");
        assertNotNull(acl);
        assertEquals(
                List.of(
                        "[192.0.2.0/24, 2001:db8::/32]",
                        "[2001:db8::/32]",
                        "[10.0.0.1/32, 192.0.2.0/24, 2001:db8::/32]",
                        "[0.0.0.0/0]",
                        "[]",
                        "[0.0.0.0/0, ::/0]"),
                acl.ingress().stream().map(entry -> entry.blocks().toString()).toList());
        assertEquals(
                "all from prefix list banned",
                acl.ingress().getFirst().packets().text(true));
    }

    @Test
    void anchorsAliasesAndMergeKeysAreFollowed() throws ConfigException {
        Config config = parse("""
            version: 1
            interfaces:
              edge: &bridge {mode: bridge, outside: eth1, inside: eth2, checksums: trust, security-groups: [web]}
              core: {<<: *bridge, outside: eth3, inside: eth4}
            security-groups:
              web:
                ingress:
                  - &rule {protocol: tcp, ports: 80, from: &office [192.0.2.0/24, 198.51.100.0/24]}
                  - {<<: [{ports: 81}, *rule], description: second}
                  - {protocol: udp, from: *office}
            """);
        Interface core = config.interfaces().get("core");
        assertNotNull(core);
        assertEquals("eth3", core.mode().nics().getFirst());
        assertFalse(core.verifyChecksums());
        List<Rule> rules = config.group("web").ingress();
        assertEquals(List.of(new PortRange(81, 81)), rules.get(1).ports());
        assertEquals(rules.get(0).peers(), rules.get(1).peers());
        assertEquals(rules.get(0).peers(), rules.get(2).peers());
    }

    @ParameterizedTest
    @CsvSource({
        "all, -1",
        "tcp, 6",
        "TCP, 6",
        "udp, 17",
        "icmp, 1",
        "icmpv6, 58",
        "IPv6-ICMP, 58",
        "sctp, 132",
        "gre, 47",
        "esp, 50",
        "ah, 51",
        "ospf, 89",
        "OSPFIGP, 89",
        "vrrp, 112",
        "hopopt, 0",
        "0, 0",
        "255, 255",
    })
    void aProtocolHasNamesAndANumber(String written, int number) throws ConfigException {
        assertEquals(number, ingress("protocol: " + written + ", from: any").protocol());
    }

    @ParameterizedTest
    @CsvSource({
        "tcp, 0, 0-0",
        "tcp, 65535, 65535-65535",
        "tcp, 0-65535, 0-65535",
        "tcp, ssh, 22-22",
        "tcp, '\"22\"', 22-22",
        "tcp, www, 80-80",
        "udp, https, 443-443",
        "udp, domain, 53-53",
        "tcp, http-alt, 8080-8080",
        "6, mysql, 3306-3306",
        "sctp, diameter, 3868-3868",
    })
    void portsAreNumbersRangesOrServices(String protocol, String written, String expected) throws ConfigException {
        PortRange range = ingress("protocol: " + protocol + ", ports: " + written + ", from: any")
                .ports()
                .getFirst();
        assertEquals(expected, range.low() + "-" + range.high());
    }

    @ParameterizedTest
    @CsvSource({
        "icmp, echo-request, 8",
        "icmp, 8, 8",
        "1, destination-unreachable, 3",
        "icmpv6, echo-request, 128",
        "icmpv6, packet-too-big, 2",
        "58, 255, 255",
    })
    void icmpTypesHaveNamesAndNumbers(String protocol, String written, int type) throws ConfigException {
        Rule rule = ingress("protocol: " + protocol + ", type: " + written + ", code: 4, from: any");
        assertEquals(type, rule.icmpType());
        assertEquals(4, rule.icmpCode());
    }

    @Test
    void includedFilesAddToTheMapsOfTheFirst() throws ConfigException, IOException {
        Path main = write("main.yaml", HEAD.replace("[web]", "[web, db]") + """
            include: [rules.d/*.yaml, "rules.d/{b,a}.yaml", none.d/*.yaml, extra.yaml]
            security-groups: {web: {}}
            log: {level: warn}
            """);
        write("rules.d/b.yaml", "security-groups: {db: {members: [10.0.0.1]}}\nlog: {drops: off}\n");
        write(
                "rules.d/a.yaml",
                "version: 1\nsecurity-groups: {app: {ingress: [{protocol: all, from: {group: db}}]}}\n");
        write("extra.yaml", "include: [main.yaml]\nprefix-lists: {office: [192.0.2.0/24]}\n");
        SourceFiles sources = new SourceFiles();
        Config config = ConfigReader.load(main, sources);
        assertEquals(
                List.of("web", "app", "db"),
                new ArrayList<>(config.securityGroups().keySet()));
        assertEquals(Set.of("office"), config.prefixLists().keySet());
        assertEquals(new Log(Level.WARN, Drops.OFF, List.of(), Log.Recorder.STANDARD), config.log());
        assertEquals(
                new Location(folder.resolve("rules.d/b.yaml").toString(), 1, 19),
                config.group("db").location());
        assertEquals(
                Set.of(
                        "extra.yaml",
                        "main.yaml",
                        "none.d",
                        "rules.d",
                        "rules.d/*.yaml",
                        "rules.d/a.yaml",
                        "rules.d/b.yaml",
                        "rules.d/{b,a}.yaml"),
                namesIn(sources));
        assertEquals(sources.files(), sources.files().current());
        Files.createDirectory(folder.resolve("none.d"));
        assertNotEquals(sources.files(), sources.files().current());
    }

    @Test
    void theSearchedFoldersOfABrokenFileAreKnownToo() throws IOException {
        Path main = write("main.yaml", "include: [rules.d/*.yaml, later.d/*/web.yaml]\nnonsense: 1\n");
        write("rules.d/a.yaml", "[");
        Files.createDirectories(folder.resolve("later.d"));
        SourceFiles sources = new SourceFiles();
        assertThrows(ConfigException.class, () -> ConfigReader.load(main, sources));
        assertEquals(
                Set.of("later.d", "later.d/*", "main.yaml", "rules.d", "rules.d/*.yaml", "rules.d/a.yaml"),
                namesIn(sources));
    }

    private Set<String> namesIn(SourceFiles sources) {
        return sources.files().fingerprints().keySet().stream()
                .map(each ->
                        folder.relativize(each.folder().resolve(each.name())).toString())
                .collect(Collectors.toSet());
    }

    /** The reader waits at a pipe, in whose place there is a file by then: it reads that too. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void filesThatChangeWhileTheyAreReadAreReadAgain() throws Exception {
        Path main = makePipe("main.yaml");
        Path next = write("next.yaml", HEAD + "include: [after.yaml]\nsecurity-groups: {web: {}, app: {}}\n");
        write("after.yaml", "security-groups: {after: {}}\n");
        FutureTask<Config> reading = new FutureTask<>(() -> ConfigReader.load(main));
        Thread.ofVirtual().start(reading);
        // Opening a pipe waits for its reader.
        try (Writer open = Files.newBufferedWriter(main)) {
            Files.move(next, main, StandardCopyOption.ATOMIC_MOVE);
            open.write(HEAD + "security-groups: {web: {}, before: {}}\n");
        }
        assertEquals(
                List.of("web", "app", "after"),
                new ArrayList<>(
                        reading.get(1, TimeUnit.MINUTES).securityGroups().keySet()));
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void filesThatChangeWheneverTheyAreReadAreRefused() throws Exception {
        Path main = makePipe("main.yaml");
        FutureTask<Config> reading = new FutureTask<>(() -> ConfigReader.load(main));
        Thread.ofVirtual().start(reading);
        for (int i = 0; i < 3; i++) {
            try (Writer open = Files.newBufferedWriter(main)) {
                Files.move(makePipe("next.yaml"), main, StandardCopyOption.ATOMIC_MOVE);
                open.write(HEAD + "security-groups: {web: {}}\n");
            }
        }
        ExecutionException refused = assertThrows(ExecutionException.class, () -> reading.get(1, TimeUnit.MINUTES));
        assertEquals(
                main + ": the file, or a file that it includes, changed while it was read, 3 times",
                Objects.requireNonNull(refused.getCause()).getMessage());
    }

    private Path makePipe(String name) throws IOException, InterruptedException {
        Path pipe = folder.resolve(name);
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        return pipe;
    }

    @Test
    void aByteOrderMarkIsNoContent() throws ConfigException {
        assertEquals(
                1,
                parse("\ufeff" + HEAD + "security-groups: {web: {}}\n")
                        .interfaces()
                        .size());
    }

    @Test
    void theConfigurationCannotBeChanged() throws ConfigException {
        Config config = parse(HEAD + "security-groups: {web: {}}\n");
        assertThrows(
                UnsupportedOperationException.class, () -> config.interfaces().clear());
        assertThrows(
                UnsupportedOperationException.class,
                () -> edge(config).timeouts().byKey().clear());
        assertThrows(
                UnsupportedOperationException.class,
                () -> edge(config).passThrough().clear());
    }

    @Test
    void impossibleValuesHaveNoRecord() {
        Location location = new Location("f", 1, 1);
        List<Peer> any = List.of(new Peer.Any());
        List<PortRange> http = List.of(new PortRange(80, 80));
        assertThrows(IllegalArgumentException.class, () -> new Location("f", 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new PortRange(2, 1));
        assertThrows(IllegalArgumentException.class, () -> new Rule(1, http, -1, -1, any, "", location));
        assertThrows(IllegalArgumentException.class, () -> new Rule(6, List.of(), 8, -1, any, "", location));
        assertThrows(IllegalArgumentException.class, () -> new Rule(1, List.of(), -1, 0, any, "", location));
        assertThrows(IllegalArgumentException.class, () -> new Rule(6, http, -1, -1, List.of(), "", location));
        assertThrows(IllegalArgumentException.class, () -> new Address(false, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> TimeoutSettings.DEFAULT.with(Map.of("udp", Duration.ZERO)));
    }

    /** A generated file of 100,000 rules: all of them are read, in order, and within seconds; the bound is for slow machines. */
    @Test
    @Tag("slow")
    void aHundredThousandRulesAreReadInSeconds() throws ConfigException {
        int rules = 100_000;
        long seed = System.nanoTime();
        Random random = new Random(seed);
        StringBuilder yaml = new StringBuilder(HEAD).append("security-groups:\n  web:\n    ingress:\n");
        List<String> expected = new ArrayList<>(rules);
        for (int i = 0; i < rules; i++) {
            int length = 8 + random.nextInt(25);
            Cidr block =
                    new Cidr(new Address(false, 0, Integer.toUnsignedLong(random.nextInt())).network(length), length);
            int low = random.nextInt(65_000);
            PortRange range = new PortRange(low, low + random.nextInt(500));
            expected.add(range + " " + block);
            yaml.append("      - {protocol: tcp, ports: ")
                    .append(range)
                    .append(", from: ")
                    .append(block)
                    .append("}\n");
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadCpuTime();
        Config config = parse(yaml.toString());
        Duration taken = Duration.ofNanos(threads.getCurrentThreadCpuTime() - before);
        assertTrue(taken.compareTo(Duration.ofSeconds(30)) < 0, "processor time: " + taken);
        List<String> read = config.group("web").ingress().stream()
                .map(rule ->
                        rule.ports().getFirst() + " " + ((Peer.Net) rule.peers().getFirst()).cidr())
                .toList();
        assertEquals(expected, read, "seed " + seed);
    }

    private Path write(String name, String yaml) throws IOException {
        Path file = folder.resolve(name);
        Path parent = file.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        return Files.writeString(file, yaml);
    }

    @Test
    void aHostHasOneNicAndItsOwnDefaults() throws ConfigException {
        Config config = ConfigReader.parse("""
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
              db0: {mode: host, nic: eth1, attach: clsact, adopt-established: false, on-failure: open,
                    source-check: true, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: {group: web}}]}
            failsafe:
              ingress: [{protocol: tcp, ports: 22, from: 10.0.0.0/8}]
            """, "test.yaml");
        Interface web = Objects.requireNonNull(config.interfaces().get("web0"));
        assertEquals(new Mode.Host("eth0", Attach.AUTO, true), web.mode());
        assertEquals(OnFailure.CLOSED, web.onFailure());
        assertFalse(web.sourceCheck());
        assertFalse(web.passThrough().contains(LinkClass.STP));
        Interface db = Objects.requireNonNull(config.interfaces().get("db0"));
        assertEquals(new Mode.Host("eth1", Attach.CLSACT, false), db.mode());
        assertEquals(OnFailure.OPEN, db.onFailure());
        assertTrue(db.sourceCheck());
        assertEquals(1, config.failsafe().ingress().size());
        assertEquals(List.of(), config.failsafe().egress());
        assertEquals(List.of(), config.warnings(), "a host's group has members when its NIC has addresses");

        Cidr global = Cidr.of(Address.parse("203.0.113.80"));
        Cidr link = Cidr.of(Address.parse("fe80::1"));
        Config now = config.withNicAddresses(Map.of("web0", List.of(global, link)));
        assertEquals(List.of(global), now.members("web"));
        assertEquals(
                List.of(global, link),
                Objects.requireNonNull(now.interfaces().get("web0")).ownAddresses());
        assertEquals(List.of(), now.withNicAddresses(Map.of()).members("web"), "replaced, not added to");
    }

    /** The texts kept by an earlier run give the same configuration, even if the files are gone. */
    @Test
    void theTextsOfAConfigurationGiveTheSameConfiguration() throws ConfigException, IOException {
        Path main = folder.resolve("main.yaml");
        Files.writeString(main, "\ufeff" + HEAD + """
            include: [more/*.yaml]
            security-groups: {web: {ingress: [{protocol: tcp, ports: 22, from: any}, {protocol: tcp, from: {group: db}}]}}
            """);
        Path more = Files.createDirectory(folder.resolve("more"));
        Files.writeString(more.resolve("b.yaml"), "security-groups: {unused: {members: [10.0.0.1]}}\n");
        Files.writeString(more.resolve("a.yaml"), "include: [../main.yaml, b.yaml]\nsecurity-groups: {db: {}}\n");
        SourceFiles sources = new SourceFiles();
        Config config = ConfigReader.load(main, sources);
        assertFalse(config.warnings().isEmpty());
        assertEquals(
                List.of(
                        main.toString(),
                        more.resolve("a.yaml").toString(),
                        more.resolve("b.yaml").toString()),
                sources.texts().stream().map(SourceText::name).toList());
        Files.delete(more.resolve("a.yaml"));
        Files.writeString(main, "nonsense");
        assertEquals(config, ConfigReader.of(sources.texts()));
    }

    @Test
    void theTextsOfAFaultyConfigurationAreKnown() throws IOException {
        Path main = Files.writeString(folder.resolve("main.yaml"), HEAD + "include: [none.yaml]\nnonsense: 1\n");
        SourceFiles sources = new SourceFiles();
        assertThrows(ConfigException.class, () -> ConfigReader.load(main, sources));
        assertEquals(List.of(new SourceText(main.toString(), Files.readString(main))), sources.texts());
        ConfigException refused = assertThrows(ConfigException.class, () -> ConfigReader.of(sources.texts()));
        assertTrue(refused.getMessage().contains("nonsense: unknown key"), refused.getMessage());
    }
}
