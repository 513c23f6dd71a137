package io.portcullis.net;

/** A block of addresses: all with the first {@code prefixLength} bits of {@code network}. */
public record Cidr(Address network, int prefixLength) {
    /** All of IPv4. */
    public static final Cidr ALL_V4 = new Cidr(new Address(false, 0, 0), 0);

    /** All of IPv6. */
    public static final Cidr ALL_V6 = new Cidr(new Address(true, 0, 0), 0);

    private static final Cidr LINK_LOCAL_V4 = new Cidr(new Address(false, 0, 169L << 24 | 254 << 16), 16);
    private static final Cidr LINK_LOCAL_V6 = new Cidr(new Address(true, 0xfe80L << 48, 0), 10);

    public Cidr {
        if (prefixLength < 0 || prefixLength > network.bits()) {
            throw new IllegalArgumentException("prefix length " + prefixLength + ": 0 to " + network.bits());
        }
        if (!network.isNetwork(prefixLength)) {
            throw new IllegalArgumentException(network + "/" + prefixLength + " has host bits set");
        }
    }

    /** The block of one address: {@code /32} or {@code /128}. */
    public static Cidr of(Address address) {
        return new Cidr(address, address.bits());
    }

    /** The last address. */
    public Address last() {
        Address all = isV6() ? new Address(true, -1, -1) : new Address(false, 0, 0xffff_ffffL);
        Address mask = all.network(prefixLength);
        return new Address(isV6(), network.high() | all.high() & ~mask.high(), network.low() | all.low() & ~mask.low());
    }

    /** True: the block is IPv6. */
    public boolean isV6() {
        return network.isV6();
    }

    /** True: all of the block is in 169.254.0.0/16 or fe80::/10. */
    public boolean isLinkLocal() {
        return LINK_LOCAL_V4.encloses(this) || LINK_LOCAL_V6.encloses(this);
    }

    /** True: the address is of the same family and in this block. */
    public boolean contains(Address address) {
        return network.hasPrefixOf(address, prefixLength);
    }

    /** As {@link #contains(Address)}, without the object. */
    public boolean contains(boolean v6, long high, long low) {
        return v6 == isV6() && Address.isZero(v6, network.high() ^ high, network.low() ^ low, prefixLength);
    }

    /** True: every address of {@code other} is in this block. */
    public boolean encloses(Cidr other) {
        return other.prefixLength >= prefixLength && contains(other.network);
    }

    /** {@code 10.0.0.0/8}. */
    @Override
    public String toString() {
        return network + "/" + prefixLength;
    }
}
