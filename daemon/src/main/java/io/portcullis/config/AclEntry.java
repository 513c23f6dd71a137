package io.portcullis.config;

import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;

/**
 * One numbered entry of a network ACL. The matching entry with the lowest number decides about a packet.
 *
 * @param number 1 to {@link #HIGHEST}
 * @param allow false: deny
 * @param packets the packets that it matches, as written; no peer is a group
 * @param blocks the addresses of its peers, of the families of its protocol; empty if a prefix list is empty: the entry then matches
 *     nothing
 */
public record AclEntry(int number, boolean allow, Rule packets, List<Cidr> blocks) {
    /** The highest number of an entry (AWS VPC User Guide, network ACLs: 32767 is {@code *}). */
    public static final int HIGHEST = 32_766;

    public AclEntry {
        if (number < 1 || number > HIGHEST) {
            throw new IllegalArgumentException("entry " + number);
        }
        if (packets.peers().stream().anyMatch(Peer.Group.class::isInstance)) {
            throw new IllegalArgumentException("an entry takes addresses, not " + packets.peers());
        }
        blocks = PackedBlocks.of(blocks);
    }
}
