package io.portcullis.linux.netlink;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A netlink socket, most often NETLINK_ROUTE: requests and their answers, or notifications. One thread at a time. netlink(7), rtnetlink(7),
 * include/uapi/linux/netlink.h and rtnetlink.h. It belongs to the network namespace of the thread that opened it.
 */
public final class Netlink implements AutoCloseable {
    /** A link exists, or has changed. */
    public static final int RTM_NEWLINK = 16;
    /** A link is gone. */
    static final int RTM_DELLINK = 17;
    /** Requests links. */
    static final int RTM_GETLINK = 18;
    /** An address exists, or is to be added. */
    static final int RTM_NEWADDR = 20;
    /** An address is gone. */
    static final int RTM_DELADDR = 21;
    /** Requests addresses. */
    static final int RTM_GETADDR = 22;

    /** Requests routes. */
    static final int RTM_GETROUTE = 26;

    /** Adds a queueing discipline. */
    public static final int RTM_NEWQDISC = 36;
    /** Removes a queueing discipline. */
    public static final int RTM_DELQDISC = 37;
    /** Requests queueing disciplines. */
    public static final int RTM_GETQDISC = 38;
    /** Adds or replaces a filter of traffic control. */
    public static final int RTM_NEWTFILTER = 44;
    /** Removes a filter. */
    public static final int RTM_DELTFILTER = 45;
    /** Requests filters. */
    public static final int RTM_GETTFILTER = 46;

    /** All that match, in many messages. */
    static final int NLM_F_DUMP = 0x300;
    /** Answer with an error code, 0 for done. */
    public static final int NLM_F_ACK = 4;
    /** Create the object where it does not exist. */
    public static final int NLM_F_CREATE = 0x400;
    /** EEXIST where the object exists. */
    public static final int NLM_F_EXCL = 0x200;

    /** Multicast group (bit) of link changes. */
    static final int RTMGRP_LINK = 1;
    /** Multicast group (bit) of changes of queueing disciplines and filters. */
    static final int RTMGRP_TC = 8;

    /** Family (protocol) of the sockets of all kinds, sock_diag(7). */
    static final int NETLINK_SOCK_DIAG = 4;
    /** Family (protocol) of netfilter. */
    static final int NETLINK_NETFILTER = 12;

    private static final int NETLINK_ROUTE = 0;
    private static final int SOL_NETLINK = 270;
    /** Take the attributes of a dump request for a filter (Linux 4.20). */
    private static final int NETLINK_GET_STRICT_CHK = 12;

    private static final int NLM_F_REQUEST = 1;
    private static final int NLM_F_MULTI = 2;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLMSG_HDRLEN = 16;
    private static final int NLA_TYPE_MASK = 0x3fff;

    /** The kernel's largest dump message is 32 KiB; a longer one would be refused, not cut. */
    private static final int BUFFER_LENGTH = 64 * 1024;

    private static final int DUMP_ATTEMPTS = 10;

    /**
     * One message.
     *
     * @param type RTM_…
     * @param flags NLM_F_…
     * @param sequence of the request that it answers
     * @param body what follows struct nlmsghdr, from position 0, little-endian
     */
    public record Message(int type, int flags, int sequence, ByteBuffer body) {
        /** The attributes (struct rtattr: length, type, value, padded to 4) after a family header of so many bytes. */
        public Map<Integer, ByteBuffer> attributes(int headerLength) {
            return Netlink.attributes(
                    body.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(headerLength));
        }
    }

    private final int fd;
    private int sequence;

    private Netlink(int fd) {
        this.fd = fd;
    }

    /**
     * Opens a socket.
     *
     * @param groups RTMGRP_… bits to receive; 0 for requests
     */
    public static Netlink open(int groups) throws ErrnoException {
        return open(NETLINK_ROUTE, "NETLINK_ROUTE", groups);
    }

    /**
     * Opens a socket of another family, for requests.
     *
     * @param family NETLINK_…
     * @param name of it, for messages
     */
    public static Netlink open(int family, String name) throws ErrnoException {
        return open(family, name, 0);
    }

    private static Netlink open(int family, String name, int groups) throws ErrnoException {
        int fd = (int) ErrnoException.check(
                Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, family),
                "socket(AF_NETLINK, " + name + ")");
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(Libc.bind(fd, address(arena, groups)), "bind(AF_NETLINK, groups " + groups + ")");
            return new Netlink(fd);
        } catch (ErrnoException refused) {
            Libc.close(fd);
            throw refused;
        }
    }

    /** struct sockaddr_nl: family, padding, port id (0: the kernel's, or its choice), groups. */
    private static MemorySegment address(Arena arena, int groups) {
        MemorySegment address = arena.allocate(12, 4);
        address.set(JAVA_SHORT, 0, (short) Libc.AF_NETLINK);
        address.set(JAVA_INT, 8, groups);
        return address;
    }

    /** Dumps of this socket are filtered by the kernel; where it is too old for that, it answers everything. */
    void filterDumps() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            int result = Libc.setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, arena.allocateFrom(JAVA_INT, 1));
            if (result != -Errno.ENOPROTOOPT) {
                ErrnoException.check(result, "setsockopt(NETLINK_GET_STRICT_CHK)");
            }
        }
    }

    int fd() {
        return fd;
    }

    /** All objects of a kind; repeated where the kernel says that they changed during the dump. */
    public List<Message> dump(int type, ByteBuffer body, String call) throws ErrnoException {
        List<Message> answers = List.of();
        for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
            answers = exchange(type, NLM_F_DUMP, body, call);
            if (answers.stream().noneMatch(m -> (m.flags() & NLM_F_DUMP_INTR) != 0)) {
                return answers;
            }
        }
        return answers;
    }

    /**
     * One request and all its answers; none for a command with NLM_F_ACK that succeeded.
     *
     * @param body the family header and attributes, from position to limit; unchanged
     * @param call for the message, where the kernel refuses
     */
    public List<Message> exchange(int type, int flags, ByteBuffer body, String call) throws ErrnoException {
        sequence++;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(NLMSG_HDRLEN + body.remaining(), 4);
            request.set(JAVA_INT, 0, (int) request.byteSize());
            request.set(JAVA_SHORT, 4, (short) type);
            request.set(JAVA_SHORT, 6, (short) (flags | NLM_F_REQUEST));
            request.set(JAVA_INT, 8, sequence);
            request.asSlice(NLMSG_HDRLEN).copyFrom(MemorySegment.ofBuffer(body));
            ErrnoException.check(Libc.sendto(fd, request, 0, address(arena, 0)), call);
            List<Message> answers = new ArrayList<>();
            while (true) {
                for (Message message : receive(0, call)) {
                    if (message.sequence() != sequence) {
                        continue;
                    }
                    boolean last = message.type() == NLMSG_ERROR || message.type() == NLMSG_DONE;
                    if (last) {
                        ErrnoException.check(
                                message.body().remaining() < 4
                                        ? 0
                                        : message.body().getInt(0),
                                call);
                        return answers;
                    }
                    answers.add(message);
                    if ((message.flags() & NLM_F_MULTI) == 0) {
                        return answers;
                    }
                }
            }
        }
    }

    /**
     * The messages of one datagram.
     *
     * @param flags of recv(2)
     */
    List<Message> receive(int flags, String call) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER_LENGTH, 4);
            long length = Libc.recv(fd, buffer, flags | Libc.MSG_TRUNC);
            while (length == -Errno.EINTR) {
                length = Libc.recv(fd, buffer, flags | Libc.MSG_TRUNC);
            }
            ErrnoException.check(length, call);
            if (length > BUFFER_LENGTH) {
                throw new ErrnoException(call, Errno.EMSGSIZE);
            }
            return messages(buffer.asSlice(0, length).toArray(JAVA_BYTE));
        }
    }

    /** Cuts a datagram into its messages; one whose length is impossible ends it. */
    static List<Message> messages(byte[] datagram) {
        ByteBuffer bytes = ByteBuffer.wrap(datagram).order(ByteOrder.LITTLE_ENDIAN);
        List<Message> messages = new ArrayList<>();
        int at = 0;
        while (bytes.limit() - at >= NLMSG_HDRLEN) {
            int length = bytes.getInt(at);
            if (length < NLMSG_HDRLEN || length > bytes.limit() - at) {
                break;
            }
            messages.add(new Message(
                    Short.toUnsignedInt(bytes.getShort(at + 4)),
                    Short.toUnsignedInt(bytes.getShort(at + 6)),
                    bytes.getInt(at + 8),
                    bytes.slice(at + NLMSG_HDRLEN, length - NLMSG_HDRLEN).order(ByteOrder.LITTLE_ENDIAN)));
            at += align(length);
        }
        return messages;
    }

    /** Reads attributes from position to limit; one whose length is impossible ends them. */
    public static Map<Integer, ByteBuffer> attributes(ByteBuffer bytes) {
        Map<Integer, ByteBuffer> attributes = new LinkedHashMap<>();
        int at = bytes.position();
        while (bytes.limit() - at >= 4) {
            int length = Short.toUnsignedInt(bytes.getShort(at));
            if (length < 4 || length > bytes.limit() - at) {
                break;
            }
            attributes.put(
                    bytes.getShort(at + 2) & NLA_TYPE_MASK,
                    bytes.slice(at + 4, length - 4).order(ByteOrder.LITTLE_ENDIAN));
            at += align(length);
        }
        return attributes;
    }

    /** An empty body of a message: so many bytes at the most. */
    public static ByteBuffer body(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Appends an attribute of 32 bits. */
    public static void putAttribute(ByteBuffer to, int type, int value) {
        putAttribute(to, type, body(4).putInt(value).array());
    }

    /** Appends a text attribute, with its NUL. */
    public static void putAttribute(ByteBuffer to, int type, String value) {
        putAttribute(to, type, (value + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /** Appends an attribute of nested attributes, which {@code inner} appends to the same buffer. */
    public static void putNested(ByteBuffer to, int type, Consumer<ByteBuffer> inner) {
        int start = to.position();
        to.putShort((short) 0).putShort((short) type);
        inner.accept(to);
        to.putShort(start, (short) (to.position() - start));
    }

    /** Appends an attribute, padded. */
    public static void putAttribute(ByteBuffer to, int type, byte[] value) {
        to.putShort((short) (4 + value.length)).putShort((short) type).put(value);
        to.position(align(to.position()));
    }

    private static int align(int length) {
        return (length + 3) & ~3;
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
