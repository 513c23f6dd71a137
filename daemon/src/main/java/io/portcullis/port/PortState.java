package io.portcullis.port;

/** Whether frames can pass a port. */
public sealed interface PortState {
    /** Frames can pass. */
    PortState FORWARDING = new Forwarding();

    /** Frames can pass. */
    record Forwarding() implements PortState {}

    /**
     * No frame passes until the cause is gone; the port sees that by itself.
     *
     * @param reason for people, with the NIC's name in it: {@code eth1 has no carrier}
     */
    record NotForwarding(String reason) implements PortState {}

    /** The NIC is not there. */
    static PortState gone(String nic) {
        return new NotForwarding(nic + " is gone; waiting for an interface of that name");
    }

    /** The NIC receives frames, and the port has none of them. */
    static PortState deaf(String nic) {
        return new NotForwarding(nic + " reads nothing although frames arrive: a program of others may take them before"
                + " (XDP; `ip link show " + nic + "` and `bpftool net` tell of it)");
    }

    /**
     * The NIC is there.
     *
     * @param up switched on by its owner
     * @param carrier connected
     */
    static PortState of(String nic, boolean up, boolean carrier) {
        if (!up) {
            return new NotForwarding(nic + " is down; `ip link set " + nic + " up`");
        }
        return carrier ? FORWARDING : new NotForwarding(nic + " has no carrier");
    }
}
