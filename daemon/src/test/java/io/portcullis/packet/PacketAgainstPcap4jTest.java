package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.Packet.Checksum;
import io.portcullis.packet.Packet.Fault;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pcap4j.packet.AbstractPacket.AbstractBuilder;
import org.pcap4j.packet.Dot1qVlanTagPacket;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV4EchoPacket;
import org.pcap4j.packet.IcmpV4EchoReplyPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IcmpV6EchoReplyPacket;
import org.pcap4j.packet.IcmpV6EchoRequestPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV4Rfc791Tos;
import org.pcap4j.packet.IpV6ExtDestinationOptionsPacket;
import org.pcap4j.packet.IpV6ExtHopByHopOptionsPacket;
import org.pcap4j.packet.IpV6ExtOptionsPacket;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.IpV6SimpleFlowLabel;
import org.pcap4j.packet.IpV6SimpleTrafficClass;
import org.pcap4j.packet.SctpPacket;
import org.pcap4j.packet.TcpMaximumSegmentSizeOption;
import org.pcap4j.packet.TcpNoOperationOption;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.TcpPacket.TcpOption;
import org.pcap4j.packet.TcpSackPermittedOption;
import org.pcap4j.packet.TcpWindowScaleOption;
import org.pcap4j.packet.UdpPacket;
import org.pcap4j.packet.UnknownPacket;
import org.pcap4j.packet.namednumber.EtherType;
import org.pcap4j.packet.namednumber.IcmpV4Code;
import org.pcap4j.packet.namednumber.IcmpV4Type;
import org.pcap4j.packet.namednumber.IcmpV6Code;
import org.pcap4j.packet.namednumber.IcmpV6Type;
import org.pcap4j.packet.namednumber.IpNumber;
import org.pcap4j.packet.namednumber.IpVersion;
import org.pcap4j.packet.namednumber.SctpPort;
import org.pcap4j.packet.namednumber.TcpPort;
import org.pcap4j.packet.namednumber.UdpPort;
import org.pcap4j.util.MacAddress;

/** Random frames that pcap4j built, some with a damaged payload or checksum: both dissectors must read the same. */
final class PacketAgainstPcap4jTest {
    private static final int FRAMES = 8_000;
    private static final MacAddress MAC = MacAddress.getByName("02:00:00:00:00:01");

    private final Packet packet = new Packet();

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void dissectedAlike(long seed) throws IllegalRawDataException, UnknownHostException {
        SplittableRandom random = new SplittableRandom(seed);
        int wrong = 0;
        for (int i = 0; i < FRAMES; i++) {
            byte[] frame = new Sender(random).frame();
            try {
                wrong += compare(frame) ? 0 : 1;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + ", frame " + i + ": " + HexFormat.of().formatHex(frame), e);
            }
        }
        assertTrue(wrong > FRAMES / 10 && wrong < FRAMES / 2, wrong + " wrong checksums");
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

    private boolean compareTransport(EthernetPacket theirs, InetAddress source, InetAddress destination) {
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
        assertEquals(right, packet.verifyChecksum() == Checksum.RIGHT);
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
        int scale = TcpOptions.ABSENT;
        boolean sack = false;
        for (TcpOption option : header.getOptions()) {
            scale = option instanceof TcpWindowScaleOption window ? Math.min(14, window.getShiftCountAsInt()) : scale;
            sack |= option instanceof TcpSackPermittedOption;
        }
        TcpOptions ours = new TcpOptions();
        packet.readTcpOptions(ours);
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

    /** One random frame. */
    private static final class Sender {
        private final SplittableRandom random;
        private final boolean v6;
        private final InetAddress source;
        private final InetAddress destination;
        private final byte[] data;

        Sender(SplittableRandom random) throws UnknownHostException {
            this.random = random;
            v6 = random.nextBoolean();
            source = address();
            destination = address();
            data = new byte[random.nextInt(60)];
            random.nextBytes(data);
        }

        private InetAddress address() throws UnknownHostException {
            byte[] bytes = new byte[v6 ? 16 : 4];
            random.nextBytes(bytes);
            bytes[0] |= 1; // never IPv4-mapped, which the JDK would turn into IPv4
            return InetAddress.getByAddress(bytes);
        }

        private short half() {
            return (short) random.nextInt();
        }

        byte[] frame() {
            IpNumber protocol = List.of(
                            IpNumber.TCP, IpNumber.UDP, IpNumber.SCTP, v6 ? IpNumber.ICMPV6 : IpNumber.ICMPV4)
                    .get(random.nextInt(4));
            AbstractBuilder transport = switch (protocol.value()) {
                case 6 -> tcp();
                case 17 -> udp();
                case (byte) 132 -> sctp();
                default -> v6 ? icmp6() : icmp4();
            };
            AbstractBuilder ip = v6 ? ipv6(protocol, transport) : ipv4(protocol, transport);
            EtherType type = v6 ? EtherType.IPV6 : EtherType.IPV4;
            for (int tags = random.nextInt(3); tags > 0; tags--) {
                ip = new Dot1qVlanTagPacket.Builder()
                        .priority((byte) random.nextInt(8))
                        .vid((short) (random.nextInt(4) == 0 ? 0 : random.nextInt(4096)))
                        .type(type)
                        .payloadBuilder(ip);
                type = EtherType.DOT1Q_VLAN_TAGGED_FRAMES;
            }
            byte[] frame = new EthernetPacket.Builder()
                    .srcAddr(MAC)
                    .dstAddr(MAC)
                    .type(type)
                    .payloadBuilder(ip)
                    .pad(new byte[random.nextInt(8)])
                    .build()
                    .getRawData();
            return random.nextInt(3) == 0 ? damaged(frame, protocol) : frame;
        }

        /** Flips a bit of the payload, where there is one. */
        private byte[] damaged(byte[] frame, IpNumber protocol) {
            String text = new String(frame, java.nio.charset.StandardCharsets.ISO_8859_1);
            int at = text.lastIndexOf(new String(data, java.nio.charset.StandardCharsets.ISO_8859_1));
            if (data.length >= 4 && !protocol.equals(IpNumber.SCTP)) {
                frame[at + random.nextInt(data.length)] ^= (byte) (1 << random.nextInt(8));
            }
            return frame;
        }

        private AbstractBuilder payload() {
            return new UnknownPacket.Builder().rawData(data);
        }

        private AbstractBuilder tcp() {
            List<TcpOption> options = new ArrayList<>();
            if (random.nextBoolean()) {
                options.add(new TcpMaximumSegmentSizeOption.Builder()
                        .maxSegSize(half())
                        .correctLengthAtBuild(true)
                        .build());
            }
            if (random.nextBoolean()) {
                options.add(TcpNoOperationOption.getInstance());
                options.add(new TcpWindowScaleOption.Builder()
                        .shiftCount((byte) random.nextInt(20))
                        .correctLengthAtBuild(true)
                        .build());
            }
            if (random.nextBoolean()) {
                options.add(TcpNoOperationOption.getInstance());
                options.add(TcpNoOperationOption.getInstance());
                options.add(TcpSackPermittedOption.getInstance());
            }
            return new TcpPacket.Builder()
                    .srcPort(TcpPort.getInstance(half()))
                    .dstPort(TcpPort.getInstance(half()))
                    .sequenceNumber(random.nextInt())
                    .acknowledgmentNumber(random.nextInt())
                    .urg(random.nextBoolean())
                    .ack(random.nextBoolean())
                    .psh(random.nextBoolean())
                    .rst(random.nextBoolean())
                    .syn(random.nextBoolean())
                    .fin(random.nextBoolean())
                    .window(half())
                    .options(options)
                    .srcAddr(source)
                    .dstAddr(destination)
                    .paddingAtBuild(true)
                    .correctLengthAtBuild(true)
                    .correctChecksumAtBuild(true)
                    .payloadBuilder(payload());
        }

        private AbstractBuilder udp() {
            return new UdpPacket.Builder()
                    .srcPort(UdpPort.getInstance(plainPort()))
                    .dstPort(UdpPort.getInstance(plainPort()))
                    .srcAddr(source)
                    .dstAddr(destination)
                    .correctLengthAtBuild(true)
                    .correctChecksumAtBuild(true)
                    .payloadBuilder(payload());
        }

        /** Above the ports whose payload pcap4j dissects (DNS, GTP). */
        private short plainPort() {
            return (short) random.nextInt(10_000, 60_000);
        }

        private AbstractBuilder sctp() {
            return new SctpPacket.Builder()
                    .srcPort(SctpPort.getInstance(half()))
                    .dstPort(SctpPort.getInstance(half()))
                    .verificationTag(random.nextInt())
                    .chunks(List.of())
                    .correctChecksumAtBuild(true);
        }

        private AbstractBuilder icmp4() {
            boolean reply = random.nextBoolean();
            return new IcmpV4CommonPacket.Builder()
                    .type(reply ? IcmpV4Type.ECHO_REPLY : IcmpV4Type.ECHO)
                    .code(IcmpV4Code.NO_CODE)
                    .correctChecksumAtBuild(true)
                    .payloadBuilder(
                            reply
                                    ? new IcmpV4EchoReplyPacket.Builder()
                                            .identifier(half())
                                            .sequenceNumber(half())
                                            .payloadBuilder(payload())
                                    : new IcmpV4EchoPacket.Builder()
                                            .identifier(half())
                                            .sequenceNumber(half())
                                            .payloadBuilder(payload()));
        }

        private AbstractBuilder icmp6() {
            boolean reply = random.nextBoolean();
            return new IcmpV6CommonPacket.Builder()
                    .type(reply ? IcmpV6Type.ECHO_REPLY : IcmpV6Type.ECHO_REQUEST)
                    .code(IcmpV6Code.NO_CODE)
                    .srcAddr((Inet6Address) source)
                    .dstAddr((Inet6Address) destination)
                    .correctChecksumAtBuild(true)
                    .payloadBuilder(
                            reply
                                    ? new IcmpV6EchoReplyPacket.Builder()
                                            .identifier(half())
                                            .sequenceNumber(half())
                                            .payloadBuilder(payload())
                                    : new IcmpV6EchoRequestPacket.Builder()
                                            .identifier(half())
                                            .sequenceNumber(half())
                                            .payloadBuilder(payload()));
        }

        private AbstractBuilder ipv4(IpNumber protocol, org.pcap4j.packet.Packet.Builder transport) {
            return new IpV4Packet.Builder()
                    .version(IpVersion.IPV4)
                    .tos(IpV4Rfc791Tos.newInstance((byte) 0))
                    .identification(half())
                    .dontFragmentFlag(random.nextBoolean())
                    .ttl((byte) random.nextInt())
                    .protocol(protocol)
                    .srcAddr((Inet4Address) source)
                    .dstAddr((Inet4Address) destination)
                    .correctChecksumAtBuild(true)
                    .correctLengthAtBuild(true)
                    .payloadBuilder(transport);
        }

        private AbstractBuilder ipv6(IpNumber protocol, org.pcap4j.packet.Packet.Builder transport) {
            org.pcap4j.packet.Packet.Builder inner = transport;
            IpNumber next = protocol;
            if (random.nextInt(3) == 0) {
                inner = extension(new IpV6ExtDestinationOptionsPacket.Builder(), next, inner);
                next = IpNumber.IPV6_DST_OPTS;
            }
            if (random.nextInt(3) == 0) {
                inner = extension(new IpV6ExtHopByHopOptionsPacket.Builder(), next, inner);
                next = IpNumber.IPV6_HOPOPT;
            }
            return new IpV6Packet.Builder()
                    .version(IpVersion.IPV6)
                    .trafficClass(IpV6SimpleTrafficClass.newInstance((byte) random.nextInt()))
                    .flowLabel(IpV6SimpleFlowLabel.newInstance(random.nextInt(1 << 20)))
                    .nextHeader(next)
                    .hopLimit((byte) random.nextInt())
                    .srcAddr((Inet6Address) source)
                    .dstAddr((Inet6Address) destination)
                    .correctLengthAtBuild(true)
                    .payloadBuilder(inner);
        }

        private org.pcap4j.packet.Packet.Builder extension(
                IpV6ExtOptionsPacket.Builder builder, IpNumber next, org.pcap4j.packet.Packet.Builder inner) {
            List<IpV6ExtOptionsPacket.IpV6Option> padding = new ArrayList<>();
            int words = random.nextInt(1, 4);
            for (int i = 0; i < words * 8 - 2; i++) {
                padding.add(org.pcap4j.packet.IpV6Pad1Option.getInstance());
            }
            return builder.options(padding)
                    .hdrExtLen((byte) (words - 1))
                    .nextHeader(next)
                    .payloadBuilder(inner);
        }
    }
}
