package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet.Fault;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames written by hand: one for every fault of security-groups.md section 5, and for every property of a valid one. */
final class PacketTest {
    private static final String A4 = "198.51.100.7";
    private static final String B4 = "10.0.0.1";
    private static final String A6 = "2001:db8:9::7";
    private static final String B6 = "2001:db8:1::1";
    private static final int HOP = IpProtocol.HOP_BY_HOP;
    private static final int DESTINATION = IpProtocol.DESTINATION_OPTIONS;

    private final Packet packet = new Packet();

    /** The frame ends where its memory ends, so that one byte too far is an exception. */
    private Fault parse(byte[] frame) {
        int before = 3;
        byte[] memory = new byte[before + frame.length];
        System.arraycopy(frame, 0, memory, before, frame.length);
        return packet.parse(MemorySegment.ofArray(memory), before, frame.length);
    }

    private Fault parse(Frame frame) {
        return parse(frame.bytes());
    }

    private static Frame udp4() {
        return Frame.udp(A4, 1000, B4, 53).payload(20);
    }

    private static Frame udp6() {
        return Frame.udp(A6, 1000, B6, 53).payload(20);
    }

    private static Frame tcp4() {
        return Frame.tcp(A4, 1000, B4, 80, TcpFlags.SYN);
    }

    @Nested
    final class Link {
        @ParameterizedTest
        @ValueSource(ints = {0, 1, 6, 12, 13})
        void aFrameWithoutItsHeaderIsMalformed(int length) {
            assertEquals(Fault.LINK, parse(Arrays.copyOf(udp4().bytes(), length)));
        }

        @Test
        void untagged() {
            assertEquals(Fault.NONE, parse(udp4()));
            assertEquals(0, packet.vlans());
            assertEquals(EtherType.IPV4, packet.etherType());
            assertEquals(0x020000000002L, packet.destinationMac());
        }

        @Test
        void oneTag() {
            assertEquals(Fault.NONE, parse(udp4().vlan(0xabc)));
            assertEquals(0xabc, packet.vlans());
            assertEquals(53, packet.destinationPort());
        }

        @Test
        void priorityBitsAreNoPartOfTheId() {
            assertEquals(Fault.NONE, parse(udp4().vlan(0xf005)));
            assertEquals(5, packet.vlans());
        }

        @Test
        void aPriorityTagCountsAsNone() {
            assertEquals(Fault.NONE, parse(udp4().vlan(0xe000)));
            assertEquals(0, packet.vlans());
            assertEquals(Fault.NONE, parse(udp4().vlan(0).vlan(7)));
            assertEquals(7, packet.vlans());
            assertEquals(Fault.NONE, parse(udp4().vlan(7).vlan(0)));
            assertEquals(7, packet.vlans());
        }

        @Test
        void twoTagsTheOuterOneHigher() {
            assertEquals(Fault.NONE, parse(udp4().tag(0x88a8, 10).vlan(20)));
            assertEquals(10 << 12 | 20, packet.vlans());
            assertEquals(Fault.NONE, parse(udp4().vlan(0xfff).vlan(0xfff)));
            assertEquals(0xffffff, packet.vlans());
        }

        @Test
        void threeTagsAreMalformedWhateverTheirIds() {
            assertEquals(Fault.LINK, parse(udp4().vlan(1).vlan(2).vlan(3)));
            assertEquals(Fault.LINK, parse(udp4().vlan(0).vlan(0).vlan(0)));
        }

        @Test
        void aCutTagIsMalformed() {
            byte[] frame = udp4().vlan(1).vlan(2).bytes();
            for (int length = 14; length < 22; length++) {
                assertEquals(Fault.LINK, parse(Arrays.copyOf(frame, length)), "cut to " + length);
            }
        }

        @Test
        void framesWithoutIpAreNotParsed() {
            byte[] lldp = Frame.ethernet("0180c200000e", 0x88cc, new byte[46]);
            assertEquals(Fault.NONE, parse(lldp));
            assertFalse(packet.isIp());
            assertFalse(packet.hasTransport());
            assertEquals(0x88cc, packet.etherType());
            assertEquals(46, packet.networkLength());
            assertEquals(0x0180c200000eL, packet.destinationMac());
            assertEquals(Fault.NONE, parse(Frame.ethernet("0180c2000000", 38, new byte[46])));
            assertEquals(38, packet.etherType());
        }

        @Test
        void anotherTagProtocolIsAnEthertypeLikeAny() {
            assertEquals(Fault.NONE, parse(udp4().tag(0x9100, 5)));
            assertFalse(packet.isIp());
            assertEquals(0x9100, packet.etherType());
        }
    }

    @Nested
    final class Ipv4 {
        @Test
        void accessors() {
            assertEquals(Fault.NONE, parse(udp4().hopLimit(3)));
            assertTrue(packet.isIp());
            assertFalse(packet.isV6());
            assertEquals(IpProtocol.UDP, packet.protocol());
            assertEquals(3, packet.hopLimit());
            assertEquals(0, packet.sourceHigh());
            assertEquals(0xc6336407L, packet.sourceLow());
            assertEquals(0, packet.destinationHigh());
            assertEquals(0x0a000001L, packet.destinationLow());
            assertEquals(28, packet.transportLength());
            assertFalse(packet.isFragment());
        }

        @Test
        void cutInsideItsHeader() {
            byte[] frame = udp4().bytes();
            for (int length = 14; length < 34; length++) {
                assertEquals(Fault.IP, parse(Arrays.copyOf(frame, length)), "cut to " + length);
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {0x05, 0x55, 0x65, 0x44, 0x40, 0xf5})
        void versionAndHeaderLength(int first) {
            byte[] frame = udp4().bytes();
            frame[14] = (byte) first;
            Frame.repairIpv4(frame, 14);
            assertEquals(Fault.IP, parse(frame));
        }

        @Test
        void aHeaderLengthBeyondTheFrame() {
            byte[] frame = Arrays.copyOf(udp4().bytes(), 14 + 24);
            frame[14] = 0x4f;
            Frame.put16(frame, 16, 24);
            assertEquals(Fault.IP, parse(frame));
        }

        @Test
        void everyWrongBitOfTheHeaderChecksum() {
            for (int bit = 0; bit < 16; bit++) {
                byte[] frame = udp4().bytes();
                frame[24 + bit / 8] ^= (byte) (1 << bit % 8);
                assertEquals(Fault.IP, parse(frame), "bit " + bit);
            }
        }

        @Test
        void totalLength() {
            byte[] frame = udp4().bytes();
            int right = 20 + 28;
            for (int total : new int[] {0, 19, right + 1, 65_535}) {
                Frame.put16(frame, 16, total);
                Frame.repairIpv4(frame, 14);
                assertEquals(Fault.IP, parse(frame), "total length " + total);
            }
            Frame.put16(frame, 16, right - 1);
            Frame.repairIpv4(frame, 14);
            assertEquals(Fault.TRANSPORT, parse(frame), "UDP now says more than there is");
            Frame.put16(frame, 16, 20);
            Frame.repairIpv4(frame, 14);
            assertEquals(Fault.TRANSPORT, parse(frame), "no UDP header left");
        }

        @Test
        void paddingIsNoPartOfThePacket() {
            assertEquals(
                    Fault.NONE, parse(Frame.tcp(A4, 1, B4, 80, TcpFlags.ACK).padding(6)));
            assertEquals(20, packet.transportLength());
            assertEquals(0, packet.tcpPayload());
            assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
        }

        @ParameterizedTest
        @CsvSource({
            "01010101, NONE", // four no-operations
            "00ffffff, NONE", // what follows the end of the list is padding
            "94040000, NONE", // router alert
            "0183030a, IP", // loose source route without a place for its addresses
            "83070401020304, IP", // LSRR
            "89070401020304, IP", // SSRR
            "0101018307, IP", // LSRR behind padding
            "0044080502030405060708, NONE", // a source route cannot hide before the end: this is a time stamp after it
            "010189, IP", // SSRR without a length
            "440c050000000000, IP", // longer than the header
            "4401, IP", // length that does not count itself
            "4400, IP",
            "01010144, IP", // no space for the length
        })
        void options(String hex, Fault expected) {
            assertEquals(expected, parse(udp4().ipOptions(hex)));
        }

        @Test
        void withOptionsLayer4StandsBehindThem() {
            assertEquals(Fault.NONE, parse(udp4().ipOptions("94040000")));
            assertEquals(53, packet.destinationPort());
            assertEquals(28, packet.transportLength());
            byte[] full = udp4().ipOptions("01".repeat(40)).bytes();
            assertEquals(Fault.NONE, parse(full));
            assertEquals(53, packet.destinationPort());
        }

        @Test
        void theReservedAndDontFragmentBitsMakeNoFragment() {
            byte[] frame = udp4().bytes();
            frame[20] = (byte) 0xc0;
            Frame.repairIpv4(frame, 14);
            assertEquals(Fault.NONE, parse(frame));
            assertFalse(packet.isFragment());
        }
    }

    @Nested
    final class Ipv6 {
        @Test
        void accessors() {
            assertEquals(Fault.NONE, parse(udp6().hopLimit(255)));
            assertTrue(packet.isV6());
            assertEquals(IpProtocol.UDP, packet.protocol());
            assertEquals(255, packet.hopLimit());
            assertEquals(0x20010db8_00090000L, packet.sourceHigh());
            assertEquals(7, packet.sourceLow());
            assertEquals(0x20010db8_00010000L, packet.destinationHigh());
            assertEquals(1, packet.destinationLow());
            assertEquals(53, packet.destinationPort());
        }

        @Test
        void cutVersionAndLength() {
            byte[] frame = udp6().bytes();
            for (int length = 14; length < frame.length; length++) {
                assertEquals(Fault.IP, parse(Arrays.copyOf(frame, length)), "cut to " + length);
            }
            frame[14] = 0x45;
            assertEquals(Fault.IP, parse(frame));
            frame[14] = 0x60;
            Frame.put16(frame, 18, 29);
            assertEquals(Fault.IP, parse(frame));
            Frame.put16(frame, 18, 27);
            assertEquals(Fault.TRANSPORT, parse(frame));
        }

        static Stream<List<Integer>> chains() {
            List<Integer> types = List.of(0, 43, 60, 135, 139, 140);
            return types.stream()
                    .flatMap(a -> types.stream().flatMap(b -> types.stream().map(c -> List.of(a, b, c))));
        }

        @ParameterizedTest
        @MethodSource("chains")
        void threeExtensionHeadersInEveryOrder(List<Integer> types) {
            Frame frame = udp6();
            types.forEach(type -> frame.extension(type, 8 + 8 * (type % 3)));
            boolean hopNotFirst = types.lastIndexOf(HOP) > 0;
            assertEquals(hopNotFirst ? Fault.IP : Fault.NONE, parse(frame));
            if (!hopNotFirst) {
                assertEquals(IpProtocol.UDP, packet.protocol());
                assertEquals(53, packet.destinationPort());
                assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
            }
        }

        @Test
        void hopByHopBehindAFragmentHeader() {
            assertEquals(Fault.IP, parse(udp6().fragmentHeader(0, false).extension(HOP, 8)));
            assertEquals(
                    Fault.IP, parse(udp6().payload(16).fragmentHeader(0, true).extension(HOP, 8)));
        }

        @ParameterizedTest
        @CsvSource({"0, IP", "1, NONE", "2, NONE", "3, NONE", "4, NONE", "255, NONE"})
        void routingHeaders(int type, Fault expected) {
            assertEquals(expected, parse(udp6().routing(type)));
            assertEquals(
                    expected,
                    parse(udp6().extension(HOP, 8).extension(DESTINATION, 16).routing(type)));
        }

        @Test
        void eightExtensionHeadersPassAndNineDoNot() {
            Frame frame = udp6();
            IntStream.range(0, 8).forEach(i -> frame.extension(DESTINATION, 8));
            assertEquals(Fault.NONE, parse(frame));
            assertEquals(53, packet.destinationPort());
            assertEquals(Fault.IP, parse(frame.extension(DESTINATION, 8)));
        }

        @Test
        void aFragmentHeaderIsOneOfTheEight() {
            Frame frame = udp6().extension(HOP, 8);
            IntStream.range(0, 6).forEach(i -> frame.extension(DESTINATION, 8));
            frame.fragmentHeader(0, false);
            assertEquals(Fault.NONE, parse(frame));
            assertEquals(Fault.IP, parse(frame.extension(DESTINATION, 8)));
        }

        @Test
        void aChainEndsAt512Bytes() {
            assertEquals(Fault.NONE, parse(udp6().extension(DESTINATION, 256).extension(DESTINATION, 256)));
            assertEquals(Fault.IP, parse(udp6().extension(DESTINATION, 256).extension(DESTINATION, 264)));
            assertEquals(Fault.NONE, parse(udp6().extension(DESTINATION, 512)));
            assertEquals(Fault.IP, parse(udp6().extension(DESTINATION, 520)));
            assertEquals(Fault.NONE, parse(udp6().extension(DESTINATION, 504).fragmentHeader(0, false)));
            assertEquals(Fault.IP, parse(udp6().extension(DESTINATION, 512).fragmentHeader(0, false)));
        }

        @Test
        void aChainThatLeavesThePacket() {
            byte[] frame = udp6().extension(DESTINATION, 8).bytes();
            frame[14 + 40 + 1] = 5;
            assertEquals(Fault.IP, parse(frame));
            byte[] bare = Frame.ip(DESTINATION, A6, B6).payload(7).bytes();
            assertEquals(Fault.IP, parse(bare));
        }

        @Test
        void anythingButAnExtensionHeaderIsTheProtocol() {
            for (int protocol : new int[] {50, 51, 59, 41, 1, 2, 253}) {
                assertEquals(Fault.NONE, parse(Frame.ip(protocol, A6, B6)), "protocol " + protocol);
                assertEquals(protocol, packet.protocol());
                assertFalse(packet.isIcmp());
            }
        }

        @Test
        void anAtomicFragmentIsAnOrdinaryPacket() {
            assertEquals(Fault.NONE, parse(udp6().fragmentHeader(0, false)));
            assertFalse(packet.isFragment());
            assertTrue(packet.hasTransport());
            assertEquals(53, packet.destinationPort());
            assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
        }

        @Test
        void noPayload() {
            assertEquals(Fault.TRANSPORT, parse(Frame.ip(IpProtocol.UDP, A6, B6)));
            assertEquals(Fault.IP, parse(Frame.ip(HOP, A6, B6)), "a jumbogram's length field");
        }
    }

    @Nested
    final class Fragments {
        @Test
        void aDatagramIsIdentifiedByTheseFields() {
            assertEquals(Fault.NONE, parse(udp4().datagramId(0xfedc).payload(8).fragment(80, true)));
            assertEquals(0xfedc, packet.datagramId());
            assertEquals(IpProtocol.UDP, packet.fragmentProtocol());
            Frame first = udp6().datagramId(0xfedcba98).payload(8).fragment(0, true);
            assertEquals(Fault.NONE, parse(first.extension(DESTINATION, 16)));
            assertEquals(0xfedcba98, packet.datagramId());
            assertEquals(DESTINATION, packet.fragmentProtocol(), "as its fragment header names it");
            assertEquals(IpProtocol.UDP, packet.protocol());
            assertEquals(32, packet.fragmentLength(), "with the extension headers behind the fragment header");
        }

        @Test
        void firstAndLater() {
            for (Frame first : List.of(udp4(), udp6())) {
                assertEquals(Fault.NONE, parse(first.payload(24).fragment(0, true)));
                assertTrue(packet.isFragment());
                assertEquals(0, packet.fragmentOffset());
                assertTrue(packet.hasTransport());
                assertEquals(53, packet.destinationPort());
                assertFalse(packet.isTiny());
                assertTrue(packet.hasMoreFragments());
                assertEquals(32, packet.fragmentLength());
            }
            for (Frame later : List.of(udp4(), udp6())) {
                assertEquals(Fault.NONE, parse(later.payload(13).padding(7).fragment(1480, false)));
                assertTrue(packet.isFragment());
                assertEquals(1480, packet.fragmentOffset());
                assertFalse(packet.hasTransport());
                assertFalse(packet.isTiny());
                assertEquals(0, packet.destinationPort());
                assertEquals(IpProtocol.UDP, packet.protocol());
                assertFalse(packet.hasMoreFragments());
                assertEquals(13, packet.fragmentLength(), "not the padding");
            }
        }

        @Test
        void anEmptyFragment() {
            assertEquals(Fault.IP, parse(udp4().payload(0).fragment(8, false)));
            assertEquals(Fault.IP, parse(udp4().payload(0).fragment(8, true)));
            assertEquals(Fault.IP, parse(udp6().payload(0).fragment(8, false)));
            assertEquals(Fault.IP, parse(Frame.ip(17, A6, B6).fragmentHeader(0, true)));
        }

        @ParameterizedTest
        @CsvSource({"1, IP", "7, IP", "8, NONE", "9, IP", "16, NONE"})
        void moreToFollowNeedsAMultipleOfEight(int length, Fault expected) {
            assertEquals(expected, parse(udp4().payload(length).fragment(80, true)));
            assertEquals(expected, parse(udp6().payload(length).fragment(80, true)));
            assertEquals(Fault.NONE, parse(udp4().payload(length).fragment(80, false)));
            assertEquals(Fault.NONE, parse(udp6().payload(length).fragment(80, false)));
        }

        @Test
        void anIpv4DatagramEndsAt65535WithItsHeader() {
            assertEquals(Fault.NONE, parse(udp4().payload(3).fragment(65_512, false)));
            assertEquals(Fault.IP, parse(udp4().payload(4).fragment(65_512, false)));
            assertEquals(
                    Fault.NONE, parse(udp4().ipOptions("01010101").payload(7).fragment(65_504, false)));
            assertEquals(Fault.IP, parse(udp4().ipOptions("01010101").payload(8).fragment(65_504, false)));
            assertEquals(Fault.IP, parse(udp4().payload(1).fragment(65_528, false)));
        }

        @Test
        void anIpv6DatagramEndsAt65535WithoutTheFragmentHeader() {
            assertEquals(Fault.NONE, parse(udp6().payload(7).fragment(65_528, false)));
            assertEquals(Fault.IP, parse(udp6().payload(8).fragment(65_528, false)));
            assertEquals(Fault.NONE, parse(udp6().extension(HOP, 8).payload(7).fragment(65_520, false)));
            assertEquals(Fault.IP, parse(udp6().extension(HOP, 8).payload(8).fragment(65_520, false)));
            assertEquals(Fault.IP, parse(udp6().extension(HOP, 8).payload(1).fragment(65_528, false)));
        }

        @ParameterizedTest
        @CsvSource({
            "6, 8, true",
            "6, 16, true",
            "6, 24, false",
            "132, 8, true",
            "132, 16, false",
            "17, 8, false",
            "1, 8, false",
            "58, 8, false",
            "47, 8, false"
        })
        void laterFragmentsInsideTheHeader(int protocol, int offset, boolean tiny) {
            for (Frame frame : List.of(Frame.ip(protocol, A4, B4), Frame.ip(protocol, A6, B6))) {
                assertEquals(Fault.NONE, parse(frame.payload(16).fragment(offset, true)));
                assertEquals(tiny, packet.isTiny());
            }
        }

        @Test
        void aFirstFragmentWithoutTheWholeHeaderIsTiny() {
            assertTiny(true, Frame.ip(IpProtocol.TCP, A4, B4).payload(16).fragment(0, true));
            assertTiny(false, tcp4().payload(4).fragment(0, true));
            assertTiny(true, Frame.ip(IpProtocol.SCTP, A6, B6).payload(8).fragment(0, true));
            assertTiny(
                    false,
                    Frame.ip(IpProtocol.UDP, A6, B6).payload(udpHeader(5000)).fragment(0, true));
            byte[] cutOptions =
                    tcp4().tcpOptions(new byte[8]).payload(4).fragment(0, true).bytes();
            cutOptions[14 + 20 + 12] = (byte) 0xf0;
            assertEquals(Fault.NONE, parse(cutOptions));
            assertTrue(packet.isTiny());
            assertFalse(packet.hasTransport());
        }

        @Test
        void aFirstFragmentWithoutTheWholeChainIsTiny() {
            byte[] frame =
                    Frame.ip(DESTINATION, A6, B6).payload(16).fragment(0, true).bytes();
            frame[14 + 40 + 8 + 1] = 7;
            assertEquals(Fault.NONE, parse(frame));
            assertTrue(packet.isTiny());
            assertFalse(packet.hasTransport());
        }

        @Test
        void aFirstFragmentWithExtensionsBehindItsFragmentHeader() {
            assertTiny(false, udp6().payload(16).fragmentHeader(0, true).extension(DESTINATION, 16));
            assertEquals(53, packet.destinationPort());
        }

        @Test
        void aDataOffsetBelowFiveIsMalformedInAFragmentToo() {
            byte[] frame = tcp4().payload(4).fragment(0, true).bytes();
            frame[14 + 20 + 12] = 0x40;
            assertEquals(Fault.TRANSPORT, parse(frame));
        }

        @Test
        void theUdpLengthOfAFirstFragmentIsTheDatagrams() {
            assertEquals(Fault.NONE, parse(udp4().payload(16).udpLength(3000).fragment(0, true)));
            assertEquals(Fault.TRANSPORT, parse(udp4().payload(16).udpLength(7).fragment(0, true)));
        }

        private void assertTiny(boolean tiny, Frame frame) {
            assertEquals(Fault.NONE, parse(frame));
            assertEquals(tiny, packet.isTiny());
            assertEquals(!tiny, packet.hasTransport());
        }

        private static byte[] udpHeader(int length) {
            return new Frame.Octets().u16(1).u16(2).u16(length).u16(0).toBytes();
        }
    }

    @Nested
    final class Transport {
        @Test
        void tcp() {
            byte[] options = new Frame.Octets().hex("020405b4").hex("01030307").toBytes();
            assertEquals(
                    Fault.NONE,
                    parse(Frame.tcp(A6, 40_000, B6, 443, TcpFlags.FIN | TcpFlags.ACK)
                            .numbers(0xfffffff0, 0x80000001)
                            .window(12_345)
                            .tcpOptions(options)
                            .payload(77)));
            assertEquals(40_000, packet.sourcePort());
            assertEquals(443, packet.destinationPort());
            assertEquals(0xfffffff0, packet.tcpSequence());
            assertEquals(0x80000001, packet.tcpAcknowledgment());
            assertEquals(12_345, packet.tcpWindow());
            assertEquals(TcpFlags.FIN | TcpFlags.ACK, packet.tcpFlags());
            assertEquals(77, packet.tcpPayload());
            TcpOptions read = new TcpOptions();
            read.read(packet);
            assertEquals(7, read.windowScale());
        }

        @ParameterizedTest
        @CsvSource({"0, TRANSPORT", "4, TRANSPORT", "5, NONE", "6, NONE", "7, TRANSPORT", "15, TRANSPORT"})
        void tcpDataOffset(int words, Fault expected) {
            byte[] frame = tcp4().payload(4).bytes();
            frame[14 + 20 + 12] = (byte) (words << 4);
            assertEquals(expected, parse(frame));
        }

        @ParameterizedTest
        @CsvSource({"6, 20", "17, 8", "132, 12", "1, 8", "58, 8"})
        void theMinimumOfEachHeader(int protocol, int minimum) {
            for (boolean v6 : new boolean[] {false, true}) {
                Frame frame = v6 ? Frame.ip(protocol, A6, B6) : Frame.ip(protocol, A4, B4);
                boolean crosswise = protocol == (v6 ? IpProtocol.ICMP : IpProtocol.ICMPV6);
                for (int length = 0; length < minimum; length++) {
                    Fault expected = crosswise ? Fault.NONE : Fault.TRANSPORT;
                    assertEquals(expected, parse(frame.payload(length)), "length " + length);
                }
            }
        }

        @Test
        void udpLength() {
            assertEquals(Fault.TRANSPORT, parse(udp4().udpLength(0)));
            assertEquals(Fault.TRANSPORT, parse(udp4().udpLength(7)));
            assertEquals(Fault.NONE, parse(udp4().udpLength(8)));
            assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
            assertEquals(Fault.NONE, parse(udp4().udpLength(28)));
            assertEquals(Fault.TRANSPORT, parse(udp4().udpLength(29)));
            assertEquals(Fault.TRANSPORT, parse(udp4().udpLength(29).padding(10)));
        }

        @Test
        void icmpOfTheOtherFamilyIsAProtocolLikeAny() {
            assertEquals(
                    Fault.NONE,
                    parse(Frame.ip(IpProtocol.ICMPV6, A4, B4).payload(new byte[] {8, 0, 0, 0, 1, 2, 3, 4})));
            assertFalse(packet.isIcmp());
            assertEquals(0, packet.icmpType());
            assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
        }

        @Test
        void icmp() {
            for (boolean v6 : new boolean[] {false, true}) {
                assertEquals(Fault.NONE, parse(Frame.icmp(v6 ? A6 : A4, v6 ? B6 : B4, v6 ? 128 : 8, 0, 0xbeef)));
                assertTrue(packet.isIcmp());
                assertEquals(v6 ? 128 : 8, packet.icmpType());
                assertEquals(0, packet.icmpCode());
                assertEquals(0xbeef, packet.icmpIdentifier());
            }
        }

        @Test
        void nothingOfTheFrameBeforeStays() {
            assertEquals(Fault.NONE, parse(Frame.icmp(A6, B6, 128, 3, 9).vlan(5)));
            assertEquals(Fault.NONE, parse(Frame.ethernet("ffffffffffff", EtherType.ARP, new byte[28])));
            assertFalse(packet.isIp());
            assertFalse(packet.isV6());
            assertFalse(packet.hasTransport());
            assertEquals(0, packet.vlans());
            assertEquals(0, packet.protocol());
            assertEquals(0, packet.sourceHigh());
            assertEquals(0, packet.icmpType());
            assertEquals(Fault.NONE, parse(udp4().payload(8).fragment(8, false)));
            assertEquals(Fault.NONE, parse(Frame.ip(47, A4, B4)));
            assertFalse(packet.isFragment());
            assertEquals(0, packet.fragmentOffset());
            assertEquals(0, packet.destinationPort());
        }

        @Test
        void aFrameCutBeforeItsEthertypeHasNone() {
            assertEquals(Fault.NONE, parse(udp4()));
            assertEquals(Fault.LINK, parse(new byte[10]));
            assertEquals(0, packet.etherType());
        }
    }

    @Nested
    final class Checksums {
        static Stream<Frame> verified() {
            return Stream.of(
                    Frame.tcp(A4, 1, B4, 2, TcpFlags.ACK).payload(bytes(33)),
                    Frame.tcp(A6, 1, B6, 2, TcpFlags.ACK).payload(bytes(32)),
                    Frame.udp(A4, 1, B4, 2).payload(bytes(1)),
                    Frame.udp(A6, 1, B6, 2).payload(bytes(1400)),
                    Frame.icmp(A4, B4, 8, 0, 5).payload(bytes(56)),
                    Frame.icmp(A6, B6, 128, 0, 5).payload(bytes(57)));
        }

        private static byte[] bytes(int count) {
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++) {
                bytes[i] = (byte) (i * 37 + 11);
            }
            return bytes;
        }

        @ParameterizedTest
        @MethodSource("verified")
        void rightAndWrong(Frame frame) {
            assertEquals(Fault.NONE, parse(frame));
            assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
            assertEquals(Fault.NONE, parse(frame.wrongChecksum(0x5555)));
            assertEquals(ChecksumState.WRONG, packet.verifyChecksum());
        }

        @ParameterizedTest
        @MethodSource("verified")
        void everyFlippedBitOfLayer4IsSeen(Frame frame) {
            byte[] bytes = frame.bytes();
            int from = bytes.length - 8;
            for (int bit = from * 8; bit < bytes.length * 8; bit++) {
                byte[] wrong = bytes.clone();
                wrong[bit / 8] ^= (byte) (1 << bit % 8);
                if (parse(wrong) == Fault.NONE) {
                    assertEquals(ChecksumState.WRONG, packet.verifyChecksum(), "bit " + bit);
                }
            }
        }

        @Test
        void anUnfinishedOneIsKnownAndFinished() {
            for (Frame frame : verified().limit(4).toList()) {
                byte[] right = frame.bytes();
                byte[] bytes = frame.unfinishedChecksum().bytes();
                MemorySegment memory = MemorySegment.ofArray(bytes);
                assertEquals(Fault.NONE, packet.parse(memory, 0, bytes.length));
                assertEquals(ChecksumState.UNFINISHED, packet.verifyChecksum());
                packet.finishChecksum();
                assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
                assertEquals(Arrays.toString(right), Arrays.toString(bytes));
            }
        }

        @Test
        void udpWithoutAChecksum() {
            for (Frame frame : List.of(udp4(), udp6())) {
                byte[] bytes = frame.bytes();
                Frame.put16(bytes, bytes.length - 20 - 2, 0);
                assertEquals(Fault.NONE, parse(bytes));
                assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
            }
        }

        @Test
        void aUdpSumOfZeroIsWrittenAsOnes() {
            Frame frame = Frame.udp(A4, 1, B4, 2);
            for (int word = 0; word <= 0xffff; word++) {
                byte[] payload = new Frame.Octets().u16(word).toBytes();
                byte[] bytes = frame.payload(payload).bytes();
                if ((bytes[40] & bytes[41] & 0xff) == 0xff) {
                    byte[] unfinished = frame.unfinishedChecksum().bytes();
                    assertEquals(Fault.NONE, packet.parse(MemorySegment.ofArray(unfinished), 0, unfinished.length));
                    packet.finishChecksum();
                    assertEquals(0xffff, (unfinished[40] & 0xff) << 8 | unfinished[41] & 0xff);
                    return;
                }
            }
            throw new AssertionError("no payload makes the sum zero");
        }

        @Test
        void protocolsWithoutAVerifiedChecksumPass() {
            for (Frame frame :
                    List.of(Frame.sctp(A4, 1, B4, 2), Frame.ip(47, A4, B4).payload(9))) {
                assertEquals(Fault.NONE, parse(frame));
                assertEquals(ChecksumState.RIGHT, packet.verifyChecksum());
            }
        }
    }

    @Test
    void noTruncationOfAnyFrameIsReadBeyondItsEnd() {
        List<Frame> whole = List.of(
                tcp4().tcpOptions(new byte[] {2, 4, 5, (byte) 0xb4, 3, 3, 7})
                        .payload(5)
                        .vlan(1)
                        .vlan(2),
                udp4().ipOptions("01".repeat(40)),
                udp6().extension(HOP, 8).extension(DESTINATION, 24).fragmentHeader(0, false),
                udp6().payload(16).fragment(0, true),
                Frame.icmp(A4, B4, 3, 3, 0).payload(udp4().ip()),
                Frame.icmp(A6, B6, 1, 0, 0).payload(udp6().extension(HOP, 8).ip()),
                Frame.sctp(A6, 1, B6, 2));
        for (Frame frame : whole) {
            byte[] bytes = frame.bytes();
            assertEquals(Fault.NONE, parse(bytes));
            for (int length = 0; length < bytes.length; length++) {
                byte[] cut = Arrays.copyOf(bytes, length);
                Fault fault = parse(cut);
                assertTrue(fault == Fault.LINK || fault == Fault.IP, fault + " when cut to " + length);
                if (length >= frame.network() + 40) {
                    shortenIpLength(cut, frame.network());
                    Fault shortened = parse(cut);
                    assertEquals(
                            shortened, PacketWalk.of(packet, shortened, length).getFirst());
                }
            }
        }
    }

    /** Sets the IP header's length to the existing bytes, so that the cut reaches layer 4. */
    private static void shortenIpLength(byte[] frame, int network) {
        if (frame[network] >>> 4 == 4) {
            Frame.put16(frame, network + 2, frame.length - network);
            Frame.repairIpv4(frame, network);
        } else {
            Frame.put16(frame, network + 4, frame.length - network - 40);
        }
    }
}
