package io.portcullis.port.pcap;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A NIC as sysfs shows it now ({@code Documentation/ABI/testing/sysfs-class-net}). Not by
 * {@link java.net.NetworkInterface}: that knows only NICs that have an address, and ours have none.
 *
 * @param index the kernel's number for it; a NIC that is made again under the same name has another
 * @param mtuLength bytes of the longest payload
 * @param up whether it is administratively up
 * @param carrier whether it is connected; true where the driver does not know
 */
record Link(int index, int mtuLength, boolean up, boolean carrier) {
    private static final Path ALL = Path.of("/sys/class/net");
    private static final int IFF_UP = 1; // <linux/if.h>

    /** The NIC of that name, or null if there is none. */
    static @Nullable Link of(String nic) {
        Path folder = ALL.resolve(nic);
        try {
            String state = read(folder, "operstate");
            return new Link(
                    Integer.parseInt(read(folder, "ifindex")),
                    Integer.parseInt(read(folder, "mtu")),
                    (Integer.decode(read(folder, "flags")) & IFF_UP) != 0,
                    !state.equals("down") && !state.equals("lowerlayerdown") && !state.equals("notpresent"));
        } catch (IOException absent) {
            return null;
        }
    }

    private static String read(Path folder, String attribute) throws IOException {
        return Files.readString(folder.resolve(attribute)).strip();
    }
}
