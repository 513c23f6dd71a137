package io.portcullis.config;

/**
 * One numbered entry of a network ACL: the lowest number that matches a packet decides about it.
 *
 * @param number 1 to {@link #HIGHEST}
 * @param allow false: deny
 * @param packets what it matches; its one peer is a block
 */
public record AclEntry(int number, boolean allow, Rule packets) {
    /** The highest number of an entry (AWS VPC User Guide, network ACLs: 32767 is {@code *}). */
    public static final int HIGHEST = 32_766;

    public AclEntry {
        if (number < 1 || number > HIGHEST) {
            throw new IllegalArgumentException("entry " + number);
        }
        if (packets.peers().size() != 1 || !(packets.peers().getFirst() instanceof Peer.Net)) {
            throw new IllegalArgumentException("an entry is about one block, not " + packets.peers());
        }
    }
}
