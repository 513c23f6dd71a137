package io.portcullis.linux.ethtool;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nics;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The features of a NIC, as {@code ethtool -k} shows them: read and set through ioctl(SIOCETHTOOL)
 * (include/uapi/linux/ethtool.h: ETHTOOL_GSSET_INFO, ETHTOOL_GSTRINGS, ETHTOOL_GFEATURES, ETHTOOL_SFEATURES). A snapshot.
 *
 * <p>A feature has its kernel name (net/ethtool/common.c, {@code netdev_features_strings}):
 * {@code ethtool} shows {@code tx-generic-segmentation} as gso, {@code rx-gro} as gro, {@code rx-lro} as lro.
 *
 * @param features in the order of their bits
 */
public record Offloads(List<Feature> features) {
    /**
     * One feature.
     *
     * @param name the kernel's
     * @param available true: it can be switched; false: it can't ({@code [fixed]})
     * @param wanted true: its owner wants it on
     * @param active true: it is on (wanted, and nothing that it depends on is off)
     */
    public record Feature(String name, boolean available, boolean wanted, boolean active) {}

    private static final long SIOCETHTOOL = 0x8946;
    private static final int ETHTOOL_GSTRINGS = 0x1b;
    private static final int ETHTOOL_GSSET_INFO = 0x37;
    private static final int ETHTOOL_GFEATURES = 0x3a;
    private static final int ETHTOOL_SFEATURES = 0x3b;
    private static final int ETH_SS_FEATURES = 4;
    private static final int ETH_GSTRING_LEN = 32;

    /** struct ifreq: a name of 16 bytes, then a union of 24 that starts with a pointer. */
    private static final int IFREQ_LENGTH = 40;

    private static final int IFREQ_DATA = 16;

    /** struct ethtool_get_features_block: available, requested, active, never_changed; one bit a feature. */
    private static final int GET_BLOCK_LENGTH = 16;

    /** struct ethtool_set_features_block: valid, requested. */
    private static final int SET_BLOCK_LENGTH = 8;

    private static final Set<String> ALTERS_RECEIVED_FRAMES =
            Set.of("rx-gro", "rx-gro-hw", "rx-gro-list", "rx-lro", "rx-udp-gro-forwarding", "rx-checksum");

    private static final Set<String> BEYOND_VNET_HEADERS = Set.of(
            "tx-sctp-segmentation",
            "tx-checksum-sctp",
            "tx-ipxip4-segmentation",
            "tx-ipxip6-segmentation",
            "tx-udp_tnl-segmentation",
            "tx-udp_tnl-csum-segmentation",
            "tx-tunnel-remcsum-segmentation",
            "tx-esp-segmentation",
            "tx-gso-partial",
            "tx-gso-list");

    /** Copies the list. */
    public Offloads {
        features = List.copyOf(features);
    }

    /**
     * True for a feature that makes frames longer than the MTU, or leaves their checksums for the NIC to fill in. It must be off where
     * a port reads and writes frames without a vnet header.
     */
    public static boolean altersFrames(String feature) {
        return ALTERS_RECEIVED_FRAMES.contains(feature)
                || feature.startsWith("tx-checksum-")
                || (feature.startsWith("tx-") && feature.endsWith("-segmentation"))
                || feature.equals("tx-gso-partial")
                || feature.equals("tx-gso-list");
    }

    /** Reads the features of a NIC. ENODEV: no such NIC. Needs no privilege. */
    public static Offloads read(String nic) throws ErrnoException {
        try (Request request = new Request(nic)) {
            List<String> names = request.names();
            MemorySegment state = request.getFeatures(names.size());
            List<Feature> features = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                features.add(new Feature(
                        names.get(i),
                        Request.bit(state, GET_BLOCK_LENGTH, 0, i),
                        Request.bit(state, GET_BLOCK_LENGTH, 1, i),
                        Request.bit(state, GET_BLOCK_LENGTH, 2, i)));
            }
            return new Offloads(features);
        }
    }

    /**
     * Switches features of a NIC on or off, in one call; others stay as they are. EPERM without CAP_NET_ADMIN.
     *
     * @param names the kernel's; those that this kernel does not know, or this NIC can't switch, are left alone
     * @return those of {@code names} that do not have the state {@code on} now, in the order of the bits; the unknown ones last
     */
    public static List<String> set(String nic, Collection<String> names, boolean on) throws ErrnoException {
        Set<String> asked = Set.copyOf(names);
        Offloads before = read(nic);
        List<String> possible = before.names(f -> f.available() && asked.contains(f.name()));
        if (!possible.isEmpty()) {
            try (Request request = new Request(nic)) {
                request.setFeatures(before.names(_ -> true), possible, on);
            }
        }
        Offloads after = read(nic);
        List<String> refused = new ArrayList<>(after.names(f -> asked.contains(f.name()) && f.active() != on));
        List<String> known = after.names(_ -> true);
        names.stream().filter(name -> !known.contains(name)).forEach(refused::add);
        return refused;
    }

    /** The names of the features that fit, in the order of the bits. */
    public List<String> names(Predicate<Feature> which) {
        return features.stream().filter(which).map(Feature::name).toList();
    }

    /** Features that {@link #altersFrames} and can be switched off: wanted ones, also while a feature that they need is off. */
    public List<String> switchable() {
        return names(f -> altersFrames(f.name()) && f.available() && (f.wanted() || f.active()));
    }

    /**
     * Features that can be switched off and make super-frames or unfinished checksums that a struct virtio_net_hdr can't describe:
     * SCTP, tunnels, lists; before Linux 6.2 also UDP (include/linux/virtio_net.h, {@code virtio_net_hdr_from_skb}). Not
     * GRE: the ports cut that, and the kernel (6.18) gets the GRE checksum of the last packet wrong.
     */
    public List<String> beyondVnetHeaders() {
        boolean udpToo = !isLinuxSince(6, 2);
        return names(f -> f.available()
                && (f.wanted() || f.active())
                && (BEYOND_VNET_HEADERS.contains(f.name()) || udpToo && f.name().equals("tx-udp-segmentation")));
    }

    private static boolean isLinuxSince(int major, int minor) {
        String[] release = System.getProperty("os.version").split("[^0-9]+", 3);
        int isMajor = Integer.parseInt(release[0]);
        return isMajor > major || isMajor == major && Integer.parseInt(release[1]) >= minor;
    }

    /** Features that {@link #altersFrames} and can't be switched off. */
    public List<String> fixed() {
        return names(f -> altersFrames(f.name()) && !f.available() && f.active());
    }

    /** A socket, a struct ifreq and the memory of one exchange. */
    private static final class Request implements AutoCloseable {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment ifreq = arena.allocate(IFREQ_LENGTH, 8);
        private final String nic;
        private final int fd;

        Request(String nic) throws ErrnoException {
            this.nic = nic;
            try {
                // Also refuses names that are too long for struct ifreq.
                Nics.index(nic);
                fd = (int) ErrnoException.check(
                        Libc.socket(Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0),
                        "socket(AF_INET, SOCK_DGRAM)");
            } catch (ErrnoException refused) {
                arena.close();
                throw refused;
            }
            MemorySegment.copy(
                    MemorySegment.ofArray(nic.getBytes(StandardCharsets.UTF_8)),
                    0,
                    ifreq,
                    0,
                    nic.getBytes(StandardCharsets.UTF_8).length);
        }

        private void call(MemorySegment argument, String command) throws ErrnoException {
            ifreq.set(ADDRESS, IFREQ_DATA, argument);
            ErrnoException.check(Libc.ioctl(fd, SIOCETHTOOL, ifreq), "ioctl(SIOCETHTOOL, " + command + ") on " + nic);
        }

        List<String> names() throws ErrnoException {
            // struct ethtool_sset_info: u32 cmd, u32 reserved, u64 sset_mask, u32 data[]
            MemorySegment info = arena.allocate(24, 8);
            info.set(JAVA_INT, 0, ETHTOOL_GSSET_INFO);
            info.set(JAVA_LONG, 8, 1L << ETH_SS_FEATURES);
            call(info, "ETHTOOL_GSSET_INFO");
            int count = info.get(JAVA_LONG, 8) == 0 ? 0 : info.get(JAVA_INT, 16);
            // struct ethtool_gstrings: u32 cmd, u32 string_set, u32 len, u8 data[]
            MemorySegment strings = arena.allocate(12 + (long) count * ETH_GSTRING_LEN, 8);
            strings.set(JAVA_INT, 0, ETHTOOL_GSTRINGS);
            strings.set(JAVA_INT, 4, ETH_SS_FEATURES);
            strings.set(JAVA_INT, 8, count);
            call(strings, "ETHTOOL_GSTRINGS");
            List<String> names = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                byte[] text = strings.asSlice(12 + (long) i * ETH_GSTRING_LEN, ETH_GSTRING_LEN)
                        .toArray(JAVA_BYTE);
                int end = 0;
                while (end < text.length && text[end] != 0) {
                    end++;
                }
                names.add(new String(text, 0, end, StandardCharsets.UTF_8));
            }
            return names;
        }

        /** The array of struct ethtool_get_features_block. */
        MemorySegment getFeatures(int count) throws ErrnoException {
            int blocks = (count + 31) / 32;
            // struct ethtool_gfeatures: u32 cmd, u32 size, blocks
            MemorySegment features = arena.allocate(8 + (long) blocks * GET_BLOCK_LENGTH, 8);
            features.set(JAVA_INT, 0, ETHTOOL_GFEATURES);
            features.set(JAVA_INT, 4, blocks);
            call(features, "ETHTOOL_GFEATURES");
            return features.asSlice(8);
        }

        void setFeatures(List<String> known, List<String> names, boolean on) throws ErrnoException {
            int blocks = (known.size() + 31) / 32;
            // struct ethtool_sfeatures: u32 cmd, u32 size, blocks
            MemorySegment features = arena.allocate(8 + (long) blocks * SET_BLOCK_LENGTH, 8);
            features.set(JAVA_INT, 0, ETHTOOL_SFEATURES);
            features.set(JAVA_INT, 4, blocks);
            for (String name : names) {
                int bit = known.indexOf(name);
                long valid = 8 + (long) (bit / 32) * SET_BLOCK_LENGTH;
                features.set(JAVA_INT, valid, features.get(JAVA_INT, valid) | (1 << bit % 32));
                if (on) {
                    features.set(JAVA_INT, valid + 4, features.get(JAVA_INT, valid + 4) | (1 << bit % 32));
                }
            }
            call(features, "ETHTOOL_SFEATURES");
        }

        static boolean bit(MemorySegment blocks, int blockLength, int word, int bit) {
            return (blocks.get(JAVA_INT, (long) (bit / 32) * blockLength + word * 4L) & (1 << bit % 32)) != 0;
        }

        @Override
        public void close() {
            Libc.close(fd);
            arena.close();
        }
    }
}
