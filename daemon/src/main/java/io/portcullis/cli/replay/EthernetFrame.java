package io.portcullis.cli.replay;

import java.lang.foreign.MemorySegment;

/**
 * A captured frame as Ethernet.
 *
 * @param bytes from the destination MAC address on, without FCS; the end may be cut
 * @param length bytes that the whole frame has
 * @param hint what the link header of the capture says about the direction
 */
record EthernetFrame(MemorySegment bytes, int length, Hint hint) {
    /** What a cooked link header says (struct sockaddr_ll, sll_pkttype). */
    enum Hint {
        /** Nothing: the link header has no direction. */
        NONE,
        /** To this host, to all, or to a group. */
        ARRIVED,
        /** From this host. */
        SENT,
        /** From one other host to another one. */
        OF_OTHERS,
        /** On the loopback interface. */
        LOOPBACK,
        /** It has no Ethernet header and no ethertype. */
        NOT_ETHERNET
    }

    /** Bytes of it that the capture has. */
    int present() {
        return (int) bytes.byteSize();
    }

    /** True: the capture has only the beginning of the frame. */
    boolean isCut() {
        return present() < length;
    }
}
