package io.portcullis.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "2001:DB8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "1:0:0:2:0:0:0:3, 1:0:0:2::3",
        "64:ff9b::192.0.2.1, 64:ff9b::c000:201",
        "::ffff:192.0.2.1, ::ffff:192.0.2.1",
        "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0",
        "fe80:0:0:0:0:0:0:0, fe80::",
    })
    void anAddressIsWrittenInItsCanonicalForm(String written, String canonical) {
        assertEquals(canonical, Address.parse(written).toString());
        assertEquals(Address.parse(written), Address.parse(canonical));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.-4",
                "1.2.3.+4",
                "1.2.3.4 ",
                "1..3.4",
                ":",
                ":::",
                "1::2::3",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4::5:6:7:8",
                "12345::",
                "g::",
                "::1%eth0",
                "[::1]",
                "1.2.3.4::",
                "::1.2.3.4:5",
                "::1.2.3",
                "1:",
                ":1",
                "١.2.3.4"
            })
    void anythingButAnAddressIsRefused(String written) {
        assertThrows(IllegalArgumentException.class, () -> Address.parse(written));
    }

    @Test
    @Tag("property")
    void randomAddressesAgreeWithTheJdk() throws UnknownHostException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[i % 2 == 0 ? 4 : 16];
            random.nextBytes(bytes);
            for (int j = 0; j < bytes.length; j += 2) {
                if (random.nextInt(3) > 0) {
                    bytes[j] = 0;
                    bytes[j + 1] = 0;
                }
            }
            String jdk = InetAddress.getByAddress(bytes).getHostAddress();
            Address address = Address.parse(jdk);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            long high = bytes.length == 4 ? 0 : buffer.getLong();
            long low = bytes.length == 4 ? Integer.toUnsignedLong(buffer.getInt()) : buffer.getLong();
            assertEquals(new Address(bytes.length == 16, high, low), address, "seed " + seed);
            assertEquals(address, Address.parse(address.toString()), "seed " + seed);
        }
    }

    @Test
    void aBlockContainsItsAddresses() {
        Cidr block = new Cidr(Address.parse("2001:db8::"), 33);
        assertTrue(block.contains(Address.parse("2001:db8:7fff::1")));
        assertFalse(block.contains(Address.parse("2001:db8:8000::")));
        assertTrue(Cidr.ALL_V6.encloses(block));
        assertFalse(block.encloses(Cidr.ALL_V6));
        assertFalse(Cidr.ALL_V4.encloses(block));
        assertTrue(Cidr.of(Address.parse("10.0.0.1")).contains(Address.parse("10.0.0.1")));
        assertThrows(IllegalArgumentException.class, () -> new Cidr(Address.parse("10.0.0.1"), 31));
        assertThrows(IllegalArgumentException.class, () -> new Cidr(Address.parse("10.0.0.0"), 33));
    }
}
