package io.portcullis.port.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Condition;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Instruction;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.OwnNicChecks;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.packet.Batch;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortState;
import io.portcullis.testing.FrameSocket;
import io.portcullis.testing.Namespace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A port that receives on a tap, to which a program sends the frames of the port's NIC with a time stamp of the test's choice. */
@Tag("netns")
@Timeout(60)
class TapTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final int TAG_BASE = 0xf000_0000;
    private static final int SKB_TSTAMP = 152;

    private final Queue<Runnable> reopened = new ConcurrentLinkedQueue<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment up = arena.allocate(24, 8);
    private final MemorySegment taken = arena.allocate(8, 8);
    private final MemorySegment mtu = arena.allocate(4, 4);
    private final Tap tap = new Tap("tap0", TAG_BASE, up, taken, mtu);

    private Namespace namespace;
    private BpfMap stamp;
    private FrameSocket far;
    private OwnNicChecks own;
    private RingPort port;

    @BeforeEach
    void plug() throws Exception {
        namespace = new Namespace("tap");
        // The test would count the kernel's own frames.
        namespace.exec("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        stamp = BpfMap.create();
        makeTap();
        makeNic("");
        own = namespace.in(OwnNicChecks::new);
        port = namespace.in(() -> RingPort.open("near", tap, PacketSocket.SocketOptions.ALONE, own.checks()));
        port.start(() -> reopened.add(port::switchOver));
    }

    @AfterEach
    void unplug() {
        port.close();
        own.close();
        far.close();
        stamp.close();
        namespace.close();
        arena.close();
    }

    private void makeTap() {
        namespace.ip("link add tap0 mtu 65535 type veth peer name tap1 mtu 65535");
        namespace.ip("link set tap0 up");
        namespace.ip("link set tap1 up");
    }

    private void makeNic(String index) throws Exception {
        namespace.ip("link add near " + index + "type veth peer name far");
        namespace.ip("link set far up");
        namespace.ip("link set near up");
        far = namespace.in(() -> new FrameSocket("far"));
        attach();
    }

    private void attach() throws Exception {
        namespace.in(() -> {
            try (Bpf program = Bpf.load(stampAndRedirect(Nics.index("tap0")))) {
                Tcx.attachFirst(program, Nics.index("near"), true);
            }
            return true;
        });
    }

    private BpfProgram stampAndRedirect(int to) {
        Label found = new Label("found");
        return BpfProgram.of(
                "stamp",
                new Instruction.Copy(Register.R6, Register.R1),
                new Instruction.StoreNumber(Register.R10, -4, 0),
                new Instruction.LoadMap(Register.R1, stamp),
                new Instruction.Copy(Register.R2, Register.R10),
                new Instruction.Add(Register.R2, -4),
                new Instruction.Call(Function.MAP_LOOKUP_ELEMENT),
                new Instruction.Jump(Condition.DIFFERS, Register.R0, 0, found),
                new Instruction.Set(Register.R0, BpfProgram.DROP),
                new Instruction.Exit(),
                new Instruction.Place(found),
                new Instruction.Load(Size.DOUBLE_WORD, Register.R7, Register.R0, 0),
                new Instruction.Store(Size.DOUBLE_WORD, Register.R6, SKB_TSTAMP, Register.R7),
                new Instruction.Set(Register.R1, to),
                new Instruction.Set(Register.R2, Function.INGRESS),
                new Instruction.Call(Function.REDIRECT),
                new Instruction.Exit());
    }

    private static void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    private static byte[] frame(int number) {
        byte[] frame = new byte[64 + number];
        Arrays.fill(frame, 0, 12, (byte) 2);
        frame[12] = (byte) 0x88;
        frame[13] = (byte) 0xb5;
        frame[20] = (byte) number;
        return frame;
    }

    private void sendFromFar(byte[] frame) throws Exception {
        namespace.in(() -> {
            far.send(frame);
            return true;
        });
    }

    private Batch received() {
        await("a frame", port::isReady);
        Batch batch = Objects.requireNonNull(port.receive());
        assertEquals(1, batch.size());
        return batch;
    }

    private void crossesWith(long time, long tag) throws Exception {
        stamp.set(time);
        byte[] sent = frame(7);
        sendFromFar(sent);
        Batch batch = received();
        assertEquals(tag, batch.tag(0));
        assertEquals(sent.length, batch.length(0));
        far.drain();
        batch.accept(0, 14);
        port.send(batch);
        port.release(batch);
        assertArrayEquals(sent, namespace.in(far::drain).getLast(), "it left by the NIC, not by the tap");
    }

    private static long time(long seconds, long nanoseconds) {
        return seconds * 1_000_000_000L + nanoseconds;
    }

    @Test
    void framesThatProgramsDroppedAreCountedAsShed() {
        up.setAtIndex(ValueLayout.JAVA_LONG, 1, 5);
        up.setAtIndex(ValueLayout.JAVA_LONG, 2, 2);
        await("the count", () -> port.counters().get(PortCounter.SHED) == 7);
        up.setAtIndex(ValueLayout.JAVA_LONG, 2, 3);
        await("one more", () -> port.counters().get(PortCounter.SHED) == 8);
    }

    @Test
    void aFrameHasTheTagOfItsTimeStamp() throws Exception {
        long base = Integer.toUnsignedLong(TAG_BASE);
        crossesWith(0, 0);
        crossesWith(time(base, 0), 1L << 32);
        crossesWith(time(base + 65_535, 0xff_ffff), 65_536L << 32 | 0xff_ffff);
        crossesWith(time(base - 1, 999_999_999), 0);
        crossesWith(time(1_800_000_000, 5), 0);
    }

    /** The kernel takes the outer tag out of the frame before the program runs. */
    @Test
    void taggedFramesKeepTheirTags() throws Exception {
        stamp.set(time(Integer.toUnsignedLong(TAG_BASE), 9));
        for (int tags = 1; tags <= 2; tags++) {
            byte[] sent = frame(8);
            for (int i = 0; i < tags; i++) {
                int at = 12 + 4 * i;
                sent[at] = (byte) 0x81;
                sent[at + 1] = 0;
                sent[at + 2] = 0;
                sent[at + 3] = (byte) (5 + i);
            }
            sent[12 + 4 * tags] = (byte) 0x88;
            sent[13 + 4 * tags] = (byte) 0xb5;
            sendFromFar(sent);
            Batch batch = received();
            assertArrayEquals(
                    sent,
                    batch.memory().asSlice(batch.offset(0), batch.length(0)).toArray(ValueLayout.JAVA_BYTE));
            assertEquals(1L << 32 | 9, batch.tag(0));
            port.release(batch);
        }
    }

    @Test
    void anEmptyRingHasTakenWhatWasSentUpBeforeItWasSeen() throws Exception {
        up.set(JAVA_LONG, 0, 10);
        assertFalse(port.isReady());
        assertEquals(10, taken.get(JAVA_LONG, 0), "ten were lost");
        stamp.set(0);
        up.set(JAVA_LONG, 0, 11);
        sendFromFar(frame(1));
        await("a frame", port::isReady);
        assertEquals(10, taken.get(JAVA_LONG, 0));
        port.release(Objects.requireNonNull(port.receive()));
        assertEquals(11, taken.get(JAVA_LONG, 0));
    }

    @Test
    void noMoreFramesAreTakenThanWereSentUp() {
        taken.set(JAVA_LONG, 0, 90);
        tap.took(64, 100);
        assertEquals(100, taken.get(JAVA_LONG, 0));
        tap.took(64, 1_000);
        assertEquals(164, taken.get(JAVA_LONG, 0));
    }

    @Test
    void theProgramsKnowTheMtuOfTheNic() {
        assertEquals(1500, mtu.get(JAVA_INT, 0));
        namespace.ip("link set near mtu 1400");
        await("the new MTU", () -> mtu.get(JAVA_INT, 0) == 1400);
    }

    private void switchOver() {
        await("another ring", () -> !reopened.isEmpty());
        reopened.remove().run();
        await("it forwards", () -> port.state().equals(PortState.FORWARDING));
    }

    @Test
    void aNicThatWasMadeAgainIsOpenedAgain() throws Exception {
        int index = namespace.in(() -> Nics.index("near"));
        far.close();
        namespace.ip("link del near");
        makeNic("index " + index + " ");
        switchOver();
        crossesWith(time(Integer.toUnsignedLong(TAG_BASE), 3), 1L << 32 | 3);
    }

    @Test
    void aTapThatWasMadeAgainIsOpenedAgain() throws Exception {
        namespace.ip("link del tap0");
        await(
                "the reason",
                () -> port.state() instanceof PortState.NotForwarding(String reason)
                        && reason.contains("tap0, the NIC of the fast path"));
        makeTap();
        attach();
        switchOver();
        crossesWith(0, 0);
    }

    @Test
    void onlyTheNicIsPromiscuous() throws Exception {
        assertTrue(namespace.exec("ip -d link show near").contains("promiscuity 1"));
        assertTrue(namespace.exec("ip -d link show tap0").contains("promiscuity 0"));
    }
}
