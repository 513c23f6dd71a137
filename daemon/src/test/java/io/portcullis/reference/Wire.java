package io.portcullis.reference;

import io.portcullis.net.Address;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.vectors.Frames;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Writes the frames of datagrams into memory, as {@link Frames} builds them from their notation (a test compares them), but a
 * hundred times faster and without allocation, for simulations of many millions of frames.
 */
final class Wire {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int VLAN = 0x8100;
    private static final int NO_FIELD = -1;

    private final MemorySegment memory;
    private long at;

    Wire(MemorySegment memory) {
        this.memory = memory;
    }

    /**
     * Writes a frame.
     *
     * @param from where in the memory
     * @return its length, bytes
     */
    int write(Datagram datagram, long from) {
        at = from;
        u32(0x02000000);
        u32(0x00020200);
        u32(0x00000001);
        int vlans = datagram.vlans();
        if (vlans >>> 12 != 0) {
            u16(SERVICE_VLAN);
            u16(vlans >>> 12);
        }
        if (vlans != 0) {
            u16(VLAN);
            u16(vlans & 0xfff);
        }
        u16(datagram.isV6() ? EtherType.IPV6 : EtherType.IPV4);
        ip(datagram);
        return (int) (at - from);
    }

    private void ip(Datagram datagram) {
        long header = at;
        boolean v6 = datagram.isV6();
        at += v6 ? 40 : 20;
        long transport = at;
        int field = transport(datagram);
        int length = (int) (at - transport);
        if (v6) {
            memory.set(U32, header, 0x60000000);
            memory.set(U16, header + 4, (short) length);
            memory.set(U16, header + 6, (short) (datagram.protocol() << 8 | 64));
            address(datagram.source(), header + 8);
            address(datagram.destination(), header + 24);
        } else {
            memory.set(U32, header, 0x45000000 | 20 + length);
            memory.set(U32, header + 4, 0);
            memory.set(U32, header + 8, 64 << 24 | datagram.protocol() << 16);
            address(datagram.source(), header + 12);
            address(datagram.destination(), header + 16);
            memory.set(U16, header + 10, (short) ~fold(sum(header, header + 20)));
        }
        if (field != NO_FIELD) {
            long addresses = sum(header + (v6 ? 8 : 12), transport);
            long pseudo = datagram.protocol() == IpProtocol.ICMP ? 0 : addresses + length + datagram.protocol();
            putChecksum(datagram, transport, field, pseudo);
        }
    }

    /** Writes layer 4 with checksum 0; returns where the checksum goes. */
    private int transport(Datagram datagram) {
        int field = switch (datagram.transport()) {
            case Transport.Tcp tcp -> {
                tcp(tcp);
                yield 16;
            }
            case Transport.Ports ports -> {
                u16(ports.sourcePort());
                u16(ports.destinationPort());
                boolean udp = ports.protocol() == IpProtocol.UDP;
                u32(udp ? 8 + datagram.length() << 16 : 0);
                if (!udp) {
                    u32(0);
                }
                yield udp ? 6 : NO_FIELD;
            }
            case Transport.Icmp icmp -> {
                u32(icmp.type() << 24 | icmp.code() << 16);
                u32(icmp.identifier() << 16);
                if (icmp.quoted() != null) {
                    ip(icmp.quoted());
                }
                yield 2;
            }
            case Transport.Other other -> NO_FIELD;
        };
        memory.asSlice(at, datagram.length()).fill((byte) 0);
        at += datagram.length();
        return field;
    }

    private void tcp(Transport.Tcp tcp) {
        long header = at;
        u16(tcp.sourcePort());
        u16(tcp.destinationPort());
        u32(tcp.sequence());
        u32(tcp.acknowledgment());
        u32(tcp.flags() << 16 | tcp.window());
        u32(0);
        if (tcp.windowScale() != Transport.Tcp.NO_SCALE) {
            u32(0x01030300 | tcp.windowScale());
        }
        if (tcp.sackPermitted()) {
            u32(0x04020101);
        } else if (tcp.sackLeft() != tcp.sackRight()) {
            u32(0x0101050a);
            u32(tcp.sackLeft());
            u32(tcp.sackRight());
        }
        memory.set(ValueLayout.JAVA_BYTE, header + 12, (byte) (at - header << 2));
    }

    private void putChecksum(Datagram datagram, long transport, int field, long pseudo) {
        // Bytes after the headers are zero and add nothing.
        long end = at - datagram.length();
        int right = ~fold(pseudo + sum(transport, end)) & 0xffff;
        int put = right;
        if (datagram.badChecksum()) {
            int wrong = right ^ 0x5555;
            put = wrong == fold(pseudo) || wrong == 0 ? right ^ 0x3333 : wrong;
        } else if (right == 0 && datagram.protocol() == IpProtocol.UDP) {
            put = 0xffff;
        }
        memory.set(U16, transport + field, (short) put);
    }

    /** Of an even number of bytes, as all headers here have. */
    private long sum(long from, long to) {
        long sum = 0;
        for (long word = from; word < to; word += 2) {
            sum += memory.get(U16, word) & 0xffff;
        }
        return sum;
    }

    private static int fold(long sum) {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    private void address(Address address, long to) {
        if (address.isV6()) {
            memory.set(U64, to, address.high());
            memory.set(U64, to + 8, address.low());
        } else {
            memory.set(U32, to, (int) address.low());
        }
    }

    private void u16(int value) {
        memory.set(U16, at, (short) value);
        at += 2;
    }

    private void u32(int value) {
        memory.set(U32, at, value);
        at += 4;
    }
}
