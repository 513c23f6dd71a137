package io.portcullis.cli.report;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Other addresses in place of the real ones. Two addresses with a common prefix of n bits have pseudonyms with a common prefix of n
 * bits, and no longer one, as in Crypto-PAn (Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization, 2002): an address is
 * in a block if its pseudonym is in the block's. The bits that say what kind of address it is (private, link-local, multicast) stay.
 */
final class AddressPseudonyms {
    /** Addresses that are the same on every host (RFC 6890, RFC 5771, RFC 4291). */
    private static final List<Cidr> KEPT = blocks(
            "0.0.0.0/8",
            "127.0.0.0/8",
            "224.0.0.0/24",
            "240.0.0.0/4",
            "::/127",
            "ff01::/120",
            "ff02::/120",
            "ff02::1:0/124");

    /** Blocks that stay what they are: private, shared, link-local, multicast, global (RFC 1918, 6598, 3927, 4193, 4291, 5771). */
    private static final List<Cidr> KINDS = blocks(
            "10.0.0.0/8",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "224.0.0.0/4",
            "2000::/3",
            "fc00::/7",
            "fe80::/64",
            "ff00::/16",
            "ff01::/16",
            "ff02::/16");

    private final Pseudonyms pseudonyms;
    private final Map<Address, Address> known = new HashMap<>();

    AddressPseudonyms(Pseudonyms pseudonyms) {
        this.pseudonyms = pseudonyms;
    }

    private static List<Cidr> blocks(String... texts) {
        return Stream.of(texts)
                .map(text -> {
                    String[] parts = text.split("/");
                    return new Cidr(Address.parse(parts[0]), Integer.parseInt(parts[1]));
                })
                .toList();
    }

    /** The pseudonym; the address itself where it is the same on every host. */
    Address of(Address address) {
        if (address.isV4Mapped()) {
            Address v4 = of(new Address(false, 0, address.low() & 0xffff_ffffL));
            return new Address(true, address.high(), address.low() & ~0xffff_ffffL | v4.low());
        }
        if (KEPT.stream().anyMatch(block -> block.contains(address))) {
            return address;
        }
        return known.computeIfAbsent(address, this::make);
    }

    /** The pseudonym of a block's first address: with zeros behind the prefix where this one has them. */
    Address of(Address network, int prefixLength) {
        Address other = of(network);
        return network.isNetwork(prefixLength) ? other.network(prefixLength) : other;
    }

    /**
     * Each bit is flipped or not, by the bits before it. One result of the function has 256 bits: one for each of the 255 prefixes that
     * a byte has, numbered as the nodes of a binary tree, 1 for the empty one.
     */
    private Address make(Address address) {
        int bytes = address.bits() / 8;
        byte[] from = bytes(address);
        byte[] to = from.clone();
        for (int i = 0; i < bytes; i++) {
            ByteBuffer before = ByteBuffer.allocate(1 + i);
            before.put((byte) bytes).put(from, 0, i);
            byte[] flips = pseudonyms.of("address", before.array());
            int node = 1;
            for (int bit = 0; bit < 8; bit++) {
                boolean flip = (flips[node / 8] >> node % 8 & 1) != 0;
                int mask = 0x80 >> bit;
                if (flip && !isKind(address, 8 * i + bit)) {
                    to[i] ^= (byte) mask;
                }
                node = 2 * node + ((from[i] & mask) == 0 ? 0 : 1);
            }
        }
        return address(address.isV6(), to);
    }

    /** Whether a bit, numbered from the left, tells kinds of addresses apart, where the bits before it are those of the address. */
    private static boolean isKind(Address address, int bit) {
        return isKind(KINDS, address, bit) || isKind(KEPT, address, bit);
    }

    private static boolean isKind(List<Cidr> blocks, Address address, int bit) {
        for (Cidr block : blocks) {
            if (block.isV6() == address.isV6()
                    && block.prefixLength() > bit
                    && address.hasPrefixOf(block.network(), bit)) {
                return true;
            }
        }
        return false;
    }

    private static byte[] bytes(Address address) {
        return address.isV6()
                ? ByteBuffer.allocate(16)
                        .putLong(address.high())
                        .putLong(address.low())
                        .array()
                : ByteBuffer.allocate(4).putInt((int) address.low()).array();
    }

    private static Address address(boolean isV6, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return isV6
                ? new Address(true, buffer.getLong(), buffer.getLong())
                : new Address(false, 0, buffer.getInt() & 0xffff_ffffL);
    }
}
