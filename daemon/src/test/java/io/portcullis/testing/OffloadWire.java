package io.portcullis.testing;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nics;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A test's own access to a wire with offloads: every frame has its struct virtio_net_hdr (10 bytes) before it. */
public final class OffloadWire implements AutoCloseable {
    private static final short ETH_P_ALL_BE = 0x0300;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_VNET_HDR = 15;
    private static final int PACKET_IGNORE_OUTGOING = 23;
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 04000;
    private static final long TUNSETIFF = 0x400454ca;
    private static final short IFF_TAP_NO_PI_VNET_HDR = 0x5002;
    private static final int LONGEST = 1 << 17;
    private static final long LIMIT_NS = TimeUnit.SECONDS.toNanos(10);
    private static final MethodHandle OPEN = function(
            "open",
            FunctionDescriptor.of(JAVA_INT, ValueLayout.ADDRESS, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ =
            function("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ValueLayout.ADDRESS, JAVA_LONG));

    private final int fd;
    private final boolean tap;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(LONGEST);

    private OffloadWire(int fd, boolean tap) {
        this.fd = fd;
        this.tap = tap;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }

    /** Bytes, or the negated EAGAIN. */
    private long receive() {
        if (!tap) {
            return Libc.recv(fd, buffer, Libc.MSG_DONTWAIT);
        }
        try {
            long length = (long) READ.invokeExact(fd, buffer, buffer.byteSize());
            return length < 0 ? -Errno.EAGAIN : length;
        } catch (Throwable bug) {
            throw new AssertionError(bug);
        }
    }

    /** On a NIC: receives its incoming frames, not its outgoing ones. */
    public static OffloadWire on(String nic) throws ErrnoException {
        int fd = (int) ErrnoException.check(
                Libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0), "socket(AF_PACKET)");
        try (Arena call = Arena.ofConfined()) {
            MemorySegment one = call.allocateFrom(JAVA_INT, 1);
            ErrnoException.check(Libc.setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, one), "PACKET_VNET_HDR");
            ErrnoException.check(
                    Libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, one), "PACKET_IGNORE_OUTGOING");
            MemorySegment address = call.allocate(20, 4);
            address.set(JAVA_SHORT, 0, (short) Libc.AF_PACKET);
            address.set(JAVA_SHORT, 2, ETH_P_ALL_BE);
            address.set(JAVA_INT, 4, Nics.index(nic));
            ErrnoException.check(Libc.bind(fd, address), "bind(AF_PACKET, " + nic + ")");
        }
        return new OffloadWire(fd, false);
    }

    /** A new tap device: the NIC of that name receives what is sent here, and the other way. {@link #close} removes it. */
    public static OffloadWire tap(String name) throws Throwable {
        try (Arena call = Arena.ofConfined()) {
            int fd = (int) OPEN.invokeExact(call.allocateFrom("/dev/net/tun"), O_RDWR | O_NONBLOCK, 0);
            if (fd < 0) {
                throw new IllegalStateException("/dev/net/tun");
            }
            MemorySegment request = call.allocate(40, 8);
            byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
            MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
            request.set(JAVA_SHORT, 16, IFF_TAP_NO_PI_VNET_HDR);
            ErrnoException.check(Libc.ioctl(fd, TUNSETIFF, request), "ioctl(TUNSETIFF)");
            return new OffloadWire(fd, true);
        }
    }

    /** Sends a vnet header and the frame behind it. */
    public void send(byte[] headerAndFrame) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            ErrnoException.check(Libc.write(fd, call.allocateFrom(JAVA_BYTE, headerAndFrame)), "write");
        }
    }

    /** The next received frame behind its vnet header; on a NIC without the VLAN tag, which the kernel removes. */
    public byte[] next() throws ErrnoException {
        long begin = System.nanoTime();
        while (true) {
            long length = receive();
            if (length >= 0) {
                return buffer.asSlice(0, length).toArray(JAVA_BYTE);
            }
            if (length != -Errno.EAGAIN || System.nanoTime() - begin > LIMIT_NS) {
                throw new ErrnoException("recv(AF_PACKET)", (int) -length);
            }
            LockSupport.parkNanos(200_000);
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
        arena.close();
    }
}
