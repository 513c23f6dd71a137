package io.portcullis.intercept;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A switch of the IP stack that every NIC has: Documentation/networking/ip-sysctl.rst. Read and written in the network
 * namespace of the calling thread.
 */
enum StackSysctl {
    /** 1: no IPv6 on this NIC; its addresses and routes go, received packets are dropped. */
    DISABLE_IPV6("ipv6", "disable_ipv6", "1"),
    /** 1: a source address that is not reached through this NIC is refused. */
    RP_FILTER("ipv4", "rp_filter", "1"),
    /** 8: no ARP reply, for no address. */
    ARP_IGNORE("ipv4", "arp_ignore", "8");

    private final String family;
    private final String key;
    private final String guarded;

    StackSysctl(String family, String key, String guarded) {
        this.family = family;
        this.key = key;
        this.guarded = guarded;
    }

    /** Its name, as people know it. */
    String key() {
        return key;
    }

    /** What it is while the NIC is a port. */
    String guarded() {
        return guarded;
    }

    /** A path, not a sysctl name: those take the dot of eth0.10 for a separator. */
    Path path(String nic) {
        return Path.of("/proc/sys/net", family, "conf", nic, key);
    }

    /** Its value; empty where this kernel has none (IPv6 is not built in, or off at boot). */
    Optional<String> read(String nic) throws IOException {
        try {
            return Optional.of(ProcSys.read(path(nic)));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    void write(String nic, String value) throws IOException {
        Files.writeString(path(nic), value);
    }
}
