package io.portcullis.intercept;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * A setting of the IP stack that every NIC has: Documentation/networking/ip-sysctl.rst. Read and written in the network namespace of the
 * calling thread.
 */
enum StackSysctl {
    /** 1: no IPv6 on this NIC; the kernel removes its addresses and routes, and drops received packets. */
    DISABLE_IPV6("ipv6", "disable_ipv6", "1"),
    /** 1: the kernel drops a packet whose source address is not reached through this NIC. */
    RP_FILTER("ipv4", "rp_filter", "1"),
    /** 8: no ARP reply, for no address. */
    ARP_IGNORE("ipv4", "arp_ignore", "8");

    /** Stands for a NIC's name: the values that a new NIC gets. */
    static final String DEFAULT = "default";

    /** No value is longer, in bytes. */
    private static final int LENGTH = 256;

    private final String family;
    private final String key;
    private final String guarded;

    StackSysctl(String family, String key, String guarded) {
        this.family = family;
        this.key = key;
        this.guarded = guarded;
    }

    /** Its name, as sysctl(8) shows it last. */
    String key() {
        return key;
    }

    /** The value while the NIC is a bridge's port. */
    String guarded() {
        return guarded;
    }

    /** A path, not a sysctl name: those take the dot of eth0.10 for a separator. */
    Path path(String nic) {
        return Path.of("/proc/sys/net", family, "conf", nic, key);
    }

    /** The value, without the newline; empty where this kernel has none (IPv6 is not built in, or off at boot). */
    Optional<String> read(String nic) throws IOException {
        // In one read: the kernel answers at offset 0 only. Files.readString takes the reported size of 0 for the
        // truth: it reads the first byte alone, and gets no second one.
        try (InputStream in = Files.newInputStream(path(nic))) {
            byte[] bytes = new byte[LENGTH];
            int length = in.read(bytes);
            return Optional.of(new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip());
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    /** The values that this kernel has. */
    static Map<StackSysctl, String> readAll(String nic) throws IOException {
        Map<StackSysctl, String> values = new EnumMap<>(StackSysctl.class);
        for (StackSysctl sysctl : values()) {
            sysctl.read(nic).ifPresent(value -> values.put(sysctl, value));
        }
        return values;
    }

    /** True: all values are those of a bridge's port, so that an earlier run has set them. */
    static boolean areAllGuarded(String nic) throws IOException {
        Map<StackSysctl, String> now = readAll(nic);
        return !now.isEmpty()
                && now.entrySet().stream()
                        .allMatch(
                                entry -> entry.getValue().equals(entry.getKey().guarded()));
    }

    void write(String nic, String value) throws IOException {
        Files.writeString(path(nic), value);
    }
}
