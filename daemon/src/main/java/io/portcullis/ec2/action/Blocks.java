package io.portcullis.ec2.action;

import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.net.Address;
import io.portcullis.net.AddressParser;
import io.portcullis.net.Cidr;
import java.util.regex.Pattern;

/** Address blocks of requests. */
final class Blocks {
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,3}");

    /** IPv4-mapped addresses are in {@code ::ffff:0:0/96}, and no rule of this host has them. */
    private static final int MAPPED_PREFIX = 96;

    private Blocks() {}

    /**
     * A block in its canonical form: {@code 100.68.0.18/18} is 100.68.0.0/18.
     *
     * @throws ApiException it is no block of this family
     */
    static Cidr read(String text, boolean isV6) throws ApiException {
        int slash = text.indexOf('/');
        String digits = text.substring(slash + 1);
        AddressParser parser = new AddressParser();
        if (slash < 0 || !LENGTH.matcher(digits).matches() || !parser.parse(text, slash) || parser.isV6() != isV6) {
            throw ApiError.BLOCK_MALFORMED.of(text);
        }
        Address address = parser.address();
        int length = Integer.parseInt(digits);
        if (length > address.bits() || length >= MAPPED_PREFIX && address.isV4Mapped()) {
            throw ApiError.BLOCK_MALFORMED.of(text);
        }
        return new Cidr(address.network(length), length);
    }
}
