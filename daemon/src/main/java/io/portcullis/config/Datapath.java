package io.portcullis.config;

/** How an interface receives and sends frames. */
public enum Datapath {
    /** {@link #RING}, or {@link #PCAP} if that can't be opened. */
    AUTO("auto"),
    /** Packet sockets with rings in memory shared with the kernel, offloads on. */
    RING("ring"),
    /** libpcap. */
    PCAP("pcap");

    private final String key;

    Datapath(String key) {
        this.key = key;
    }

    /** The word in the configuration. */
    public String key() {
        return key;
    }
}
