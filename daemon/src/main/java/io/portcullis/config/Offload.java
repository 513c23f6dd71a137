package io.portcullis.config;

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
