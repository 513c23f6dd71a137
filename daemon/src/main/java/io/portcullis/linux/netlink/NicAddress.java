package io.portcullis.linux.netlink;

import java.net.Inet6Address;
import java.net.InetAddress;

/**
 * An address of a NIC.
 *
 * @param address the NIC's own (of a point-to-point link: not the peer's)
 * @param prefixLength bits
 * @param scope RT_SCOPE_…
 * @param permanent false: it has a lifetime, as one from a router advertisement or by DHCP
 */
public record NicAddress(InetAddress address, int prefixLength, int scope, boolean permanent) {
    /** Valid everywhere. */
    public static final int RT_SCOPE_UNIVERSE = 0;
    /** Valid on this link. */
    public static final int RT_SCOPE_LINK = 253;
    /** Valid on this host. */
    public static final int RT_SCOPE_HOST = 254;

    /** True for fe80::/10: the kernel adds such an address to every NIC. */
    public boolean isIpv6LinkLocal() {
        return address instanceof Inet6Address && address.isLinkLocalAddress();
    }

    /** {@code 192.0.2.1/24}, {@code 2001:db8::1/64} (RFC 5952). */
    @Override
    public String toString() {
        return written(address) + "/" + prefixLength;
    }

    static String written(InetAddress address) {
        return address instanceof Inet6Address ? compressed(address.getAddress()) : address.getHostAddress();
    }

    /** RFC 5952: lower case, no leading zeros, the first of the longest runs of two or more zero groups is "::". */
    private static String compressed(byte[] address) {
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = (address[2 * i] & 0xff) << 8 | (address[2 * i + 1] & 0xff);
        }
        int start = 0;
        int length = 1;
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && groups[i + run] == 0) {
                run++;
            }
            if (run > length) {
                start = i;
                length = run;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (length > 1 && i == start) {
                text.append("::");
                i += length - 1;
            } else {
                text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":")
                        .append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }
}
