package io.portcullis.net;

import java.util.Locale;
import java.util.Optional;

/** A class of link traffic, which no IP rule matches; {@code pass-through} lists the classes that pass (security-groups.md, section 4). */
public enum LinkClass {
    /** Ethertype 0x0806. */
    ARP,
    /** ICMPv6 133 to 136: router and neighbour discovery (RFC 4861). */
    NDP,
    /** ICMPv6 137. */
    NDP_REDIRECT,
    /** ICMPv6 130 to 132 and 143: multicast listeners. */
    MLD,
    /** DHCP of a client behind the interface. */
    DHCP,
    /** DHCP of a server behind the interface. */
    DHCP_SERVER,
    /** IP protocol 2. */
    IGMP,
    /** Ethertype 0x88cc. */
    LLDP,
    /** Spanning tree: LLC to 01:80:c2:00:00:00 to 0f. */
    STP,
    /** Ethertype 0x8809: LACP, OAM. */
    SLOW,
    /** Ethertype 0x888e: 802.1X. */
    EAPOL,
    /** Ethertypes 0x8863 and 0x8864. */
    PPPOE,
    /** Every other non-IP frame. */
    OTHER;

    private final String key = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** The name in the configuration: {@code ndp-redirect}. */
    public String key() {
        return key;
    }

    /** The class with that key. */
    public static Optional<LinkClass> of(String key) {
        for (LinkClass linkClass : values()) {
            if (linkClass.key.equals(key)) {
                return Optional.of(linkClass);
            }
        }
        return Optional.empty();
    }
}
