package io.portcullis.port;

import static io.portcullis.port.PortCounter.SENT_BYTES;
import static io.portcullis.port.PortCounter.SENT_FRAMES;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.packet.HeldNic;
import io.portcullis.testing.XdpDrop;
import org.junit.jupiter.api.Test;

/** The contract of every port of a real NIC when the NIC changes, disappears and comes back. */
public abstract class NicPortContract extends PortContract {
    private VethWire veth() throws Exception {
        return (VethWire) wire(1500);
    }

    /** Frames cross both ways; those before the ports were ready may be lost. */
    private static void awaitTraffic(VethWire outside, VethWire inside) {
        awaitArrival(outside, inside);
        awaitArrival(inside, outside);
    }

    private static void awaitArrival(VethWire from, VethWire to) {
        to.fromPort().clear();
        await("a frame goes from " + from.port().nic() + " to " + to.port().nic(), () -> {
            try {
                from.toPort(frame(77, 60));
            } catch (Exception refused) {
                throw new AssertionError(refused);
            }
            return !to.fromPort().isEmpty();
        });
        assertArrayEquals(frame(77, 60), next(to));
    }

    @Test
    void aNicThatWasMadeAgainWithTheOldIndexIsAnotherOne() throws Exception {
        VethWire outside = veth();
        VethWire inside = veth();
        bridge(outside, inside);
        for (VethWire wire : new VethWire[] {inside, outside}) {
            awaitTraffic(outside, inside);
            wire.replaceWithTheSameIndex();
            awaitTraffic(outside, inside);
            await("it forwards", () -> wire.port().state().equals(PortState.FORWARDING));
        }
    }

    @Test
    void aNicThatLeavesTheNamespaceAndComesBackWithItsIndexIsAnotherOne() throws Exception {
        VethWire outside = veth();
        VethWire inside = veth();
        bridge(outside, inside);
        for (VethWire wire : new VethWire[] {inside, outside}) {
            awaitTraffic(outside, inside);
            wire.leaveAndReturn();
            awaitTraffic(outside, inside);
            await("it forwards", () -> wire.port().state().equals(PortState.FORWARDING));
        }
    }

    @Test
    void anotherNameAndAnotherMacAddressAreTheSameNic() throws Exception {
        VethWire outside = veth();
        VethWire inside = veth();
        bridge(outside, inside);
        String name = inside.port().nic();
        VethWire.ip("link", "set", name, "down");
        VethWire.ip("link", "set", name, "name", "other7");
        VethWire.ip("link", "set", "other7", "address", "02:00:5e:00:53:77");
        VethWire.ip("link", "set", "other7", "up");
        try {
            awaitTraffic(outside, inside);
            await("it forwards", () -> inside.port().state().equals(PortState.FORWARDING));
        } finally {
            closeAll();
            VethWire.ip("link", "set", "other7", "down");
            VethWire.ip("link", "set", "other7", "name", name);
        }
    }

    @Test
    void aPortThatReadsNothingAlthoughFramesArriveSaysSo() throws Exception {
        VethWire outside = veth();
        VethWire inside = veth();
        bridge(outside, inside);
        awaitTraffic(outside, inside);
        String name = outside.port().nic();
        long sent = count(inside, SENT_FRAMES);
        try (XdpDrop _ = XdpDrop.on(name)) {
            await("it is deaf", () -> {
                send(outside);
                return outside.port().state() instanceof PortState.NotForwarding;
            });
            assertEquals(PortState.deaf(name), outside.port().state());
            assertEquals(sent, count(inside, SENT_FRAMES));
            assertEquals(PortState.FORWARDING, inside.port().state());
        }
        await("it forwards again", () -> {
            send(outside);
            return outside.port().state().equals(PortState.FORWARDING);
        });
        awaitTraffic(outside, inside);
    }

    private static void send(VethWire wire) {
        try {
            for (int i = 0; i < 20; i++) {
                wire.toPort(frame(i, 60));
            }
            Thread.sleep(20);
        } catch (Exception refused) {
            throw new AssertionError(refused);
        }
    }

    /** The kernel's behaviour on which {@link HeldNic} relies. */
    @Test
    void aNicIsRecognisedUntilItLeaves() throws Exception {
        VethWire wire = veth();
        bridge(wire, veth());
        String name = wire.port().nic();
        try (HeldNic held = HeldNic.of(Nics.named(name))) {
            wire.down();
            assertTrue(held.isThere());
            wire.up();
            VethWire.ip("link", "set", name, "address", "02:00:5e:00:53:78");
            assertTrue(held.isThere());
            wire.leaveAndReturn();
            assertEquals(held.nic().index(), Nics.named(name).index());
            assertFalse(held.isThere());
        }
    }

    @Test
    void aNicCountsWhatItReceives() throws Exception {
        VethWire wire = veth();
        bridge(wire, veth());
        int index = Nics.named(wire.port().nic()).index();
        long before = Nics.receivedFrames(index);
        for (int i = 0; i < 100; i++) {
            wire.toPort(frame(i, 60));
        }
        await("all are counted", () -> {
            try {
                return Nics.receivedFrames(index) - before == 100;
            } catch (ErrnoException refused) {
                throw new AssertionError(refused);
            }
        });
    }

    /** The kernel's bridge forwards it as well: the MTU does not count the tag. */
    @Test
    void aWholePacketUnderOneTagPassesWhateverTheTag() throws Exception {
        Wire outside = wire(1600);
        Wire inside = wire(1500);
        bridge(outside, inside);
        for (int tag : new int[] {0x8100, 0x88a8}) {
            byte[] longest = tagged(frame(7, 1_514), tag, 0x2064);
            outside.toPort(tagged(frame(8, 1_515), tag, 0x2064));
            outside.toPort(longest);
            assertArrayEquals(longest, next(inside));
        }
        outside.toPort(frame(9, 1_515));
        outside.toPort(frame(9, 1_518));
        awaitCount(4, inside, TOO_BIG);
        awaitCount(2, inside, SENT_FRAMES);
        awaitCount(2 * 1_518, inside, SENT_BYTES);
    }

    /** More frames than the transmit ring has slots, and shorter ones between them, in order. */
    @Test
    void taggedFramesOfFullLengthKeepTheirOrder() throws Exception {
        Wire outside = wire(1600);
        Wire inside = wire(1500);
        bridge(outside, inside);
        for (int i = 0; i < 1_000; i++) {
            byte[] frame = i % 3 == 0 ? frame(i, 60) : tagged(frame(i, 1_514), 0x88a8, 5);
            outside.toPort(frame);
            assertArrayEquals(frame, next(inside));
        }
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 200; i++) {
                outside.toPort(i % 3 == 0 ? frame(i, 60) : tagged(frame(i, 1_514), 0x88a8, 5));
            }
            for (int i = 0; i < 200; i++) {
                assertArrayEquals(i % 3 == 0 ? frame(i, 60) : tagged(frame(i, 1_514), 0x88a8, 5), next(inside));
            }
        }
        assertEquals(0, count(inside, TOO_BIG));
    }
}
