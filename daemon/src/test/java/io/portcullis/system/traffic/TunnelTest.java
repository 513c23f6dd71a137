package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.testing.TunnelTrain;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * TCP in GRE, IPIP and 6in4 through a bridge whose NICs coalesce it on arrival, as every physical NIC does. No host has a tunnel
 * device: the kernels of many test machines have none, and GRO needs none.
 */
@Tag("system")
final class TunnelTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, datapath: ring, security-groups: [web]}
            security-groups:
              web:
                ingress: [{protocol: 47, from: any}, {protocol: 4, from: any}, {protocol: 41, from: any}]
            """;

    /** Packet sockets of eth0: a line of hexadecimal digits is a frame. */
    private static final String BIND = """
            use Socket; $| = 1; socket(S, 17, 3, 0) or die $!; my $i = `cat /sys/class/net/eth0/ifindex`;
            bind(S, pack("SnlSCCa8", 17, 3, $i, 0, 0, 0, "")) or die $!; alarm 50;
            """;

    static final String SEND = BIND + "open F, $ARGV[0]; while (<F>) { chomp; send(S, pack('H*', $_), 0) or die $!; }";
    static final String LISTEN = BIND + """
            setsockopt(S, SOL_SOCKET, 33, 1 << 24);
            print "ready\\n"; while (defined(recv(S, my $b, 65535, 0))) { print unpack("H*", $b), "\\n"; }
            """;

    private static final int TRAINS = 8;

    /** Switches GRO on at a NIC of the firewall, which waits some milliseconds for more packets to coalesce. */
    static void join(Lab lab, String nic) {
        lab.firewall("ethtool", "-K", nic, "gro", "on").ok();
        lab.sh("fw", "echo 20000000 > /sys/class/net/" + nic + "/gro_flush_timeout")
                .ok();
    }

    /** The far ends segment by themselves: on a wire there are no super-frames. */
    static void cut(Lab lab, String end) {
        lab.at(end, "ethtool", "-K", "eth0", "tso", "off", "gso", "off", "gro", "off")
                .ok();
    }

    private static void crosses(DaemonProcess daemon, String from, String to, TunnelTrain.Kind kind) {
        List<String> packets = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(kind.ordinal());
        for (int i = 0; i < TRAINS; i++) {
            boolean v6 = kind == TunnelTrain.Kind.SIX_IN_FOUR;
            List<Integer> tags = i % 2 == 0 ? List.of() : List.of(7);
            TunnelTrain.Shape shape = new TunnelTrain.Shape(kind, v6, true, tags, 1_300, 6_000, 12);
            new TunnelTrain(shape, random)
                    .packets()
                    .forEach(packet -> packets.add(HexFormat.of().formatHex(packet)));
        }
        String port = from.equals("client") ? "outside" : "inside";
        double before = received(daemon, port);
        Path heard = LAB.folder().resolve("heard-" + from + "-" + kind);
        Process listener = LAB.start(to, heard, "perl", "-e", LISTEN);
        try {
            Lab.awaitText("the listener", heard, text -> text.startsWith("ready"));
            Path frames = LAB.file("frames-" + from + "-" + kind, String.join("\n", packets));
            LAB.at(from, "perl", "-e", SEND, frames.toString()).ok();
            Lab.await("all arrive", () -> arrived(heard).size() >= packets.size());
            assertEquals(packets.stream().map(TunnelTest::untagged).toList(), arrived(heard), kind + " from " + from);
        } finally {
            listener.destroy();
        }
        double frames = received(daemon, port) - before;
        assertTrue(frames > 0);
        assumeTrue(frames < packets.size(), "this kernel does not join " + kind);
    }

    /** What the server's socket receives: its kernel removes the tag. */
    private static String untagged(String packet) {
        return packet.startsWith("8100", 24) ? packet.substring(0, 24) + packet.substring(32) : packet;
    }

    /** The frames of the trains among all that were received. */
    private static List<String> arrived(Path heard) {
        return Lab.read(heard)
                .lines()
                .filter(line -> line.startsWith("020000000002020000000001"))
                .toList();
    }

    private static double received(DaemonProcess daemon, String port) {
        return daemon.metric("portcullis_port_frames_total{interface=\"web0\",port=\"" + port + "\",way=\"received\"}");
    }

    @Test
    void tunnelPacketsThatGroCoalescesCrossBothWaysUnchanged() {
        for (String end : List.of("client", "server")) {
            cut(LAB, end);
        }
        join(LAB, "out0");
        join(LAB, "in0");
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            for (TunnelTrain.Kind kind : List.of(
                    TunnelTrain.Kind.IPIP,
                    TunnelTrain.Kind.GRE_KEY,
                    TunnelTrain.Kind.GRE_CHECKSUM,
                    TunnelTrain.Kind.SIX_IN_FOUR)) {
                crosses(daemon, "client", "server", kind);
                crosses(daemon, "server", "client", kind);
            }
        }
    }
}
