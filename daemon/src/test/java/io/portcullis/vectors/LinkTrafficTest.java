package io.portcullis.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** security-groups.md section 4 as one table. No rule admits anything here: frames left to the rules drop as no-rule. */
final class LinkTrafficTest {
    private static final String NOTHING = "security-groups: {web: {egress: []}}\n";
    private static final String LINK_LOCAL = "fe80::1";

    private static final List<String> CLASSES = List.of(
            "arp",
            "ndp",
            "ndp-redirect",
            "mld",
            "dhcp",
            "dhcp-server",
            "igmp",
            "lldp",
            "stp",
            "slow",
            "eapol",
            "pppoe",
            "other");

    /** A frame of a class, and the reason for which it drops where the class is not passed. */
    private static final class Sample {
        private final String name;
        private final String linkClass;
        private final Direction direction;
        private final byte[] frame;
        private final Reason otherwise;

        Sample(String name, String linkClass, Direction direction, byte[] frame, Reason otherwise) {
            this.name = name;
            this.linkClass = linkClass;
            this.direction = direction;
            this.frame = frame;
            this.otherwise = otherwise;
        }
    }

    private static byte[] arp() {
        return new Frame.Octets().hex("0001080006040001").zeroes(20).toBytes();
    }

    private static byte[] icmpv6(int type, int hops, int length) {
        return Frame.icmp(LINK_LOCAL, "ff02::1", type, 0, 0)
                .hopLimit(hops)
                .payload(length - 8)
                .bytes();
    }

    private static List<Sample> samples() {
        List<Sample> samples = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            samples.add(new Sample(
                    "ARP", "arp", direction, Frame.ethernet("ffffffffffff", 0x0806, arp()), Reason.LINK_CLASS));
            int[][] neighbour = {{133, 8}, {134, 16}, {135, 24}, {136, 24}, {135, 32}, {134, 16 + 32 + 8}};
            for (int[] typeAndLength : neighbour) {
                byte[] frame = icmpv6(typeAndLength[0], 255, typeAndLength[1]);
                withOptions(frame, typeAndLength[0] == 134 ? 16 : typeAndLength[0] == 133 ? 8 : 24);
                samples.add(new Sample("NDP " + typeAndLength[0], "ndp", direction, frame, Reason.LINK_CLASS));
            }
            samples.add(new Sample("redirect", "ndp-redirect", direction, icmpv6(137, 255, 40), Reason.LINK_CLASS));
            for (int type : new int[] {130, 131, 132, 143}) {
                samples.add(new Sample("MLD " + type, "mld", direction, icmpv6(type, 1, 28), Reason.NO_RULE));
            }
            samples.add(new Sample(
                    "IGMP",
                    "igmp",
                    direction,
                    Frame.ip(2, "198.51.100.7", "224.0.0.22")
                            .ipOptions("94040000")
                            .payload(8)
                            .bytes(),
                    Reason.NO_RULE));
            addEthertypes(samples, direction);
            addDhcp(samples, direction);
        }
        return samples;
    }

    /** Gives each option of the message, all of 8 bytes, its length. */
    private static void withOptions(byte[] frame, int fixed) {
        for (int at = 14 + 40 + fixed; at < frame.length; at += 8) {
            frame[at + 1] = 1;
        }
    }

    private static void addEthertypes(List<Sample> samples, Direction direction) {
        Object[][] ethertypes = {
            {"lldp", "0180c200000e", 0x88cc},
            {"stp", "0180c2000000", 38},
            {"stp", "0180c200000f", 0x05ff},
            {"slow", "0180c2000002", 0x8809},
            {"eapol", "0180c2000003", 0x888e},
            {"pppoe", "020000000002", 0x8863},
            {"pppoe", "020000000002", 0x8864},
            {"other", "020000000002", 0x88f7},
            {"other", "0180c2000010", 38},
            {"other", "0180c2000000", 0x0600},
            {"other", "020000000002", 38},
        };
        for (Object[] each : ethertypes) {
            byte[] frame = Frame.ethernet((String) each[1], (Integer) each[2], new byte[46]);
            samples.add(new Sample(each[0] + " to " + each[1], (String) each[0], direction, frame, Reason.LINK_CLASS));
        }
    }

    private static void addDhcp(List<Sample> samples, Direction direction) {
        boolean outward = direction == Direction.EGRESS;
        String toServer = outward ? "dhcp" : "dhcp-server";
        String toClient = outward ? "dhcp-server" : "dhcp";
        samples.add(new Sample(
                "discover",
                toServer,
                direction,
                Frame.udp("0.0.0.0", 68, "255.255.255.255", 67).payload(240).bytes(),
                Reason.NO_RULE));
        samples.add(new Sample(
                "offer",
                toClient,
                direction,
                Frame.udp("10.0.0.254", 67, "10.0.0.1", 68).bytes(),
                Reason.NO_RULE));
        samples.add(new Sample(
                "solicit",
                toServer,
                direction,
                Frame.udp("fe80::2", 546, "ff02::1:2", 547).bytes(),
                Reason.NO_RULE));
        samples.add(new Sample(
                "advertise",
                toClient,
                direction,
                Frame.udp("fe80::1", 547, "fe80::2", 546).bytes(),
                Reason.NO_RULE));
    }

    @TestFactory
    Stream<DynamicTest> everyClassIsSwitchedByItsNameAlone() {
        return samples().stream()
                .map(sample -> DynamicTest.dynamicTest(sample.name + " " + sample.direction.label(), () -> {
                    for (String passed : CLASSES) {
                        EngineBench bench = new EngineBench("pass-through: [" + passed + "]", NOTHING, false);
                        Reason expected = passed.equals(sample.linkClass) ? Reason.NONE : sample.otherwise;
                        assertEquals(expected, bench.decide(sample.frame, sample.direction), "with " + passed);
                    }
                }));
    }

    @Test
    void passedLinkTrafficMakesNoFlowAndCreditsNoRule() throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: [" + String.join(", ", CLASSES) + "]", NOTHING, false);
        for (Sample sample : samples()) {
            bench.decide(sample.frame, sample.direction);
        }
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS));
        assertEquals(samples().size() / 2, bench.engine().counters().packets(Direction.INGRESS, Reason.NONE));
    }

    @Test
    void theChecksumOfPassedLinkTrafficIsNotLookedAt() throws ConfigException {
        EngineBench bench = new EngineBench(NOTHING);
        assertEquals(
                Reason.NONE,
                bench.out(Frame.udp("0.0.0.0", 68, "255.255.255.255", 67).wrongChecksum(0x101)));
        assertEquals(
                Reason.NONE,
                bench.out(Frame.icmp(LINK_LOCAL, "ff02::2", 133, 0, 0)
                        .hopLimit(255)
                        .wrongChecksum(0x101)));
    }

    @ParameterizedTest
    @CsvSource({
        "0001080006040001, 28, NONE",
        "0001080006040001, 27, LINK_CLASS",
        "0001080008040001, 28, LINK_CLASS",
        "0001080006060001, 40, LINK_CLASS"
    })
    void arpLengths(String head, int length, Reason expected) throws ConfigException {
        byte[] body = new Frame.Octets().hex(head).zeroes(length - 8).toBytes();
        assertEquals(expected, new EngineBench(NOTHING).in(Frame.ethernet("ffffffffffff", 0x0806, body)));
    }

    @Test
    void ndpMustBeFromTheLinkWholeAndOfCodeZero() throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: [ndp, ndp-redirect]", NOTHING, false);
        int[][] fixed = {{133, 8}, {134, 16}, {135, 24}, {136, 24}, {137, 40}};
        for (int[] each : fixed) {
            String type = "type " + each[0];
            assertEquals(Reason.NONE, bench.in(icmpv6(each[0], 255, each[1])), type);
            assertEquals(Reason.LINK_CLASS, bench.in(icmpv6(each[0], 254, each[1])), type);
            Frame coded = Frame.icmp(LINK_LOCAL, "ff02::1", each[0], 1, 0)
                    .hopLimit(255)
                    .payload(each[1] - 8);
            assertEquals(Reason.LINK_CLASS, bench.in(coded), type);
            if (each[1] > 8) {
                assertEquals(Reason.LINK_CLASS, bench.in(icmpv6(each[0], 255, each[1] - 1)), type);
            }
            assertEquals(Reason.LINK_CLASS, bench.in(icmpv6(each[0], 255, each[1] + 1)), type);
            assertEquals(Reason.LINK_CLASS, bench.in(icmpv6(each[0], 255, each[1] + 8)), "an option of length 0");
            byte[] beyond = icmpv6(each[0], 255, each[1] + 8);
            beyond[14 + 40 + each[1] + 1] = 2;
            assertEquals(Reason.LINK_CLASS, bench.in(beyond), "an option that leaves the message");
            byte[] option = icmpv6(each[0], 255, each[1] + 16);
            option[14 + 40 + each[1] + 1] = 2;
            assertEquals(Reason.NONE, bench.in(option), type);
        }
    }

    @Test
    void fragmentedNdpIsDroppedAndAnAtomicFragmentIsNone() throws ConfigException {
        EngineBench bench = new EngineBench(NOTHING);
        Frame solicitation =
                Frame.icmp(LINK_LOCAL, "ff02::1", 135, 0, 0).hopLimit(255).payload(16);
        assertEquals(Reason.LINK_CLASS, bench.in(solicitation.fragmentHeader(0, true)));
        Frame whole = Frame.icmp(LINK_LOCAL, "ff02::1", 135, 0, 0).hopLimit(255).payload(16);
        assertEquals(Reason.NONE, bench.in(whole.fragmentHeader(0, false)));
    }

    @Test
    void mldMustBeFromTheLink() throws ConfigException {
        EngineBench bench = new EngineBench(NOTHING);
        assertEquals(
                Reason.NONE,
                bench.in(Frame.icmp("::", "ff02::16", 143, 0, 0).hopLimit(1).payload(20)));
        assertEquals(
                Reason.LINK_CLASS,
                bench.in(Frame.icmp("::1", "ff02::16", 143, 0, 0).hopLimit(1).payload(20)));
        assertEquals(
                Reason.LINK_CLASS,
                bench.in(Frame.icmp("2001:db8::1", "ff02::16", 143, 0, 0)
                        .hopLimit(1)
                        .payload(20)));
        assertEquals(Reason.LINK_CLASS, bench.in(icmpv6(143, 2, 28)));
        assertEquals(Reason.LINK_CLASS, bench.in(icmpv6(130, 255, 28)));
    }

    @Test
    void aFragmentIsOfNoClass() throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: [dhcp, dhcp-server, mld, igmp]", NOTHING, false);
        assertEquals(
                Reason.BAD_ADDRESS,
                bench.out(Frame.udp("0.0.0.0", 68, "255.255.255.255", 67)
                        .payload(16)
                        .fragment(0, true)));
        assertEquals(
                Reason.NO_RULE,
                bench.out(Frame.udp("10.0.0.1", 68, "255.255.255.255", 67)
                        .payload(16)
                        .fragment(0, true)));
        assertEquals(
                Reason.NO_RULE,
                bench.in(Frame.icmp(LINK_LOCAL, "ff02::16", 143, 0, 0)
                        .hopLimit(1)
                        .payload(16)
                        .fragmentHeader(0, true)));
        assertEquals(
                Reason.NO_RULE,
                bench.in(Frame.ip(2, "198.51.100.7", "224.0.0.22").payload(8).fragment(0, true)));
    }

    @Test
    void portsOfTheOtherFamilyAreNoDhcp() throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: [dhcp, dhcp-server]", NOTHING, false);
        assertEquals(Reason.NO_RULE, bench.out(Frame.udp("10.0.0.1", 546, "10.0.0.2", 547)));
        assertEquals(Reason.NO_RULE, bench.out(Frame.udp("fe80::2", 68, "fe80::1", 67)));
        assertEquals(Reason.NO_RULE, bench.out(Frame.udp("10.0.0.1", 68, "10.0.0.2", 68)));
    }

    @Test
    void dhcpThatDoesNotPassMayStillBeAdmittedByARule() throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: []", "security-groups: {web: {}}\n", false);
        assertEquals(Reason.NONE, bench.out(Frame.udp("0.0.0.0", 68, "255.255.255.255", 67)));
        assertEquals(1, bench.engine().counters().total(Counters.Total.FLOWS));
    }

    @Test
    void furtherEthertypes() throws ConfigException {
        EngineBench bench = new EngineBench("ethertypes: [0x88f7, 0x88cc]", NOTHING, false);
        assertEquals(Reason.NONE, bench.in(Frame.ethernet("020000000002", 0x88f7, new byte[46])));
        assertEquals(Reason.NONE, bench.in(Frame.ethernet("020000000002", 0x88cc, new byte[46])));
        assertEquals(Reason.LINK_CLASS, bench.in(Frame.ethernet("020000000002", 0x88f8, new byte[46])));
    }
}
