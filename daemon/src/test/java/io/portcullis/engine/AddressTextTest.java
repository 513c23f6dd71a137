package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.net.Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AddressTextTest {
    private static String text(boolean v6, long high, long low) {
        StringBuilder text = new StringBuilder();
        AddressText.append(text, v6, high, low);
        return text.toString();
    }

    /** RFC 5952, sections 2 and 4. */
    @ParameterizedTest
    @CsvSource({
        "2001:0db8:0000:0000:0001:0000:0000:0001, 2001:db8::1:0:0:1",
        "2001:0db8:0:0:0:0:2:1, 2001:db8::2:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "2001:DB8::ABCD, 2001:db8::abcd",
        "0:0:0:0:0:0:0:0, ::",
        "0:0:0:0:0:0:0:1, ::1",
        "1:0:0:0:0:0:0:0, 1::",
        "0:1:0:0:0:0:0:0, 0:1::",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8",
        "ff02:0:0:0:0:1:ff00:1, ff02::1:ff00:1",
        "0:0:1:2:3:4:5:6, ::1:2:3:4:5:6",
        "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::",
    })
    void ipv6(String written, String expected) {
        Address address = Address.parse(written);
        assertEquals(expected, text(true, address.high(), address.low()));
    }

    @ParameterizedTest
    @CsvSource({"0.0.0.0", "255.255.255.255", "10.0.0.1", "198.51.100.7", "128.0.0.0"})
    void ipv4(String address) {
        assertEquals(address, text(false, 0, Address.parse(address).low()));
    }

    @Test
    @Tag("property")
    void readBackByTheJdkItIsTheSameAddress() throws UnknownHostException {
        for (long seed = 1; seed <= 20_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long high = zeroes(random);
            long low = zeroes(random);
            boolean v6 = random.nextInt(4) > 0;
            if (!v6) {
                high = 0;
                low &= 0xffff_ffffL;
            }
            byte[] read = InetAddress.getByName(text(v6, high, low)).getAddress();
            HexFormat hex = HexFormat.of();
            String expected = hex.toHexDigits(high) + hex.toHexDigits(low);
            boolean mapped = v6 && high == 0 && low >>> 32 == 0xffff;
            assertEquals(v6 && !mapped ? expected : expected.substring(24), hex.formatHex(read), "seed " + seed);
        }
    }

    /** A number with many groups of zero in it. */
    private static long zeroes(SplittableRandom random) {
        long value = random.nextLong();
        for (int group = 0; group < 4; group++) {
            if (random.nextInt(3) > 0) {
                value &= ~(0xffffL << 16 * group);
            }
        }
        return value;
    }
}
