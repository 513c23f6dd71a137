package io.portcullis.policy.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Expectation;
import io.portcullis.config.Location;
import io.portcullis.config.Rule;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.policy.RandomWorld;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Compares diff and expect, which reason about all addresses, with the naive evaluation of single packets. */
final class DifferenceTest {
    private static final int WORLDS = 150;
    private static final int PACKETS = 400;
    private static final long FIRST_SEED = System.currentTimeMillis() / 86_400_000 * WORLDS;

    private static final String BASE = """
        version: 1
        interfaces:
          web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1/32], security-groups: [web]}
        security-groups:
          web: {ingress: [{protocol: tcp, ports: [80, 443], from: any}], egress: []}
          app: {members: [10.0.0.2]}
        """;

    private static Config config(String... changes) throws ConfigException {
        String yaml = BASE;
        for (int i = 0; i < changes.length; i += 2) {
            assertTrue(yaml.contains(changes[i]), changes[i]);
            yaml = yaml.replace(changes[i], changes[i + 1]);
        }
        return ConfigReader.parse(yaml, "test.yaml");
    }

    private static List<Difference.Change> diff(String... changes) throws ConfigException {
        return Difference.between(config(), config(changes));
    }

    @Test
    @Tag("property")
    void aPacketIsInTheDifferenceExactlyWhenItsVerdictDiffers() {
        int differing = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
            RandomWorld world = new RandomWorld(new SplittableRandom(seed));
            Config before = world.config();
            Config after = world.config();
            List<Difference.Change> changes = Difference.between(before, after);
            for (int i = 0; i < PACKETS; i++) {
                RandomWorld.Question asked = world.question();
                for (boolean ingress : new boolean[] {true, false}) {
                    boolean was = RandomWorld.naivelyAdmits(before, ingress, asked);
                    boolean is = RandomWorld.naivelyAdmits(after, ingress, asked);
                    Difference.DirectionChange change = direction(changes, ingress);
                    String what = "seed " + seed + ": " + (ingress ? "ingress " : "egress ") + asked + " in " + change
                            + "\n" + before + "\n" + after;
                    assertEquals(!was && is, isIn(change.allowed(), asked), () -> "allowed, " + what);
                    assertEquals(was && !is, isIn(change.denied(), asked), () -> "denied, " + what);
                    boolean passed = RandomWorld.naivelyPassesAcl(before, ingress, asked);
                    boolean passes = RandomWorld.naivelyPassesAcl(after, ingress, asked);
                    assertEquals(!passed && passes, isIn(change.aclAllowed(), asked), () -> "ACL allows, " + what);
                    assertEquals(passed && !passes, isIn(change.aclDenied(), asked), () -> "ACL denies, " + what);
                    differing += was == is ? 0 : 1;
                }
            }
        }
        assertTrue(differing > WORLDS, differing + " differed");
    }

    private static Difference.DirectionChange direction(List<Difference.Change> changes, boolean ingress) {
        return changes.stream()
                .filter(change -> change.interfaceName().equals("web0"))
                .findFirst()
                .map(change -> ingress ? change.ingress() : change.egress())
                .orElse(new Difference.DirectionChange(List.of(), List.of(), List.of(), List.of()));
    }

    private static boolean isIn(List<Difference.Traffic> traffic, RandomWorld.Question asked) {
        long times = traffic.stream().filter(each -> covers(each, asked)).count();
        assertTrue(times <= 1, () -> asked + " is reported twice: " + traffic);
        return times == 1;
    }

    private static boolean covers(Difference.Traffic traffic, RandomWorld.Question asked) {
        String name = Rule.protocolName(asked.protocol());
        String protocol = traffic.protocol();
        boolean fits = protocol.equals(name)
                || protocol.equals("all")
                || protocol.startsWith("all but ")
                        && !Arrays.asList(protocol.substring(8).split(", ", -1)).contains(name);
        return fits && coversSelector(traffic.selectors(), asked) && coversPeer(protocol, traffic.peers(), asked);
    }

    private static boolean coversSelector(String selectors, RandomWorld.Question asked) {
        if (selectors.isEmpty()) {
            return true;
        }
        for (String part : selectors.split(", ", -1)) {
            String[] words = part.split(" ", -1);
            int type = asked.selector() >> 8;
            boolean in = switch (words[0]) {
                case "types" -> isBetween(words[1], type);
                case "type" ->
                    isBetween(words[1], type) && (words.length == 2 || isBetween(words[3], asked.selector() & 0xff));
                default -> isBetween(words[0], asked.selector());
            };
            if (in) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBetween(String range, int number) {
        String[] ends = range.split("-", -1);
        return Integer.parseInt(ends[0]) <= number && number <= Integer.parseInt(ends[ends.length - 1]);
    }

    private static boolean coversPeer(String protocol, List<String> peers, RandomWorld.Question asked) {
        Address peer = asked.peer();
        for (String text : peers) {
            String[] ends = text.split("-", -1);
            boolean in;
            if (text.equals("any")) {
                boolean icmp = Rule.hasTypes(asked.protocol()) && !protocol.startsWith("all");
                in = !icmp || peer.isV6() == (asked.protocol() == 58);
            } else if (text.contains("/")) {
                String[] block = text.split("/", -1);
                in = new Cidr(Address.parse(block[0]), Integer.parseInt(block[1])).contains(peer);
            } else {
                Address first = Address.parse(ends[0]);
                in = first.isV6() == peer.isV6()
                        && first.compareTo(peer) <= 0
                        && peer.compareTo(Address.parse(ends[ends.length - 1])) <= 0;
            }
            if (in) {
                return true;
            }
        }
        return false;
    }

    @Test
    void anotherSpellingIsNoDifference() throws ConfigException {
        assertEquals(
                List.of(),
                diff(
                        "{protocol: tcp, ports: [80, 443], from: any}",
                        "{protocol: tcp, ports: 443, from: [0.0.0.0/1, 128.0.0.0/1, \"::/0\"]}, "
                                + "{protocol: tcp, ports: 80, from: [\"::/0\", 0.0.0.0/0], description: moved}"));
    }

    @Test
    void aPortMoreIsThatPort() throws ConfigException {
        assertEquals(
                List.of(new Difference.Traffic("tcp", "8443", List.of("any"))),
                diff("[80, 443]", "[80, 443, 8443]").getFirst().ingress().allowed());
    }

    @Test
    void allIsToldAsAll() throws ConfigException {
        Difference.DirectionChange change = diff("egress: []", "egress: [{protocol: all, to: any}]")
                .getFirst()
                .egress();
        assertEquals(List.of(new Difference.Traffic("all", "", List.of("any"))), change.allowed());
        assertEquals(
                List.of(
                        new Difference.Traffic("all but tcp", "", List.of("192.0.2.0/24")),
                        new Difference.Traffic("tcp", "0-79, 81-442, 444-65535", List.of("192.0.2.0/24"))),
                diff("from: any}", "from: any}, {protocol: all, from: 192.0.2.0/24}")
                        .getFirst()
                        .ingress()
                        .allowed());
    }

    @Test
    void membersAuditAndInterfacesAreTraffic() throws ConfigException {
        String toApp = "{protocol: tcp, ports: 22, from: {group: app}}";
        Config one = config("from: any}", "from: any}, " + toApp);
        Config two = config("from: any}", "from: any}, " + toApp, "[10.0.0.2]", "[10.0.0.2, 10.0.0.3]");
        assertEquals(
                List.of(new Difference.Traffic("tcp", "22", List.of("10.0.0.3"))),
                Difference.between(one, two).getFirst().ingress().allowed());
        Difference.Change audited =
                diff("addresses", "enforce: audit, addresses").getFirst();
        assertEquals("enforce becomes audit: nothing is dropped", audited.note());
        assertEquals(
                List.of(new Difference.Traffic("all", "", List.of("any"))),
                audited.egress().allowed());
        Config more = config(
                "security-groups:\n",
                "  db0: {mode: bridge, outside: o1, inside: i1, security-groups: [app]}\nsecurity-groups:\n");
        assertTrue(Difference.between(config(), more).getFirst().note().startsWith("becomes guarded"));
        assertTrue(Difference.between(more, config()).getFirst().note().startsWith("is no longer guarded"));
    }

    /** An expectation holds exactly if none of its packets breaks it. */
    @Test
    @Tag("property")
    void aClaimThatHoldsHasNoPacketAgainstIt() {
        int held = 0;
        int broken = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + WORLDS * 4; seed++) {
            RandomWorld world = new RandomWorld(new SplittableRandom(seed));
            Config config = world.config();
            List<Expectation> claims = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                claims.add(new Expectation(
                        "web0", i % 2 == 0, world.rule(), i < 3, "because", new Location("claims", i + 1, 1)));
            }
            List<ConfigError> errors = Expectations.broken(RandomWorld.claiming(config, claims));
            for (Expectation claim : claims) {
                List<ConfigError> of = errors.stream()
                        .filter(error -> error.location().equals(claim.location()))
                        .toList();
                String what = "seed " + seed + ": " + claim + "\n" + of + "\n" + config;
                for (int i = 0; i < PACKETS; i++) {
                    RandomWorld.Question asked = world.question();
                    boolean against = RandomWorld.matches(config, claim.packets(), asked)
                            && RandomWorld.naivelyAdmits(config, claim.ingress(), asked) != claim.allow();
                    assertTrue(!against || !of.isEmpty(), () -> asked + " is against it: " + what);
                }
                for (ConfigError error : of) {
                    RandomWorld.Question packet = packetIn(error.text(), claim.ingress());
                    assertTrue(
                            RandomWorld.matches(config, claim.packets(), packet), () -> packet + " is not of " + what);
                    assertEquals(
                            !claim.allow(),
                            RandomWorld.naivelyAdmits(config, claim.ingress(), packet),
                            () -> packet + " is not against " + what);
                }
                held += of.isEmpty() ? 1 : 0;
                broken += of.size();
            }
        }
        assertTrue(held > 50 && broken > 50, held + " held, " + broken + " broken");
    }

    /** The packet that a broken claim names: {@code …: tcp 443 from 10.0.0.1 is admitted by …}. */
    private static RandomWorld.Question packetIn(String text, boolean ingress) {
        String packet = text.substring(text.indexOf("(because): ") + 11, text.lastIndexOf(" is "));
        String[] sides = packet.split(ingress ? " from " : " to ", -1);
        String[] words = sides[0].split(" ", -1);
        int protocol = switch (words[0]) {
            case "icmp" -> 1;
            case "tcp" -> 6;
            case "udp" -> 17;
            case "gre" -> 47;
            case "icmpv6" -> 58;
            case "sctp" -> 132;
            default -> Integer.parseInt(words[1]);
        };
        int selector = words[0].equals("protocol") || words.length == 1
                ? 0
                : words.length == 2
                        ? Integer.parseInt(words[1])
                        : Integer.parseInt(words[2]) << 8 | Integer.parseInt(words[4]);
        return new RandomWorld.Question(protocol, selector, Address.parse(sides[1]));
    }

    @Test
    void aBrokenClaimIsNamedWithItsReasonAndItsPacket() throws ConfigException {
        Config config = ConfigReader.parse(BASE + """
            expect:
              - {interface: web0, ingress: {protocol: tcp, ports: [80, 443], from: any}, verdict: allow}
              - {interface: web0, ingress: {protocol: tcp, ports: 443, from: 198.51.100.0/24}, verdict: deny, why: nobody there is a customer}
              - {ingress: {protocol: udp}, verdict: deny}
              - {interface: web0, verdict: deny}
            """, "test.yaml");
        assertEquals(
                List.of(
                        "test.yaml:9:5: expect: web0 ingress tcp 443 from 198.51.100.0/24: deny does not hold (nobody"
                                + " there is a customer): tcp 443 from 198.51.100.0 is admitted by web/ingress[1] at"
                                + " test.yaml:5:19",
                        "test.yaml:11:5: expect: web0 ingress all from any: deny does not hold: tcp 80 from 1.0.0.1 is"
                                + " admitted by web/ingress[1] at test.yaml:5:19"),
                Expectations.broken(config).stream().map(ConfigError::toString).toList());
    }
}
