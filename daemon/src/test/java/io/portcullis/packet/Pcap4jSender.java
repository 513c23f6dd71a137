package io.portcullis.packet;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.pcap4j.packet.AbstractPacket.AbstractBuilder;
import org.pcap4j.packet.Dot1qVlanTagPacket;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV4EchoPacket;
import org.pcap4j.packet.IcmpV4EchoReplyPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IcmpV6EchoReplyPacket;
import org.pcap4j.packet.IcmpV6EchoRequestPacket;
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

/** One random frame, built by pcap4j: TCP, UDP, SCTP or an echo, over IPv4 or IPv6, with up to two VLAN tags. */
final class Pcap4jSender {
    private static final MacAddress MAC = MacAddress.getByName("02:00:00:00:00:01");

    private final SplittableRandom random;
    private final boolean v6;
    private final InetAddress source;
    private final InetAddress destination;
    private final byte[] data;

    Pcap4jSender(SplittableRandom random) throws UnknownHostException {
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
        IpNumber protocol = List.of(IpNumber.TCP, IpNumber.UDP, IpNumber.SCTP, v6 ? IpNumber.ICMPV6 : IpNumber.ICMPV4)
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
