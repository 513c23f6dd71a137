package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.testing.Frame;
import io.portcullis.testing.TunnelTrain;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A guarded host that routes the tunnels of other hosts, whose packets its NICs coalesce on arrival; it has no tunnel device
 * itself.
 */
@Tag("system")
final class HostTunnelTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: 47, from: any}, {protocol: 4, from: any}]}
            """;

    private static final String INNER = "172.30.0.2";
    private static final int ETHERNET = 14;

    private static String mac(String nic) {
        return LAB.firewall("cat", "/sys/class/net/" + nic + "/address")
                .ok()
                .out()
                .strip()
                .replace(":", "");
    }

    /** Permanent neighbour entries: the host does not have to resolve them. */
    private static void know(String address, String namespace, String nic) {
        String mac = Command.run("ip", "netns", "exec", namespace, "cat", "/sys/class/net/eth0/address")
                .ok()
                .out()
                .strip();
        LAB.firewall("ip", "neigh", "replace", address, "lladdr", mac, "nud", "permanent", "dev", nic)
                .ok();
    }

    /** The packets of the trains after a router, from one address to another. */
    private static List<String> packets(String source, String destination, String router) throws Exception {
        List<String> packets = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(3);
        for (TunnelTrain.Kind kind :
                List.of(TunnelTrain.Kind.IPIP, TunnelTrain.Kind.GRE_KEY, TunnelTrain.Kind.GRE_CHECKSUM)) {
            for (int i = 0; i < 4; i++) {
                TunnelTrain.Shape shape = new TunnelTrain.Shape(kind, false, true, List.of(), 1_300, 6_000, 12);
                for (byte[] sent : new TunnelTrain(shape, random).packets()) {
                    byte[] packet = sent.clone();
                    System.arraycopy(HexFormat.of().parseHex(router), 0, packet, 0, 6);
                    System.arraycopy(InetAddress.getByName(source).getAddress(), 0, packet, ETHERNET + 12, 4);
                    System.arraycopy(InetAddress.getByName(destination).getAddress(), 0, packet, ETHERNET + 16, 4);
                    Frame.repairIpv4(packet, ETHERNET);
                    packets.add(HexFormat.of().formatHex(packet));
                }
            }
        }
        return packets;
    }

    /** The fields that a router does not change: all of layer 3 except the time to live and its checksum. */
    private static String routed(String frame) {
        String packet = frame.substring(2 * ETHERNET);
        return packet.substring(0, 16) + packet.substring(18, 20) + packet.substring(24);
    }

    private static List<String> arrived(Path heard, String source, String destination) throws Exception {
        String addresses = HexFormat.of()
                        .formatHex(InetAddress.getByName(source).getAddress())
                + HexFormat.of().formatHex(InetAddress.getByName(destination).getAddress());
        return Lab.read(heard)
                .lines()
                .filter(line -> line.startsWith(addresses, 2 * (ETHERNET + 12)))
                .map(HostTunnelTest::routed)
                .toList();
    }

    private static void crosses(String from, String source, String to, String destination, String router)
            throws Exception {
        List<String> packets = packets(source, destination, router);
        Path heard = LAB.folder().resolve("heard-" + source);
        Process listener = LAB.startIn(to, heard, "perl", "-e", TunnelTest.LISTEN);
        try {
            Lab.awaitText("the listener", heard, text -> text.startsWith("ready"));
            Path frames = LAB.file("frames-" + source, String.join("\n", packets));
            Command.run("ip", "netns", "exec", from, "perl", "-e", TunnelTest.SEND, frames.toString())
                    .ok();
            Lab.awaitText("all arrive", heard, _ -> {
                try {
                    return arrived(heard, source, destination).size() >= packets.size();
                } catch (Exception unknown) {
                    throw new AssertionError(unknown);
                }
            });
            assertEquals(packets.stream().map(HostTunnelTest::routed).toList(), arrived(heard, source, destination));
        } finally {
            listener.destroy();
        }
    }

    @Test
    void tunnelsOfOthersAreRoutedBothWays() throws Exception {
        String inner = LAB.namespace("server");
        LAB.sh(
                        "fw",
                        "ip link add ct0 type veth peer name eth0 netns " + inner
                                + " && ip address add 172.30.0.1/24 dev ct0 && ip link set ct0 up"
                                + " && sysctl -qw net.ipv4.ip_forward=1")
                .ok();
        Command.run(
                        "sh",
                        "-c",
                        "ip -n " + inner + " address add " + INNER + "/24 dev eth0 && ip -n " + inner
                                + " link set eth0 up && ip netns exec " + inner
                                + " ethtool -K eth0 tso off gso off gro off")
                .ok();
        TunnelTest.cut(LAB, "client");
        TunnelTest.join(LAB, "out0");
        // The client's socket does not tell which checksums are left to its NIC.
        LAB.firewall("ethtool", "-K", "out0", "tx", "off").ok();
        TunnelTest.join(LAB, "ct0");
        // Later packets overtake those that wait for a neighbour's address.
        know(INNER, inner, "ct0");
        know(Lab.CLIENT, LAB.namespace("client"), "out0");
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            crosses(LAB.namespace("client"), Lab.CLIENT, inner, INNER, mac("out0"));
            crosses(inner, INNER, LAB.namespace("client"), Lab.CLIENT, mac("ct0"));
            assertEquals(
                    0,
                    daemon.metric("portcullis_port_lost_frames_total{errno=\"\",interface=\"web0\",port=\"inside\","
                            + "reason=\"unknown-tunnel\"}"));
        }
    }
}
