package io.portcullis.linux.netlink;

import java.net.InetAddress;

/**
 * A route that leaves through a NIC (rtnetlink(7), struct rtmsg), of any table.
 *
 * @param destination first address of the prefix
 * @param prefixLength bits
 * @param protocol RTPROT_…: who set it
 */
public record Route(InetAddress destination, int prefixLength, int protocol) {
    /** Set by the kernel itself, with an address. */
    public static final int RTPROT_KERNEL = 2;
    /** Learnt from a router advertisement. */
    public static final int RTPROT_RA = 9;

    /** True: neither the kernel nor a router advertisement has added it, so that it does not come back by itself. */
    public boolean isSetByPeople() {
        return protocol != RTPROT_KERNEL && protocol != RTPROT_RA;
    }

    /** {@code 192.0.2.0/24}, {@code default}. */
    @Override
    public String toString() {
        return prefixLength == 0 ? "default" : NicAddress.written(destination) + "/" + prefixLength;
    }
}
