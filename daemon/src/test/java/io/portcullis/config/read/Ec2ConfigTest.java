package io.portcullis.config.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Ec2Api;
import io.portcullis.config.Interface;
import io.portcullis.config.NetworkAcl;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The EC2 endpoint's settings, and ids. The files under {@code bad/} have each fault alone. */
class Ec2ConfigTest {
    private static final String HEAD = """
        version: 1
        interfaces:
          edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
        security-groups: {web: {}}
        """;

    @TempDir
    Path folder;

    private static @Nullable Ec2Api api(String line) throws ConfigException {
        return ConfigReader.parse(HEAD + line + "\n", "test.yaml").ec2Api();
    }

    private static String faults(String yaml) {
        return assertThrows(ConfigException.class, () -> ConfigReader.parse(yaml, "test.yaml"))
                .getMessage();
    }

    private static <T> T only(Map<String, T> all) {
        assertEquals(1, all.size());
        return all.values().iterator().next();
    }

    @Test
    void withoutTheKeyThereIsNoEndpointAndAnEmptyMapHasItsDefaults() throws ConfigException {
        assertNull(api(""));
        assertNull(api("ec2-api: "));
        assertEquals(new Ec2Api("127.0.0.1", 9751, null, null, null, null, Map.of(), 100, null), api("ec2-api: {}"));
        assertEquals(
                Ec2Api.STANDARD,
                api("ec2-api: {listen: , credentials: ~, account: , region: , vpc-id: , subnet-ids: {edge: }, rate: ,"
                        + " tls: }"));
    }

    @Test
    void everySettingHasItsNotation() throws ConfigException {
        assertEquals(
                new Ec2Api(
                        "fw.example.org",
                        443,
                        Path.of("/run/keys"),
                        "012345678901",
                        "eu-central-1",
                        "vpc-0123456789abcdef0",
                        Map.of("edge", "subnet-01234567"),
                        5,
                        new Ec2Api.Tls(Path.of("/etc/a.crt"), Path.of("/etc/a.key"))),
                api("""
                    ec2-api:
                      listen: fw.example.org:443
                      credentials: /run/keys
                      account: 012345678901
                      region: eu-central-1
                      vpc-id: vpc-0123456789abcdef0
                      subnet-ids: {edge: subnet-01234567}
                      rate: 005
                      tls: {cert: /etc/a.crt, key: /etc/a.key}
                    """));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.9.9.9:1", "[::1]:65535", "localhost:0", "[0:0::1]:80"})
    void aLoopbackAddressNeedsNoTls(String listen) throws ConfigException {
        assertNull(Objects.requireNonNull(api("ec2-api: {listen: '" + listen + "'}"))
                .tls());
    }

    @Test
    void severalFilesMayHaveSettingsAndIncludedOnesTheWholeMap() throws IOException, ConfigException {
        Path main = folder.resolve("main.yaml");
        Files.writeString(main, HEAD + "include: [more.yaml]\nec2-api: {rate: 7}\n");
        Path more = folder.resolve("more.yaml");
        Files.writeString(more, "ec2-api: {region: eu-west-1, subnet-ids: {edge: subnet-01234567}}\n");
        Ec2Api api = Objects.requireNonNull(ConfigReader.load(main).ec2Api());
        assertEquals(7, api.rate());
        assertEquals("eu-west-1", api.region());
        Files.writeString(more, "ec2-api: {rate: 8}\n");
        ConfigException twice = assertThrows(ConfigException.class, () -> ConfigReader.load(main));
        assertEquals(
                "more.yaml:1:11: rate: defined twice, first at main.yaml:6:11",
                twice.getMessage().replace(folder + "/", ""));
    }

    @Test
    void allFaultsComeAtOnceAndAFaultyTlsIsNoReasonToAskForOne() {
        assertEquals("""
                test.yaml:5:32: tls: cert is missing: write the absolute path of the certificate, such as\
                 /etc/portcullis/ec2.crt
                test.yaml:5:43: key: a: must be an absolute path such as /etc/portcullis/ec2.key
                test.yaml:5:53: rate: 0: must be the number of calls a second, from 1 to 100000""", faults(HEAD + "ec2-api: {listen: '0.0.0.0:1', tls: {key: a}, rate: 0}\n"));
    }

    @Test
    void groupsInterfacesListsAndAclsHaveTheirIds() throws ConfigException {
        Config config = ConfigReader.parse("""
            version: 1
            interfaces:
              edge:
                id: eni-0123456789abcdef0
                mode: bridge
                outside: eth1
                inside: eth2
                security-groups: [web]
                network-acl: gate
            security-groups:
              web: {id: sg-00000000000000000, ingress: []}
            prefix-lists:
              office:
                id: pl-01234567
                entries: [192.0.2.0/24]
            network-acls:
              gate: {id: acl-01234567}
            """, "test.yaml");
        Interface edge = only(config.interfaces());
        assertEquals("eni-0123456789abcdef0", edge.id());
        assertEquals("sg-00000000000000000", config.group("web").id());
        assertEquals("pl-01234567", config.prefixList("office").id());
        assertEquals(
                List.of(new Cidr(Address.parse("192.0.2.0"), 24)),
                config.prefixList("office").entries());
        NetworkAcl gate = only(config.networkAcls());
        assertEquals("acl-01234567", gate.id());
        assertEquals(
                "eni-0123456789abcdef0",
                only(config.withNicAddresses(Map.of()).interfaces()).id());
    }

    @Test
    void anIdIsOptionalAndAListMayBeAMapWithoutOne() throws ConfigException {
        Config config = ConfigReader.parse(
                HEAD.replace("web: {}", "web: {id: }")
                        + "prefix-lists: {a: [10.0.0.1], b: {entries: [10.0.0.1]}, c: {id: , entries: []}}\n",
                "test.yaml");
        assertNull(config.group("web").id());
        assertNull(config.prefixList("b").id());
        assertEquals(config.prefixList("a").entries(), config.prefixList("b").entries());
        assertEquals(List.of(), config.prefixList("c").entries());
    }

    @Test
    void aLongListIsReadInAMapAsOutsideOfOne() throws ConfigException {
        String lines = IntStream.range(0, 5_000)
                .mapToObj(i -> "      - 10.0." + i / 250 + "." + i % 250 + "\n")
                .collect(Collectors.joining());
        Config config = ConfigReader.parse(
                HEAD + "prefix-lists:\n  long:\n    id: pl-01234567\n    entries:\n" + lines, "test.yaml");
        assertEquals(5_000, config.prefixList("long").entries().size());
        assertEquals("pl-01234567", config.prefixList("long").id());
    }

    @Test
    void anIdOfTwoFilesNamesBothPlaces() throws IOException {
        Path main = folder.resolve("main.yaml");
        Files.writeString(
                main, HEAD.replace("web: {}", "web: {id: sg-0123456789abcdef0}") + "include: [rules.d/*.yaml]\n");
        Path other = Files.createDirectories(folder.resolve("rules.d")).resolve("a.yaml");
        Files.writeString(other, "security-groups:\n  db:\n    id: sg-0123456789abcdef0\n");
        ConfigException twice = assertThrows(ConfigException.class, () -> ConfigReader.load(main));
        assertEquals(
                "rules.d/a.yaml:3:9: id: sg-0123456789abcdef0: is the id of web already, at main.yaml:4:29: db needs"
                        + " another one, or none",
                twice.getMessage().replace(folder + "/", ""));
    }

    /** The interfaces of a file that cannot be read are not known. */
    @Test
    void aSubnetOfAnInterfaceInAMissingFileIsNoFaultOfItsOwn() throws IOException {
        Path main = folder.resolve("main.yaml");
        Files.writeString(main, HEAD + "include: [none.yaml]\nec2-api: {subnet-ids: {core: subnet-01234567}}\n");
        ConfigException refusal = assertThrows(ConfigException.class, () -> ConfigReader.load(main));
        assertEquals(1, refusal.errors().size(), refusal.getMessage());
    }
}
