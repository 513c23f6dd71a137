package io.portcullis.linux.netlink;

import io.portcullis.linux.ErrnoException;

/**
 * Reports that NICs or their addresses have changed, IPv4 or IPv6, in the network namespace of the thread that opened it; {@link Nics}
 * has the new state. One thread reads; any thread closes, also while another waits.
 */
public final class AddressWatch implements AutoCloseable {
    private static final int RTMGRP_IPV4_IFADDR = 0x10;
    private static final int RTMGRP_IPV6_IFADDR = 0x100;

    private final NetlinkEvents events;

    private AddressWatch(NetlinkEvents events) {
        this.events = events;
    }

    /** Opens a watch. It reports changes from now on. */
    public static AddressWatch open() throws ErrnoException {
        return new AddressWatch(NetlinkEvents.open(
                Netlink.RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
                "RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR"));
    }

    /**
     * Waits for a change; several that have arrived are one.
     *
     * @param timeoutMs milliseconds to wait at the most; negative: no limit; 0: not at all
     * @return false when the time is up
     * @throws ErrnoException ECANCELED once the watch is closed
     */
    public boolean next(int timeoutMs) throws ErrnoException {
        return events.await(timeoutMs, netlink -> {
                    NetlinkEvents.skip(netlink);
                    return true;
                })
                .isPresent();
    }

    /** Ends the watch; a thread that waits in {@link #next} gets ECANCELED. Once or more often, any thread. */
    @Override
    public void close() {
        events.close();
    }
}
