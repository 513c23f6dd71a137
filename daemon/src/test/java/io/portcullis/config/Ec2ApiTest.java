package io.portcullis.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Ec2ApiTest {
    private static final Path FILE = Path.of("/etc/portcullis/ec2-credentials");
    private static final Ec2Api.Tls TLS = new Ec2Api.Tls(Path.of("/etc/a.crt"), Path.of("/etc/a.key"));

    private static Ec2Api api(
            String host, @Nullable String account, @Nullable String region, int rate, Ec2Api.@Nullable Tls tls) {
        return new Ec2Api(host, 0, FILE, account, region, null, Map.of(), rate, tls);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, true",
        "127.255.255.254, true",
        "126.255.255.255, false",
        "128.0.0.1, false",
        "0.0.0.0, false",
        "::1, true",
        "0:0:0:0:0:0:0:1, true",
        "::, false",
        "::2, false",
        "1::1, false",
        "::ffff:127.0.0.1, false",
        "localhost, true",
        "LocalHost, true",
        "localhost.example.org, false",
        "fw, false",
    })
    void loopbackIsAnAddressOfThisHostOrLocalhost(String host, boolean isLoopback) {
        assertEquals(isLoopback, Ec2Api.isLoopback(host));
    }

    @Test
    void beyondLoopbackThereIsNoEndpointWithoutTls() {
        assertThrows(IllegalArgumentException.class, () -> api("0.0.0.0", null, null, 100, null));
        assertEquals("0.0.0.0", api("0.0.0.0", null, null, 100, TLS).host());
    }

    @Test
    void aValueOutOfItsRangeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> api("", null, null, 100, TLS));
        assertThrows(IllegalArgumentException.class, () -> api("::1", "1234", null, 100, null));
        assertThrows(IllegalArgumentException.class, () -> api("::1", null, "-", 100, null));
        assertThrows(IllegalArgumentException.class, () -> api("::1", null, null, 0, null));
        assertThrows(IllegalArgumentException.class, () -> api("::1", null, null, 100_001, null));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Ec2Api("::1", 65_536, FILE, null, null, null, Map.of(), 1, null));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Ec2Api("::1", 0, FILE, null, null, "vpc-1", Map.of(), 1, null));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Ec2Api("::1", 0, FILE, null, null, null, Map.of("a", "vpc-01234567"), 1, null));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Ec2Api("::1", 0, Path.of("keys"), null, null, null, Map.of(), 1, null));
        assertThrows(IllegalArgumentException.class, () -> new Ec2Api.Tls(Path.of("/a"), Path.of("b")));
    }

    @Test
    void theRegionThatAnswersShowIsTheOneThatCallersMustNameOrUsEast1() {
        assertEquals("us-east-1", Ec2Api.STANDARD.shownRegion());
        assertEquals("eu-north-1", api("::1", null, "eu-north-1", 1, null).shownRegion());
    }

    @Test
    void anIdHasItsPrefixAndEightOrSeventeenDigits() {
        assertTrue(Ec2Api.Kind.GROUP.isId("sg-00000000"));
        assertTrue(Ec2Api.Kind.GROUP.isId("sg-0123456789abcdef0"));
        assertTrue(Ec2Api.Kind.SUBNET.isId("subnet-0123456789abcdef0"));
        assertFalse(Ec2Api.Kind.GROUP.isId("sg-0123456789abcdef"));
        assertFalse(Ec2Api.Kind.GROUP.isId("sg-0123456789abcdef01"));
        assertFalse(Ec2Api.Kind.GROUP.isId("sg-0123456789ABCDEF0"));
        assertFalse(Ec2Api.Kind.GROUP.isId("sg-0123456g"));
        assertFalse(Ec2Api.Kind.GROUP.isId("eni-01234567"));
        assertFalse(Ec2Api.Kind.GROUP.isId("sg-01234567\n"));
        assertFalse(Ec2Api.Kind.GROUP.isId("sg-"));
        assertFalse(Ec2Api.Kind.GROUP.isId(""));
    }
}
