package io.portcullis.config;

/** How an interface receives and sends frames. */
public enum Datapath {
    /** {@link #RING}, or {@link #PCAP} if that can't be opened. */
    AUTO("auto"),
    /** Packet sockets with rings in memory shared with the kernel, offloads on. */
    RING("ring"),
    /** libpcap. */
    PCAP("pcap");

    /** Whether programs in the kernel forward the packets of flows that the daemon has admitted. */
    public enum Offload {
        /** They do, where the datapath is a ring, there is one worker, and the kernel takes the programs. */
        AUTO("auto"),
        /** The daemon forwards every packet. */
        OFF("off");

        /** What an interface without the key has. */
        public static final Offload DEFAULT = OFF;

        private final String key;

        Offload(String key) {
            this.key = key;
        }

        /** The word in the configuration. */
        public String key() {
            return key;
        }
    }

    private final String key;

    Datapath(String key) {
        this.key = key;
    }

    /** The word in the configuration. */
    public String key() {
        return key;
    }
}
