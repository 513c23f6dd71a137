package io.portcullis.config.read;

import io.portcullis.config.yaml.Value;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;
import java.util.Optional;

/** Reads addresses and address blocks. */
public final class BlockReader {
    private static final String EXPECTED = "an address or a block such as 10.0.0.0/8";

    private BlockReader() {}

    /** A list of blocks. */
    static List<Cidr> list(Value list) {
        PackedBlocks.Builder blocks = new PackedBlocks.Builder();
        for (Value item : list.items("a list of addresses and blocks")) {
            block(item).ifPresent(blocks::add);
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
        int slash = text.indexOf('/');
        Address address;
        try {
            address = Address.parse(slash < 0 ? text : text.substring(0, slash));
        } catch (IllegalArgumentException _) {
            value.error("not " + EXPECTED);
            return Optional.empty();
        }
        Optional<Long> length = slash < 0
                ? Optional.of((long) address.bits())
                : Value.numberIn(text.substring(slash + 1), 0, address.bits());
        if (length.isEmpty()) {
            value.error("the prefix length must be a number from 0 to " + address.bits());
            return Optional.empty();
        }
        int prefixLength = length.get().intValue();
        if (address.isV4Mapped() && prefixLength >= 96) {
            Address v4 = new Address(false, 0, address.low() & 0xffffffffL);
            value.error("an IPv4-mapped IPv6 address: write "
                    + (slash < 0 ? v4 : new Cidr(v4.network(prefixLength - 96), prefixLength - 96)));
            return Optional.empty();
        }
        Address network = address.network(prefixLength);
        if (!network.equals(address)) {
            value.error("has bits set after the first " + prefixLength + ": write " + network + "/" + prefixLength
                    + ", or " + address + " for that address alone");
            return Optional.empty();
        }
        return Optional.of(new Cidr(network, prefixLength));
    }
}
