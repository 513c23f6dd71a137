package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Drop;
import io.portcullis.engine.SomeDrops;
import io.portcullis.journal.Event;
import io.portcullis.journal.Field;
import io.portcullis.net.Address;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.analysis.NearestRule;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The text of a log line and its fields say the same. */
final class DropLineTest {
    private static final Instant AT = Instant.parse("2026-11-30T11:00:00.123456Z");

    private static Drop drop() {
        return SomeDrops.taken(1).drops().getFirst();
    }

    private static Optional<NearestRule> nearest(String description) throws ConfigException {
        Config config = ConfigReader.parse(
                "version: 1\ninterfaces: {web0: {mode: host, nic: eth0, security-groups: [web]}}\n"
                        + "security-groups: {web: {ingress: [{protocol: tcp, ports: [80, 443], from: any, description: "
                        + description + "}]}}\n",
                "test.yaml");
        return NearestRule.to(
                config,
                Objects.requireNonNull(config.interfaces().get("web0")),
                true,
                new NearestRule.Asked(false, 6, 22, Address.parse("198.51.100.7")));
    }

    @Test
    void aDropHasTheNearestRuleWithItsDescription() throws ConfigException {
        DropLine line = DropLine.ofDrop("web0", drop(), nearest("https"), AT);
        assertEquals(
                "drop web0 ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22;"
                        + " nearest rule: web/ingress[1] https: port 22 is outside 80, 443",
                line.text());
        assertEquals(Event.DROP, line.event());
        assertEquals(
                "{INTERFACE=web0, DIRECTION=ingress, REASON=no-rule, RULE=web/ingress[1], PROTOCOL=tcp,"
                        + " SOURCE=198.51.100.7, SOURCE_PORT=40000, DESTINATION=10.0.0.1, DESTINATION_PORT=22, COUNT=1,"
                        + " TIME=2026-11-30T11:00:00.123456Z}",
                line.fields().toString());
    }

    @Test
    void aDescriptionCannotForgeALine() throws ConfigException {
        DropLine line = DropLine.ofDrop("web0", drop(), nearest("\"a\\ndrop web0\""), AT);
        assertEquals(1, line.text().lines().count(), line.text());
    }

    @Test
    void aFlowHasItsRule() throws ConfigException {
        EngineBench bench = new EngineBench(
                "security-groups: {web: {log: accepted, ingress: [{protocol: tcp, ports: 80, from: any, description: http}]}}\n");
        bench.in(Frame.tcp("2001:db8:9::7", 40_000, "2001:db8:1::1", 80, TcpFlags.SYN));
        bench.in(Frame.tcp("2001:db8:9::7", 40_001, "2001:db8:1::1", 80, TcpFlags.SYN));
        Drop flow = bench.engine().dropSamples().take(10).flows().getFirst();
        DropLine line = DropLine.ofFlow("web0", flow, AT);
        assertEquals(
                "accept web0 ingress tcp [2001:db8:9::7]:40000 > [2001:db8:1::1]:80 (and 1 more flows)"
                        + " by web/ingress[1] http",
                line.text());
        assertEquals(Event.ACCEPT, line.event());
        assertEquals("web/ingress[1]", line.fields().get(Field.RULE));
        assertEquals(2L, line.fields().get(Field.COUNT));
    }

    @Test
    void whatIsNotDescribedIsCounted() {
        DropLine line = DropLine.ofUndescribed(Event.ACCEPT, "web0", 7);
        assertEquals("accept web0 7 more flows not described", line.text());
        assertEquals(Map.of(Field.INTERFACE, "web0", Field.COUNT, 7L), line.fields());
    }
}
