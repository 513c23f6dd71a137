package io.portcullis.system.traffic;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import io.portcullis.testing.Frame.Octets;
import java.util.ArrayList;
import java.util.List;

/** A frame of each protocol that public captures have, built by the test, and the verdict about it on its way inside. */
final class Protocols {
    /** No reason: it passes. */
    static final String PASSES = "";

    private static final String LINK = "link-class";
    private static final String NO_RULE = "no-rule";
    private static final String A = "198.51.100.7";
    private static final String B = "203.0.113.80";
    private static final String A6 = "2001:db8:1::7";
    private static final String B6 = "2001:db8::80";
    private static final String BROADCAST = "ffffffffffff";
    private static final byte[] BODY = new Octets().hex("c0ffee").zeroes(61).toBytes();

    /**
     * One frame.
     *
     * @param closed the drop reason where no rule admits anything and the link classes have their defaults
     * @param open the drop reason where everything is admitted that can be
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares them
    record Sample(String name, byte[] frame, String closed, String open) {
        @Override
        public String toString() {
            return name;
        }
    }

    private final List<Sample> all = new ArrayList<>();

    private final int round;

    private Protocols(int round) {
        this.round = round;
    }

    /**
     * In the order in which they are to be sent.
     *
     * @param round from 1 to 9; each has fragments of its own: a repeated one is dropped, whatever the rules say
     */
    static List<Sample> samples(int round) {
        Protocols protocols = new Protocols(round);
        protocols.linkLayer();
        protocols.ipProtocols();
        protocols.tunnels();
        protocols.udp();
        protocols.ipv6();
        protocols.tags();
        protocols.harmful();
        return List.copyOf(protocols.all);
    }

    private void add(String name, byte[] frame, String closed, String open) {
        all.add(new Sample(name, frame, closed, open));
    }

    private void link(String name, String destinationMac, int type, byte[] rest, String closed) {
        add(name, Frame.ethernet(destinationMac, type, rest), closed, PASSES);
    }

    /** After an IEEE 802.3 length: LLC, and SNAP or another header. */
    private void llc(String name, String destinationMac, String hex, String closed) {
        byte[] rest = new Octets().hex(hex).bytes(BODY).toBytes();
        link(name, destinationMac, rest.length, rest, closed);
    }

    private void ip(String name, Frame frame) {
        add(name, frame.bytes(), NO_RULE, PASSES);
    }

    private void linkLayer() {
        byte[] arp = new Octets()
                .hex("0001080006040001020000000001c6336407")
                .zeroes(6)
                .hex("cb007150")
                .toBytes();
        link("ARP", BROADCAST, 0x0806, arp, PASSES);
        link(
                "RARP",
                BROADCAST,
                0x8035,
                new Octets().hex("0001080006040003").zeroes(20).toBytes(),
                LINK);
        link("LLDP", "0180c200000e", 0x88cc, BODY, LINK);
        link("EAPOL", "0180c2000003", 0x888e, new Octets().hex("01010000").toBytes(), PASSES);
        link(
                "LACP",
                "0180c2000002",
                0x8809,
                new Octets().hex("0101").zeroes(108).toBytes(),
                LINK);
        link(
                "PPPoE discovery",
                BROADCAST,
                0x8863,
                new Octets().hex("110900000004010100000000").toBytes(),
                LINK);
        link(
                "PPPoE session",
                "020000000002",
                0x8864,
                new Octets().hex("1100000100060021").bytes(BODY).toBytes(),
                LINK);
        link(
                "MPLS",
                "020000000002",
                0x8847,
                new Octets().hex("0001013f").bytes(BODY).toBytes(),
                LINK);
        link(
                "MPLS multicast",
                "01005e800001",
                0x8848,
                new Octets().hex("0001013f").bytes(BODY).toBytes(),
                LINK);
        int[] others = {
            0x0842, 0x22f0, 0x22f3, 0x8137, 0x876b, 0x8892, 0x88a2, 0x88a4, 0x88b8, 0x88ba, 0x88e1, 0x88e3, 0x88e5,
            0x88e7, 0x88f7, 0x8902, 0x8906, 0x8914, 0x9000
        };
        for (int type : others) {
            link("ethertype " + Integer.toHexString(type), "020000000002", type, BODY, LINK);
        }
        llc("STP", "0180c2000000", "424203", PASSES);
        llc("PVST+ (SNAP)", "01000ccccccd", "aaaa0300000c010b", LINK);
        llc("CDP (SNAP)", "01000ccccccc", "aaaa0300000c2000", LINK);
        llc("VTP (SNAP)", "01000ccccccc", "aaaa0300000c2003", LINK);
        llc("IS-IS (LLC)", "0180c2000014", "fefe03", LINK);
        llc("NetBIOS (LLC)", "030000000001", "f0f003", LINK);
        llc("IPX (raw 802.3)", BROADCAST, "ffff", LINK);
        llc("AppleTalk (SNAP)", "090007ffffff", "aaaa03080007809b", LINK);
    }

    private void ipProtocols() {
        ip("TCP SYN", Frame.tcp(A, 1024, B, 80, TcpFlags.SYN));
        ip("ICMP echo", Frame.icmp(A, B, 8, 0, 7).payload(56));
        ip(
                "IGMPv3",
                Frame.ip(2, A, "224.0.0.22")
                        .payload(new Octets().hex("2200e9fb00000001").toBytes()));
        ip("EIGRP", Frame.ip(88, A, "224.0.0.10").payload(BODY));
        ip("OSPF", Frame.ip(89, A, "224.0.0.5").payload(BODY).hopLimit(1));
        ip("PIM", Frame.ip(103, A, "224.0.0.13").payload(BODY));
        ip("VRRP", Frame.ip(112, A, "224.0.0.18").payload(BODY).hopLimit(255));
        ip("RSVP, router alert", Frame.ip(46, A, B).payload(BODY).ipOptions("94040000"));
        ip("SCTP", Frame.sctp(A, 1024, B, 3868).payload(BODY));
        ip("DCCP", Frame.ip(33, A, B).payload(BODY));
        ip("UDP-Lite", Frame.ip(136, A, B).payload(BODY));
        ip("ESP", Frame.ip(50, A, B).payload(BODY));
        ip(
                "AH",
                Frame.ip(51, A, B)
                        .payload(
                                new Octets().hex("3204000000001234").bytes(BODY).toBytes()));
        ip("IPComp", Frame.ip(108, A, B).payload(BODY));
        ip("protocol 255", Frame.ip(255, A, B).payload(BODY));
        ip(
                "first fragment",
                Frame.udp(A + round, 1024, B, 9).fragment(0, true).payload(64).udpLength(200));
    }

    private void tunnels() {
        byte[] inner = Frame.tcp("10.1.0.1", 1024, "10.1.0.2", 80, TcpFlags.ACK)
                .payload(100)
                .ip();
        byte[] inner6 =
                Frame.udp("2001:db8:2::1", 1, "2001:db8:2::2", 2).payload(100).ip();
        byte[] ethernet = Frame.udp("10.1.0.1", 1, "10.1.0.2", 2).payload(100).bytes();
        ip(
                "GRE",
                Frame.ip(47, A, B)
                        .payload(new Octets().hex("00000800").bytes(inner).toBytes()));
        ip(
                "GRE with key and checksum",
                Frame.ip(47, A, B)
                        .payload(new Octets()
                                .hex("a000080012340000deadbeef")
                                .bytes(inner)
                                .toBytes()));
        ip(
                "NVGRE",
                Frame.ip(47, A, B)
                        .payload(new Octets()
                                .hex("2000655800000100")
                                .bytes(ethernet)
                                .toBytes()));
        ip(
                "PPTP",
                Frame.ip(47, A, B)
                        .payload(
                                new Octets().hex("3081880b00400001").bytes(BODY).toBytes()));
        ip("IPIP", Frame.ip(4, A, B).payload(inner));
        ip("6in4", Frame.ip(41, A, B).payload(inner6));
        ip(
                "L2TPv3",
                Frame.ip(115, A, B)
                        .payload(new Octets().hex("00000001").bytes(ethernet).toBytes()));
        ip(
                "EtherIP",
                Frame.ip(97, A, B)
                        .payload(new Octets().hex("3000").bytes(ethernet).toBytes()));
        datagram(
                "VXLAN",
                4789,
                new Octets().hex("0800000000000100").bytes(ethernet).toBytes());
        datagram(
                "GENEVE",
                6081,
                new Octets().hex("0000655800000100").bytes(ethernet).toBytes());
        datagram(
                "GTP-U", 2152, new Octets().hex("30ff005000000001").bytes(inner).toBytes());
        datagram("L2TP", 1701, BODY);
        datagram("Teredo", 3544, inner6);
        datagram("WireGuard", 51820, BODY);
        datagram("ESP in UDP", 4500, BODY);
        ip("4in6", Frame.ip(4, A6, B6).payload(inner));
        ip(
                "GRE over IPv6",
                Frame.ip(47, A6, B6)
                        .payload(new Octets().hex("00000800").bytes(inner).toBytes()));
    }

    private void datagram(String name, int port, byte[] payload) {
        ip(name, Frame.udp(A, 1024 + port % 1000, B, port).payload(payload));
    }

    private void udp() {
        for (Object[] each : new Object[][] {
            {"DNS", 53},
            {"TFTP", 69},
            {"NTP", 123},
            {"SNMP", 161},
            {"QUIC", 443},
            {"IKE", 500},
            {"syslog", 514},
            {"RIP", 520},
            {"DTLS", 4433},
            {"SIP", 5060},
            {"BFD", 3784},
            {"CoAP", 5683},
            {"sFlow", 6343}
        }) {
            datagram((String) each[0], (Integer) each[1], BODY);
        }
        ip("HSRP", Frame.udp(A, 1985, "224.0.0.2", 1985).payload(20).hopLimit(1));
        ip("GLBP", Frame.udp(A, 3222, "224.0.0.102", 3222).payload(BODY));
        ip("mDNS", Frame.udp(A, 5353, "224.0.0.251", 5353).payload(BODY).hopLimit(255));
        ip("LLMNR", Frame.udp(A, 5355, "224.0.0.252", 5355).payload(BODY));
        ip("SSDP", Frame.udp(A, 1900, "239.255.255.250", 1900).payload(BODY));
        ip("NetBIOS name service", Frame.udp(A, 137, "203.0.113.255", 137).payload(BODY));
        add("DHCP offer", Frame.udp(A, 67, "255.255.255.255", 68).payload(240).bytes(), PASSES, PASSES);
        ip("DHCP request", Frame.udp("0.0.0.0", 68, "255.255.255.255", 67).payload(240));
        ip("UDP without a payload", Frame.udp(A, 2000, B, 2001));
    }

    private void ipv6() {
        ip("ICMPv6 echo", Frame.icmp(A6, B6, 128, 0, 7).payload(56));
        byte[] target = new Octets().hex("20010db8000000000000000000000080").toBytes();
        add("NDP", Frame.icmp(A6, B6, 135, 0, 0).payload(target).hopLimit(255).bytes(), PASSES, PASSES);
        add(
                "MLD",
                Frame.icmp("fe80::7", "ff02::16", 143, 0, 0)
                        .extension(IpProtocol.HOP_BY_HOP, 8)
                        .hopLimit(1)
                        .bytes(),
                PASSES,
                PASSES);
        ip(
                "hop-by-hop",
                Frame.udp(A6, 1, B6, 2).extension(IpProtocol.HOP_BY_HOP, 8).payload(9));
        ip(
                "routing header 4",
                Frame.udp(A6, 3, B6, 2).extension(IpProtocol.ROUTING, 24).payload(9));
        ip("destination options", Frame.tcp(A6, 1, B6, 2, TcpFlags.SYN).extension(IpProtocol.DESTINATION_OPTIONS, 16));
        ip(
                "three extension headers",
                Frame.udp(A6, 5, B6, 2)
                        .extension(IpProtocol.HOP_BY_HOP, 8)
                        .extension(IpProtocol.DESTINATION_OPTIONS, 8)
                        .extension(IpProtocol.ROUTING, 24)
                        .payload(9));
        ip(
                "IPv6 first fragment",
                Frame.udp(A6 + round, 7, B6, 2).fragment(0, true).payload(64).udpLength(200));
        ip("OSPFv3", Frame.ip(89, "fe80::7", "ff02::5").payload(BODY).hopLimit(1));
        ip("RIPng", Frame.udp("fe80::7", 521, "ff02::9", 521).payload(BODY).hopLimit(255));
        ip("SCTP over IPv6", Frame.sctp(A6, 1024, B6, 3868).payload(BODY));
    }

    private void tags() {
        ip("802.1Q", Frame.udp(A, 10, B, 2).vlan(100).payload(9));
        ip("802.1Q, priority only", Frame.udp(A, 11, B, 2).tag(0x8100, 0xe000).payload(9));
        ip("802.1ad", Frame.udp(A, 12, B, 2).tag(0x88a8, 200).payload(9));
        ip("QinQ", Frame.udp(A, 13, B, 2).tag(0x88a8, 200).vlan(100).payload(9));
        ip("QinQ of 0x8100", Frame.udp(A6, 14, B6, 2).vlan(200).vlan(100).payload(9));
        link(
                "tagged MPLS",
                "020000000002",
                0x8100,
                new Octets().hex("006488470001013f").bytes(BODY).toBytes(),
                LINK);
    }

    /** Frames that no rule can admit. */
    private void harmful() {
        both("three tags", Frame.udp(A, 15, B, 2).vlan(1).vlan(2).vlan(3), "malformed-l2");
        both("routing header 0", Frame.udp(A6, 16, B6, 2).routing(0), "malformed-ip");
        both("loose source route", Frame.udp(A, 17, B, 2).ipOptions("830704c633640100"), "malformed-ip");
        both("multicast source", Frame.udp("224.0.0.1", 18, B, 2), "bad-address");
        both("land attack", Frame.tcp(B, 80, B, 80, TcpFlags.SYN), "bad-address");
        both("wrong checksum", Frame.udp(A, 19, B, 2).payload(9).wrongChecksum(0x101), "bad-checksum");
        both("SYN and FIN", Frame.tcp(A, 20, B, 2, TcpFlags.SYN | TcpFlags.FIN), "tcp-flags");
        both(
                "tiny fragment",
                Frame.ip(IpProtocol.TCP, A + round, B).fragment(0, true).payload(8),
                "fragment-tiny");
    }

    private void both(String name, Frame frame, String reason) {
        add(name, frame.bytes(), reason, reason);
    }
}
