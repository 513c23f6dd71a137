package io.portcullis.ec2.model;

import io.portcullis.net.Cidr;
import java.util.List;

/**
 * The facts about the NIC of an interface; of a bridge, its outside one.
 *
 * @param mac {@code 02:00:00:00:00:01}; empty: not known
 * @param networks its addresses, each with its network
 */
public record Nic(String mac, List<Network> networks) {
    /** Nothing is known. */
    public static final Nic UNKNOWN = new Nic("", List.of());

    /**
     * One address, and its network.
     *
     * @param address one address, as a block
     * @param network that it is in
     */
    public record Network(Cidr address, Cidr network) {}

    public Nic {
        networks = List.copyOf(networks);
    }
}
