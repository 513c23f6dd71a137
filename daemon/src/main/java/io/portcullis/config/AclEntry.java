package io.portcullis.config;

import java.util.List;

/**
 * One numbered entry of a network ACL: the lowest number that matches a packet decides about it.
 *
 * @param number 1 to {@link #HIGHEST}
 * @param allow false: deny
 * @param packets what it matches, as it is written: no peer of it is a group
 * @param blocks the addresses that its peers stand for, of both families where they are; at least one, unless a prefix list
 *     is empty
 */
public record AclEntry(int number, boolean allow, Rule packets, List<Cidr> blocks) {
    /** The highest number of an entry (AWS VPC User Guide, network ACLs: 32767 is {@code *}). */
    public static final int HIGHEST = 32_766;

    public AclEntry {
        if (number < 1 || number > HIGHEST) {
            throw new IllegalArgumentException("entry " + number);
        }
        if (packets.peers().stream().anyMatch(Peer.Group.class::isInstance)) {
            throw new IllegalArgumentException("an entry is about blocks, not " + packets.peers());
        }
        blocks = List.copyOf(blocks);
    }
}
