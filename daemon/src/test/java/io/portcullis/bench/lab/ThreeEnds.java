package io.portcullis.bench.lab;

import java.util.List;

/**
 * The network of one daemon between a client and a server.
 *
 * <pre>
 * bench-client  eth0 198.18.0.1 ═══ out0  bench-firewall  in0 ═══ 198.18.0.2 eth0  bench-server
 * </pre>
 */
public final class ThreeEnds {
    public static final String CLIENT_IP = "198.18.0.1";
    public static final String SERVER_IP = "198.18.0.2";

    private ThreeEnds() {}

    public static void build() {
        List.of(Namespaces.CLIENT, Namespaces.FIREWALL, Namespaces.SERVER).forEach(Namespaces::make);
        Namespaces.ipIn(Namespaces.CLIENT, "link add eth0 type veth peer name out0 netns " + Namespaces.FIREWALL);
        Namespaces.ipIn(Namespaces.SERVER, "link add eth0 type veth peer name in0 netns " + Namespaces.FIREWALL);
        Namespaces.ipIn(Namespaces.CLIENT, "address add " + CLIENT_IP + "/24 dev eth0");
        Namespaces.ipIn(Namespaces.SERVER, "address add " + SERVER_IP + "/24 dev eth0");
        Namespaces.ipIn(Namespaces.CLIENT, "link set eth0 up");
        Namespaces.ipIn(Namespaces.FIREWALL, "link set out0 up");
        Namespaces.ipIn(Namespaces.FIREWALL, "link set in0 up");
        Namespaces.ipIn(Namespaces.SERVER, "link set eth0 up");
    }
}
