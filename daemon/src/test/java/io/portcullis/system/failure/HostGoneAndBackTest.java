package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A host's NIC that disappears and comes back with its old index. */
@Tag("system")
final class HostGoneAndBackTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    private static boolean http(int port) {
        return LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER + ":" + port)
                        .exit()
                == 0;
    }

    private static void assertGuarded(DaemonProcess daemon) {
        Lab.await("what is admitted", () -> http(80));
        assertFalse(http(8080));
        Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
    }

    private static void addresses() {
        LAB.firewall(
                        "sh",
                        "-c",
                        "ip link set out0 up && ip address replace " + Lab.SERVER + "/24 dev out0"
                                + " && ip -6 address replace " + Lab.SERVER_V6 + "/64 dev out0 nodad"
                                + " && ip route replace 192.0.2.0/24 dev out0 src " + Lab.SERVER)
                .ok();
    }

    @Test
    void fromAnotherNamespace() {
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            assertGuarded(daemon);
            int index = Elsewhere.index(LAB, "out0");
            try (Elsewhere elsewhere = Elsewhere.open(LAB)) {
                elsewhere.take("out0");
                Lab.await(
                        "the problem in /healthz", () -> daemon.http("/healthz").contains("out0 is gone"));
                elsewhere.giveBack("out0");
            }
            assertEquals(index, Elsewhere.index(LAB, "out0"));
            addresses();
            assertGuarded(daemon);
        }
    }

    /** Made again as fast as possible: the daemon may not have seen that it was gone. */
    @Test
    void madeAnew() {
        try (DaemonProcess daemon = LAB.daemon(RULES)) {
            assertGuarded(daemon);
            int index = Elsewhere.index(LAB, "out0");
            LAB.firewall(
                            "sh",
                            "-c",
                            "ip link del out0 && ip link add out0 index " + index + " type veth peer name eth0 netns "
                                    + LAB.namespace("client"))
                    .ok();
            addresses();
            LAB.client("sh", "-c", "ip link set eth0 up && ip address add " + Lab.CLIENT + "/24 dev eth0")
                    .ok();
            assertEquals(index, Elsewhere.index(LAB, "out0"));
            assertGuarded(daemon);
        }
    }
}
