package io.portcullis.net;

/** Values of the Ethernet type field (IEEE 802 Numbers, kept by IANA). */
public final class EtherType {
    /** The least type; below it the field is the length of an LLC frame (IEEE 802.3, clause 3.2.6). */
    public static final int FIRST = 0x0600;

    public static final int IPV4 = 0x0800;
    public static final int ARP = 0x0806;
    /** An Ethernet frame in GRE, VXLAN or Geneve. */
    public static final int TRANSPARENT_ETHERNET = 0x6558;
    /** The customer tag of IEEE 802.1Q. */
    public static final int VLAN = 0x8100;

    public static final int IPV6 = 0x86dd;
    /** LACP, OAM and other slow protocols (IEEE 802.3, annex 57A). */
    public static final int SLOW = 0x8809;

    public static final int MPLS = 0x8847;
    public static final int MPLS_MULTICAST = 0x8848;
    public static final int PPPOE_DISCOVERY = 0x8863;
    public static final int PPPOE_SESSION = 0x8864;
    /** IEEE 802.1X. */
    public static final int EAPOL = 0x888e;
    /** The service tag of IEEE 802.1ad. */
    public static final int SERVICE_VLAN = 0x88a8;

    public static final int LLDP = 0x88cc;

    private EtherType() {}

    /** True: a VLAN tag follows, with a type of its own at its end. */
    public static boolean isVlan(int type) {
        return type == VLAN || type == SERVICE_VLAN;
    }
}
