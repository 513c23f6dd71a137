package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Packet.Fault;
import io.portcullis.packet.QuotedPacket;
import io.portcullis.testing.Frame;
import io.portcullis.testing.FrameSocket;
import io.portcullis.testing.Namespace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares {@link Steering} with the kernel: packet sockets at one end of a veth pair, in a group, and the test at the other end.
 * Each test has a namespace of its own.
 */
@Tag("netns")
@Timeout(60)
class FanoutTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final int SEED = 0x5eed5eed;
    private static final int FRAMES = 2_000;
    /** Bytes at the end of a socket's memory for a frame to send. */
    private static final int SPARE = 2_048;

    private final List<Ring> members = new ArrayList<>();
    private final List<List<String>> heard = new ArrayList<>();
    private Namespace namespace;
    private FrameSocket far;

    @BeforeEach
    void plug() throws Exception {
        namespace = new Namespace("fanout");
        // The test would count the kernel's own frames.
        namespace.exec("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        namespace.ip("link add near type veth peer name far");
        namespace.ip("link set far up");
        namespace.ip("link set near up");
        far = namespace.in(() -> new FrameSocket("far"));
    }

    @AfterEach
    void unplug() {
        members.forEach(Ring::close);
        far.close();
        namespace.close();
    }

    private static void await(String what, BooleanSupplier condition) {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + what);
            LockSupport.parkNanos(200_000);
        }
    }

    /** Makes a group of sockets and returns it; none is admitted. */
    private int open(int count) throws Exception {
        return namespace.in(() -> {
            Nic near = Nics.named("near");
            int group = 0;
            for (int i = 0; i < count; i++) {
                Ring member = Ring.open(near, null, Geometry.of(count), PacketSocket.SocketOptions.ALONE);
                members.add(member);
                heard.add(new ArrayList<>());
                if (i == 0) {
                    group = member.socket().createGroup(new Steering(count, SEED).program());
                } else {
                    member.socket().joinGroup(group);
                }
            }
            return group;
        });
    }

    private void admit() throws Exception {
        for (Ring member : members) {
            member.startReceiving();
        }
    }

    /** Records the frames that members received; returns their number so far. */
    private int listen() {
        for (int i = 0; i < members.size(); i++) {
            Ring member = members.get(i);
            for (Batch batch = member.receive(); batch != null; batch = member.receive()) {
                for (int frame = 0; frame < batch.size(); frame++) {
                    byte[] bytes = batch.memory()
                            .asSlice(batch.offset(frame), batch.length(frame))
                            .toArray(ValueLayout.JAVA_BYTE);
                    heard.get(i).add(HexFormat.of().formatHex(bytes));
                }
                member.release();
            }
        }
        return heard.stream().mapToInt(List::size).sum();
    }

    /** Waits until all sent frames have arrived, then compares their members; the order is not defined. */
    private void expect(List<byte[]> sent) {
        await("all arrive", () -> listen() >= sent.size());
        for (int i = 0; i < members.size(); i++) {
            int member = i;
            assertEquals(
                    sent.stream()
                            .filter(frame -> memberOf(frame) == member)
                            .map(HexFormat.of()::formatHex)
                            .sorted()
                            .toList(),
                    heard.get(i).stream().sorted().toList(),
                    "member " + i);
            heard.get(i).clear();
        }
    }

    private int memberOf(byte[] frame) {
        return AddressPair.worker(hash(frame), members.size());
    }

    /** The definition, from the parser's view of the frame. */
    private static int hash(byte[] frame) {
        Packet packet = new Packet();
        assertEquals(Fault.NONE, packet.parse(MemorySegment.ofArray(frame), 0, frame.length));
        if (!packet.isIp()) {
            return 0;
        }
        QuotedPacket quote = new QuotedPacket();
        return isWholeError(packet) && packet.readQuote(quote)
                ? AddressPair.hash(SEED, quote)
                : AddressPair.hash(SEED, packet);
    }

    private static boolean isWholeError(Packet packet) {
        return packet.isIcmp() && !packet.isFragment() && Icmp.isError(packet.isV6(), packet.icmpType());
    }

    /** Frames of every kind with a defined member: whole frames, and errors that the program can read. */
    private static List<byte[]> frames(long seed) {
        RandomFrames random = new RandomFrames(seed);
        List<byte[]> frames = new ArrayList<>();
        Packet packet = new Packet();
        QuotedPacket quote = new QuotedPacket();
        while (frames.size() < FRAMES) {
            byte[] frame = random.next();
            Fault fault = packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
            if (fault == Fault.NONE
                    && !random.isCut()
                    && (!isWholeError(packet) || random.isFollowed() && packet.readQuote(quote))) {
                frames.add(frame);
            }
        }
        return frames;
    }

    /** One frame for each member. */
    private List<byte[]> oneForEach() {
        List<byte[]> found = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            int member = i;
            found.add(IntStream.range(0, 1 << 16)
                    .mapToObj(port -> Frame.udp("10.0.0.1", 1, "10.9." + port / 256 + "." + port % 256, 2)
                            .payload(30)
                            .bytes())
                    .filter(frame -> memberOf(frame) == member)
                    .findFirst()
                    .orElseThrow());
        }
        return found;
    }

    private void sendFromFar(List<byte[]> frames) throws ErrnoException {
        for (byte[] frame : frames) {
            far.send(frame);
        }
    }

    private static void send(Ring member, byte[] frame) {
        PacketSocket socket = member.socket();
        long at = socket.memory().byteSize() - SPARE;
        MemorySegment.copy(frame, 0, socket.memory(), ValueLayout.JAVA_BYTE, at, frame.length);
        socket.sendQueue().clear();
        socket.sendQueue().putPlain(socket.memory().address() + at, frame.length);
        assertEquals(1, socket.sendQueue().send(0, 1));
    }

    /** Waits until a socket has received this many frames. */
    private static void awaitSeen(FrameSocket socket, int count) {
        int[] seen = {0};
        await(count + " frames are seen", () -> {
            try {
                seen[0] += socket.drain().size();
            } catch (ErrnoException refused) {
                throw new AssertionError(refused);
            }
            return seen[0] >= count;
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void eachFrameArrivesOnceAtItsMember(int count) throws Exception {
        open(count);
        admit();
        List<byte[]> sent = frames(count);
        sendFromFar(sent);
        expect(sent);
        // A frame received twice has arrived by now, or arrives with these.
        List<byte[]> last = oneForEach();
        sendFromFar(last);
        expect(last);
    }

    @Test
    void nothingIsReceivedBeforeASocketIsAdmitted() throws Exception {
        // A tap that was opened before the group receives each frame after the group.
        try (FrameSocket tap = namespace.in(() -> new FrameSocket("near"))) {
            open(4);
            List<byte[]> before = frames(5).subList(0, 200);
            sendFromFar(before);
            awaitSeen(tap, before.size());
            assertEquals(0, listen());
            admit();
            List<byte[]> after = oneForEach();
            sendFromFar(after);
            expect(after);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void nothingThatTheNicSendsIsReceived(int count) throws Exception {
        try (FrameSocket stack = namespace.in(() -> new FrameSocket("near"))) {
            open(count);
            admit();
            List<byte[]> each = oneForEach();
            for (boolean bypass : new boolean[] {false, true}) {
                for (Ring member : members) {
                    member.socket().bypassQdisc(bypass);
                    for (byte[] frame : each) {
                        send(member, frame);
                    }
                }
                awaitSeen(far, count * count);
            }
            // Sent like the host's own frames, which taps receive.
            for (byte[] frame : each) {
                stack.send(frame);
            }
            awaitSeen(far, count);
            sendFromFar(each);
            expect(each);
        }
    }

    /** Down and up empties the group and fills it again. */
    @Test
    void theMembersKeepTheirNumbersWhenTheLinkComesBack() throws Exception {
        open(4);
        admit();
        for (int i = 0; i < 3; i++) {
            namespace.ip("link set near down");
            namespace.ip("link set near up");
            awaitLink();
            List<byte[]> sent = frames(6 + i);
            sendFromFar(sent);
            expect(sent);
        }
    }

    /** Waits until frames cross: the far end notices some time after the near one. */
    private void awaitLink() {
        byte[] trial = oneForEach().getFirst();
        // One at a time, and so far apart that none is in flight when the next one arrives.
        await("frames cross", () -> {
            try {
                far.send(trial);
            } catch (ErrnoException refused) {
                throw new AssertionError(refused);
            }
            for (int i = 0; i < 200 && listen() == 0; i++) {
                LockSupport.parkNanos(500_000);
            }
            return listen() > 0;
        });
        heard.forEach(List::clear);
    }

    @Test
    void aGroupCanBeMadeWhileTheLinkIsDown() throws Exception {
        namespace.ip("link set near down");
        try {
            open(4);
        } catch (ErrnoException refused) {
            assertEquals("setsockopt(PACKET_FANOUT): EINVAL (Invalid argument)", refused.getMessage());
            abort("this kernel is older than 6.13");
        }
        admit();
        namespace.ip("link set near up");
        awaitLink();
        List<byte[]> sent = frames(9);
        sendFromFar(sent);
        expect(sent);
    }

    @Test
    void anErrorOfTheKernelIsReported() throws Exception {
        int group = open(2);
        PacketSocket member = members.getFirst().socket();
        ErrnoException twice = assertThrows(ErrnoException.class, () -> member.joinGroup(group));
        assertEquals("setsockopt(PACKET_FANOUT): EALREADY (Operation already in progress)", twice.getMessage());
        Ring other = namespace.in(
                () -> Ring.open(Nics.named("far"), null, Geometry.of(2), PacketSocket.SocketOptions.ALONE));
        try {
            ErrnoException foreign =
                    assertThrows(ErrnoException.class, () -> other.socket().joinGroup(group));
            assertEquals("setsockopt(PACKET_FANOUT): EINVAL (Invalid argument)", foreign.getMessage());
        } finally {
            other.close();
        }
    }
}
