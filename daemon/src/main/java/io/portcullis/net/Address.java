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
        return isV6 && high == 0 && low >>> 32 == 0xffffL;
    }

    /** This address with all but the first {@code prefixLength} bits cleared. */
    public Address network(int prefixLength) {
        if (!isV6) {
            return new Address(false, 0, low & upperBits(prefixLength + 32));
        }
        return prefixLength <= 64
                ? new Address(true, high & upperBits(prefixLength), 0)
                : new Address(true, high, low & upperBits(prefixLength - 64));
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
        return text.indexOf(':') >= 0 ? parseV6(text) : new Address(false, 0, parseV4(text, text));
    }

    private static long parseV4(String part, String whole) {
        String[] numbers = part.split("\\.", -1);
        if (numbers.length != 4) {
            throw notAnAddress(whole);
        }
        long bits = 0;
        for (String number : numbers) {
            bits = bits << 8 | digits(number, 10, 3, 255, whole);
            if (number.length() > 1 && number.charAt(0) == '0') {
                throw notAnAddress(whole);
            }
        }
        return bits;
    }

    private static Address parseV6(String text) {
        int gap = text.indexOf("::");
        if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
            throw notAnAddress(text);
        }
        int[] groups = new int[GROUPS];
        if (gap < 0) {
            if (parseGroups(text, text, groups) != GROUPS) {
                throw notAnAddress(text);
            }
        } else {
            int[] tail = new int[GROUPS];
            int before = parseGroups(text.substring(0, gap), text, groups);
            int after = parseGroups(text.substring(gap + 2), text, tail);
            if (before + after >= GROUPS) {
                throw notAnAddress(text);
            }
            System.arraycopy(tail, 0, groups, GROUPS - after, after);
        }
        return new Address(true, half(groups, 0), half(groups, 4));
    }

    /** Fills {@code groups} from its start; returns the number of groups. */
    private static int parseGroups(String part, String whole, int[] groups) {
        if (part.isEmpty()) {
            return 0;
        }
        String[] written = part.split(":", -1);
        int count = 0;
        for (int i = 0; i < written.length; i++) {
            boolean embedded = i == written.length - 1 && written[i].indexOf('.') >= 0 && whole.endsWith(written[i]);
            if (count + (embedded ? 2 : 1) > GROUPS) {
                throw notAnAddress(whole);
            }
            if (embedded) {
                long v4 = parseV4(written[i], whole);
                groups[count++] = (int) (v4 >>> 16);
                groups[count++] = (int) (v4 & 0xffff);
            } else {
                groups[count++] = digits(written[i], 16, 4, 0xffff, whole);
            }
        }
        return count;
    }

    private static int digits(String text, int radix, int longest, int most, String whole) {
        if (text.isEmpty() || text.length() > longest) {
            throw notAnAddress(whole);
        }
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int digit = c < 128 ? Character.digit(c, radix) : -1;
            if (digit < 0) {
                throw notAnAddress(whole);
            }
            value = value * radix + digit;
        }
        if (value > most) {
            throw notAnAddress(whole);
        }
        return value;
    }

    private static long half(int[] groups, int from) {
        return (long) groups[from] << 48
                | (long) groups[from + 1] << 32
                | (long) groups[from + 2] << 16
                | groups[from + 3];
    }

    private static IllegalArgumentException notAnAddress(String text) {
        return new IllegalArgumentException(text + ": not an IP address");
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
