package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Admission;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine decides about the first packet of a flow as {@link Policy#admission} says. */
@Tag("property")
final class AdmissionTest {
    private static final int PACKETS = 3_000;
    private static final String OWN = "10.0.0.1";
    private static final String RULES = """
            security-groups: {web: {ingress: [{protocol: udp, ports: 100-400, from: any},
                                              {protocol: tcp, ports: 200-300, from: 192.0.2.0/25}],
                                    egress: [{protocol: all, to: 192.0.2.64/26}]}}
            failsafe: {ingress: [{protocol: tcp, ports: 250-500, from: 192.0.2.0/26}],
                       egress: [{protocol: udp, ports: 300, to: any}]}
            """;
    private static final String ACL = """
            network-acls:
              edge:
                ingress: [{rule: 100, action: deny, protocol: tcp, ports: 220-270, from: any},
                          {rule: 110, action: allow, protocol: all, from: 192.0.2.0/25}]
                egress: [{rule: 100, action: allow, protocol: udp, ports: 1-350, to: any}]
            """;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isWhatTheEngineDecides(boolean withAcl) throws ConfigException {
        Policy policy =
                withAcl ? EngineBench.policy("network-acl: edge", RULES + ACL, 1) : EngineBench.policy("", RULES, 1);
        SplittableRandom random = new SplittableRandom(1);
        // Each packet has its own source port, and so no flow. New flows evict the oldest of 1,000.
        Engine engine = new Engine(policy, Shard.ALL, 1, 2);
        Set<Reason> seen = EnumSet.noneOf(Reason.class);
        for (int sourcePort : IntStream.range(1_000, 1_000 + PACKETS).toArray()) {
            boolean inward = random.nextBoolean();
            boolean tcp = random.nextBoolean();
            String peer = "192.0.2." + random.nextInt(1, 255);
            int port = random.nextInt(50, 550);
            String from = inward ? peer : OWN;
            String to = inward ? OWN : peer;
            byte[] frame = tcp
                    ? Frame.tcp(from, sourcePort, to, port, TcpFlags.SYN).bytes()
                    : Frame.udp(from, sourcePort, to, port).bytes();
            Address address = Address.parse(peer);
            Admission admission = policy.admission(
                    inward, false, tcp ? IpProtocol.TCP : IpProtocol.UDP, port, address.high(), address.low());
            Batch batch = Explainer.batchOf(frame);
            engine.decide(batch, inward ? Direction.INGRESS : Direction.EGRESS, 1);
            Reason reason = Reason.of(batch.reason(0));
            seen.add(reason);
            assertEquals(admission.isAdmitted(), reason == Reason.NONE);
            assertEquals(admission.deniedByAcl(), reason == Reason.ACL_DENY || reason == Reason.ACL_DEFAULT);
            assertEquals(admission.rule(), batch.rule(0));
        }
        assertEquals(
                withAcl
                        ? EnumSet.of(Reason.NONE, Reason.ACL_DENY, Reason.ACL_DEFAULT, Reason.NO_RULE)
                        : EnumSet.of(Reason.NONE, Reason.NO_RULE),
                seen);
    }
}
