package io.portcullis.policy;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Control;
import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.Expectation;
import io.portcullis.config.Failsafe;
import io.portcullis.config.History;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.Log;
import io.portcullis.config.Log.Drops;
import io.portcullis.config.Log.Level;
import io.portcullis.config.Metrics;
import io.portcullis.config.Mode;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.OnFailure;
import io.portcullis.config.PacketMark;
import io.portcullis.config.Peer;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.TimeoutSettings;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PortRange;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A random configuration of a small world, from a seed, so that packets often match; and its naive evaluation. */
public final class RandomWorld {
    private static final Location PLACE = new Location("random", 1, 1);
    private static final Rule EVERYTHING =
            new Rule(Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of(new Peer.Any()), "", PLACE);
    private static final int[] PROTOCOLS = {Rule.ALL, 1, 6, 17, 47, 58, 132};

    /** A packet as a rule set sees it. */
    public record Question(int protocol, int selector, Address peer) {}

    /** A rule and its id. */
    public record Named(String id, Rule rule) {}

    /** The rules of web0 in the order in which they are credited: failsafe, then group by group. */
    public static List<Named> inOrder(Config config, boolean ingress) {
        List<Named> all = new ArrayList<>();
        add(
                all,
                "failsafe",
                ingress,
                ingress ? config.failsafe().ingress() : config.failsafe().egress());
        for (String name : there(config.interfaces(), "web0").securityGroups()) {
            SecurityGroup group = there(config.securityGroups(), name);
            List<Rule> rules = ingress ? group.ingress() : group.egress();
            if (rules == null) {
                all.add(new Named(name + "/egress[implied]", EVERYTHING));
            } else {
                add(all, name, ingress, rules);
            }
        }
        return all;
    }

    private static void add(List<Named> all, String list, boolean ingress, List<Rule> rules) {
        for (int i = 0; i < rules.size(); i++) {
            all.add(new Named(list + (ingress ? "/ingress[" : "/egress[") + (i + 1) + "]", rules.get(i)));
        }
    }

    /** Sections 1 and 2 of the specification, literally: the first rule that matches. */
    public static String naive(Config config, List<Named> inOrder, Question question) {
        for (Named each : inOrder) {
            if (matches(config, each.rule, question)) {
                return each.id;
            }
        }
        return "none";
    }

    /** A configuration with expectations. */
    public static Config claiming(Config config, List<Expectation> claims) {
        return new Config(
                config.interfaces(),
                config.securityGroups(),
                config.prefixLists(),
                config.networkAcls(),
                config.failsafe(),
                claims,
                config.conntrack(),
                config.metrics(),
                config.control(),
                config.history(),
                config.ec2Api(),
                config.log(),
                config.mark(),
                config.warnings());
    }

    /** Section 7: the verdict of failsafe, network ACL and groups about a new flow. */
    public static boolean naivelyAdmits(Config config, boolean ingress, Question question) {
        String rule = naive(config, inOrder(config, ingress), question);
        return rule.startsWith("failsafe") || !rule.equals("none") && naivelyPassesAcl(config, ingress, question);
    }

    /** Section 6: the lowest number that matches decides. */
    public static boolean naivelyPassesAcl(Config config, boolean ingress, Question question) {
        Optional<NetworkAcl> acl = config.networkAcl(there(config.interfaces(), "web0"));
        return acl.map(each -> naiveEntry(config, each, ingress, question)
                        .map(AclEntry::allow)
                        .orElse(false))
                .orElse(true);
    }

    /** The entry of a network ACL that decides; empty: none matches, which denies. */
    public static Optional<AclEntry> naiveEntry(Config config, NetworkAcl acl, boolean ingress, Question question) {
        return (ingress ? acl.ingress() : acl.egress())
                .stream()
                        .filter(entry -> matches(config, entry.packets(), question))
                        .findFirst();
    }

    public static boolean matches(Config config, Rule rule, Question question) {
        int family = question.peer.isV6() ? 58 : 1;
        boolean icmp = question.protocol == family;
        boolean crosswise = Rule.hasTypes(rule.protocol()) && !icmp;
        return (rule.protocol() == Rule.ALL || rule.protocol() == question.protocol && !crosswise)
                && (rule.ports().isEmpty()
                        || rule.ports().stream()
                                .anyMatch(
                                        range -> range.low() <= question.selector && question.selector <= range.high()))
                && (rule.icmpType() == Rule.ALL || rule.icmpType() == question.selector >> 8)
                && (rule.icmpCode() == Rule.ALL || rule.icmpCode() == (question.selector & 255))
                && rule.peers().stream().anyMatch(peer -> speaksOf(config, peer, question.peer));
    }

    static <T> T there(Map<String, T> named, String name) {
        return Objects.requireNonNull(named.get(name), name);
    }

    private static boolean speaksOf(Config config, Peer peer, Address address) {
        return switch (peer) {
            case Peer.Any() -> true;
            case Peer.Net(Cidr cidr) -> cidr.contains(address);
            case Peer.Prefixes(String list) ->
                there(config.prefixLists(), list).entries().stream().anyMatch(cidr -> cidr.contains(address));
            case Peer.Group(String name) ->
                there(config.securityGroups(), name).members().stream().anyMatch(cidr -> cidr.contains(address))
                        || config.interfaces().values().stream()
                                .filter(other -> other.securityGroups().contains(name))
                                .anyMatch(other -> other.addresses().stream().anyMatch(cidr -> cidr.contains(address)));
        };
    }

    private final SplittableRandom random;
    private final List<Cidr> written = new ArrayList<>();

    public RandomWorld(SplittableRandom random) {
        this.random = random;
    }

    public Config config() {
        Map<String, PrefixList> lists = new LinkedHashMap<>();
        for (String name : List.of("l0", "l1")) {
            lists.put(name, new PrefixList(name, cidrs(), null, PLACE));
        }
        Map<String, SecurityGroup> groups = new LinkedHashMap<>();
        for (String name : List.of("g0", "g1", "g2")) {
            List<Rule> egress = random.nextInt(4) == 0 ? null : rules();
            groups.put(
                    name,
                    new SecurityGroup(name, "", rules(), egress, cidrs(), null, SecurityGroup.Logged.DENIED, PLACE));
        }
        Map<String, Interface> interfaces = new LinkedHashMap<>();
        interfaces.put("web0", attachment("web0", "a0", "b0"));
        interfaces.put("web1", attachment("web1", "a1", "b1"));
        return new Config(
                interfaces,
                groups,
                lists,
                Map.of("acl", new NetworkAcl("acl", entries(lists), entries(lists), null, PLACE)),
                random.nextInt(3) == 0 ? new Failsafe(rules(), rules()) : Failsafe.NONE,
                List.of(),
                new Conntrack(1, false, true, Path.of("/none"), TimeoutSettings.DEFAULT),
                new Metrics("127.0.0.1", 0, Metrics.ALL),
                new Control(Path.of("/run/none"), ""),
                History.STANDARD,
                null,
                new Log(Level.INFO, Drops.OFF, List.of(), Log.Recorder.STANDARD),
                new PacketMark(1, 1),
                List.of());
    }

    private Interface attachment(String name, String outside, String inside) {
        List<String> groups = IntStream.range(0, random.nextInt(1, 4))
                .mapToObj(i -> "g" + random.nextInt(3))
                .distinct()
                .toList();
        return new Interface(
                name,
                new Mode.Bridge(outside, inside, true, Duration.ZERO),
                cidrs(),
                List.of(),
                groups,
                random.nextInt(2) == 0 ? "acl" : null,
                false,
                Datapath.AUTO,
                Offload.DEFAULT,
                0,
                false,
                OnFailure.CLOSED,
                false,
                true,
                Set.of(),
                List.of(),
                TimeoutSettings.DEFAULT,
                null,
                PLACE);
    }

    private List<Rule> rules() {
        return IntStream.range(0, random.nextInt(5)).mapToObj(i -> rule()).toList();
    }

    private List<AclEntry> entries(Map<String, PrefixList> lists) {
        List<AclEntry> entries = new ArrayList<>();
        for (int n = random.nextInt(5); n > 0; n--) {
            Rule rule = rule();
            List<Peer> peers = rule.peers().stream()
                    .map(peer -> peer instanceof Peer.Group ? new Peer.Net(cidr()) : peer)
                    .toList();
            Rule packets = new Rule(rule.protocol(), rule.ports(), rule.icmpType(), rule.icmpCode(), peers, "", PLACE);
            List<Cidr> blocks =
                    peers.stream().flatMap(peer -> blocks(peer, lists)).toList();
            entries.add(new AclEntry(n * 10 + random.nextInt(10), random.nextInt(3) > 0, packets, blocks));
        }
        return entries;
    }

    private static Stream<Cidr> blocks(Peer peer, Map<String, PrefixList> lists) {
        return switch (peer) {
            case Peer.Any() -> Stream.of(Cidr.ALL_V4, Cidr.ALL_V6);
            case Peer.Net(Cidr cidr) -> Stream.of(cidr);
            case Peer.Prefixes(String list) -> there(lists, list).entries().stream();
            case Peer.Group(String name) -> throw new IllegalArgumentException(name);
        };
    }

    public Rule rule() {
        int protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
        List<PortRange> ports = new ArrayList<>();
        for (int n = Rule.hasPorts(protocol) ? random.nextInt(4) : 0; n > 0; n--) {
            int low = random.nextInt(8) == 0 ? 65_530 : random.nextInt(20);
            ports.add(new PortRange(low, Math.min(65_535, low + random.nextInt(6))));
        }
        int type = Rule.hasTypes(protocol) && random.nextBoolean() ? random.nextInt(3) : Rule.ALL;
        int code = type != Rule.ALL && random.nextBoolean() ? random.nextInt(3) : Rule.ALL;
        List<Peer> peers =
                IntStream.range(0, random.nextInt(1, 4)).mapToObj(i -> peer()).toList();
        return new Rule(protocol, ports, type, code, peers, "", PLACE);
    }

    private Peer peer() {
        return switch (random.nextInt(8)) {
            case 0 -> new Peer.Any();
            case 1 -> new Peer.Prefixes("l" + random.nextInt(2));
            case 2, 3 -> new Peer.Group("g" + random.nextInt(3));
            default -> new Peer.Net(cidr());
        };
    }

    private List<Cidr> cidrs() {
        return IntStream.range(0, random.nextInt(4)).mapToObj(i -> cidr()).toList();
    }

    private Cidr cidr() {
        boolean v6 = random.nextBoolean();
        int length = random.nextInt(6) == 0 ? random.nextInt(v6 ? 129 : 33) : (v6 ? 64 : 24) + random.nextInt(9);
        Cidr cidr = new Cidr(address(v6).network(length), length);
        written.add(cidr);
        return cidr;
    }

    private Address address(boolean v6) {
        if (random.nextInt(16) == 0) {
            long high = v6 ? -random.nextInt(2) : 0;
            long low = random.nextBoolean() ? random.nextInt(6) : -1 - random.nextInt(6);
            return new Address(v6, high, v6 ? low : low & 0xffff_ffffL);
        }
        return v6
                ? new Address(
                        true, 0x20010db8L << 32 | random.nextInt(4), (long) random.nextInt(4) << 56 | random.nextInt(4))
                : new Address(
                        false,
                        0,
                        random.nextInt(2) == 0 ? 0x0a000000L + random.nextInt(1024) : 0xfffffff0L + random.nextInt(16));
    }

    /** Anywhere, or one beside the first or the last of a block that was written. */
    Address asked() {
        if (written.isEmpty() || random.nextInt(4) == 0) {
            return address(random.nextBoolean());
        }
        Cidr cidr = written.get(random.nextInt(written.size()));
        Address first = cidr.network();
        int host = first.bits() - cidr.prefixLength();
        if (!first.isV6()) {
            long last = first.low() + (1L << host) - 1;
            long low = (random.nextBoolean() ? first.low() : last) + random.nextInt(-1, 2);
            return new Address(false, 0, low & 0xffff_ffffL);
        }
        long lowLast = host >= 64 ? -1 : first.low() | (1L << host) - 1;
        long highLast = host <= 64 ? first.high() : first.high() | (host == 128 ? -1 : (1L << host - 64) - 1);
        return random.nextBoolean()
                ? new Address(true, first.high(), first.low() + random.nextInt(0, 2))
                : new Address(true, highLast, lowLast - random.nextInt(0, 2));
    }

    public Question question() {
        Address peer = asked();
        int protocol = PROTOCOLS[random.nextInt(1, PROTOCOLS.length)];
        boolean icmp = protocol == (peer.isV6() ? 58 : 1);
        int selector = 0;
        if (Rule.hasPorts(protocol)) {
            selector = random.nextInt(8) == 0 ? 65_535 - random.nextInt(8) : random.nextInt(26);
        } else if (icmp) {
            selector = random.nextInt(4) << 8 | random.nextInt(4);
        }
        return new Question(protocol, selector, peer);
    }
}
