package io.portcullis.diagnose;

import io.portcullis.net.Address;
import io.portcullis.net.IpProtocol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The sockets of this network namespace that receive on a port of tcp or udp, from {@code /proc/net} (proc_net(5)). */
final class ListeningSockets {
    /** TCP_LISTEN (include/net/tcp_states.h). */
    private static final String LISTENING = "0A";

    /** TCP_CLOSE: of UDP, a socket without a peer. */
    private static final String WITHOUT_PEER = "07";

    private static final int LOCAL = 1;
    private static final int STATE = 3;
    private static final int HEX = 16;

    private final Path folder;

    /** {@code folder}: {@code /proc/net}. */
    ListeningSockets(Path folder) {
        this.folder = folder;
    }

    /** True for the protocols that this knows. */
    static boolean knows(int protocol) {
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP;
    }

    /**
     * The addresses on which sockets receive what is sent to a port; 0.0.0.0 and :: are all of their family.
     *
     * @param protocol one that {@link #knows}
     */
    List<Address> on(int protocol, int port) throws IOException {
        String name = protocol == IpProtocol.TCP ? "tcp" : "udp";
        String state = protocol == IpProtocol.TCP ? LISTENING : WITHOUT_PEER;
        List<Address> addresses = new ArrayList<>();
        for (String file : List.of(name, name + "6")) {
            for (String line : lines(folder.resolve(file))) {
                String[] fields = line.strip().split(" +", -1);
                int colon = fields.length > STATE ? fields[LOCAL].indexOf(':') : -1;
                if (colon > 0
                        && fields[STATE].equals(state)
                        && Integer.parseInt(fields[LOCAL].substring(colon + 1), HEX) == port) {
                    addresses.add(address(fields[LOCAL].substring(0, colon)));
                }
            }
        }
        return addresses;
    }

    /** Without the title. A kernel without IPv6 has no file of it. */
    private static List<String> lines(Path file) throws IOException {
        try {
            List<String> lines = Files.readAllLines(file);
            return lines.subList(Math.min(1, lines.size()), lines.size());
        } catch (NoSuchFileException absent) {
            return List.of();
        }
    }

    /** Words of 32 bits, each with its bytes in the order of this host, which is little-endian. */
    private static Address address(String hex) {
        if (hex.length() <= 8) {
            return new Address(false, 0, word(hex, 0));
        }
        Address address = new Address(true, word(hex, 0) << 32 | word(hex, 1), word(hex, 2) << 32 | word(hex, 3));
        // A socket of IPv6 that is bound to an address of IPv4.
        return address.isV4Mapped() ? new Address(false, 0, address.low() & 0xffff_ffffL) : address;
    }

    private static long word(String hex, int i) {
        return Integer.toUnsignedLong(
                Integer.reverseBytes(Integer.parseUnsignedInt(hex.substring(8 * i, 8 * i + 8), HEX)));
    }
}
