package io.portcullis.port.pcap;

import static io.portcullis.port.PortCounter.RECEIVED_FRAMES;
import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static io.portcullis.port.PortCounter.TRUNCATED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.port.NicPortContract;
import io.portcullis.port.PortChannel;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import io.portcullis.port.VethWire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The contract on veth pairs. {@link PcapPortTest} starts it in a JVM inside a network namespace; its name does not end in Test,
 * so that it never runs anywhere else.
 */
class PcapPortContract extends NicPortContract {
    private static int wires;

    @Override
    protected Wire newWire(int mtuLength) throws Exception {
        // libpcap can't pass super-frames and unfinished checksums on.
        return VethWire.without("tso off gso off gro off tx off", wires++, mtuLength, PcapPort::open);
    }

    @Test
    void everyFrameIsReceivedOrCountedAsRingFull() throws Exception {
        Wire outside = wire(1500);
        PortChannel channel = bridge(outside, wire(1500));
        channel.config().setAutoRead(false);
        int frames = 30_000;
        for (int i = 0; i < frames; i++) {
            outside.toPort(frame(i, 60));
        }
        await("the kernel's drops are read", () -> count(outside, RING_FULL) > 0);
        channel.config().setAutoRead(true);
        await("each is one or the other", () -> count(outside, RECEIVED_FRAMES) + count(outside, RING_FULL) == frames);
    }

    /** A veth would silently drop it. */
    @Test
    void framesThatAVethDoesNotTransmitAreCounted() throws Exception {
        Wire outside = wire(1600);
        Wire inside = wire(1500);
        bridge(outside, inside);
        byte[] longest = tagged(frame(7, 1_510), 0x88a8, 1, 0x8100, 2);
        outside.toPort(longest);
        assertArrayEquals(longest, next(inside));
        outside.toPort(tagged(frame(7, 1_511), 0x88a8, 1, 0x8100, 2));
        awaitCount(1, inside, TOO_BIG);
        awaitCount(1, inside, SENT_FRAMES);
    }

    @Test
    void aLargerMtuIsNoticedAndUntilThenNothingIsForwardedCut() throws Exception {
        Wire outside = wire(1500);
        Wire inside = wire(9000);
        bridge(outside, inside);
        String near = outside.port().nic();
        VethWire.ip("link", "set", near, "mtu", "9000");
        VethWire.ip("link", "set", near.replace("near", "far"), "mtu", "9000");
        outside.toPort(frame(0, 9014));
        await("it is cut, or the MTU noticed", () -> count(outside, TRUNCATED) + count(outside, RECEIVED_FRAMES) > 0);
        await("whole ones pass", () -> {
            try {
                outside.toPort(frame(1, 9014));
            } catch (Exception refused) {
                throw new AssertionError(refused);
            }
            return !inside.fromPort().isEmpty();
        });
        assertEquals(9014, next(inside).length);
    }

    @Test
    void closingReleasesThreadsAndDescriptors() throws Exception {
        Wire wire = wire(1500);
        String nic = wire.port().nic();
        PcapPort.open(nic).close();
        long before = descriptors();
        for (int i = 0; i < 10; i++) {
            try (PcapPort port = PcapPort.open(nic)) {
                if (i % 2 == 0) {
                    port.start(() -> {});
                    await("it reads", () -> threads("portcullis-pcap-" + nic) == 1);
                }
            }
            assertEquals(0, threads("portcullis-pcap-" + nic) + threads("portcullis-watch-" + nic));
        }
        assertEquals(before, descriptors());
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private static long threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .count();
    }

    @Test
    void aPortThatIsDownWhenOpenedForwardsOnceItIsUp() throws Exception {
        Wire wire = wire(1500);
        Wire inside = wire(1500);
        String nic = wire.port().nic();
        wire.down();
        try (PcapPort port = PcapPort.open(nic)) {
            assertEquals(new PortState.NotForwarding(nic + " is down; `ip link set " + nic + " up`"), port.state());
            port.start(() -> {});
            wire.up();
            await("forwards", () -> port.state().equals(PortState.FORWARDING));
        }
        bridge(wire, inside);
    }

    @Test
    void aPeerThatIsDownShowsAsNoCarrier() throws Exception {
        Wire wire = wire(1500);
        bridge(wire, wire(1500));
        String nic = wire.port().nic();
        VethWire.ip("link", "set", nic.replace("near", "far"), "down");
        await("no carrier", () -> wire.port().state().equals(new PortState.NotForwarding(nic + " has no carrier")));
        VethWire.ip("link", "set", nic.replace("near", "far"), "up");
        await("carrier", () -> wire.port().state().equals(PortState.FORWARDING));
    }

    @Test
    void anUnknownNicIsNamed() {
        PortException refused = assertThrows(PortException.class, () -> PcapPort.open("eth9"));
        assertEquals("eth9: no such network interface; `ip link` lists those that there are", refused.getMessage());
    }

    @Test
    void anInterfaceThatIsNotEthernetIsRefused() throws Exception {
        VethWire.ip("tuntap", "add", "dev", "tun7", "mode", "tun");
        try {
            VethWire.ip("link", "set", "tun7", "up");
            PortException refused = assertThrows(PortException.class, () -> PcapPort.open("tun7"));
            assertTrue(
                    String.valueOf(refused.getMessage()).startsWith("tun7: not an Ethernet interface"),
                    refused.getMessage());
        } finally {
            VethWire.ip("link", "delete", "tun7");
        }
    }
}
