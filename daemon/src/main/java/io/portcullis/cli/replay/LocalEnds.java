package io.portcullis.cli.replay;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who is inside: a frame from there is egress, a frame to there is ingress.
 *
 * @param blocks of addresses
 * @param macs MAC addresses, in the low 48 bits
 */
record LocalEnds(List<Cidr> blocks, Set<Long> macs) {
    static final LocalEnds NONE = new LocalEnds(List.of(), Set.of());

    private static final int MAC_BYTES = 6;

    LocalEnds {
        blocks = List.copyOf(blocks);
        macs = Set.copyOf(macs);
    }

    static LocalEnds of(List<Cidr> blocks) {
        return new LocalEnds(blocks, Set.of());
    }

    /**
     * Reads a list of addresses, CIDR blocks and MAC addresses.
     *
     * @throws IllegalArgumentException if one of them is none of these; the message is a sentence
     */
    static LocalEnds parse(List<String> texts) {
        List<Cidr> blocks = new ArrayList<>();
        Set<Long> macs = new LinkedHashSet<>();
        for (String text : texts) {
            if (text.matches("\\p{XDigit}{2}([:-]\\p{XDigit}{2}){" + (MAC_BYTES - 1) + "}")) {
                macs.add(HexFormat.fromHexDigitsToLong(text.replaceAll("[:-]", "")));
            } else {
                blocks.add(block(text));
            }
        }
        return new LocalEnds(blocks, macs);
    }

    private static Cidr block(String text) {
        String[] parts = text.split("/", 2);
        try {
            Address address = Address.parse(parts[0]);
            return parts.length == 1 ? Cidr.of(address) : new Cidr(address, Integer.parseInt(parts[1]));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    text + ": not an address, a CIDR block or a MAC address, such as 10.0.0.5, 10.0.0.0/24 or"
                            + " 02:00:00:00:00:05",
                    e);
        }
    }

    boolean isEmpty() {
        return blocks.isEmpty() && macs.isEmpty();
    }

    boolean contains(Address address) {
        for (Cidr block : blocks) {
            if (block.contains(address)) {
                return true;
            }
        }
        return false;
    }

    /** {@code 10.0.0.5, 2001:db8::/64, 02:00:00:00:00:05}. */
    @Override
    public String toString() {
        return Stream.concat(
                        blocks.stream()
                                .map(block ->
                                        block.prefixLength() == block.network().bits()
                                                ? block.network().toString()
                                                : block.toString()),
                        macs.stream()
                                .sorted()
                                .map(mac -> HexFormat.ofDelimiter(":")
                                        .formatHex(HexFormat.of()
                                                .parseHex(HexFormat.of().toHexDigits(mac, 2 * MAC_BYTES)))))
                .collect(Collectors.joining(", "));
    }
}
