package io.portcullis.linux.bpf;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Netlink;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;

/**
 * An XDP program on a NIC: it gets arriving frames before every packet socket; frames that it drops or redirects reach no socket.
 *
 * @param mode the level at which it runs: {@code driver}, {@code generic}, {@code hardware}, or {@code several}
 * @param programId as {@code bpftool prog} lists it; 0 where there are several
 */
public record Xdp(String mode, int programId) {
    private static final int IFLA_XDP = 43;
    private static final int IFLA_XDP_ATTACHED = 2;
    private static final int IFLA_XDP_PROG_ID = 4;

    /** The program on a NIC (rtnetlink: IFLA_XDP, include/uapi/linux/if_link.h); empty: none. ENODEV: no such NIC. */
    public static Optional<Xdp> on(Nic nic) throws ErrnoException {
        return parse(Nics.describe(nic.index()));
    }

    static Optional<Xdp> parse(Netlink.Message message) {
        ByteBuffer nested = message.attributes(Nic.IFINFOMSG_LENGTH).get(IFLA_XDP);
        if (nested == null) {
            return Optional.empty();
        }
        Map<Integer, ByteBuffer> xdp = Netlink.attributes(nested);
        ByteBuffer attached = xdp.get(IFLA_XDP_ATTACHED);
        ByteBuffer program = xdp.get(IFLA_XDP_PROG_ID);
        int id = program == null ? 0 : program.getInt(0);
        return switch (attached == null ? 0 : attached.get(0)) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of(new Xdp("driver", id));
            case 2 -> Optional.of(new Xdp("generic", id));
            case 3 -> Optional.of(new Xdp("hardware", id));
            default -> Optional.of(new Xdp("several", id));
        };
    }
}
