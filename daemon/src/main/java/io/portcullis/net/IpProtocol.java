package io.portcullis.net;

/** IP protocol numbers (IANA, protocol-numbers). */
public final class IpProtocol {
    public static final int HOP_BY_HOP = 0;
    public static final int ICMP = 1;
    public static final int IGMP = 2;
    public static final int IPV4 = 4;
    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int IPV6 = 41;
    public static final int ROUTING = 43;
    public static final int FRAGMENT = 44;
    public static final int GRE = 47;
    public static final int ICMPV6 = 58;
    public static final int DESTINATION_OPTIONS = 60;
    public static final int SCTP = 132;
    public static final int MOBILITY = 135;
    public static final int MPLS = 137;
    public static final int HIP = 139;
    public static final int SHIM6 = 140;

    private IpProtocol() {}

    /** True: ICMP over IPv4 or ICMPv6 over IPv6; over the other version either is a protocol like any other. */
    public static boolean isIcmp(int protocol, boolean isV6) {
        return protocol == (isV6 ? ICMPV6 : ICMP);
    }

    /** True: an IPv6 extension header before the protocol; AH and ESP count as protocols. */
    public static boolean isExtension(int protocol) {
        return switch (protocol) {
            case HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS, MOBILITY, HIP, SHIM6 -> true;
            default -> false;
        };
    }
}
