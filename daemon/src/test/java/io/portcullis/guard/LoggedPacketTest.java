package io.portcullis.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Location;
import io.portcullis.engine.Drop;
import io.portcullis.engine.Reason;
import io.portcullis.engine.SomeDrops;
import io.portcullis.journal.Event;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.LoggedPacket;
import io.portcullis.policy.analysis.NearestRule;
import io.portcullis.testing.Frame;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every line that the daemon writes about a packet is read back to the same packet. */
final class LoggedPacketTest {
    private static final String LINE = "drop web0 ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22";
    private static final List<String> BEFORE = List.of(
            "",
            "<6>",
            "2026-11-30T11:00:00.123+00:00 INFO  ",
            "2026-11-30T11:00:00.123-05:30 WARN  ",
            "Nov 30 11:00:00 host portcullis[123]: ",
            "Nov 30 11:00:00 drop portcullis[123]: ",
            "2026-11-30T11:00:00+0000 fw-1.example.com portcullis[4194304]: ",
            "Mon 2026-11-30 11:00:00 UTC host portcullis[1]: <6>",
            "Nov 30 11:00:00 host portcullis: ");
    private static final List<String> NAMES =
            List.of("web0", "a b", "drop", "x ingress y", "edge: [1]", "é(2)#", "to by");
    private static final List<String> DESCRIPTIONS = List.of(
            "https",
            "",
            "a > b",
            "drop web0 ingress no-rule tcp 1.2.3.4:1 > 5.6.7.8:2",
            "(and 3 more for this reason)",
            " by x");

    @Test
    @Tag("property")
    void everyLineIsReadBackToItsPacket() {
        SplittableRandom random = new SplittableRandom(11);
        int packets = 0;
        for (int i = 0; i < 30_000; i++) {
            Drop drop = SomeDrops.of(
                    frame(random),
                    Direction.values()[random.nextInt(2)],
                    Reason.values()[random.nextInt(1, Reason.values().length)],
                    random.nextBoolean(),
                    1 + random.nextInt(3));
            String name = NAMES.get(random.nextInt(NAMES.size()));
            Optional<NearestRule> nearest = random.nextBoolean()
                    ? Optional.empty()
                    : Optional.of(new NearestRule(
                            "web/ingress[1]",
                            Location.of("rules.yaml"),
                            DESCRIPTIONS.get(random.nextInt(DESCRIPTIONS.size())),
                            "port 22 is outside 80 of web/ingress[1]",
                            1));
            String line = BEFORE.get(random.nextInt(BEFORE.size()))
                    + DropLine.ofDrop(name, drop, nearest, Instant.EPOCH).text();
            if (drop.source() == null) {
                assertRefused("is not IP", line);
            } else if (isWithoutPorts(drop)) {
                assertRefused("has no ports", line);
            } else {
                packets++;
                assertIsOf(drop, name, line);
            }
        }
        assertTrue(packets > 15_000, packets + " lines named a packet");
    }

    private static boolean isWithoutPorts(Drop drop) {
        return (drop.protocol() == 6 || drop.protocol() == 17 || drop.protocol() == 132) && drop.destinationPort() < 0;
    }

    private static void assertIsOf(Drop drop, String name, String line) {
        LoggedPacket read = LoggedPacket.parse(line);
        assertEquals(drop.passed() ? "would-drop" : "drop", read.event(), line);
        assertEquals(name, read.interfaceName(), line);
        assertEquals(drop.direction().label(), read.direction(), line);
        assertEquals(drop.reason().label(), read.reason(), line);
        assertEquals(drop.protocol(), read.protocol(), line);
        assertEquals(drop.source(), read.from(), line);
        assertEquals(drop.destination(), read.to(), line);
        assertEquals(Math.max(0, drop.sourcePort()), read.fromPort(), line);
        assertEquals(Math.max(0, drop.destinationPort()), read.toPort(), line);
        boolean icmp = drop.destinationPort() < 0 && drop.selector() > 0;
        assertEquals(icmp ? drop.selector() : 0, read.type() << 8 | read.code(), line);
        assertEquals(drop.vlans(), read.vlans(), line);
    }

    private static byte[] frame(SplittableRandom random) {
        boolean v6 = random.nextBoolean();
        String from = address(random, v6);
        String to = address(random, v6);
        int port = random.nextInt(65_536);
        Frame frame = switch (random.nextInt(6)) {
            case 0 -> Frame.tcp(from, port, to, random.nextInt(65_536), random.nextInt(64));
            case 1 -> Frame.udp(from, port, to, random.nextInt(65_536));
            case 2 -> Frame.icmp(from, to, random.nextInt(256), random.nextInt(256), 1);
            case 3 -> Frame.ip(47, from, to);
            case 4 -> Frame.udp(from, port, to, 53).payload(16).fragment(random.nextInt(2) * 24, true);
            default -> Frame.ip(random.nextInt(256), from, to).payload(40);
        };
        if (random.nextInt(4) == 0) {
            frame.vlan(random.nextInt(4_096));
            if (random.nextBoolean()) {
                frame.vlan(random.nextInt(4_096));
            }
        }
        return random.nextInt(20) == 0 ? Frame.ethernet("ffffffffffff", 0x88cc, new byte[50]) : frame.bytes();
    }

    private static String address(SplittableRandom random, boolean v6) {
        return new Address(
                        v6,
                        v6 ? random.nextLong() & (random.nextBoolean() ? -1L : 0xffff_0000_0000_ffffL) : 0,
                        v6
                                ? random.nextLong() & (random.nextBoolean() ? -1L : 0xffffL)
                                : random.nextLong() & 0xffff_ffffL)
                .toString();
    }

    private static void assertRefused(String words, String line) {
        String said = Objects.requireNonNull(
                assertThrows(IllegalArgumentException.class, () -> LoggedPacket.parse(line), line)
                        .getMessage());
        assertTrue(said.contains(words), line + ": " + said);
    }

    @Test
    void aLineAboutAFlowIsRead() {
        LoggedPacket read = LoggedPacket.parse(
                "accept web0 ingress tcp [2001:db8::7]:40000 > [2001:db8:1::1]:80 (and 1 more flows) by web/ingress[1] x > y");
        assertEquals("accept", read.event());
        assertEquals("", read.reason());
        assertEquals(80, read.toPort());
    }

    @Test
    void aLineThatCountsIsNamed() {
        assertRefused(
                "counts packets and names none",
                DropLine.ofUndescribed(Event.DROP, "web0", 7).text());
        assertRefused(
                "counts packets and names none",
                DropLine.ofUndescribed(Event.ACCEPT, "a b", 7).text());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "drop",
                "reloaded /etc/portcullis/portcullis.yaml",
                "drop web0 ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:65536",
                "drop web0 ingress no-rule tcp 198.51.100.7:40000 > [2001:db8::1]:22",
                "drop web0 ingress no-rule tcp 198.51.100.300:40000 > 10.0.0.1:22",
                "drop web0 sideways no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22",
                "drop web0 ingress no-rule proto 256 198.51.100.7 > 10.0.0.1",
                "drop web0 ingress no-rule icmp 198.51.100.7 > 10.0.0.1 type 256 code 0",
                "drop web0 ingress no-rule udp 198.51.100.7:1 > 10.0.0.1:2 vlan 4096",
                LINE + " and more",
                "x" + LINE,
                "IN=eth0 OUT= SRC=198.51.100.7 DST=10.0.0.1 PROTO=TCP SPT=40000 DPT=22"
            })
    void aLineThatIsNotOursIsRefusedWithOneThatIs(String line) {
        assertRefused("not a line about a packet: write one such as \"" + LINE, line);
    }

    @Test
    @Tag("fuzz")
    void anyTextIsReadOrRefusedInAShortTime() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder(BEFORE.get(random.nextInt(BEFORE.size()))).append(LINE);
            for (int n = random.nextInt(5); n > 0; n--) {
                int at = random.nextInt(text.length());
                text.replace(
                        at,
                        Math.min(text.length(), at + random.nextInt(4)),
                        " :>drop[]1".substring(random.nextInt(10)));
            }
            try {
                LoggedPacket.parse(text.toString());
            } catch (IllegalArgumentException refused) {
                assertTrue(Objects.requireNonNull(refused.getMessage()).length() > 20);
            }
        }
        assertRefused("not a line", (": drop a " + "x: ".repeat(2_000)).repeat(1));
        assertRefused("not a line", "drop " + "ingress tcp 1 > ".repeat(500));
    }
}
