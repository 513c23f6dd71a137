package io.portcullis.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.engine.Reason;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** security-groups.md section 5, {@code bad-address}, as one table; everything else is admitted. */
final class AddressesTest {
    private static final String OPEN =
            "security-groups: {web: {ingress: [{protocol: all, from: any}], egress: [{protocol: all, to: any}]}}\n";

    @ParameterizedTest
    @CsvSource({
        "198.51.100.7, 10.0.0.1, NONE",
        "198.51.100.7, 255.255.255.255, NONE",
        "198.51.100.7, 224.0.0.1, NONE",
        "223.255.255.255, 10.0.0.1, NONE",
        "224.0.0.0, 10.0.0.1, BAD_ADDRESS",
        "239.255.255.255, 10.0.0.1, BAD_ADDRESS",
        "240.0.0.1, 10.0.0.1, NONE",
        "255.255.255.254, 10.0.0.1, NONE",
        "255.255.255.255, 10.0.0.1, BAD_ADDRESS",
        "126.255.255.255, 10.0.0.1, NONE",
        "127.0.0.0, 10.0.0.1, BAD_ADDRESS",
        "127.255.255.255, 10.0.0.1, BAD_ADDRESS",
        "128.0.0.0, 10.0.0.1, NONE",
        "0.0.0.0, 10.0.0.1, BAD_ADDRESS",
        "0.0.0.1, 10.0.0.1, NONE",
        "169.254.1.1, 10.0.0.1, NONE",
        "198.51.100.7, 127.0.0.1, BAD_ADDRESS",
        "198.51.100.7, 127.255.255.255, BAD_ADDRESS",
        "198.51.100.7, 0.0.0.0, BAD_ADDRESS",
        "10.0.0.1, 10.0.0.1, BAD_ADDRESS",
        "2001:db8::7, 2001:db8:1::1, NONE",
        "2001:db8::7, ff02::1, NONE",
        "ff02::1, 2001:db8:1::1, BAD_ADDRESS",
        "ff00::, 2001:db8:1::1, BAD_ADDRESS",
        "feff::1, 2001:db8:1::1, NONE",
        "::1, 2001:db8:1::1, BAD_ADDRESS",
        "::2, 2001:db8:1::1, NONE",
        "2001:db8::7, ::1, BAD_ADDRESS",
        "2001:db8::7, ::, BAD_ADDRESS",
        "::, 2001:db8:1::1, BAD_ADDRESS",
        "::ffff:198.51.100.7, 2001:db8:1::1, BAD_ADDRESS",
        "2001:db8::7, ::ffff:198.51.100.7, BAD_ADDRESS",
        "::fffe:c633:6407, 2001:db8:1::1, NONE",
        "::1:0:0:0, 2001:db8:1::1, NONE",
        "2001:db8:1::1, 2001:db8:1::1, BAD_ADDRESS",
    })
    void sourceAndDestination(String source, String destination, Reason expected) throws ConfigException {
        EngineBench bench = new EngineBench(OPEN);
        assertEquals(expected, bench.in(Frame.udp(source, 1, destination, 2)));
        assertEquals(expected, bench.out(Frame.udp(source, 1, destination, 2)));
        assertEquals(expected, bench.in(Frame.ip(47, source, destination)));
    }

    /** A DHCP client has no address yet, in either direction and whether the class passes or not. */
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 68, 255.255.255.255, 67, NONE",
        "0.0.0.0, 67, 255.255.255.255, 68, NONE",
        "::, 546, ff02::1:2, 547, NONE",
        "0.0.0.0, 68, 0.0.0.0, 67, BAD_ADDRESS",
        "0.0.0.0, 68, 127.0.0.1, 67, BAD_ADDRESS",
        "0.0.0.0, 69, 255.255.255.255, 67, BAD_ADDRESS",
        "127.0.0.1, 68, 255.255.255.255, 67, BAD_ADDRESS",
    })
    void dhcpMayBeWithoutASource(String source, int from, String destination, int to, Reason expected)
            throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: []", OPEN, false);
        assertEquals(expected, bench.in(Frame.udp(source, from, destination, to)));
        assertEquals(expected, bench.out(Frame.udp(source, from, destination, to)));
    }

    @ParameterizedTest
    @CsvSource({"ndp, NONE", "arp, LINK_CLASS"})
    void duplicateAddressDetectionPassesAsNeighbourDiscovery(String passed, Reason expected) throws ConfigException {
        EngineBench bench = new EngineBench("pass-through: [" + passed + "]", OPEN, false);
        Frame probe =
                Frame.icmp("::", "ff02::1:ff00:1", 135, 0, 0).hopLimit(255).payload(16);
        assertEquals(expected, bench.in(probe));
    }
}
