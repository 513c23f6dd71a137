package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** import and export as typed. */
final class TransferCommandsTest {
    private static final String GROUPS = """
            {"SecurityGroups": [{"GroupId": "sg-11111111", "GroupName": "web", "Description": "the site",
              "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
              "IpPermissionsEgress": [], "Tags": [{"Key": "env", "Value": "prod"}]}]}
            """;
    private static final String TEMPLATE = """
            {"ImageId": "ami-1", "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-11111111"]}]}
            """;
    private static final String YAML = """
            version: 1

            interfaces:
              web0:
                mode: host
                nic: eth0
                security-groups: [web]

            security-groups:
              web:
                id: sg-11111111
                description: "the site"
                ingress:
                  - {protocol: tcp, ports: 80, from: 0.0.0.0/0}
                egress: []
            """;

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path groups;
    private Path template;
    private Path config;

    @BeforeEach
    void write() throws IOException {
        groups = Files.writeString(folder.resolve("groups.json"), GROUPS);
        template = Files.writeString(folder.resolve("launch-template.json"), TEMPLATE);
        config = Files.writeString(folder.resolve("rules.yaml"), YAML);
    }

    private int run(Object... words) {
        String[] typed = new String[words.length];
        for (int i = 0; i < words.length; i++) {
            typed[i] = words[i].toString();
        }
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Cli.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(typed);
    }

    private String printed(StringWriter where) {
        return where.toString().replace(folder.toString() + "/", "");
    }

    @Test
    void importPrintsAConfigurationAndReportsTheRest() {
        assertEquals(0, run("import", "ec2", groups, template, "--config", config, "--interface", "0=web0:eth0"));
        assertEquals(YAML, out.toString());
        assertEquals("""
                note: groups.json:3:30: tags env=prod: the configuration has no tags
                note: launch-template.json:1:2: ImageId ami-1: not a firewall's
                """, printed(err));
    }

    @Test
    void importReadsStandardInput() {
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream((GROUPS + TEMPLATE).getBytes(StandardCharsets.UTF_8)));
            assertEquals(0, run("import", "ec2", "-", "--config", config, "--interface", "0=web0:eth0"));
            assertEquals(YAML, out.toString());
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void theOutputIsANewFileUnlessForced() throws IOException {
        Path file = folder.resolve("new.yaml");
        Object[] words = {
            "import", "ec2", groups, template, "--config", config, "--interface=0=web0:eth0", "--output", file
        };
        assertEquals(0, run(words));
        assertEquals("", out.toString());
        assertEquals(YAML, Files.readString(file));
        Files.writeString(file, "mine");
        assertEquals(1, run(words));
        assertEquals("mine", Files.readString(file));
        assertTrue(
                printed(err).startsWith("new.yaml: exists already: name another file, or add --force\n"), printed(err));
        Object[] forced = Arrays.copyOf(words, words.length + 1);
        forced[words.length] = "--force";
        assertEquals(0, run(forced));
        assertEquals(YAML, Files.readString(file));
    }

    @Test
    void aFaultLeavesNoOutput() throws IOException {
        Path file = folder.resolve("new.yaml");
        assertEquals(1, run("import", "ec2", template, "--interface", "0=web0:eth0", "--output", file));
        assertEquals("", out.toString());
        assertTrue(Files.notExists(file));
        assertTrue(
                printed(err).startsWith("launch-template.json:1:44: sg-11111111: no file describes this group: add"),
                printed(err));
        assertEquals(1, run("import", "ec2", groups, folder.resolve("none.json")));
        assertEquals("none.json: no such file\n", printed(err));
        Path latin = Files.write(folder.resolve("latin.json"), new byte[] {(byte) 0xe9});
        assertEquals(1, run("import", "ec2", latin));
        assertEquals("latin.json: cannot be read: not UTF-8\n", printed(err));
        Path broken = Files.writeString(folder.resolve("broken.yaml"), "version: 2\n");
        assertEquals(1, run("import", "ec2", groups, "--config", broken));
        assertTrue(printed(err).startsWith("broken.yaml:1:"), printed(err));
    }

    @Test
    void theReportIsFieldsInJson() throws IOException {
        assertEquals(
                0, run("import", "ec2", "--json", groups, template, "--config", config, "--interface=0=web0:eth0"));
        JsonNode report = new ObjectMapper().readTree(out.toString());
        assertEquals(YAML, report.get("yaml").asText());
        JsonNode note = report.get("findings").get(0);
        assertEquals(groups.toString(), note.get("file").asText());
        assertEquals(3, note.get("line").asInt());
        assertEquals("note", note.get("severity").asText());
        assertEquals("", err.toString());
        assertEquals(1, run("import", "ec2", "--json", template, "--interface=0=web0:eth0"));
        report = new ObjectMapper().readTree(out.toString());
        assertTrue(report.get("yaml").isNull());
        assertEquals("error", report.get("findings").get(0).get("severity").asText());
    }

    @Test
    void whatIsExportedCanBeImported() throws IOException {
        assertEquals(0, run("export", "ec2", "--config", config));
        assertEquals(
                "note: rules.yaml:4:3: web0: mode, NICs and other settings of the interface have no counterpart, left out\n",
                printed(err));
        Path exported = Files.writeString(folder.resolve("exported.json"), out.toString());
        assertEquals(0, run("import", "ec2", exported, "--config", config));
        assertEquals(YAML, out.toString().replaceFirst("    id: eni-[0-9a-f]{17}\n", ""));
    }

    @Test
    void exportPrintsTheKindsThatAreAskedFor() throws IOException {
        assertEquals(0, run("export", "ec2", "network-acls", "security-groups", "--config", config));
        JsonNode answers = new ObjectMapper().readTree(out.toString());
        assertEquals(2, answers.size());
        assertTrue(answers.has("SecurityGroups") && answers.has("NetworkAcls"), answers.toString());
        assertEquals(0, run("export", "terraform", "--config", config));
        assertTrue(out.toString().contains("resource \"aws_security_group\" \"web\" {"), out.toString());
    }

    @Test
    void anInvalidConfigurationIsNotExported() throws IOException {
        Files.writeString(config, YAML.replace("[web]", "[wbe]"));
        assertEquals(1, run("export", "terraform", "--config", config));
        assertEquals("", out.toString());
        assertTrue(printed(err).startsWith("rules.yaml:7:23: "), printed(err));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            import | Missing required parameter
            import ec2 | Missing required parameter: 'FILE'
            import gcp f.json | Invalid value for positional parameter at index 0
            import ec2 f.json --interface eth0=web0 | must be a DeviceIndex such as 0
            export | Missing required parameter
            export json | Invalid value for positional parameter at index 0
            export ec2 acls | acls: must be one of security-groups, security-group-rules, prefix-lists, network-acls
            export terraform network-acls | KIND is for ec2 only
            """)
    void misuseIsExplained(String words, String what) {
        assertEquals(2, run((Object[]) words.split(" ", -1)), words);
        assertTrue(err.toString().contains(what), err.toString());
    }
}
