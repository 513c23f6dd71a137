package io.portcullis.testing;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nics;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A test's own access to a wire: packet(7), whole Ethernet frames, in the namespace of the thread that opens it. */
public final class FrameSocket implements AutoCloseable {
    private static final int AF_PACKET = 17;
    private static final short ETH_P_ALL_BE = 0x0300;

    private final int fd;

    public FrameSocket(String nic) throws ErrnoException {
        fd = (int) ErrnoException.check(
                Libc.socket(AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, ETH_P_ALL_BE), "socket(AF_PACKET)");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(20, 4);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(JAVA_SHORT, 2, ETH_P_ALL_BE);
            address.set(JAVA_INT, 4, Nics.index(nic));
            ErrnoException.check(Libc.bind(fd, address), "bind(AF_PACKET, " + nic + ")");
        }
    }

    public void send(byte[] frame) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(Libc.write(fd, arena.allocateFrom(JAVA_BYTE, frame)), "write(AF_PACKET)");
        }
    }

    /** The frames received or sent since the last call. */
    public List<byte[]> drain() throws ErrnoException {
        List<byte[]> frames = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(65536);
            while (true) {
                long length = Libc.recv(fd, buffer, Libc.MSG_DONTWAIT);
                if (length == -Errno.EAGAIN) {
                    return frames;
                }
                ErrnoException.check(length, "recv(AF_PACKET)");
                frames.add(buffer.asSlice(0, length).toArray(JAVA_BYTE));
            }
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
