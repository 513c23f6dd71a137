package io.portcullis.config.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.NonValidationKeyword;
import io.portcullis.config.ConfigException;
import io.portcullis.config.TimeoutSettings;
import io.portcullis.net.LinkClass;
import io.portcullis.net.Names;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * {@code config/portcullis.schema.json}, which editors use: it accepts the files that the daemon accepts, and refuses the faults
 * that one file shows. Editors distinguish numbers from texts and the daemon does not, so every file is checked in both ways.
 */
@org.junit.jupiter.api.Tag("slow")
public class SchemaTest {
    private static final Path CONFIG = Path.of("../config");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Schema SCHEMA = schema();

    /** The JSON type of plain scalars. */
    private enum Scalars {
        /** All are texts, as the daemon reads them. */
        TEXT,
        /** Numbers and booleans as in YAML 1.2, as editors read them. */
        TYPED
    }

    private static Schema schema() {
        // The message that editors show instead of "does not match the pattern".
        Dialect dialect = Dialect.builder(Dialects.getDraft202012())
                .keyword(new NonValidationKeyword("errorMessage"))
                .build();
        return SchemaRegistry.withDialect(dialect).getSchema(text());
    }

    private static String text() {
        try {
            return Files.readString(CONFIG.resolve("portcullis.schema.json"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The errors of the schema, either way; empty if the YAML can't be converted to JSON. */
    private static Optional<List<String>> errors(String yaml) {
        List<String> errors = new ArrayList<>();
        for (Scalars scalars : Scalars.values()) {
            Optional<String> json = json(yaml, scalars);
            if (json.isEmpty()) {
                return Optional.empty();
            }
            SCHEMA.validate(json.get(), InputFormat.JSON).forEach(error -> errors.add(scalars + " " + error));
        }
        return Optional.of(errors);
    }

    /** True if the schema accepts a text; fails if that depends on the types of its scalars. */
    private static boolean accepts(String yaml) {
        Set<Boolean> verdicts = new TreeSet<>();
        for (Scalars scalars : Scalars.values()) {
            verdicts.add(SCHEMA.validate(json(yaml, scalars).orElseThrow(), InputFormat.JSON)
                    .isEmpty());
        }
        assertEquals(1, verdicts.size(), () -> "texts and types differ: " + yaml);
        return verdicts.contains(true);
    }

    private static Optional<String> json(String yaml, Scalars scalars) {
        LoaderOptions options = new LoaderOptions();
        options.setWarnOnDuplicateKeys(false);
        DumperOptions dump = new DumperOptions();
        Yaml parser = new Yaml(new SafeConstructor(options), new Representer(dump), dump, options, new Plain(scalars));
        try {
            return Optional.of(JSON.writeValueAsString(jsonable(parser.load(yaml))));
        } catch (YAMLException | NotJson | JsonProcessingException _) {
            return Optional.empty();
        }
    }

    private static @Nullable Object jsonable(@Nullable Object value) throws NotJson {
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> named = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                if (entry.getKey() == null || entry.getKey() instanceof Iterable || entry.getKey() instanceof Map) {
                    throw new NotJson();
                }
                named.put(entry.getKey().toString(), jsonable(entry.getValue()));
            }
            return named;
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> items = new ArrayList<>();
            for (Object item : list) {
                items.add(jsonable(item));
            }
            return items;
        }
        return value;
    }

    /** A key of a map is no name. */
    private static final class NotJson extends Exception {
        private static final long serialVersionUID = 1;
    }

    private static final class Plain extends Resolver {
        Plain(Scalars scalars) {
            if (scalars == Scalars.TYPED) {
                addImplicitResolver(Tag.BOOL, Pattern.compile("true|false"), "tf");
                addImplicitResolver(Tag.INT, Pattern.compile("-?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+"), "-0123456789");
                addImplicitResolver(Tag.FLOAT, Pattern.compile("-?[0-9]+\\.[0-9]*"), "-0123456789");
            }
        }

        @Override
        protected void addImplicitResolvers() {
            addImplicitResolver(Tag.NULL, EMPTY, null);
            addImplicitResolver(Tag.NULL, NULL, "~nN\0");
            addImplicitResolver(Tag.MERGE, MERGE, "<");
        }
    }

    private static void assertAccepted(String what, String yaml) {
        assertEquals(Optional.of(List.of()), errors(yaml), what);
    }

    @Test
    void theSchemaIsOne() {
        Schema meta = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()));
        assertEquals(List.of(), meta.validate(text(), InputFormat.JSON));
    }

    /** An editor shows the title and description of a key, which includes its default. */
    @Test
    void everyKeyIsExplained() throws IOException {
        List<String> silent = new ArrayList<>();
        explained(JSON.readTree(text()), "", silent);
        assertEquals(List.of(), silent);
    }

    private static void explained(JsonNode schema, String path, List<String> silent) {
        boolean closed = schema.path("additionalProperties").isBoolean();
        schema.properties().forEach(entry -> {
            String name = entry.getKey();
            JsonNode child = entry.getValue();
            if (name.equals("properties") && closed) {
                child.properties().forEach(key -> {
                    String description = key.getValue().path("description").asText();
                    boolean isReference =
                            key.getKey().equals("group") || key.getKey().equals("prefix-list");
                    boolean saysDefault =
                            Stream.of("Default", "Required", "required").anyMatch(description::contains);
                    boolean isVersion = key.getKey().equals("version");
                    if (!key.getValue().has("title") || !(saysDefault || isReference || isVersion)) {
                        silent.add(path + "/" + key.getKey());
                    }
                });
            }
            if (child.isContainerNode() && !name.equals("examples")) {
                explained(child, path + "/" + name, silent);
            }
        });
        if (schema.isArray()) {
            schema.forEach(item -> explained(item, path, silent));
        }
    }

    private static Stream<Path> good() throws IOException {
        try (Stream<Path> examples = Files.list(CONFIG.resolve("examples"))) {
            return Stream.concat(Stream.of(CONFIG.resolve("portcullis.yaml")), examples.sorted().toList().stream());
        }
    }

    @ParameterizedTest
    @MethodSource("good")
    void anExampleNamesTheSchemaAndKeepsToIt(Path file) throws IOException {
        String yaml = Files.readString(file);
        String relative = file.getParent() == null || file.getParent().endsWith("examples") ? "../" : "./";
        assertTrue(
                yaml.startsWith("# yaml-language-server: $schema=" + relative + "portcullis.schema.json\n"),
                "first line");
        assertAccepted(file.toString(), yaml);
    }

    @ParameterizedTest
    @MethodSource("good")
    void anExampleIsValidWithoutWarnings(Path file) throws ConfigException {
        assertEquals(List.of(), ConfigReader.load(file).warnings());
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/bad/expected.csv", delimiter = '|', quoteCharacter = '`')
    void aBadFileIsRefusedWhereOneFileShowsIt(String file, String expected, String seenBy)
            throws IOException, URISyntaxException {
        URL resource = Objects.requireNonNull(SchemaTest.class.getResource("/bad/" + file), file);
        String yaml = Files.readString(Path.of(resource.toURI()));
        boolean refuses = errors(yaml).isPresent() && !accepts(yaml);
        if (refuses && !seenBy.equals("schema")) {
            fail(file + ": the schema refuses it, and the table says " + seenBy + ": " + errors(yaml) + " " + expected);
        }
        if (!refuses && seenBy.equals("schema")) {
            fail(file + ": the schema accepts it: " + expected);
        }
    }

    private static final String HEAD = """
        version: 1
        interfaces:
          edge: {mode: bridge, outside: eth1, inside: eth2, security-groups: [web], addresses: [10.0.0.1, "fd00::1"]}
        """;

    private static String group(String rest) {
        return HEAD + "security-groups: {web: {" + rest + "}}\nprefix-lists: {office: [192.0.2.0/24]}\n";
    }

    private static String edge(String keys) {
        return "version: 1\ninterfaces: {edge: {security-groups: [web], " + keys + "}}\nsecurity-groups: {web: {}}\n";
    }

    private static String top(String line) {
        return HEAD + "security-groups: {web: {}}\n" + line + "\n";
    }

    /** Schema and daemon agree about a text that is complete in itself. */
    private static void assertAgree(String yaml) {
        String refusal = "";
        try {
            ConfigReader.parse(yaml, "test.yaml");
        } catch (ConfigException e) {
            refusal = e.getMessage();
        }
        assumeTrue(!refusal.contains("not implemented yet"), refusal);
        String daemon = refusal;
        assertEquals(daemon.isEmpty(), accepts(yaml), () -> yaml + daemon + errors(yaml));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "protocol: tcp, ports: 0, from: any",
                "protocol: tcp, ports: 00080, from: any",
                "protocol: TCP, ports: 65535, from: any",
                "protocol: tcp, ports: '65536', from: any",
                "protocol: tcp, ports: '0-65535', from: any",
                "protocol: tcp, ports: 9-10, from: any",
                "protocol: tcp, ports: 10-9, from: any",
                "protocol: tcp, ports: 100-99, from: any",
                "protocol: tcp, ports: 12345-12344, from: any",
                "protocol: tcp, ports: 12345-12345, from: any",
                "protocol: tcp, ports: 08-009, from: any",
                "protocol: tcp, ports: 20-030, from: any",
                "protocol: tcp, ports: 80-, from: any",
                "protocol: tcp, ports: '80,443', from: any",
                "protocol: tcp, ports: 80 - 90, from: any",
                "protocol: tcp, ports: 80:90, from: any",
                "protocol: tcp, ports: 80.5, from: any",
                "protocol: tcp, ports: HTTPS, from: any",
                "protocol: tcp, ports: ['', 80], from: any",
                "protocol: tcp, ports: [[80]], from: any",
                "protocol: tcp, ports: [80, ~], from: any",
                "protocol: tcp, ports: , from: any",
                "protocol: sctp, ports: diameter, from: any",
                "protocol: 6, ports: 80, from: any",
                "protocol: '017', ports: 80, from: any",
                "protocol: 132, ports: 80, from: any",
                "protocol: 16, ports: 80, from: any",
                "protocol: gre, ports: 80, from: any",
                "protocol: gre, ports: , from: any",
                "protocol: gre, type: 8, from: any",
                "protocol: ALL, from: any",
                "protocol: 255, from: any",
                "protocol: -1, from: any",
                "protocol: IPv6-ICMP, type: PING, from: any",
                "protocol: ax.25, from: any",
                "protocol: TP++, from: any",
                "protocol: ax225, from: any",
                "protocol: , from: any",
                "protocol: true, from: any",
                "protocol: icmp, type: 255, code: 255, from: any",
                "protocol: icmp, type: 256, from: any",
                "protocol: icmp, type: 8, code: 256, from: any",
                "protocol: icmp, type: 8, code: x, from: any",
                "protocol: icmp, type: , code: 0, from: any",
                "protocol: icmp, type: 8, code: , from: any",
                "protocol: icmp, code: , from: any",
                "protocol: icmp, type: packet-too-big, from: any",
                "protocol: icmpv6, type: packet-too-big, from: any",
                "protocol: icmpv6, type: source-quench, from: any",
                "protocol: icmpv6, type: [1], from: any",
                "protocol: icmp, from: 'fd00::/8'",
                "protocol: icmp, from: [10.0.0.0/8, 'fd00::/8']",
                "protocol: icmp, from: [10.0.0.0/8, {group: web}, any]",
                "protocol: icmpv6, from: [any, 'fd00::/8', {prefix-list: office}]",
                "protocol: icmpv6, from: ['fd00::/8', 10.0.0.0/8]",
                "protocol: 1, from: 'fd00::/8'",
                "protocol: all, from: ANY",
                "protocol: all, from: 10",
                "protocol: all, from: [any, any]",
                "protocol: all, from: ",
                "protocol: all, from: [~]",
                "protocol: all, from: {}",
                "protocol: all, from: {group: web, prefix-list: }",
                "protocol: all, from: {prefix-list: office, group: ~}",
                "protocol: all, from: [{group: web}, {prefix-list: office}]",
                "protocol: all, from: {group: [web]}",
                "protocol: all, from: {group: web, x: }",
                "protocol: all, from: any, description: 5",
                "protocol: all, from: any, description: true",
                "protocol: all, from: any, description: ",
                "protocol: all, from: any, description: {}",
                "protocol: all, from: any, to: ",
                "protocol: all, from: any, ports: ",
                "protocol: all, from: any, x: ",
            })
    void schemaAndDaemonAgreeAboutRules(String rule) {
        assertAgree(group("ingress: [{" + rule + "}]"));
        assertAgree(group("egress: [{" + rule.replace("to:", "x:").replace("from:", "to:") + "}]"));
        assertAgree(top("failsafe: {ingress: [{" + rule + "}]}\nprefix-lists: {office: [192.0.2.0/24]}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ingress: , egress: , members: , description: ",
                "ingress: [], egress: [], members: []",
                "ingress: [~]",
                "members: [any]",
                "members: [10.0.0.0/8, 'fd00::1', 0.0.0.0/0, '::/0']",
                "members: 10.0.0.1",
                "members: [{group: web}]",
                "members: [10.0.0.1/32, 10.0.0.2/032]",
                "id: sg-01234567",
                "id: ",
                "id: 01234567",
                "id: sg-012345678",
                "rules: []",
            })
    void schemaAndDaemonAgreeAboutGroups(String keys) {
        assertAgree(group(keys));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mode: host, nic: eth0",
                "mode: host, nic: 5",
                "mode: host, nic: ",
                "mode: host, nic: ..",
                "mode: host, nic: ...",
                "mode: host, nic: 'eth 0'",
                "mode: host, nic: eth0:1",
                "mode: host, nic: abcdefghijklmno",
                "mode: host, nic: eth0, outside: ",
                "mode: host, nic: eth0, outside: , inside: , link-state: , learn: ",
                "mode: host, nic: eth0, learn: 5s",
                "mode: host, nic: eth0, link-state: follow",
                "mode: host, nic: eth0, attach: tcx, adopt-established: 'false'",
                "mode: host, nic: eth0, attach: xdp",
                "mode: host, nic: eth0, attach: , adopt-established: ",
                "mode: host, nic: eth0, adopt-established: 1",
                "mode: Host, nic: eth0",
                "mode: , nic: eth0",
                "mode: bridge, outside: a, inside: b",
                "mode: bridge, outside: a, inside: b, nic: , attach: , adopt-established: ",
                "mode: bridge, outside: a, inside: b, attach: auto",
                "mode: bridge, outside: a, inside: b, adopt-established: true",
                "mode: bridge, outside: a",
                "mode: bridge, outside: a, inside: [b]",
                "mode: bridge, outside: a, inside: b, learn: 30d",
                "mode: bridge, outside: a, inside: b, learn: 31d",
                "mode: bridge, outside: a, inside: b, learn: 720h",
                "mode: bridge, outside: a, inside: b, learn: 721h",
                "mode: bridge, outside: a, inside: b, learn: 43200m",
                "mode: bridge, outside: a, inside: b, learn: 43201m",
                "mode: bridge, outside: a, inside: b, learn: 2592000s",
                "mode: bridge, outside: a, inside: b, learn: 2592001s",
                "mode: bridge, outside: a, inside: b, learn: 2592000000ms",
                "mode: bridge, outside: a, inside: b, learn: 2592000001ms",
                "mode: bridge, outside: a, inside: b, learn: 0s",
                "mode: bridge, outside: a, inside: b, learn: 0",
                "mode: bridge, outside: a, inside: b, learn: 1 s",
                "mode: bridge, outside: a, inside: b, learn: 1w",
                "mode: bridge, outside: a, inside: b, learn: 007s",
                "mode: host, nic: a, workers: 64",
                "mode: host, nic: a, workers: 0",
                "mode: host, nic: a, workers: '064'",
                "mode: host, nic: a, workers: Auto",
                "mode: host, nic: a, workers: 1, datapath: pcap, busy-poll: false",
                "mode: host, nic: a, workers: auto, datapath: pcap, busy-poll: ",
                "mode: host, nic: a, workers: , datapath: pcap",
                "mode: host, nic: a, workers: '2', datapath: pcap",
                "mode: host, nic: a, busy-poll: 'true', datapath: pcap",
                "mode: host, nic: a, busy-poll: true, datapath: ",
                "mode: host, nic: a, busy-poll: True",
                "mode: host, nic: a, offload: auto, datapath: ring",
                "mode: host, nic: a, offload: auto, datapath: pcap",
                "mode: host, nic: a, offload: off, datapath: pcap",
                "mode: host, nic: a, offload: , datapath: pcap",
                "mode: host, nic: a, offload: false",
                "mode: host, nic: a, offload: Auto",
                "mode: host, nic: a, enforce: 'true'",
                "mode: host, nic: a, enforce: ",
                "mode: host, nic: a, enforce: false",
                "mode: host, nic: a, enforce: audit",
                "mode: host, nic: a, on-failure: open, source-check: true, checksums: trust",
                "mode: host, nic: a, on-failure: failsafe",
                "mode: host, nic: a, on-failure: true",
                "mode: host, nic: a, network-acl: ",
                "mode: host, nic: a, network-acl: [a]",
                "mode: host, nic: a, pass-through: [arp, arp, other, ndp-redirect, dhcp-server]",
                "mode: host, nic: a, pass-through: []",
                "mode: host, nic: a, pass-through: [ARP]",
                "mode: host, nic: a, pass-through: [~]",
                "mode: host, nic: a, pass-through: ",
                "mode: host, nic: a, pass-through: arp",
                "mode: host, nic: a, ethertypes: [0x600, 0xffff, 0X88F7, 1536, 65535, '0x088f7']",
                "mode: host, nic: a, ethertypes: [1535]",
                "mode: host, nic: a, ethertypes: [65536]",
                "mode: host, nic: a, ethertypes: [0x5ff]",
                "mode: host, nic: a, ethertypes: [0x10000]",
                "mode: host, nic: a, ethertypes: [0x88f]",
                "mode: host, nic: a, ethertypes: [88f7]",
                "mode: host, nic: a, ethertypes: [0x800]",
                "mode: host, nic: a, ethertypes: [0x8000, 0x8060, 0x8001]",
                "mode: host, nic: a, ethertypes: ['0x00086DD']",
                "mode: host, nic: a, ethertypes: ['33024']",
                "mode: host, nic: a, ethertypes: [34984]",
                "mode: host, nic: a, ethertypes: 0x88f7",
                "mode: host, nic: a, timeouts: {udp: 1s, other: 2592000s, icmpv6: , fragment: '30d'}",
                "mode: host, nic: a, timeouts: {udp: 0s}",
                "mode: host, nic: a, timeouts: {udp: 999ms}",
                "mode: host, nic: a, timeouts: {udp: 1000ms}",
                "mode: host, nic: a, timeouts: {nonsense: }",
                "mode: host, nic: a, timeouts: ",
                "mode: host, nic: a, timeouts: 5s",
                "mode: host, nic: a, id: eni-0123456789abcdef0",
                "mode: host, nic: a, id: ",
                "mode: host, nic: a, id: sg-0123456789abcdef0",
                "mode: host, nic: a, addresses: ",
                "mode: host, nic: a, addresses: [any]",
            })
    void schemaAndDaemonAgreeAboutInterfaces(String keys) {
        assertAgree(edge(keys));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "interfaces: {edge: }",
                "interfaces: {5: {mode: host, nic: a, security-groups: [web]}}",
                "interfaces: {'a b': {mode: host, nic: a, security-groups: [web]}}",
                "interfaces: {'a|b': {mode: host, nic: a, security-groups: [web]}}",
                "interfaces: {'._-:/()#,@[]+=&;{}!$*': {mode: host, nic: a, security-groups: [web]}}",
                "interfaces: {käse: {mode: host, nic: a, security-groups: [web]}}",
                "interfaces: {a: {mode: host, nic: a, security-groups: }}",
                "interfaces: {a: {mode: host, nic: a, security-groups: [~]}}",
                "interfaces: {a: {mode: host, nic: a, security-groups: [[web]]}}",
            })
    void schemaAndDaemonAgreeAboutNamesOfInterfaces(String line) {
        assertAgree("version: 1\nsecurity-groups: {web: {}}\n" + line + "\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prefix-lists: {a b: , c: [], 7: [10.0.0.1]}",
                "prefix-lists: {'a%b': []}",
                "prefix-lists: []",
                "prefix-lists: ",
                "failsafe: ",
                "failsafe: {ingress: , egress: }",
                "failsafe: {ingress: {}}",
                "failsafe: {members: []}",
                "failsafe: []",
                "conntrack: ",
                "conntrack: {max-flows: , tcp-strict: , timeouts: , on-reload: , directory: }",
                "conntrack: {max-flows: auto, tcp-strict: 'false', timeouts: {}, on-reload: keep, directory:"
                        + " /run/portcullis}",
                "conntrack: {max-flows: 1000000000}",
                "conntrack: {max-flows: 1000000001}",
                "conntrack: {max-flows: '1000000001'}",
                "conntrack: {max-flows: '01'}",
                "conntrack: {max-flows: 1.5}",
                "conntrack: {max-flows: 1_000}",
                "conntrack: {on-reload: recheck}",
                "conntrack: {on-reload: drop}",
                "conntrack: {tcp-strict: TRUE}",
                "conntrack: {udp: 5s}",
                "conntrack: [5]",
                "metrics: {listen: , rule-hits: }",
                "metrics: {listen: localhost:0}",
                "metrics: {listen: host-1.example:65535}",
                "metrics: {listen: host:65536}",
                "metrics: {listen: host:000080}",
                "metrics: {listen: host:00080}",
                "metrics: {listen: '[::]:1'}",
                "metrics: {listen: '[::ffff:10.0.0.1]:1'}",
                "metrics: {listen: '[10.0.0.1]:1'}",
                "metrics: {listen: '::1:80'}",
                "metrics: {listen: '[::1]'}",
                "metrics: {listen: '[::g]:1'}",
                "metrics: {listen: '*:80'}",
                "metrics: {listen: 10.0.0:80}",
                "metrics: {listen: 9750}",
                "metrics: {rule-hits: 'false'}",
                "metrics: {rule-hits: top 1}",
                "metrics: {rule-hits: top 1000000}",
                "metrics: {rule-hits: top 1000001}",
                "metrics: {rule-hits: top 0}",
                "metrics: {rule-hits: top 007}",
                "metrics: {rule-hits: top  7}",
                "metrics: {rule-hits: top}",
                "metrics: {rule-hits: 7}",
                "metrics: {rule-hits: [top, 7]}",
                "control: {socket: /}",
                "control: {socket: ''}",
                "control: {socket: [/a]}",
                "control: {socket: }",
                "control: {path: /a}",
                "control: {admins: fw-admins}",
                "control: {admins: _Fw.Admins$}",
                "control: {admins: true}",
                "control: {admins: }",
                "control: {admins: ''}",
                "control: {admins: 100}",
                "control: {admins: 1e5}",
                "control: {admins: -fw}",
                "control: {admins: fw$admins}",
                "control: {admins: the admins}",
                "control: {admins: a123456789012345678901234567890b}",
                "control: {admins: a123456789012345678901234567890bc}",
                "control: {admins: [fw-admins]}",
                "history: {keep: 1}",
                "history: {keep: 10000}",
                "history: {keep: '007'}",
                "history: {keep: }",
                "history: ",
                "history: {keep: 0}",
                "history: {keep: 10001}",
                "history: {keep: all}",
                "history: {kept: 1}",
                "log: {level: , drops: }",
                "log: {level: INFO}",
                "log: {level: trace, drops: off}",
                "log: {drops: false}",
                "log: info",
                "ec2-api: ",
                "ec2-api: {}",
                "ec2-api: []",
                "ec2-api: {listen: , credentials: , account: , region: , vpc-id: , subnet-ids: , rate: , tls: }",
                "ec2-api: {listen: '127.0.0.1:9751', credentials: /run/keys, account: 123456789012, region: eu-west-1, rate: 1}",
                "ec2-api: {listen: '127.1.2.3:0'}",
                "ec2-api: {listen: '[::1]:9751'}",
                "ec2-api: {listen: '[0:0:0:0:0:0:0:1]:9751'}",
                "ec2-api: {listen: '[::0.0.0.1]:9751'}",
                "ec2-api: {listen: '[::2]:9751'}",
                "ec2-api: {listen: '[::ffff:127.0.0.1]:9751'}",
                "ec2-api: {listen: '[0::01]:9751'}",
                "ec2-api: {listen: '[1::1]:9751'}",
                "ec2-api: {listen: LocalHost:1}",
                "ec2-api: {listen: localhost.:1}",
                "ec2-api: {listen: 128.0.0.1:1}",
                "ec2-api: {listen: 12.70.0.1:1}",
                "ec2-api: {listen: fw:1}",
                "ec2-api: {listen: fw:1, tls: {cert: /a, key: /b}}",
                "ec2-api: {listen: fw:1, tls: }",
                "ec2-api: {listen: fw:1, tls: {cert: /a, key: }}",
                "ec2-api: {tls: {}}",
                "ec2-api: {tls: {cert: /a}}",
                "ec2-api: {tls: {cert: /a, key: b}}",
                "ec2-api: {tls: {cert: /a, key: /b, ca: /c}}",
                "ec2-api: {credentials: keys}",
                "ec2-api: {credentials: 5}",
                "ec2-api: {account: '012345678901'}",
                "ec2-api: {account: 1234567890123}",
                "ec2-api: {account: 12345678901}",
                "ec2-api: {account: a12345678901}",
                "ec2-api: {region: local}",
                "ec2-api: {region: true}",
                "ec2-api: {region: us-east-1a-}",
                "ec2-api: {region: Us-east-1}",
                "ec2-api: {region: 1}",
                "ec2-api: {region: [us-east-1]}",
                "ec2-api: {vpc-id: vpc-01234567}",
                "ec2-api: {vpc-id: vpc-0123456789abcdef0}",
                "ec2-api: {vpc-id: vpc-012345678}",
                "ec2-api: {vpc-id: 5}",
                "ec2-api: {subnet-ids: {edge: subnet-01234567}}",
                "ec2-api: {subnet-ids: {edge: }}",
                "ec2-api: {subnet-ids: {edge: vpc-01234567}}",
                "ec2-api: {subnet-ids: {}}",
                "ec2-api: {subnet-ids: []}",
                "ec2-api: {rate: 100000}",
                "ec2-api: {rate: '0100'}",
                "ec2-api: {rate: 100001}",
                "ec2-api: {rate: 0}",
                "ec2-api: {rate: 1.5}",
                "ec2-api: {regions: []}",
                "prefix-lists: {a: {id: pl-01234567, entries: [10.0.0.1]}}",
                "prefix-lists: {a: {id: , entries: []}}",
                "prefix-lists: {a: {entries: [any]}}",
                "prefix-lists: {a: {entries: }}",
                "prefix-lists: {a: {entries: 10.0.0.1}}",
                "prefix-lists: {a: {id: pl-01234567}}",
                "prefix-lists: {a: {id: sg-01234567, entries: []}}",
                "prefix-lists: {a: {entries: [], name: b}}",
                "prefix-lists: {a: {10.0.0.1}}",
                "prefix-lists: {a: {}}",
                "network-acls: {a: {id: acl-01234567}}",
                "network-acls: {a: {id: acl-0123456789ABCDEF0}}",
                "network-acls: {a: {id: }}",
                "mark: 1/0xffffffff",
                "mark: 4294967295/4294967295",
                "mark: 4294967296/4294967295",
                "mark: 0XffFF/0x00000000ffff",
                "mark: 0x1ffffffff/1",
                "mark: 0/0xff",
                "mark: 0x00/0xff",
                "mark: 1/0",
                "mark: 1/0x00",
                "mark: 1/",
                "mark: 1/2/3",
                "mark: [1/1]",
                "mark: {}",
                "mark: 10/0x0f0a",
                "network-acls: ",
                "network-acls: {}",
                "expect: ",
                "expect: []",
                "? ",
                "ähnlich: 1",
            })
    void schemaAndDaemonAgreeAboutTheRest(String line) {
        String yaml = top(line);
        assumeTrue(errors(yaml).isPresent());
        assertAgree(yaml);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "version: 1",
                "version: '1'",
                "version: 01",
                "version: true",
                "version: one",
                "version: [1]",
            })
    void schemaAndDaemonAgreeAboutTheVersion(String line) {
        assertAgree(top("").replace("version: 1", line));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{rule: 1, action: allow, protocol: tcp, ports: 1024-65535, from: 0.0.0.0/0}",
                "{rule: '32766', action: deny, protocol: all, from: '::/0', description: all}",
                "{rule: 5, action: deny, protocol: icmp, type: echo-request, code: 0, from: 10.0.0.1}",
                "{rule: 0, action: allow, protocol: tcp, from: 0.0.0.0/0}",
                "{rule: 32767, action: allow, protocol: tcp, from: 0.0.0.0/0}",
                "{rule: a, action: allow, protocol: tcp, from: 0.0.0.0/0}",
                "{rule: , action: allow, protocol: tcp, from: 0.0.0.0/0}",
                "{rule: 5, action: drop, protocol: tcp, from: 0.0.0.0/0}",
                "{rule: 5, action: , protocol: tcp, from: 0.0.0.0/0}",
                "{rule: 5, protocol: tcp, from: 0.0.0.0/0}",
                "{action: allow, protocol: tcp, from: 0.0.0.0/0}",
                "{rule: 5, action: allow, from: 0.0.0.0/0}",
                "{rule: 5, action: allow, protocol: tcp}",
                "{rule: 5, action: allow, protocol: tcp, from: }",
                "{rule: 5, action: allow, protocol: tcp, from: any}",
                "{rule: 5, action: allow, protocol: tcp, from: [0.0.0.0/0]}",
                "{rule: 5, action: allow, protocol: tcp, from: {group: web}}",
                "{rule: 5, action: allow, protocol: tcp, to: 0.0.0.0/0}",
                "{rule: 5, action: allow, protocol: all, ports: 80, from: 0.0.0.0/0}",
                "{rule: 5, action: allow, protocol: icmp, from: '::/0'}",
                "{rule: 5, action: allow, protocol: icmp, code: 5, from: 0.0.0.0/0}",
                "5",
            })
    void schemaAndDaemonAgreeAboutEntries(String entry) {
        assertAgree(top("network-acls: {edge-acl: {ingress: [" + entry
                + "]}, other: }\nprefix-lists: {office: [192.0.2.0/24]}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{ingress: {protocol: tcp, ports: 22, from: any}, verdict: deny}",
                "{interface: edge, egress: {to: [198.51.100.0/24, {group: web}]}, verdict: allow, why: 5}",
                "{interface: , ingress: {}, egress: , why: , verdict: deny}",
                "{ingress: {protocol: , ports: , type: , code: , from: }, verdict: deny}",
                "{ingress: {protocol: icmp, type: 8, code: 0}, verdict: deny}",
                "{verdict: allow}",
                "{egress: {}}",
                "{ingress: {}, verdict: }",
                "{ingress: {}, verdict: maybe}",
                "{ingress: {}, egress: {}, verdict: deny}",
                "{ingress: {protocol: tcp, ports: 22, to: any}, verdict: deny}",
                "{ingress: {ports: 22}, verdict: deny}",
                "{ingress: {protocol: , ports: 22}, verdict: deny}",
                "{ingress: {type: 8}, verdict: deny}",
                "{ingress: {protocol: tcp, type: 8}, verdict: deny}",
                "{ingress: {protocol: icmp, code: 8}, verdict: deny}",
                "{ingress: {protocol: tpc}, verdict: deny}",
                "{ingress: {protocol: icmp, from: '::/0'}, verdict: deny}",
                "{ingress: {from: []}, verdict: deny}",
                "{ingress: {description: a}, verdict: deny}",
                "{ingress: [], verdict: deny}",
                "{interface: [edge], verdict: deny}",
                "{verdict: allow, because: a}",
                "deny",
                "~",
            })
    void schemaAndDaemonAgreeAboutTheFormOfClaims(String claim) {
        String yaml = top("expect: [" + claim + "]");
        String refusal = "";
        try {
            ConfigReader.parse(yaml, "test.yaml");
        } catch (ConfigException e) {
            refusal = e.getMessage();
        }
        assumeTrue(!refusal.contains("not implemented yet"), refusal);
        // A broken claim has the right form; only the daemon reports it, at its location.
        String daemon = refusal.contains("broken") ? "" : refusal;
        assertEquals(daemon.isEmpty(), accepts(yaml), () -> yaml + daemon + errors(yaml));
    }

    /** The schema knows the keys that the daemon does not read yet. */
    @Test
    void entriesAndClaimsHaveTheirForm() {
        assertAccepted("ACL", top("""
            network-acls:
              edge-acl:
                ingress: [{rule: 1, action: allow, protocol: tcp, ports: [80, 443], from: 0.0.0.0/0, description: a}]
                egress: [{rule: "2", action: deny, protocol: 58, type: 1, to: "::/0"}]
              none:
            expect:
              - {interface: edge, ingress: {protocol: tcp, ports: 22, from: any}, verdict: deny, why: a}
              - {egress: {}, verdict: allow}
              - {verdict: deny}
            conntrack: {on-reload: recheck}
            """));
        for (String bad : List.of(
                "network-acls: {a: {ingress: [{rule: 0, action: allow, protocol: tcp, from: 0.0.0.0/0}]}}",
                "network-acls: {a: {ingress: [{rule: 1, action: allow, protocol: tcp, from: {group: web}}]}}",
                "network-acls: {a: {ingress: [{rule: 1, action: allow, protocol: tcp, from: []}]}}",
                "network-acls: {a: {ingress: }}",
                "network-acls: {a: {egress: ~}}",
                "prefix-lists: {office: }",
                "failsafe: {ingress: }",
                "expect: ",
                "conntrack: ",
                "conntrack: {on-reload: }",
                "network-acls: {a: {ingress: [{rule: 1, action: allow, protocol: all, ports: 1, from: 0.0.0.0/0}]}}",
                "network-acls: {a: {egress: [{rule: 1, action: allow, protocol: tcp, from: 0.0.0.0/0}]}}",
                "network-acls: {a: {egress: [{rule: 1, protocol: tcp, to: 0.0.0.0/0}]}}",
                "network-acls: []",
                "network-acls: {a: {description: b}}",
                "expect: {}",
                "expect: [{egress: {}}]",
                "expect: [{ingress: {ports: 22}, verdict: deny}]",
                "expect: [{ingress: {}, egress: {}, verdict: deny}]",
                "expect: [{ingress: {to: any}, verdict: deny}]")) {
            assertFalse(accepts(top(bad)), bad);
        }
    }

    @Test
    void aFileThatIsIncludedNeedsNeitherVersionNorInterfaces() {
        assertAccepted("included", "security-groups: {db: {members: [10.0.0.1]}}\nlog: {drops: off}\n");
        assertAccepted("first", "version: 1\ninclude: [\"rules.d/{b,a}.yaml\", \"[a-z]*.yaml\", a.yaml]\n");
        assertAccepted("merge", """
            version: 1
            interfaces:
              edge: &bridge {mode: bridge, outside: eth1, inside: eth2, security-groups: [web]}
              core: {<<: *bridge, outside: eth3, inside: eth4}
            security-groups:
              web:
                ingress:
                  - &rule {protocol: tcp, ports: 80, from: &office [192.0.2.0/24, 198.51.100.0/24]}
                  - {<<: [{ports: 81}, *rule], description: second}
            """);
        assertFalse(accepts("include: [\"a[.yaml\"]\n"));
        assertFalse(accepts("include: [\"{a.yaml\"]\n"));
        assertFalse(accepts("include: [~]\n"));
    }

    /** A new name in a table of the daemon has to be added to the schema. */
    @Test
    void everyNameThatTheDaemonKnowsIsKnown() {
        List<String> rules = new ArrayList<>();
        for (String name : Names.PROTOCOLS.names("")) {
            rules.add("protocol: \"" + name + "\"");
        }
        for (String icmp : List.of("icmp", "icmpv6")) {
            Names.ICMP_TYPES.names(icmp).forEach(name -> rules.add("protocol: " + icmp + ", type: " + name));
        }
        for (String transport : List.of("tcp", "udp", "sctp")) {
            Names.SERVICES
                    .names(transport)
                    .forEach(name -> rules.add("protocol: " + transport + ", ports: \"" + name + "\""));
        }
        String classes = Stream.of(LinkClass.values()).map(LinkClass::key).collect(Collectors.joining(", "));
        String timeouts = String.join(": 5s, ", TimeoutSettings.KEYS) + ": 5s";
        assertAccepted(
                "words", edge("mode: host, nic: a, pass-through: [" + classes + "], timeouts: {" + timeouts + "}"));
        String all = String.join(", from: any}\n      - {", rules);
        String yaml = HEAD + "security-groups:\n  web:\n    ingress:\n      - {" + all + ", from: any}\n";
        assertAccepted("names", yaml);
        assertAccepted(
                "upper case",
                yaml.replace(
                        all,
                        all.toUpperCase(Locale.ROOT)
                                .replace("PROTOCOL:", "protocol:")
                                .replace("TYPE:", "type:")
                                .replace("PORTS:", "ports:")
                                .replace("FROM: ANY", "from: any")));
    }

    /** Addresses as people type them, right and wrong: one character more, less or changed makes most of them wrong. */
    @Test
    @org.junit.jupiter.api.Tag("property")
    void schemaAndDaemonAgreeAboutAddresses() {
        List<String> sound = List.of(
                "10.0.0.1",
                "255.249.199.0",
                "0.0.0.0",
                "::",
                "::1",
                "1::",
                "2001:db8::53",
                "2001:db8:1:2:3:4:5:6",
                "1:2:3:4:5:6:7::",
                "::2:3:4:5:6:7:8",
                "1:2:3:4:5:6:198.51.100.7",
                "1::3:198.51.100.7",
                "::198.51.100.7",
                "1:2:3:4:5::198.51.100.7",
                "::ffff:10.0.0.1",
                "::ffff:1:2",
                "::ffff:1",
                "::fffe:1:2",
                "0:0:0:0:0:ffff:1:2",
                "0:0:0:0:0:FFFF::",
                "0::ffff:10.0.0.1",
                "0::0:ffff:1:2",
                "::ffff:0:1:2",
                "10.0.0.0/8",
                "::/0",
                "0.0.0.0/0",
                "2001:db8::/32",
                "::ffff:0:0/96",
                "10.0.0.1/32",
                "::1/128");
        String pieces = "0123456789abcfF:./:.- g";
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Set<String> texts = new TreeSet<>(sound);
        while (texts.size() < 6_000) {
            StringBuilder text = new StringBuilder(sound.get(random.nextInt(sound.size())));
            for (int edits = random.nextInt(3); edits >= 0; edits--) {
                int at = random.nextInt(text.length() + 1);
                int end = Math.min(text.length(), at + random.nextInt(3));
                int piece = random.nextInt(pieces.length());
                text.replace(at, end, random.nextBoolean() ? pieces.substring(piece, piece + 1) : "");
                if (text.isEmpty()) {
                    text.append('0');
                }
            }
            texts.add(text.toString());
        }
        List<String> list = List.copyOf(texts);
        boolean[] refused = new boolean[list.size()];
        String json = "{\"prefix-lists\": {\"a\": [\"" + String.join("\", \"", list) + "\"]}}";
        SCHEMA.validate(json, InputFormat.JSON)
                .forEach(error -> refused[
                        Integer.parseInt(Arrays.asList(
                                        error.getInstanceLocation().toString().split("/", -1))
                                .getLast())] = true);
        int both = 0;
        for (int i = 0; i < list.size(); i++) {
            String text = list.get(i);
            String refusal = "";
            try {
                ConfigReader.parse(top("prefix-lists: {a: ['" + text + "']}"), "test.yaml");
                both++;
            } catch (ConfigException e) {
                refusal = e.getMessage();
            }
            // Arithmetic is the daemon's.
            if (!refusal.contains("has bits set after")) {
                assertEquals(!refusal.isEmpty(), refused[i], text + ", seed " + seed + ": " + refusal);
            }
        }
        assertTrue(both > 100, "seed " + seed);
    }
}
