package io.portcullis.engine;

/** The text of addresses (RFC 5952 for IPv6). */
final class AddressText {
    private static final int GROUPS = 8;
    private static final long V4_MAPPED = 0xffffL;

    private AddressText() {}

    static void append(StringBuilder text, boolean v6, long high, long low) {
        if (v6 && high == 0 && low >>> 32 == V4_MAPPED) {
            text.append("::ffff:");
            append(text, false, 0, low & 0xffff_ffffL);
            return;
        }
        if (!v6) {
            text.append(low >>> 24)
                    .append('.')
                    .append(low >>> 16 & 0xff)
                    .append('.')
                    .append(low >>> 8 & 0xff)
                    .append('.')
                    .append(low & 0xff);
            return;
        }
        int longestAt = -1;
        int longest = 1;
        for (int at = 0; at < GROUPS; at++) {
            int run = 0;
            while (at + run < GROUPS && group(high, low, at + run) == 0) {
                run++;
            }
            if (run > longest) {
                longest = run;
                longestAt = at;
            }
        }
        for (int at = 0; at < GROUPS; at++) {
            if (at == longestAt) {
                text.append("::");
                at += longest - 1;
                continue;
            }
            if (at > 0 && at != longestAt + longest) {
                text.append(':');
            }
            text.append(Integer.toHexString(group(high, low, at)));
        }
    }

    private static int group(long high, long low, int at) {
        long half = at < 4 ? high : low;
        return (int) (half >>> (48 - 16 * (at & 3))) & 0xffff;
    }
}
