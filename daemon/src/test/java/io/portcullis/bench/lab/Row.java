package io.portcullis.bench.lab;

import java.util.List;
import java.util.Locale;

/** A device under test: the firewall, or another program that forwards frames. Each has a network and NICs of its own. */
public enum Row {
    /** Kernel bridge, no filter. */
    WIRE,
    /** Kernel bridge, br_netfilter, an inet table with connection tracking and the same rules. */
    NFT,
    /** portcullis, datapath: ring. */
    RING,
    /** The ring of the ring row with an engine that accepts everything. */
    NULL,
    /** portcullis, datapath: pcap. */
    PCAP,
    /** As nft, but a C program with the same rules decides about each packet, in an nfnetlink queue. */
    NFQUEUE,
    /** Open vSwitch in user space with connection tracking and the same rules. */
    OVS,
    /** As ring, with offload: auto: programs in the kernel forward the packets of admitted flows. */
    FAST;

    private final String label = name().toLowerCase(Locale.ROOT);

    public String label() {
        return label;
    }

    public String namespace() {
        return "bench-" + label;
    }

    /** The name of its NIC at both far ends. */
    public String nic() {
        return "eth" + (ordinal() + 1);
    }

    public String client() {
        return "198.18." + (ordinal() + 1) + ".1";
    }

    public String server() {
        return "198.18." + (ordinal() + 1) + ".2";
    }

    /** Its arguments of the C programs, in their order. */
    public List<String> ends() {
        return List.of(Namespaces.CLIENT, nic(), client(), Namespaces.SERVER, nic(), server());
    }

    public boolean isDaemon() {
        return this == RING || this == PCAP || this == FAST;
    }

    public boolean isJava() {
        return isDaemon() || this == NULL;
    }

    /** Whether it lets everything through. */
    public boolean isOpen() {
        return this == WIRE || this == NULL;
    }
}
