package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.ChecksumState;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpOptions;
import io.portcullis.policy.Policy;
import io.portcullis.reference.Datagram;
import io.portcullis.reference.ReferenceFirewall;
import io.portcullis.reference.ReferencePolicy;
import io.portcullis.reference.Transport;
import io.portcullis.reference.Verdict;
import io.portcullis.testing.Frame;
import io.portcullis.vectors.Frames;
import io.portcullis.vectors.Vector;
import io.portcullis.vectors.VectorsTest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Judges the judge: the reference gives the verdicts of the numbered vectors, as far as they are about whole IP packets. */
final class ReferenceVectorsTest {
    private final Packet packet = new Packet();
    private final TcpOptions options = new TcpOptions();
    private int judged;

    @ParameterizedTest
    @ValueSource(strings = {"/vectors.yaml", "/borders.yaml"})
    void theReferenceGivesTheSpecifiedVerdicts(String resource)
            throws IOException, URISyntaxException, ConfigException {
        List<Vector> vectors = VectorsTest.vectors(resource);
        for (Vector vector : vectors) {
            if (vector.steps().stream().noneMatch(step -> step.toString().contains(" frag="))) {
                run(vector);
            }
        }
        assertTrue(judged > vectors.size() * 3, judged + " packets of " + vectors.size() + " vectors");
    }

    private static ReferencePolicy reference(Map<String, Object> document) throws ConfigException {
        return new ReferencePolicy(Vector.config(document), Vector.AUTO_MAX_FLOWS);
    }

    private static LinkTraffic linkTraffic(Map<String, Object> document) throws ConfigException {
        Config config = Vector.config(document);
        return new LinkTraffic(Policy.compile(config, Vector.INTERFACE, 1, Vector.AUTO_MAX_FLOWS));
    }

    private void run(Vector vector) throws ConfigException {
        Map<String, Object> own = Vector.merged(vector.base(), vector.config());
        ReferenceFirewall reference = new ReferenceFirewall(reference(own));
        LinkTraffic linkTraffic = linkTraffic(own);
        Frames frames = new Frames();
        long nowNs = 1;
        for (Map<String, Object> step : vector.steps()) {
            String key = step.keySet().iterator().next();
            String text = String.valueOf(step.get(key));
            switch (key) {
                case "wait" -> {
                    nowNs += Vector.duration(text).toNanos();
                    reference.advance(nowNs);
                }
                case "reload" -> {
                    Map<String, Object> next = Vector.merged(own, Vector.map(step.get(key)));
                    reference.install(reference(next));
                    linkTraffic = linkTraffic(next);
                }
                case "in", "out" -> {
                    Direction direction = key.equals("in") ? Direction.INGRESS : Direction.EGRESS;
                    int arrow = text.lastIndexOf("->");
                    String notation = text.substring(0, arrow).trim();
                    String expected = text.substring(arrow + 2).trim();
                    Datagram datagram = datagram(frames.build(notation), direction, linkTraffic);
                    if (datagram != null) {
                        Verdict verdict = reference.decide(datagram);
                        boolean fits = verdict.toString().equals(expected)
                                || expected.equals("pass") && verdict.reason() == Reason.NONE;
                        if (!fits) {
                            fail(vector.id() + ": " + key + ": " + notation + " -> " + verdict + " instead of "
                                    + expected);
                        }
                        judged++;
                    }
                    if (expected.startsWith("pass")) {
                        frames.passed(notation);
                    }
                }
                default -> throw new IllegalArgumentException("step " + key);
            }
        }
    }

    /** The contents of a frame; null if the reference does not cover it. */
    private @Nullable Datagram datagram(byte[] frame, Direction direction, @Nullable LinkTraffic linkTraffic) {
        Packet.Fault fault = packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        boolean link = linkTraffic != null
                && fault == Packet.Fault.NONE
                && linkTraffic.judge(packet, direction) != LinkTraffic.Answer.ASK_RULES;
        if (fault != Packet.Fault.NONE || link || !packet.isIp()) {
            return null;
        }
        int protocol = packet.protocol();
        int vlans = packet.vlans();
        int length = protocol == IpProtocol.TCP ? packet.tcpPayload() : 0;
        boolean badChecksum = packet.verifyChecksum() == ChecksumState.WRONG;
        Address source = new Address(packet.isV6(), packet.sourceHigh(), packet.sourceLow());
        Address destination = new Address(packet.isV6(), packet.destinationHigh(), packet.destinationLow());
        return new Datagram(direction, vlans, source, destination, transport(protocol, direction), length, badChecksum);
    }

    private Transport transport(int protocol, Direction direction) {
        if (protocol == IpProtocol.TCP) {
            options.read(packet);
            return new Transport.Tcp(
                    packet.sourcePort(),
                    packet.destinationPort(),
                    packet.tcpFlags(),
                    packet.tcpSequence(),
                    packet.tcpAcknowledgment(),
                    packet.tcpWindow(),
                    options.windowScale(),
                    options.isSackPermitted(),
                    0,
                    0);
        }
        if (protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP) {
            return new Transport.Ports(protocol, packet.sourcePort(), packet.destinationPort());
        }
        if (!packet.isIcmp()) {
            return new Transport.Other(protocol);
        }
        int type = packet.icmpType();
        int code = packet.icmpCode();
        int identifier = packet.icmpIdentifier();
        return new Transport.Icmp(type, code, identifier, quoted(direction));
    }

    /** The packet that an ICMP error quotes, read as a frame. Overwrites the packet that quotes it. */
    private @Nullable Datagram quoted(Direction direction) {
        byte[] rest = new byte[Math.max(0, packet.transportLength() - 8)];
        for (int i = 0; i < rest.length; i++) {
            rest[i] = (byte) packet.transportByte(8 + i);
        }
        if (rest.length == 0) {
            return null;
        }
        int etherType = rest[0] >> 4 == 6 ? EtherType.IPV6 : EtherType.IPV4;
        return datagram(Frame.ethernet("020000000002", etherType, rest), direction.opposite(), null);
    }
}
