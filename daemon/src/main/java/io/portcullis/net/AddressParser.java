package io.portcullis.net;

/**
 * Parses addresses, one after another, without an object for each: a configuration may have hundreds of thousands of them, and the
 * collection of their garbage delays frames. One thread only.
 */
public final class AddressParser {
    private static final int GROUPS = 8;
    private static final int GROUP_BITS = 16;
    private static final int V4_NUMBERS = 4;
    private static final int NONE = -1;

    private final int[] groups = new int[GROUPS];
    private CharSequence text = "";
    private int length;
    private boolean isV6;
    private long high;
    private long low;

    /**
     * Parses the first {@code length} characters of a text, in the forms of {@link Address#parse}. False: they are not an address;
     * then the results are not valid.
     */
    public boolean parse(CharSequence text, int length) {
        this.text = text;
        this.length = length;
        high = 0;
        isV6 = hasColon();
        return isV6 ? parseV6() : parseV4();
    }

    /** True: the parsed address is IPv6. */
    public boolean isV6() {
        return isV6;
    }

    /** The upper half of the parsed address; 0 for IPv4. */
    public long high() {
        return high;
    }

    /** The lower half of the parsed address, or all of it for IPv4. */
    public long low() {
        return low;
    }

    /** The parsed address. */
    public Address address() {
        return new Address(isV6, high, low);
    }

    private boolean hasColon() {
        for (int i = 0; i < length; i++) {
            if (text.charAt(i) == ':') {
                return true;
            }
        }
        return false;
    }

    private boolean parseV4() {
        low = v4(0);
        return low != NONE;
    }

    /** Four decimal numbers from an index to the end of the address, or {@link #NONE}. */
    private long v4(int from) {
        long bits = 0;
        int at = from;
        for (int i = 0; i < V4_NUMBERS; i++) {
            int end = endOfDigits(at, 10);
            boolean isLast = i == V4_NUMBERS - 1;
            boolean endsWell = isLast ? end == length : end < length && text.charAt(end) == '.';
            int number = number(at, end, 10, 3);
            if (!endsWell || number == NONE || number > 255 || end - at > 1 && text.charAt(at) == '0') {
                return NONE;
            }
            bits = bits << 8 | number;
            at = end + 1;
        }
        return bits;
    }

    private boolean parseV6() {
        int count = 0;
        int gap = NONE;
        int at = 0;
        if (hasGap(0)) {
            gap = 0;
            at = 2;
        }
        while (at < length) {
            int end = endOfDigits(at, 16);
            if (end < length && text.charAt(end) == '.') {
                long v4 = v4(at);
                if (v4 == NONE || count + 2 > GROUPS) {
                    return false;
                }
                groups[count++] = (int) (v4 >>> GROUP_BITS);
                groups[count++] = (int) (v4 & 0xffff);
                break;
            }
            int group = number(at, end, 16, 4);
            if (group == NONE || count == GROUPS) {
                return false;
            }
            groups[count++] = group;
            if (end == length) {
                break;
            }
            if (gap == NONE && hasGap(end)) {
                gap = count;
                at = end + 2;
            } else if (text.charAt(end) == ':' && end + 1 < length) {
                at = end + 1;
            } else {
                return false;
            }
        }
        if (gap == NONE ? count != GROUPS : count == GROUPS) {
            return false;
        }
        high = half(count, gap, 0);
        low = half(count, gap, GROUPS / 2);
        return true;
    }

    /** Four of the eight groups; the gap stands for those that are not written. */
    private long half(int count, int gap, int from) {
        int missing = GROUPS - count;
        long bits = 0;
        for (int i = from; i < from + GROUPS / 2; i++) {
            boolean isBehind = gap != NONE && i >= gap + missing;
            boolean isInGap = gap != NONE && i >= gap && !isBehind;
            bits = bits << GROUP_BITS | (isInGap ? 0 : groups[isBehind ? i - missing : i]);
        }
        return bits;
    }

    private boolean hasGap(int at) {
        return at + 1 < length && text.charAt(at) == ':' && text.charAt(at + 1) == ':';
    }

    private int endOfDigits(int from, int radix) {
        int at = from;
        while (at < length && digit(text.charAt(at), radix) >= 0) {
            at++;
        }
        return at;
    }

    /** The number that the digits from an index to before another are, or {@link #NONE}: there are none, or too many. */
    private int number(int from, int end, int radix, int longest) {
        if (end == from || end - from > longest) {
            return NONE;
        }
        int value = 0;
        for (int i = from; i < end; i++) {
            value = value * radix + digit(text.charAt(i), radix);
        }
        return value;
    }

    private static int digit(char c, int radix) {
        return c < 128 ? Character.digit(c, radix) : NONE;
    }
}
