package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Lab;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two interfaces of a host swap their names while the daemon is dead: neither NIC is open at any moment. */
@Tag("system")
final class SwappedNicsTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String SECOND = "198.51.100.80";
    private static final String SECOND_CLIENT = "198.51.100.10";

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: %s, security-groups: [web]}
              web1: {mode: host, nic: %s, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    @BeforeAll
    static void server() {
        LAB.firewall(
                        "ip",
                        "link",
                        "add",
                        "out1",
                        "type",
                        "veth",
                        "peer",
                        "name",
                        "eth1",
                        "netns",
                        LAB.namespace("client"))
                .ok();
        for (String line : List.of("ip address add " + SECOND + "/24 dev out1", "ip link set out1 up")) {
            LAB.firewall(line.split(" ", -1)).ok();
        }
        for (String line : List.of("ip address add " + SECOND_CLIENT + "/24 dev eth1", "ip link set eth1 up")) {
            LAB.client(line.split(" ", -1)).ok();
        }
        LAB.nginx("server", 80);
    }

    private static boolean http(String address) {
        return LAB.client("curl", "-s", "-m", "2", "http://" + address).exit() == 0;
    }

    private static String programs() {
        return LAB.firewall("ip", "-o", "link").ok().output()
                + LAB.firewall("tc", "qdisc", "show").ok().output();
    }

    @Test
    void neitherIsOpenForAMoment() {
        String before = programs();
        Hammer first = new Hammer(LAB, "fw", Lab.SERVER);
        first.awaitThrough();
        // One socket of the server receives from both.
        Hammer second = new Hammer(LAB, first, SECOND);
        DaemonProcess daemon = LAB.daemon(RULES.formatted("out0", "out1"));
        first.strike();
        long since = first.received();
        daemon.crash();
        for (List<String> nics : List.of(List.of("out1", "out0"), List.of("out0", "out1"))) {
            daemon.write(RULES.formatted(nics.get(0), nics.get(1)));
            daemon = daemon.again();
            Lab.await("what a rule admits", () -> http(Lab.SERVER) && http(SECOND));
            first.strike();
            assertEquals(since, first.received(), daemon.log());
            daemon.crash();
        }
        first.strike();
        assertEquals(since, first.received());
        assertTrue(daemon.cli("detach").ok().out().contains("detached"));
        first.awaitThrough();
        assertEquals(before, programs());
        second.stop();
        first.stop();
    }
}
