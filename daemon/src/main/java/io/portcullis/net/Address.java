package io.portcullis.net;

/**
 * An IP address. IPv4: {@code high} is 0 and {@code low} the 32 bits, unsigned. IPv6: the two big-endian halves.
 *
 * <p>An IPv4-mapped IPv6 address is an IPv6 address here; the configuration refuses it where it is not allowed.
 */
public record Address(boolean isV6, long high, long low) implements Comparable<Address> {
    private static final int GROUPS = 8;

    public Address {
        if (!isV6 && (high != 0 || low >>> 32 != 0)) {
            throw new IllegalArgumentException("an IPv4 address has 32 bits");
        }
    }

    /** Bits of an address of this family: 32 or 128. */
    public int bits() {
        return isV6 ? 128 : 32;
    }

    /** True inside {@code ::ffff:0:0/96} (RFC 4291 section 2.5.5.2). */
    public boolean isV4Mapped() {
        return isV4Mapped(isV6, high, low);
    }

    /** As {@link #isV4Mapped()}, without the object. */
    public static boolean isV4Mapped(boolean isV6, long high, long low) {
        return isV6 && high == 0 && low >>> 32 == 0xffffL;
    }

    /** True if all bits after the first {@code prefixLength} are 0. */
    public boolean isNetwork(int prefixLength) {
        return isNetwork(isV6, high, low, prefixLength);
    }

    /** As {@link #isNetwork(int)}, without the object. */
    public static boolean isNetwork(boolean isV6, long high, long low, int prefixLength) {
        return (high & ~highMask(prefixLength)) == 0 && (low & ~lowMask(isV6, prefixLength)) == 0;
    }

    /** True if the first {@code prefixLength} bits of both are the same; false for two families. */
    public boolean hasPrefixOf(Address other, int prefixLength) {
        return isV6 == other.isV6 && isZero(isV6, high ^ other.high, low ^ other.low, prefixLength);
    }

    /** True if the first {@code prefixLength} bits are 0. */
    static boolean isZero(boolean isV6, long high, long low, int prefixLength) {
        return (high & highMask(prefixLength)) == 0 && (low & lowMask(isV6, prefixLength)) == 0;
    }

    private static long highMask(int prefixLength) {
        return upperBits(Math.min(prefixLength, Long.SIZE));
    }

    private static long lowMask(boolean isV6, int prefixLength) {
        return isV6 ? upperBits(Math.max(0, prefixLength - Long.SIZE)) : upperBits(prefixLength + Integer.SIZE);
    }

    /** This address with all but the first {@code prefixLength} bits cleared. */
    public Address network(int prefixLength) {
        return new Address(isV6, high & highMask(prefixLength), low & lowMask(isV6, prefixLength));
    }

    /**
     * The next address.
     *
     * @throws IllegalArgumentException if this is the last one of its family
     */
    public Address next() {
        if (isV6 ? high == -1 && low == -1 : low == 0xffff_ffffL) {
            throw new IllegalArgumentException(this + " is the last one");
        }
        return new Address(isV6, low == -1 ? high + 1 : high, low + 1);
    }

    /**
     * The previous address.
     *
     * @throws IllegalArgumentException if this is the first one of its family
     */
    public Address previous() {
        if (high == 0 && low == 0) {
            throw new IllegalArgumentException(this + " is the first one");
        }
        return new Address(isV6, low == 0 ? high - 1 : high, low - 1);
    }

    /** Orders addresses of one family as unsigned numbers. */
    @Override
    public int compareTo(Address other) {
        int byFamily = Boolean.compare(isV6, other.isV6);
        int byHigh = byFamily != 0 ? byFamily : Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    private static long upperBits(int count) {
        return count == 0 ? 0 : -1L << (64 - count);
    }

    /**
     * Reads an address in the forms of RFC 4291 section 2.2, or four decimal numbers without leading zeros. No zone, no
     * brackets, no prefix length.
     *
     * @throws IllegalArgumentException if the text is no address
     */
    public static Address parse(String text) {
        AddressParser parser = new AddressParser();
        if (!parser.parse(text, text.length())) {
            throw new IllegalArgumentException(text + ": not an IP address");
        }
        return parser.address();
    }

    /** The canonical form: dotted decimal, or RFC 5952 (IPv4-mapped addresses with a dotted tail). */
    @Override
    public String toString() {
        if (!isV6) {
            return dotted(low);
        }
        if (isV4Mapped()) {
            return "::ffff:" + dotted(low & 0xffffffffL);
        }
        int[] groups = new int[GROUPS];
        for (int i = 0; i < GROUPS; i++) {
            groups[i] = (int) ((i < 4 ? high : low) >>> (48 - i % 4 * 16) & 0xffff);
        }
        int gap = -1;
        int gapLength = 1;
        for (int i = 0, run = 0; i < GROUPS; i++) {
            run = groups[i] == 0 ? run + 1 : 0;
            if (run > gapLength) {
                gapLength = run;
                gap = i - run + 1;
            }
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < GROUPS; i++) {
            if (i == gap) {
                text.append("::");
                i += gapLength - 1;
            } else {
                if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }

    private static String dotted(long bits) {
        return (bits >>> 24) + "." + (bits >>> 16 & 0xff) + "." + (bits >>> 8 & 0xff) + "." + (bits & 0xff);
    }
}
