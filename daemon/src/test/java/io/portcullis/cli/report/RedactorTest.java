package io.portcullis.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a report hides, and what a reader can still see in it. */
final class RedactorTest {
    private static final String HOST = "fw1.munich.corp.example.com";

    private static Redactor redactor(int key) {
        return new Redactor(
                new Pseudonyms(Integer.toString(key).getBytes(StandardCharsets.UTF_8)), Set.of(HOST, "fw1"));
    }

    private final Redactor redactor = redactor(7);

    private String address(String text) {
        String done = redactor.of(text);
        assertNotEquals(text, done);
        return done;
    }

    private static boolean isIn(String address, String block) {
        String[] parts = block.split("/");
        return new Cidr(Address.parse(parts[0]), Integer.parseInt(parts[1])).contains(Address.parse(address));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.20.30.40 10.0.0.0/8",
                "172.20.1.2 172.16.0.0/12",
                "192.168.7.9 192.168.0.0/16",
                "100.80.1.1 100.64.0.0/10",
                "169.254.3.4 169.254.0.0/16",
                "239.7.8.9 224.0.0.0/4",
                "fd12:3456::9 fc00::/7",
                "fe80::42:acff:fe11:2 fe80::/64",
                "2001:db8:1::77 2000::/3",
                "ff02::1:ff11:22 ff02::/16"
            })
    void theKindOfAnAddressStays(String pair) {
        String[] parts = pair.split(" ");
        assertTrue(isIn(address(parts[0]), parts[1]), redactor.of(parts[0]));
    }

    @Test
    void aPublicAddressDoesNotBecomeAPrivateOne() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            Address from = new Address(false, 0, random.nextInt() & 0xffff_ffffL);
            Address to = Address.parse(redactor.of(from.toString()));
            for (String block : new String[] {
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "169.254.0.0/16",
                "172.16.0.0/12",
                "192.168.0.0/16",
                "224.0.0.0/4",
                "240.0.0.0/4"
            }) {
                assertEquals(isIn(from.toString(), block), isIn(to.toString(), block), from + " " + to + " " + block);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "0.0.0.0",
                "0.0.0.0/0",
                "255.255.255.255",
                "255.255.240.0",
                "224.0.0.251",
                "::",
                "::1",
                "::/0",
                "ff02::fb",
                "ff02::1:2",
                "00:00:00:00:00:00",
                "ff:ff:ff:ff:ff:ff",
                "18:14:07",
                "2026-11-30T11:50:07Z",
                "web/ingress[1]",
                "portcullis.yaml:12:7: text",
                "java.net.SocketException",
                "control.sock",
                "/run/portcullis/flows-web0/0",
                "1.5 MiB",
                "tcp 80-443",
                "web::name"
            })
    void whatIsTheSameEverywhereStays(String text) {
        assertEquals(text, redactor.of(text));
    }

    @Test
    void prefixesInCommonStayAndNoLongerOnes() {
        Random random = new Random(2);
        for (int i = 0; i < 3_000; i++) {
            boolean v6 = random.nextBoolean();
            Address a = random(random, v6);
            int bits = random.nextInt(a.bits());
            // Another address with exactly so many bits in common.
            Address b = flipped(a, bits, random);
            Address x = Address.parse(redactor.of(a.toString()));
            Address y = Address.parse(redactor.of(b.toString()));
            assertTrue(x.hasPrefixOf(y, bits), a + " " + b + " " + x + " " + y);
            assertFalse(x.hasPrefixOf(y, bits + 1), a + " " + b + " " + x + " " + y);
        }
    }

    private static Address random(Random random, boolean v6) {
        return v6
                ? new Address(true, 0x2001_0db8_0000_0000L | random.nextInt() & 0xffff_ffffL, random.nextLong())
                : new Address(false, 0, 0x0800_0000L | random.nextInt(1 << 24));
    }

    private static Address flipped(Address a, int bit, Random random) {
        long high = a.high();
        long low = a.low();
        int at = a.bits() - 1 - bit;
        long below = at >= 64 ? 0 : (1L << at) - 1;
        if (at >= 64) {
            high = (high ^ 1L << at - 64) ^ random.nextLong() & (1L << at - 64) - 1;
            low = random.nextLong();
        } else {
            low = (low ^ 1L << at) ^ random.nextLong() & below;
        }
        return new Address(a.isV6(), high, low);
    }

    @Test
    void anAddressStaysInItsBlock() {
        Random random = new Random(3);
        for (int i = 0; i < 2_000; i++) {
            Address a = random(random, random.nextBoolean());
            int length = random.nextInt(a.bits() + 1);
            String block = redactor.of(a.network(length) + "/" + length);
            assertTrue(block.endsWith("/" + length), block);
            assertTrue(isIn(redactor.of(a.toString()), block), a + "/" + length + " " + block);
        }
        assertTrue(redactor.of("10.1.2.3/24").matches("10\\.[0-9.]+/24"), "an address with its NIC's prefix length");
    }

    @Test
    void addressesAreFoundInAnyText() {
        for (String text : new String[] {
            "drop tcp %s:51544 → 10.0.5.10:8443 SYN.",
            "from %s.",
            "\"%s\"",
            "[%s]:443",
            "a=%s,b",
            "x%s",
            "%s",
            "(%s)",
            "src=%s;",
            "%s/32",
            "link %s%%eth0",
            "-%s-"
        }) {
            for (String each : new String[] {"203.0.113.9", "2001:db8:77::9", "2001:DB8:77::9", "::ffff:203.0.113.9"}) {
                String done = redactor.of(text.formatted(each));
                assertFalse(done.toLowerCase(Locale.ROOT).contains(each.toLowerCase(Locale.ROOT)), done);
                assertFalse(done.contains("203.0.113.9"), done);
            }
        }
        assertFalse(redactor.of("at 18:14:07:2001:db8:77::9: lost").contains("db8:77::9"));
        assertFalse(
                redactor.of("ip-10-20-30-40.ec2.internal and ip-10-20-30-40").contains("10-20-30-40"));
        assertFalse(redactor.of("version 010.020.030.040").contains("20.030"));
    }

    @Test
    void namesAndSecretsAreGone() {
        String secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        String done = redactor.of("""
                host FW1 and fw1.munich.corp.example.com, peer db.munich.corp.example.com, https://git.corp.de/x, jo@corp.de
                key AKIAIOSFODNN7EXAMPLE secret %s
                aws_secret_access_key = short-one, "token": "t0k3n", password: hunter2
                account: "123456789012", arn:aws:ec2:eu-west-1:123456789012:instance/i-1
                "user" : "alice", "user" : "root", ordered by bob (uid 1000)
                -----BEGIN PRIVATE KEY-----
                MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ
                -----END PRIVATE KEY-----
                link/ether 02:42:AC:11:00:02, 02-42-ac-11-00-03 and 0242.ac11.0004
                """.formatted(secret));
        for (String gone : new String[] {
            "fw1",
            "munich",
            "corp",
            "jo@",
            "AKIA",
            secret,
            "short-one",
            "t0k3n",
            "hunter2",
            "123456789012",
            "alice",
            "bob",
            "MIIE",
            "11:00:02",
            "11-00-03",
            "11.0004"
        }) {
            assertFalse(done.toLowerCase(Locale.ROOT).contains(gone.toLowerCase(Locale.ROOT)), gone + ":\n" + done);
        }
        assertTrue(done.contains("\"user\" : \"root\""), done);
        assertTrue(done.contains("link/ether 02:42:ac:") || done.contains("link/ether 02:42:AC:"), done);
        assertTrue(done.contains("02-42-ac-") && done.contains("0242.ac"), done);
    }

    @Test
    void oneKeyGivesOnePseudonymAndAnotherKeyAnother() {
        String text = "10.20.30.40 jo@corp.de 02:42:ac:11:00:02";
        assertEquals(redactor.of(text), redactor.of(text));
        assertEquals(redactor.of(text), redactor(7).of(text));
        assertNotEquals(redactor.of(text), redactor(8).of(text));
        Set<String> different = new TreeSet<>();
        for (int i = 0; i < 256; i++) {
            different.add(redactor.of("10.20.30." + i));
        }
        assertEquals(256, different.size());
    }
}
