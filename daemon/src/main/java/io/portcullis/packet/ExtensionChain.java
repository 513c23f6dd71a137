package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.ExtensionHeader;
import io.portcullis.packet.wire.FragmentHeader;
import java.lang.foreign.MemorySegment;

/** The IPv6 extension headers of a packet (RFC 8200, section 4). Mutable: {@link #walk} fills it for each packet that has any. */
final class ExtensionChain {
    /** How a walk ended. */
    enum End {
        /** At the protocol, or at the data of a fragment that is not the first. */
        WHOLE,
        /** At the end of the packet. */
        CUT,
        MALFORMED
    }

    private static final int MAX_HEADERS = 8;
    private static final int MAX_LENGTH = 512;
    private static final long NONE = -1;

    private int protocol;
    private long end;
    private long fragmentHeader;

    ExtensionChain() {}

    /**
     * Walks the headers in {@code [from, to)}.
     *
     * @param first protocol number of the first one
     */
    End walk(MemorySegment memory, long from, long to, int first) {
        fragmentHeader = NONE;
        long at = from;
        int next = first;
        for (int count = 0; IpProtocol.isExtension(next); count++) {
            if (count == MAX_HEADERS || next == IpProtocol.HOP_BY_HOP && count > 0) {
                return End.MALFORMED;
            }
            if (!ExtensionHeader.isReadable(at, to)) {
                return End.CUT;
            }
            boolean isFragmentHeader = next == IpProtocol.FRAGMENT;
            boolean isSourceRoute =
                    next == IpProtocol.ROUTING && Bytes.u8(memory, at + ExtensionHeader.ROUTING_TYPE) == 0;
            int length = isFragmentHeader ? FragmentHeader.LENGTH : ExtensionHeader.length(memory, at);
            if (isSourceRoute || isFragmentHeader && hasFragmentHeader() || at + length - from > MAX_LENGTH) {
                return End.MALFORMED;
            }
            if (length > to - at) {
                return End.CUT;
            }
            if (isFragmentHeader && !FragmentHeader.isAtomic(memory, at)) {
                fragmentHeader = at;
            }
            next = Bytes.u8(memory, at + ExtensionHeader.NEXT_HEADER);
            at += length;
            if (isFragmentHeader && FragmentHeader.offset(memory, at - length) > 0) {
                break;
            }
        }
        protocol = next;
        end = at;
        return End.WHOLE;
    }

    /** After {@link End#WHOLE}: the protocol number in the last header. */
    int protocol() {
        return protocol;
    }

    /** After {@link End#WHOLE}: offset of the first byte after the headers. */
    long end() {
        return end;
    }

    /** True: the packet is a fragment, atomic ones not counted (RFC 6946). Holds after every walk. */
    boolean hasFragmentHeader() {
        return fragmentHeader != NONE;
    }

    /** Offset of that fragment header. */
    long fragmentHeader() {
        return fragmentHeader;
    }
}
