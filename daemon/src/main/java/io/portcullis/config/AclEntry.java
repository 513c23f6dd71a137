package io.portcullis.config;

import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;

/**
 * One numbered entry of a network ACL: the lowest number that matches a packet decides about it.
 *
 * @param number 1 to {@link #HIGHEST}
 * @param allow false: deny
 * @param packets what it matches, as it is written; none of its peers is a group
 * @param blocks the addresses that its peers stand for, of the families that its protocol has; empty where a prefix list has
 *     none: the entry matches nothing then
 */
public record AclEntry(int number, boolean allow, Rule packets, List<Cidr> blocks) {
    /** The highest number of an entry (AWS VPC User Guide, network ACLs: 32767 is {@code *}). */
    public static final int HIGHEST = 32_766;

    public AclEntry {
        if (number < 1 || number > HIGHEST) {
            throw new IllegalArgumentException("entry " + number);
        }
        if (packets.peers().stream().anyMatch(Peer.Group.class::isInstance)) {
            throw new IllegalArgumentException("an entry is about addresses, not " + packets.peers());
        }
        blocks = PackedBlocks.of(blocks);
    }
}
