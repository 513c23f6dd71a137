package io.portcullis.port.pcap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

/** Runs {@link PcapPortContract} in a JVM inside a network namespace, and opens ports where that must fail. */
@Tag("netns")
class PcapPortTest {
    private static NamespaceJvm jvm;

    @BeforeAll
    static void makeNamespace() throws Exception {
        jvm = new NamespaceJvm("pcap");
    }

    @AfterAll
    static void removeNamespace() throws Exception {
        jvm.remove();
    }

    @TestFactory
    Stream<DynamicTest> keepsTheContract() throws Exception {
        return jvm.tests(PcapPortContract.class);
    }

    @Test
    void withoutPrivilegeItSaysWhatToGive() throws Exception {
        String output = jvm.output(
                List.of("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"), List.of(), Open.class);
        assertEquals(
                "lo: no privilege to open a packet socket; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN",
                output.strip());
    }

    @Test
    void withoutLibpcapItSaysWhatToInstall() throws Exception {
        String output = jvm.output(List.of(), List.of("-Dorg.pcap4j.core.pcapLibName=none"), Open.class);
        assertEquals(1, output.lines().count(), output);
        assertTrue(output.contains("apt install libpcap0.8"), output);
    }

    /** Started as a program of its own: opens lo and prints what is wrong, or nothing. The test reads the output. */
    static final class Open {
        private Open() {}

        public static void main(String[] arguments) {
            try {
                PcapPort.open("lo").close();
            } catch (PortException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }
}
