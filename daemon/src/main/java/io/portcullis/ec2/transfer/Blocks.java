package io.portcullis.ec2.transfer;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads address blocks. EC2 clears bits behind the prefix, and so does this. */
final class Blocks {
    private static final Pattern BLOCK = Pattern.compile("([^/]{1,64})(?:/([0-9]{1,3}))?");

    private Blocks() {}

    /**
     * A member that has a block.
     *
     * @return empty, with an error, if it is not valid
     */
    static Optional<Cidr> of(Members object, String key, Report report) {
        Optional<String> text = object.requiredText(key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Cidr> block = parse(text.get());
        if (block.isEmpty()) {
            report.error(object.location(key), key + " " + text.get() + ": not a block such as 10.0.0.0/8");
        }
        return block;
    }

    private static Optional<Cidr> parse(String text) {
        Matcher matcher = BLOCK.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        try {
            Address address = Address.parse(matcher.group(1));
            int length = matcher.group(2) == null ? address.bits() : Integer.parseInt(matcher.group(2));
            return length > address.bits() ? Optional.empty() : Optional.of(new Cidr(address.network(length), length));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /** True: no packet has an address of it, and the configuration does not take it. */
    static boolean isMapped(Cidr block) {
        return block.network().isV4Mapped() && block.prefixLength() >= 96;
    }
}
