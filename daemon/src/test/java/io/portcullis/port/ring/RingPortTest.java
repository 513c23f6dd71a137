package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.port.PortException;
import io.portcullis.testing.NamespaceJvm;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Runs {@link RingPortContract} in a JVM inside a network namespace, and opens ports where that must fail. */
@Tag("netns")
class RingPortTest {
    private static NamespaceJvm jvm;

    @BeforeAll
    static void makeNamespace() throws Exception {
        jvm = new NamespaceJvm("ring");
    }

    @AfterAll
    static void removeNamespace() throws Exception {
        jvm.remove();
    }

    @TestFactory
    Stream<DynamicTest> keepsTheContract() throws Exception {
        return jvm.tests(RingPortContract.class);
    }

    @Test
    void withoutPrivilegeItSaysWhatToGive() throws Exception {
        jvm.command("ip", "link", "add", "nic7", "type", "veth", "peer", "name", "nic8");
        for (String capability : List.of("-net_raw", "-net_admin")) {
            String output = jvm.output(
                    List.of("setpriv", "--bounding-set", capability, "--inh-caps", capability), List.of(), Open.class);
            assertEquals(
                    "nic7: no privilege to open a packet socket; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN",
                    output.strip(),
                    capability);
        }
    }

    /** Started as a program of its own: opens a NIC and prints what is wrong, or nothing. The test reads the output. */
    static final class Open {
        private Open() {}

        public static void main(String[] arguments) {
            try {
                WatchedRing.open("nic7").close();
            } catch (PortException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }
}
