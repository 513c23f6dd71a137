package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which packets are noted for the log: what the groups and never-log say. */
final class LoggedPacketsTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String RULES = "{ingress: [{protocol: tcp, ports: 80, from: any, description: http},"
            + " {protocol: icmp, type: echo-reply, from: any}]";

    private static EngineBench bench(String groups, String rest) throws ConfigException {
        return new EngineBench("security-groups: {" + groups + "}\n" + rest);
    }

    private static EngineBench web(String log) throws ConfigException {
        return bench("web: " + RULES + ", " + log + "}", "");
    }

    private static DropSamples.Taken taken(EngineBench bench) {
        return bench.engine().dropSamples().take(10);
    }

    private static List<String> texts(List<Drop> drops) {
        return drops.stream().map(Drop::toString).toList();
    }

    private static void connect(EngineBench bench, String from, int port) {
        bench.in(Frame.tcp(from, 40_000, B, port, TcpFlags.SYN));
    }

    @ParameterizedTest
    @ValueSource(strings = {"log: accepted", "log: all"})
    void aFlowIsNotedOnceWithItsRule(String log) throws ConfigException {
        EngineBench bench = web(log);
        connect(bench, A, 80);
        bench.out(Frame.tcp(B, 80, A, 40_000, TcpFlags.SYN | TcpFlags.ACK));
        bench.in(Frame.tcp(A, 40_000, B, 80, TcpFlags.ACK));
        bench.in(Frame.icmp(A, B, 0, 1, 1));
        DropSamples.Taken taken = taken(bench);
        assertEquals(List.of("ingress tcp 198.51.100.7:40000 > 10.0.0.1:80"), texts(taken.flows()));
        assertEquals(0, taken.otherFlows());
        assertEquals(1, taken.flows().getFirst().count());
        CompiledRule rule = taken.flows().getFirst().rule();
        assertNotNull(rule);
        assertEquals("web/ingress[1] http", rule.id() + " " + rule.description());
        assertEquals(0, taken(bench).flows().size(), "once");
    }

    @ParameterizedTest
    @ValueSource(strings = {"description: x", "log: denied", "log: none"})
    void flowsAreNotNotedUnlessTheirGroupSaysSo(String log) throws ConfigException {
        EngineBench bench = web(log);
        connect(bench, A, 80);
        assertEquals(List.of(), taken(bench).flows());
    }

    @Test
    void theImpliedRuleBelongsToItsGroup() throws ConfigException {
        EngineBench bench = web("log: accepted");
        bench.out(Frame.udp(B, 1, A, 53));
        Drop flow = taken(bench).flows().getFirst();
        assertEquals("egress udp 10.0.0.1:1 > 198.51.100.7:53", flow.toString());
        CompiledRule rule = flow.rule();
        assertNotNull(rule);
        assertEquals("web/egress[implied]", rule.id());
    }

    @Test
    void failsafeRulesBelongToNoGroup() throws ConfigException {
        EngineBench bench = bench(
                "web: " + RULES + ", log: all}", "failsafe: {ingress: [{protocol: tcp, ports: 22, from: any}]}\n");
        connect(bench, A, 22);
        connect(bench, A, 80);
        assertEquals(
                List.of("ingress tcp 198.51.100.7:40000 > 10.0.0.1:80"),
                texts(taken(bench).flows()));
    }

    @Test
    void theRuleIsThatOfTheMomentAfterAReload() throws ConfigException {
        EngineBench bench = web("log: accepted");
        connect(bench, A, 80);
        bench.install(EngineBench.policy("", "security-groups: {web: {}}\n", 2));
        CompiledRule rule = taken(bench).flows().getFirst().rule();
        assertNotNull(rule);
        assertEquals("web/ingress[1]", rule.id());
    }

    @Test
    void manyFlowsAreFairAmongSourcesAndTheRestIsCounted() throws ConfigException {
        EngineBench bench = web("log: all");
        for (int port = 1; port <= 500; port++) {
            bench.in(Frame.tcp(A, port, B, 80, TcpFlags.SYN));
            bench.in(Frame.tcp("198.51.100." + port % 100, 50_000 + port, B, 80, TcpFlags.SYN));
        }
        connect(bench, A, 22);
        DropSamples.Taken taken = taken(bench);
        assertEquals(10, taken.flows().size());
        assertEquals(
                1_000,
                taken.otherFlows()
                        + taken.flows().stream().mapToLong(Drop::count).sum());
        assertEquals(List.of("ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22"), texts(taken.drops()));
        assertEquals(0, taken.others(), "flows do not count among the drops");
    }

    @ParameterizedTest
    @ValueSource(strings = {"log: none", "log: accepted"})
    void packetsThatNoRuleAdmitsAreNotNotedWhereTheGroupSaysSo(String log) throws ConfigException {
        EngineBench bench = web(log);
        connect(bench, A, 22);
        bench.in(Frame.tcp(A, 40_000, B, 22, TcpFlags.ACK));
        assertEquals(Reason.LINK_CLASS, bench.in(Frame.ethernet("ffffffffffff", 0x88cc, new byte[50])));
        DropSamples.Taken taken = taken(bench);
        assertEquals(List.of("ingress link-class ethertype 0x88cc"), texts(taken.drops()), "another cause is noted");
        assertEquals(0, taken.others());
        assertEquals(3, dropped(bench), "all are counted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"log: denied", "log: all", "description: x"})
    void packetsThatNoRuleAdmitsAreNotedOtherwise(String log) throws ConfigException {
        EngineBench bench = web(log);
        connect(bench, A, 22);
        assertEquals(1, taken(bench).drops().size());
    }

    @Test
    void theWidestOfTheGroupsCountsForDrops() throws ConfigException {
        EngineBench none = threeGroups("log: accepted");
        connect(none, A, 22);
        assertEquals(0, taken(none).drops().size());
        EngineBench denied = threeGroups("log: denied");
        connect(denied, A, 22);
        assertEquals(1, taken(denied).drops().size());
        connect(denied, A, 80);
        assertEquals(0, taken(denied).flows().size(), "of the group that says none");
    }

    @Test
    void aGroupThatDoesNotNameTheLogStillWantsDrops() throws ConfigException {
        EngineBench bench = threeGroups("description: x");
        connect(bench, A, 22);
        assertEquals(1, taken(bench).drops().size());
    }

    /** Of which one has none, one accepted, and the third is given. */
    private static EngineBench threeGroups(String other) throws ConfigException {
        EngineBench bench = web("log: all");
        String yaml = "version: 1\ninterfaces: {web0: {mode: bridge, outside: out0, inside: in0,"
                + " security-groups: [web, silent, other]}}\nsecurity-groups: {web: " + RULES
                + ", log: none}, silent: {log: accepted}, other: {" + other + "}}\n";
        bench.install(Policy.compile(ConfigReader.parse(yaml, "test.yaml"), "web0", 2, 1000));
        return bench;
    }

    private static long dropped(EngineBench bench) {
        return Stream.of(Direction.values())
                .flatMapToLong(way -> Stream.of(Reason.values())
                        .filter(reason -> reason != Reason.NONE)
                        .mapToLong(reason -> bench.dropped(way, reason)))
                .sum();
    }

    @Test
    void anAuditNotesByTheSameRules() throws ConfigException {
        EngineBench bench =
                new EngineBench("enforce: audit", "security-groups: {web: " + RULES + ", log: none}}\n", false);
        connect(bench, A, 22);
        assertEquals(0, taken(bench).drops().size());
    }

    @Test
    void packetsOfNeverLogAreNotNotedInEitherDirection() throws ConfigException {
        EngineBench bench = bench("web: " + RULES + ", egress: [], log: all}", """
                prefix-lists: {scanners: [198.51.100.0/24, '2001:db8:9::/48']}
                log: {never-log: [{prefix-list: scanners}, 203.0.113.9]}
                """);
        connect(bench, A, 22);
        connect(bench, A, 80);
        connect(bench, "203.0.113.9", 22);
        bench.in(Frame.tcp("2001:db8:9::1", 1, "2001:db8:1::1", 22, TcpFlags.SYN));
        bench.out(Frame.udp(B, 1, A, 53));
        connect(bench, "203.0.113.10", 22);
        connect(bench, "203.0.113.10", 80);
        DropSamples.Taken taken = taken(bench);
        assertEquals(List.of("ingress no-rule tcp 203.0.113.10:40000 > 10.0.0.1:22"), texts(taken.drops()));
        assertEquals(List.of("ingress tcp 203.0.113.10:40000 > 10.0.0.1:80"), texts(taken.flows()));
        assertEquals(0, taken.others() + taken.otherFlows());
        assertEquals(5, dropped(bench), "all are counted");
    }

    @Test
    void everyDropIsNotedOrExcludedWhereAllAreDescribed() throws ConfigException {
        EngineBench bench = bench("web: " + RULES + "}", "log: {never-log: 203.0.113.9}\n");
        bench.engine().dropSamples().describeAll(true);
        connect(bench, A, 22);
        connect(bench, "203.0.113.9", 22);
        assertEquals(1, taken(bench).drops().size());
    }

    @Test
    void aDropHasNoRuleAndTheTimeOfItsFirstPacket() throws ConfigException {
        EngineBench bench = web("log: all");
        connect(bench, A, 22);
        long first = taken(bench).drops().getFirst().atNs();
        bench.sleepSeconds(3);
        connect(bench, A, 22);
        bench.sleepSeconds(4);
        connect(bench, A, 22);
        Drop drop = taken(bench).drops().getFirst();
        assertEquals(2, drop.count());
        assertEquals(first + 3_000_000_000L, drop.atNs());
        assertNull(drop.rule());
    }
}
