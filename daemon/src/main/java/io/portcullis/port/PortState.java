package io.portcullis.port;

/** Whether frames can pass a port. */
public sealed interface PortState {
    /** Frames can pass. */
    PortState FORWARDING = new Forwarding();

    /** Frames can pass. */
    record Forwarding() implements PortState {}

    /**
     * No frame passes until the cause is gone; the port notices that itself.
     *
     * @param reason for the operator, with the NIC's name in it: {@code eth1 has no carrier}
     */
    record NotForwarding(String reason) implements PortState {}

    /** The NIC is not there. */
    static PortState gone(String nic) {
        return new NotForwarding(nic + " is gone; waiting for an interface of that name");
    }

    /** The NIC receives frames, and the port receives none of them. */
    static PortState deaf(String nic) {
        return new NotForwarding(
                nic + " receives nothing although frames arrive at the NIC: another program may take them first"
                        + " (XDP; `ip link show " + nic + "` and `bpftool net` show it)");
    }

    /**
     * The NIC is there.
     *
     * @param up administratively up
     * @param carrier the link has a carrier
     */
    static PortState of(String nic, boolean up, boolean carrier) {
        if (!up) {
            return new NotForwarding(nic + " is down; `ip link set " + nic + " up`");
        }
        return carrier ? FORWARDING : new NotForwarding(nic + " has no carrier");
    }
}
