package io.portcullis.packet;

/** What the types of ICMP (RFC 792, RFC 950) and ICMPv6 (RFC 4443) mean to a firewall. */
public final class Icmp {
    /** {@link #requestOf} of a type that is no reply. */
    public static final int NONE = -1;

    private Icmp() {}

    /** True: a query that a reply with the same identifier answers. */
    public static boolean isRequest(boolean v6, int type) {
        return v6 ? type == 128 : type == 8 || type == 13 || type == 15 || type == 17;
    }

    /** The request's type that this type replies to, or {@link #NONE}. */
    public static int requestOf(boolean v6, int type) {
        if (v6) {
            return type == 129 ? 128 : NONE;
        }
        return switch (type) {
            case 0 -> 8;
            case 14 -> 13;
            case 16 -> 15;
            case 18 -> 17;
            default -> NONE;
        };
    }

    /** True: an error message that quotes the packet it is about. Redirects are none here. */
    public static boolean isError(boolean v6, int type) {
        return v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 11 || type == 12;
    }
}
