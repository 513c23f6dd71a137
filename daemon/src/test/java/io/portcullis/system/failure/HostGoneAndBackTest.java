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

    private static final String RULES = Lab.webServer("out0", "");

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    private static void assertGuarded(DaemonProcess daemon) {
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertFalse(LAB.answers(8080));
        Lab.await("health", () -> daemon.http("/healthz").equals("ok\n"));
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
            LAB.addressHost();
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
            LAB.addressHost();
            LAB.client("sh", "-c", "ip link set eth0 up && ip address add " + Lab.CLIENT + "/24 dev eth0")
                    .ok();
            assertEquals(index, Elsewhere.index(LAB, "out0"));
            assertGuarded(daemon);
        }
    }
}
