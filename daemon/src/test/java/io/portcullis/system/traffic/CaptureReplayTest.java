package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.system.traffic.Protocols.Sample;
import io.portcullis.testing.Namespace;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.PcapDirection;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface.PromiscuousMode;
import org.pcap4j.core.RawPacketListener;

/**
 * A frame of each protocol ({@link Protocols}) through the daemon's bridge: it arrives unchanged, byte for byte, or is counted
 * with the drop reason of the specification.
 */
@Tag("system")
final class CaptureReplayTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String CLOSED = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, datapath: DATAPATH, security-groups: [web]}
            security-groups:
              web: {ingress: []}
            """;
    private static final String OPEN = CLOSED.replace(
                    "security-groups: [web]}",
                    "security-groups: [web],"
                            + " pass-through: [arp, ndp, mld, dhcp, eapol, stp, lldp, slow, pppoe, other]}")
            .replace("ingress: []", "ingress: [{protocol: all, from: any}]");

    private static final Pattern DROPS = Pattern.compile(
            "portcullis_drops_total\\{direction=\"ingress\",interface=\"web0\",reason=\"([a-z0-9-]+)\"\\} ([0-9.E]+)");
    private static final long ARRIVES_WITHIN_S = 10;

    /** The kernels of both ends would send frames of their own, which would be counted. */
    @BeforeAll
    static void silence() {
        for (String end : new String[] {"client", "server"}) {
            LAB.sh(end, "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; ip address flush dev eth0")
                    .ok();
        }
    }

    private static PcapHandle open(String end) throws Exception {
        return Namespace.in(
                LAB.namespace(end),
                () -> new PcapHandle.Builder("eth0")
                        .snaplen(65_536)
                        .promiscuousMode(PromiscuousMode.PROMISCUOUS)
                        .immediateMode(true)
                        .timeoutMillis(100)
                        .direction(PcapDirection.IN)
                        .build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"ring", "pcap"})
    void eachProtocolArrivesUnchangedOrHasItsReason(String datapath) throws Exception {
        BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
        try (DaemonProcess daemon = LAB.daemon(CLOSED.replace("DATAPATH", datapath));
                PcapHandle client = open("client");
                PcapHandle server = open("server")) {
            Thread listener = Thread.ofPlatform().daemon().start(() -> listen(server, arrived));
            try {
                replay(daemon, client, arrived, Protocols.samples(1), Sample::closed);
                daemon.edit(OPEN.replace("DATAPATH", datapath));
                replay(daemon, client, arrived, Protocols.samples(2), Sample::open);
            } finally {
                server.breakLoop();
                listener.join();
            }
        }
    }

    private static void listen(PcapHandle server, BlockingQueue<byte[]> arrived) {
        try {
            server.loop(-1, (RawPacketListener) arrived::add);
        } catch (PcapNativeException | NotOpenException | InterruptedException ended) {
            // This ends the wait; a missing frame fails the test.
        }
    }

    private static void replay(
            DaemonProcess daemon,
            PcapHandle client,
            BlockingQueue<byte[]> arrived,
            List<Sample> samples,
            Function<Sample, String> reason)
            throws Exception {
        Map<String, Double> expected = drops(daemon);
        for (Sample sample : samples) {
            client.sendPacket(sample.frame());
            expected.merge(reason.apply(sample), 1.0, Double::sum);
            if (reason.apply(sample).equals(Protocols.PASSES)) {
                byte[] frame = arrived.poll(ARRIVES_WITHIN_S, TimeUnit.SECONDS);
                assertNotNull(frame, sample.name() + " did not arrive");
                assertArrayEquals(sample.frame(), frame, sample.name());
            }
        }
        expected.remove(Protocols.PASSES);
        double sum = sum(expected);
        try {
            Lab.await("each is counted", () -> sum(drops(daemon)) >= sum);
        } catch (AssertionError late) {
            assertEquals(expected, drops(daemon));
        }
        assertEquals(expected, drops(daemon));
        assertEquals(0, arrived.size(), "what was dropped did not arrive");
    }

    private static double sum(Map<String, Double> drops) {
        return drops.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** The drops towards the inside, by reason. */
    private static Map<String, Double> drops(DaemonProcess daemon) {
        Map<String, Double> drops = new TreeMap<>();
        DROPS.matcher(daemon.http("/metrics"))
                .results()
                .filter(line -> Double.parseDouble(line.group(2)) > 0)
                .forEach(line -> drops.put(line.group(1), Double.parseDouble(line.group(2))));
        return drops;
    }
}
