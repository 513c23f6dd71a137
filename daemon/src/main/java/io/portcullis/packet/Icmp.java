package io.portcullis.packet;

import io.portcullis.packet.wire.IcmpHeader;

/** Kinds of ICMP (RFC 792, RFC 950) and ICMPv6 messages (RFC 4443; RFC 4861; RFC 2710 and RFC 3810). */
public final class Icmp {
    /** {@link #requestOf} of a type that is no reply. */
    public static final int NONE = -1;

    // Types of ICMPv6.
    public static final int ROUTER_SOLICITATION = 133;
    public static final int ROUTER_ADVERTISEMENT = 134;
    public static final int NEIGHBOUR_SOLICITATION = 135;
    public static final int NEIGHBOUR_ADVERTISEMENT = 136;
    public static final int REDIRECT = 137;
    /** Hop limit of neighbour discovery: no router has forwarded the message (RFC 4861). */
    public static final int NEIGHBOUR_HOP_LIMIT = 255;
    /** Hop limit of listener discovery: no router forwards the message (RFC 2710, section 3). */
    public static final int LISTENER_HOP_LIMIT = 1;

    private static final int MLD_QUERY = 130;
    private static final int MLD_DONE = 132;
    private static final int MLD2_REPORT = 143;
    /** With the multicast address. */
    private static final int MLD_LENGTH = 24;

    private Icmp() {}

    /** True: a query; its reply has the same identifier. */
    public static boolean isRequest(boolean v6, int type) {
        return v6 ? type == 128 : type == 8 || type == 13 || type == 15 || type == 17;
    }

    /** The type of the request that this type answers, or {@link #NONE}. */
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

    /** The type of the reply to a request. */
    public static int replyOf(boolean v6, int request) {
        if (v6) {
            return 129;
        }
        return request == 8 ? 0 : request + 1;
    }

    /** True: an error message, which quotes a packet. Redirects do not count. */
    public static boolean isError(boolean v6, int type) {
        return v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 11 || type == 12;
    }

    /** True: router or neighbour discovery of ICMPv6, redirects included (RFC 4861). */
    public static boolean isNeighbourDiscovery(int type) {
        return type >= ROUTER_SOLICITATION && type <= REDIRECT;
    }

    /** True: multicast listener discovery of ICMPv6. */
    public static boolean isListenerDiscovery(int type) {
        return type >= MLD_QUERY && type <= MLD_DONE || type == MLD2_REPORT;
    }

    /** Bytes of the shortest message of an ICMPv6 type: with its fixed fields, without options. */
    public static int shortest(int type) {
        return switch (type) {
            case MLD_QUERY, MLD_QUERY + 1, MLD_DONE -> MLD_LENGTH;
            case ROUTER_ADVERTISEMENT -> 16;
            case NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT -> 24;
            case REDIRECT -> 40;
            default -> IcmpHeader.LENGTH;
        };
    }
}
