package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet.Fault;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pcap4j.packet.Dot1qVlanTagPacket;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IllegalIpV4Option;
import org.pcap4j.packet.IllegalPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IllegalTcpOption;
import org.pcap4j.packet.IpPacket;
import org.pcap4j.packet.IpV4EndOfOptionList;
import org.pcap4j.packet.IpV4LooseSourceRouteOption;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV4StrictSourceRouteOption;
import org.pcap4j.packet.IpV6ExtFragmentPacket;
import org.pcap4j.packet.IpV6ExtOptionsPacket;
import org.pcap4j.packet.IpV6ExtRoutingPacket;
import org.pcap4j.packet.IpV6ExtUnknownPacket;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.SctpPacket;
import org.pcap4j.packet.TcpEndOfOptionList;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.TcpPacket.TcpOption;
import org.pcap4j.packet.TcpSackPermittedOption;
import org.pcap4j.packet.TcpWindowScaleOption;
import org.pcap4j.packet.UdpPacket;
import org.pcap4j.packet.UnknownTcpOption;
import org.pcap4j.packet.namednumber.IpNumber;

/**
 * Random frames built by pcap4j, unchanged, with a damaged payload, or with mutated headers: both dissectors must read the same
 * and refuse the same, except for {@link Difference}.
 */
@Tag("property")
final class PacketAgainstPcap4jTest {
    /** The reason for which one of the two reads a mutated frame that the other refuses or does not look into. */
    private enum Difference {
        /** pcap4j knows 802.1Q tags, and takes any number of them; ours knows 802.1ad's too, and takes two. */
        TAGS,
        /** An 802.3 length beyond the frame: pcap4j refuses it, ours does not look into LLC. */
        LLC_LENGTH,
        /** pcap4j goes by the ethertype and never asks for the version. */
        IP_VERSION,
        /** pcap4j takes the existing bytes if a length promises more, and 0 as "to the end"; ours refuses. */
        IP_LENGTH,
        /** pcap4j verifies no header checksum unless asked. */
        IPV4_CHECKSUM,
        /** Source routes are refused by ours alone; of broken options pcap4j logs an error and goes on. */
        IPV4_OPTIONS,
        /** Routing type 0, hop-by-hop that is not first, more than 8 headers, a cut chain: pcap4j takes them. */
        IPV6_EXTENSIONS,
        /** Behind broken options pcap4j goes on where they end, not where the extension header's length says. */
        IPV6_OPTIONS,
        /** Protocols that pcap4j does not know are extension headers to it, and the other way round. */
        IPV6_UNKNOWN_HEADER,
        /** pcap4j does not look into fragments, not even into atomic ones, and takes impossible ones. */
        FRAGMENT,
        /** Of broken options pcap4j reads on, takes lengths as signed, or stops at once; ours stops where it gets lost. */
        TCP_OPTIONS,
        /** pcap4j takes a UDP length beyond the packet. */
        UDP_LENGTH,
        /** An ICMP header is 4 bytes to pcap4j, 8 to ours. */
        ICMP_LENGTH,
        /** pcap4j reads addresses beyond the end of a short home agent address discovery reply. Seldom. */
        ICMPV6_HOME_AGENT
    }

    private static final int FRAMES = 8_000;
    private static final int MUTATED_FRAMES = 12_000;
    private static final int ETHERNET_HEADER = 14;
    private static final int TAG = 4;
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int FIRST_ETHERTYPE = 0x0600;
    private static final int HOME_AGENT_REPLY = 145;
    private static final int MAX_DATAGRAM = 65_535;
    private static final int MAX_EXTENSIONS = 8;
    private static final int MAX_CHAIN = 512;

    private final Packet packet = new Packet();

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void dissectedAlike(long seed) throws IllegalRawDataException, UnknownHostException {
        SplittableRandom random = new SplittableRandom(seed);
        int wrong = 0;
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = new Pcap4jSender(random).frame();
            try {
                wrong += compare(frame) ? 0 : 1;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + ", frame " + i + ": " + HexFormat.of().formatHex(frame), e);
            }
        }
        assertTrue(wrong > FRAMES / 10 && wrong < FRAMES / 2, wrong + " wrong checksums");
    }

    @ParameterizedTest
    @ValueSource(longs = {15, 16, 17})
    void mutatedFramesAreDissectedAlike(long seed) throws UnknownHostException {
        SplittableRandom random = new SplittableRandom(seed);
        Map<Difference, Integer> differences = new EnumMap<>(Difference.class);
        int alike = 0;
        for (int i = 0; i < MUTATED_FRAMES; i++) {
            byte[] frame = new HeaderMutation(random).mutated(new Pcap4jSender(random).frame());
            try {
                Difference difference = compareMutated(frame);
                if (difference == null) {
                    alike++;
                } else {
                    differences.merge(difference, 1, Integer::sum);
                }
            } catch (AssertionError | IllegalRawDataException | RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + ", frame " + i + ": " + HexFormat.of().formatHex(frame), e);
            }
        }
        assertTrue(alike > MUTATED_FRAMES / 3, alike + " alike, and " + differences);
        Set<Difference> missing = EnumSet.complementOf(EnumSet.of(Difference.ICMPV6_HOME_AGENT));
        missing.removeAll(differences.keySet());
        assertEquals(Set.of(), missing, "differences that are no more, among " + differences);
    }

    private @Nullable Difference compareMutated(byte[] frame) throws IllegalRawDataException {
        Fault fault = packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        EthernetPacket theirs;
        try {
            theirs = EthernetPacket.newPacket(frame, 0, frame.length);
        } catch (IllegalRawDataException e) {
            assertEquals(frame.length < ETHERNET_HEADER ? Fault.LINK : Fault.NONE, fault);
            assertTrue(fault == Fault.LINK || packet.etherType() < FIRST_ETHERTYPE, e.getMessage());
            return fault == Fault.LINK ? null : Difference.LLC_LENGTH;
        } catch (ArrayIndexOutOfBoundsException e) {
            assertEquals(Fault.NONE, fault);
            assertEquals(HOME_AGENT_REPLY, packet.icmpType(), e.getMessage());
            return Difference.ICMPV6_HOME_AGENT;
        }
        int tags = 0;
        int vlans = 0;
        int type = theirs.getHeader().getType().value() & 0xffff;
        for (org.pcap4j.packet.Packet layer : theirs) {
            if (layer instanceof Dot1qVlanTagPacket tag) {
                tags++;
                int id = tag.getHeader().getVidAsInt();
                vlans = id == 0 ? vlans : vlans << 12 | id;
                type = tag.getHeader().getType().value() & 0xffff;
            }
        }
        if (tags > 2 || type == SERVICE_VLAN) {
            assertTrue(fault == Fault.LINK || tags < 2, "three tags");
            return Difference.TAGS;
        }
        if (type == VLAN) {
            assertEquals(Fault.LINK, fault, "a third or a cut tag");
            return null;
        }
        assertEquals(type, packet.etherType());
        assertEquals(vlans, packet.vlans());
        IpPacket ip = theirs.get(IpPacket.class);
        if (type != EtherType.IPV4 && type != EtherType.IPV6) {
            assertEquals(Fault.NONE, fault);
            assertFalse(packet.isIp());
            return null;
        }
        if (ip == null) {
            assertEquals(Fault.IP, fault, "pcap4j refuses the IP header");
            return null;
        }
        int remaining = frame.length - ETHERNET_HEADER - tags * TAG;
        return ip instanceof IpV4Packet v4
                ? compareIpv4(v4, fault, remaining)
                : compareIpv6((IpV6Packet) ip, fault, remaining);
    }

    private @Nullable Difference compareIpv4(IpV4Packet theirs, Fault fault, int remaining) {
        IpV4Packet.IpV4Header header = theirs.getHeader();
        int total = header.getTotalLengthAsInt();
        if (header.getVersion().value() != 4) {
            return refused(fault, Difference.IP_VERSION);
        }
        if (total > remaining || total < header.getIhlAsInt() * 4) {
            return refused(fault, Difference.IP_LENGTH);
        }
        boolean sourceRoute = header.getOptions().stream()
                .anyMatch(each ->
                        each instanceof IpV4LooseSourceRouteOption || each instanceof IpV4StrictSourceRouteOption);
        boolean broken = header.getOptions().stream().anyMatch(IllegalIpV4Option.class::isInstance)
                || header.getPadding().length > 0
                        && header.getOptions().stream().noneMatch(IpV4EndOfOptionList.class::isInstance);
        if (fault == Fault.IP && (sourceRoute || broken)) {
            return Difference.IPV4_OPTIONS;
        }
        if (!header.hasValidChecksum(false)) {
            return refused(fault, Difference.IPV4_CHECKSUM);
        }
        assertFalse(sourceRoute, "source routes are refused");
        int offset = header.getFragmentOffset() * 8;
        if (header.getMoreFragmentFlag() || offset != 0) {
            int data = total - header.getIhlAsInt() * 4;
            return compareFragment(fault, offset, header.getMoreFragmentFlag(), data, total + offset);
        }
        assertNotEquals(Fault.IP, fault);
        assertAddresses(theirs);
        assertEquals(header.getTtlAsInt(), packet.hopLimit());
        int protocol = header.getProtocol().value() & 0xff;
        Difference difference = compareWhole(theirs, protocol, fault, total - header.getIhlAsInt() * 4);
        return difference == null && broken ? Difference.IPV4_OPTIONS : difference;
    }

    private static Difference refused(Fault fault, Difference difference) {
        assertEquals(Fault.IP, fault, difference.name());
        return difference;
    }

    /** {@code end} is the value of the datagram's length field if this were its last fragment. */
    private Difference compareFragment(Fault fault, int offset, boolean more, int data, int end) {
        if (data == 0 || more && data % 8 != 0 || end > MAX_DATAGRAM) {
            return refused(fault, Difference.FRAGMENT);
        }
        assertNotEquals(Fault.LINK, fault);
        assertTrue(packet.isFragment());
        assertEquals(offset, packet.fragmentOffset());
        return Difference.FRAGMENT;
    }

    private @Nullable Difference compareIpv6(IpV6Packet theirs, Fault fault, int remaining) {
        int length = theirs.getHeader().getPayloadLengthAsInt();
        if (theirs.getHeader().getVersion().value() != 6) {
            return refused(fault, Difference.IP_VERSION);
        }
        if (length > remaining - theirs.getHeader().length()) {
            return refused(fault, Difference.IP_LENGTH);
        }
        if (length == 0 && remaining > theirs.getHeader().length()) {
            return Difference.IP_LENGTH;
        }
        assertTrue(packet.isIp());
        assertAddresses(theirs);
        assertEquals(theirs.getHeader().getHopLimitAsInt(), packet.hopLimit());
        int next = theirs.getHeader().getNextHeader().value() & 0xff;
        org.pcap4j.packet.Packet layer = theirs.getPayload();
        boolean refused = false;
        int chain = 0;
        int count = 0;
        for (; IpProtocol.isExtension(next); count++) {
            refused |= count == MAX_EXTENSIONS || next == IpProtocol.HOP_BY_HOP && count > 0;
            if (layer == null || layer instanceof IllegalPacket) {
                assertEquals(Fault.IP, fault, "the chain is cut");
                return layer == null ? Difference.IPV6_EXTENSIONS : null;
            }
            if (layer.getHeader() == null || layer instanceof IpV6ExtUnknownPacket) {
                return Difference.IPV6_UNKNOWN_HEADER;
            }
            if (layer.getHeader() instanceof IpV6ExtOptionsPacket.IpV6ExtOptionsHeader options
                    && options.length() != (options.getHdrExtLenAsInt() + 1) * 8) {
                return Difference.IPV6_OPTIONS;
            }
            chain += layer.getHeader().length();
            refused |= chain > MAX_CHAIN
                    || layer instanceof IpV6ExtRoutingPacket routing
                            && routing.getHeader().getRoutingType().value() == 0;
            if (refused) {
                return refused(fault, Difference.IPV6_EXTENSIONS);
            }
            if (layer instanceof IpV6ExtFragmentPacket fragment) {
                return compareIpv6Fragment(fragment, fault, length - chain, chain - 8);
            }
            next = nextHeader(layer);
            layer = layer.getPayload();
        }
        return compareWhole(theirs, next, fault, length - chain);
    }

    private Difference compareIpv6Fragment(IpV6ExtFragmentPacket fragment, Fault fault, int data, int before) {
        int offset = fragment.getHeader().getFragmentOffset() * 8;
        boolean more = fragment.getHeader().getM();
        if (offset == 0) {
            // Ours follows the chain, which may contain anything.
            assertEquals(more, packet.isFragment() || fault == Fault.IP && more);
            return Difference.FRAGMENT;
        }
        return compareFragment(fault, offset, more, data, before + offset + data);
    }

    private static int nextHeader(org.pcap4j.packet.Packet layer) {
        IpNumber next = layer instanceof IpV6ExtRoutingPacket routing
                ? routing.getHeader().getNextHeader()
                : ((IpV6ExtOptionsPacket.IpV6ExtOptionsHeader) layer.getHeader()).getNextHeader();
        return next.value() & 0xff;
    }

    /** Layer 4 of a packet that is no fragment, {@code length} bytes long. */
    private @Nullable Difference compareWhole(IpPacket theirs, int protocol, Fault fault, int length) {
        assertEquals(protocol, packet.protocol());
        boolean v6 = theirs instanceof IpV6Packet;
        InetAddress source = theirs.getHeader().getSrcAddr();
        InetAddress destination = theirs.getHeader().getDstAddr();
        boolean known = switch (protocol) {
            case IpProtocol.TCP -> theirs.get(TcpPacket.class) != null;
            case IpProtocol.UDP -> theirs.get(UdpPacket.class) != null;
            case IpProtocol.SCTP -> theirs.get(SctpPacket.class) != null;
            case IpProtocol.ICMP -> !v6 && theirs.get(IcmpV4CommonPacket.class) != null;
            case IpProtocol.ICMPV6 -> v6 && theirs.get(IcmpV6CommonPacket.class) != null;
            default -> false;
        };
        boolean judged = switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP -> true;
            case IpProtocol.ICMP -> !v6;
            case IpProtocol.ICMPV6 -> v6;
            default -> false;
        };
        if (!judged) {
            assertEquals(Fault.NONE, fault);
            assertFalse(packet.isIcmp());
            return v6 ? Difference.IPV6_UNKNOWN_HEADER : null;
        }
        if (!known) {
            assertEquals(Fault.TRANSPORT, fault, "pcap4j refuses the layer 4 header");
            return null;
        }
        if (packet.isIcmp() && length < 8) {
            assertEquals(Fault.TRANSPORT, fault);
            return Difference.ICMP_LENGTH;
        }
        UdpPacket udp = theirs.get(UdpPacket.class);
        if (udp != null && udp.getHeader().getLengthAsInt() > length) {
            assertEquals(Fault.TRANSPORT, fault);
            return Difference.UDP_LENGTH;
        }
        assertEquals(Fault.NONE, fault);
        compareTransport(theirs, source, destination);
        TcpPacket tcp = theirs.get(TcpPacket.class);
        return tcp != null && hasBrokenOptions(tcp.getHeader()) ? Difference.TCP_OPTIONS : null;
    }

    private void assertAddresses(IpPacket theirs) {
        assertAddress(theirs.getHeader().getSrcAddr(), packet.sourceHigh(), packet.sourceLow());
        assertAddress(theirs.getHeader().getDstAddr(), packet.destinationHigh(), packet.destinationLow());
    }

    /** True when the layer 4 checksum is right. */
    private boolean compare(byte[] frame) throws IllegalRawDataException {
        EthernetPacket theirs = EthernetPacket.newPacket(frame, 0, frame.length);
        assertEquals(Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        int vlans = 0;
        for (org.pcap4j.packet.Packet layer : theirs) {
            if (layer instanceof Dot1qVlanTagPacket tag) {
                int id = tag.getHeader().getVidAsInt();
                vlans = id == 0 ? vlans : vlans << 12 | id;
            }
        }
        assertEquals(vlans, packet.vlans());

        IpPacket ip = theirs.get(IpPacket.class);
        assertTrue(packet.isIp());
        assertEquals(ip instanceof IpV6Packet, packet.isV6());
        InetAddress source = ip.getHeader().getSrcAddr();
        InetAddress destination = ip.getHeader().getDstAddr();
        assertAddress(source, packet.sourceHigh(), packet.sourceLow());
        assertAddress(destination, packet.destinationHigh(), packet.destinationLow());
        int hops = ip instanceof IpV4Packet v4
                ? v4.getHeader().getTtlAsInt()
                : ((IpV6Packet) ip).getHeader().getHopLimitAsInt();
        assertEquals(hops, packet.hopLimit());
        return compareTransport(theirs, source, destination);
    }

    private static void assertAddress(InetAddress theirs, long high, long low) {
        byte[] bytes = theirs.getAddress();
        byte[] ours = new Frame.Octets()
                .u32((int) (high >>> 32))
                .u32((int) high)
                .u32((int) (low >>> 32))
                .u32((int) low)
                .toBytes();
        assertEquals(HexFormat.of().formatHex(bytes), HexFormat.of().formatHex(ours, 16 - bytes.length, 16));
    }

    private boolean compareTransport(org.pcap4j.packet.Packet theirs, InetAddress source, InetAddress destination) {
        TcpPacket tcp = theirs.get(TcpPacket.class);
        UdpPacket udp = theirs.get(UdpPacket.class);
        SctpPacket sctp = theirs.get(SctpPacket.class);
        IcmpV4CommonPacket icmp4 = theirs.get(IcmpV4CommonPacket.class);
        IcmpV6CommonPacket icmp6 = theirs.get(IcmpV6CommonPacket.class);
        boolean right;
        if (tcp != null) {
            compareTcp(tcp);
            right = tcp.hasValidChecksum(source, destination, false);
        } else if (udp != null) {
            assertEquals(IpProtocol.UDP, packet.protocol());
            assertPorts(
                    udp.getHeader().getSrcPort().valueAsInt(),
                    udp.getHeader().getDstPort().valueAsInt());
            right = udp.hasValidChecksum(source, destination, true);
        } else if (sctp != null) {
            assertEquals(IpProtocol.SCTP, packet.protocol());
            assertPorts(
                    sctp.getHeader().getSrcPort().valueAsInt(),
                    sctp.getHeader().getDstPort().valueAsInt());
            right = true;
        } else if (icmp4 != null) {
            assertEquals(IpProtocol.ICMP, packet.protocol());
            assertIcmp(
                    icmp4.getHeader().getType().value(),
                    icmp4.getHeader().getCode().value(),
                    icmp4.getPayload());
            right = icmp4.hasValidChecksum(false);
        } else {
            assertEquals(IpProtocol.ICMPV6, packet.protocol());
            assertIcmp(
                    icmp6.getHeader().getType().value(),
                    icmp6.getHeader().getCode().value(),
                    icmp6.getPayload());
            right = icmp6.hasValidChecksum((Inet6Address) source, (Inet6Address) destination, false);
        }
        assertEquals(right, packet.verifyChecksum() == ChecksumState.RIGHT);
        return right;
    }

    private void compareTcp(TcpPacket tcp) {
        TcpPacket.TcpHeader header = tcp.getHeader();
        assertEquals(IpProtocol.TCP, packet.protocol());
        assertPorts(header.getSrcPort().valueAsInt(), header.getDstPort().valueAsInt());
        assertEquals(header.getSequenceNumber(), packet.tcpSequence());
        assertEquals(header.getAcknowledgmentNumber(), packet.tcpAcknowledgment());
        assertEquals(header.getWindowAsInt(), packet.tcpWindow());
        int judged = (header.getFin() ? TcpFlags.FIN : 0)
                | (header.getSyn() ? TcpFlags.SYN : 0)
                | (header.getRst() ? TcpFlags.RST : 0)
                | (header.getAck() ? TcpFlags.ACK : 0);
        assertEquals(judged, packet.tcpFlags() & (TcpFlags.FIN | TcpFlags.SYN | TcpFlags.RST | TcpFlags.ACK));
        assertEquals(tcp.getPayload() == null ? 0 : tcp.getPayload().length(), packet.tcpPayload());
        if (!hasBrokenOptions(header)) {
            compareTcpOptions(header);
        }
    }

    private static boolean hasBrokenOptions(TcpPacket.TcpHeader header) {
        List<TcpOption> options = header.getOptions();
        return options.stream()
                        .anyMatch(each -> each instanceof IllegalTcpOption
                                || each instanceof UnknownTcpOption unknown && unknown.getLength() < 2)
                || header.getPadding().length > 0 && options.stream().noneMatch(TcpEndOfOptionList.class::isInstance);
    }

    private void compareTcpOptions(TcpPacket.TcpHeader header) {
        int scale = TcpOptions.ABSENT;
        boolean sack = false;
        for (TcpOption option : header.getOptions()) {
            scale = option instanceof TcpWindowScaleOption window ? Math.min(14, window.getShiftCountAsInt()) : scale;
            sack |= option instanceof TcpSackPermittedOption;
        }
        TcpOptions ours = new TcpOptions();
        ours.read(packet);
        assertEquals(scale, ours.windowScale());
        assertEquals(sack, ours.isSackPermitted());
    }

    private void assertPorts(int source, int destination) {
        assertEquals(source, packet.sourcePort());
        assertEquals(destination, packet.destinationPort());
    }

    private void assertIcmp(byte type, byte code, org.pcap4j.packet.Packet message) {
        assertTrue(packet.isIcmp());
        assertEquals(type & 0xff, packet.icmpType());
        assertEquals(code & 0xff, packet.icmpCode());
        byte[] query = message.getRawData();
        assertEquals((query[0] & 0xff) << 8 | query[1] & 0xff, packet.icmpIdentifier());
    }
}
