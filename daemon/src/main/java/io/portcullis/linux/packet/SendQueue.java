package io.portcullis.linux.packet;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The messages of one sendmmsg(2) on a {@link PacketSocket}: {@link #clear}, then {@link #put} for each frame, then
 * {@link #send}. Each message is a struct virtio_net_hdr ({@link PacketSocket#VNET_HEADER} bytes), a frame's headers and its
 * payload, in one or more pieces of memory that the kernel reads while {@code send} runs.
 *
 * <p>One thread at a time, until the socket is closed.
 */
public final class SendQueue {
    /** Most messages of one {@link #send}, and most frames in them together. */
    public static final int CAPACITY = 64;

    /** Bytes of each message in {@link #headers}. */
    public static final int HEADERS = 96;

    /** struct mmsghdr: a struct msghdr (56 bytes: iov at 16, its count at 24) and the number of bytes sent. */
    private static final int MMSGHDR = 64;

    private static final int MSG_IOV = 16;
    private static final int MSG_IOVLEN = 24;

    /** struct iovec: address, length. */
    private static final int IOVEC = 16;

    /** One for a frame and one more for its headers. */
    private static final int PIECES = 2;

    private final int fd;
    private final MemorySegment messages;
    private final MemorySegment pieces;
    private final MemorySegment headers;
    private final MemorySegment noOffload;
    private int puts;
    private int piecesUsed;

    /**
     * An empty queue.
     *
     * @param arena lives as long as the socket
     */
    SendQueue(int fd, Arena arena) {
        this.fd = fd;
        messages = arena.allocate((long) CAPACITY * MMSGHDR, 64);
        pieces = arena.allocate((long) CAPACITY * PIECES * IOVEC, 64);
        headers = arena.allocate((long) CAPACITY * HEADERS, 8);
        noOffload = arena.allocate(PacketSocket.VNET_HEADER, 2);
    }

    /** Removes all messages. */
    public void clear() {
        puts = 0;
        piecesUsed = 0;
    }

    /**
     * Appends a frame.
     *
     * @param address of the frame; its vnet header lies right before it
     * @param length bytes of the frame
     */
    public void put(long address, int length) {
        beginMessage();
        addPiece(address - PacketSocket.VNET_HEADER, length + PacketSocket.VNET_HEADER);
    }

    /** Appends a frame without a vnet header: it asks for no offload. Otherwise as {@link #put}. */
    public void putPlain(long address, int length) {
        beginMessage();
        addPiece(noOffload.address(), PacketSocket.VNET_HEADER);
        addPiece(address, length);
    }

    /**
     * Appends a message whose headers lie in {@link #headers}; {@link #addPiece} adds its payload, once or more.
     *
     * @param at offset of its vnet header in {@link #headers}
     * @param length bytes of vnet header and headers
     */
    public void putInPieces(long at, int length) {
        beginMessage();
        addPiece(headers.address() + at, length);
    }

    /** Memory for vnet headers and headers of {@link #CAPACITY} messages, {@link #HEADERS} bytes each. */
    public MemorySegment headers() {
        return headers;
    }

    private void beginMessage() {
        long message = (long) puts * MMSGHDR;
        messages.set(JAVA_LONG, message + MSG_IOV, pieces.address() + (long) piecesUsed * IOVEC);
        messages.set(JAVA_LONG, message + MSG_IOVLEN, 0L);
        puts++;
    }

    /** Appends bytes to the last message. */
    public void addPiece(long address, int length) {
        long piece = (long) piecesUsed * IOVEC;
        pieces.set(JAVA_LONG, piece, address);
        pieces.set(JAVA_LONG, piece + 8, length);
        piecesUsed++;
        long count = (long) (puts - 1) * MMSGHDR + MSG_IOVLEN;
        messages.set(JAVA_LONG, count, messages.get(JAVA_LONG, count) + 1);
    }

    /**
     * Sends messages in the order of their {@link #put}. Never waits.
     *
     * @param from number of the first message, counted from {@link #clear}
     * @param count number of messages
     * @return messages sent: fewer than {@code count} where the kernel refused the next one. A negated errno where it refused
     *     the first one: EMSGSIZE (longer than the MTU), ENOBUFS (the NIC's queue is full), EAGAIN (the send buffer is full),
     *     ENETDOWN (the NIC is down, or was down since the last call), ENXIO (the NIC is gone), EINVAL (a vnet header that the
     *     kernel does not accept)
     */
    public int send(int from, int count) {
        return Libc.sendmmsg(fd, messages.address() + (long) from * MMSGHDR, count, Libc.MSG_DONTWAIT);
    }
}
