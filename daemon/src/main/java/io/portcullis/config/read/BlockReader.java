package io.portcullis.config.read;

import io.portcullis.config.yaml.Value;
import io.portcullis.net.Address;
import io.portcullis.net.AddressParser;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads addresses and address blocks. */
public final class BlockReader {
    private static final String EXPECTED = "an address or a block such as 10.0.0.0/8";

    /** IPv4-mapped addresses are in {@code ::ffff:0:0/96}. */
    private static final int MAPPED_PREFIX = 96;

    private static final int V4_BITS = 32;
    private static final int V6_BITS = 128;

    /** Digits of the longest prefix length, leading zeros included. */
    private static final int MOST_DIGITS = 18;

    private BlockReader() {}

    /** A list of blocks. A long list has no object for each valid item: their collection would delay frames. */
    static List<Cidr> list(Value list) {
        PackedBlocks.Builder blocks = new PackedBlocks.Builder();
        Value.Items items = list.items("a list of addresses and blocks");
        AddressParser parser = new AddressParser();
        blocks.reserve(items.size());
        for (int i = 0; i < items.size(); i++) {
            int length = validLength(items.plainText(i), parser);
            if (length >= 0) {
                blocks.add(parser.isV6(), parser.high(), parser.low(), length);
            } else {
                block(items.get(i)).ifPresent(blocks::add);
            }
        }
        return blocks.build();
    }

    /** A block, or a bare address as the block of itself. */
    static Optional<Cidr> block(Value value) {
        Optional<String> text = value.text(EXPECTED);
        return text.isEmpty() ? Optional.empty() : block(value, text.get());
    }

    /** As {@link #block(Value)}, of the text of {@code value}. */
    static Optional<Cidr> block(Value value, String text) {
        Cidr valid = valid(text);
        if (valid == null) {
            value.error(fault(text));
        }
        return Optional.ofNullable(valid);
    }

    private static @Nullable Cidr valid(String text) {
        AddressParser parser = new AddressParser();
        int length = validLength(text, parser);
        return length < 0 ? null : new Cidr(parser.address(), length);
    }

    /** The prefix length of a block, whose address {@code parser} has; -1: the text is not a valid block. */
    private static int validLength(CharSequence text, AddressParser parser) {
        int slash = slash(text);
        if (!parser.parse(text, slash < 0 ? text.length() : slash)) {
            return -1;
        }
        int length = prefixLength(text, slash, parser.isV6() ? V6_BITS : V4_BITS);
        boolean isValid = length >= 0
                && Address.isNetwork(parser.isV6(), parser.high(), parser.low(), length)
                && !(length >= MAPPED_PREFIX && Address.isV4Mapped(parser.isV6(), parser.high(), parser.low()));
        return isValid ? length : -1;
    }

    private static int slash(CharSequence text) {
        int at = 0;
        while (at < text.length() && text.charAt(at) != '/') {
            at++;
        }
        return at == text.length() ? -1 : at;
    }

    /** -1: not a prefix length. A text without slash has all bits. */
    private static int prefixLength(CharSequence text, int slash, int bits) {
        if (slash < 0) {
            return bits;
        }
        int digits = text.length() - slash - 1;
        int length = digits == 0 || digits > MOST_DIGITS ? bits + 1 : 0;
        for (int i = slash + 1; i < text.length() && length <= bits; i++) {
            int digit = text.charAt(i) - '0';
            length = digit < 0 || digit > 9 ? bits + 1 : length * 10 + digit;
        }
        return length <= bits ? length : -1;
    }

    /** What is wrong with a text that is not {@link #valid}. */
    private static String fault(String text) {
        int slash = slash(text);
        AddressParser parser = new AddressParser();
        if (!parser.parse(text, slash < 0 ? text.length() : slash)) {
            return "not " + EXPECTED;
        }
        Address address = parser.address();
        int length = prefixLength(text, slash, address.bits());
        if (length < 0) {
            return "the prefix length must be a number from 0 to " + address.bits();
        }
        if (address.isV4Mapped() && length >= MAPPED_PREFIX) {
            Address v4 = new Address(false, 0, address.low() & 0xffffffffL);
            return "an IPv4-mapped IPv6 address: write "
                    + (slash < 0 ? v4 : new Cidr(v4.network(length - MAPPED_PREFIX), length - MAPPED_PREFIX));
        }
        return "has bits set after the first " + length + ": write " + address.network(length) + "/" + length + ", or "
                + address + " for that address alone";
    }
}
