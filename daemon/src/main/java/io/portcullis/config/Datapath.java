package io.portcullis.config;

/** How frames get in and out of an interface's NICs. */
public enum Datapath {
    /** {@link #RING}, or where that can't be opened {@link #PCAP}. */
    AUTO("auto"),
    /** The kernel's packet sockets, memory shared with it, offloads on. */
    RING("ring"),
    /** libpcap. */
    PCAP("pcap");

    private final String key;

    Datapath(String key) {
        this.key = key;
    }

    /** As it is written. */
    public String key() {
        return key;
    }
}
