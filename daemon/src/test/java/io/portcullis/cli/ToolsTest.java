package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.conntrack.Slab;
import io.portcullis.conntrack.TableHeader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** check, explain and diff as typed. */
final class ToolsTest {
    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1], security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: [80, 443], from: any, description: the site}], egress: []}
            expect:
              - {interface: web0, ingress: {protocol: tcp, ports: 22}, verdict: deny, why: there is no ssh}
            """;

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = Files.writeString(folder.resolve("rules.yaml"), RULES);
    }

    private int run(String... words) {
        return Cli.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(words);
    }

    private int explain(String more) {
        return run(("explain --file " + file + " --interface web0 " + more).split(" +", -1));
    }

    @Test
    void explainNamesTheRuleOrTheNearest() {
        assertEquals(0, explain("--ingress --protocol tcp --from 198.51.100.7:40000 --to 10.0.0.1:https"));
        assertEquals("""
                PASS  web0 ingress tcp 198.51.100.7:40000 > 10.0.0.1:443
                  a rule admits it
                  web/ingress[1] at FILE:5:19: the site
                """, out.toString().replace(file.toString(), "FILE"));
        out.getBuffer().setLength(0);
        assertEquals(1, explain("--ingress --protocol tcp --from [2001:db8::7] --to [2001:db8::1]:8443"));
        assertEquals("""
                DROP (no-rule)  web0 ingress tcp [2001:db8::7]:40000 > [2001:db8::1]:8443
                  no ingress rule of web admits it
                  nearest: port 8443 is outside 80, 443 of web/ingress[1] at FILE:5:19: the site
                """, out.toString().replace(file.toString(), "FILE"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --ingress --protocol tpc --from 198.51.100.7 --to 10.0.0.1:80 | --protocol tpc: no such protocol
                    --ingress --protocol tcp --from 198.51.100.7 --to 10.0.0.1 | the port is missing: write 10.0.0.1:PORT
                    --ingress --protocol gre --from 198.51.100.7:1 --to 10.0.0.1 | gre has no ports
                    --ingress --protocol tcp --from 198.51.100 --to 10.0.0.1:80 | --from 198.51.100: not an address
                    --ingress --protocol tcp --from 198.51.100.7 --to 10.0.0.1:htpp | htpp is no port and no service of tcp
                    --ingress --protocol tcp --from 2001:db8::7 --to 10.0.0.1:80 | are of different families
                    --ingress --protocol icmp --type pingpong --from 198.51.100.7 --to 10.0.0.1 | icmp has no such type
                    --ingress --protocol tcp --from 198.51.100.7 --to 10.0.0.1:80 --vlan 5000 | one or two ids, 0 to 4095
                    --protocol tcp --from 198.51.100.7 --to 10.0.0.1:80 | Missing required argument
                    """)
    void misuseIsExplained(String words, String what) {
        assertEquals(2, explain(words), words);
        assertTrue(err.toString().contains(what), err.toString());
    }

    private String explainLine(int exit, String line) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        assertEquals(exit, run("explain", "--file", file.toString(), "--log", line), err.toString());
        return out + err.toString();
    }

    @Test
    void aLineOfTheLogIsExplainedAsOfNow() {
        String drop = explainLine(
                1,
                "Nov 30 11:00:00 host portcullis[123]: drop web0 ingress no-rule tcp 198.51.100.7:40000 >"
                        + " 203.0.113.200:8443 (and 3 more for this reason); nearest rule: web/ingress[1] x: y");
        assertTrue(
                drop.startsWith("then: drop (no-rule)\nDROP (no-rule)  web0 ingress tcp 198.51.100.7:40000 >"
                        + " 203.0.113.200:8443\n"),
                drop);
        assertTrue(drop.contains("  nearest: port 8443 is outside 80, 443 of web/ingress[1]"), drop);
        String pass = explainLine(0, "drop web0 ingress tcp-no-syn tcp 198.51.100.7:40000 > 203.0.113.200:443");
        assertTrue(
                pass.startsWith(
                        "then: drop (tcp-no-syn), for that packet itself; this is about the first packet of a new"
                                + " flow:\nPASS  web0 "),
                pass);
    }

    @Test
    void aRecordedDropIsExplained() {
        String text = explainLine(
                1,
                "{\"interfaceName\":\"web0\",\"direction\":\"ingress\",\"verdict\":\"drop\",\"reason\":\"no-rule\","
                        + "\"inCommon\":\"all\",\"packet\":\"icmp 198.51.100.7 → 203.0.113.200 type 13 code 0\","
                        + "\"protocol\":\"icmp\",\"source\":\"198.51.100.7\",\"sourcePort\":0,"
                        + "\"destination\":\"203.0.113.200\",\"destinationPort\":0,\"vlans\":\"7.42\"}");
        assertTrue(text.contains("icmp 198.51.100.7 > 203.0.113.200 type 13 code 0"), text);
        assertTrue(explainLine(2, "{}").contains("not an object that portcullis drops --json prints"), err.toString());
        assertTrue(explainLine(2, "{\"a\":").contains("not an object that portcullis drops"), err.toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    IN=eth0 OUT= SRC=198.51.100.7       | --log: not a line about a packet: write one such as
                    drop web0 12 more not described     | --log: this line counts packets and names none
                    drop web0 ingress link-class ethertype 0x88cc | --log: the frame of this line is not IP
                    drop gone ingress no-rule tcp 198.51.100.7:1 > 10.0.0.1:2 | no interface gone: there is web0
                    """)
    void aLineThatNamesNoPacketIsMisuse(String line, String what) {
        assertTrue(explainLine(2, line).contains(what), err.toString());
    }

    @Test
    void aLineExcludesTheOptionsOfAPacket() {
        assertEquals(
                2, explain("--log x --ingress --protocol tcp --from 198.51.100.7 --to 10.0.0.1:80"), out.toString());
        assertEquals(2, run("explain", "--file", file.toString()), out.toString());
    }

    @Test
    void anUnknownInterfaceIsMisuse() {
        assertEquals(
                2,
                run(("explain --file " + file
                                + " --interface web1 --egress --protocol icmp --from 10.0.0.1 --to 192.0.2.1")
                        .split(" ", -1)));
        assertTrue(err.toString().contains("no interface web1: there is web0"), err.toString());
    }

    @Test
    void checkPrintsItsFindingsAsFields() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.yaml"), RULES.replace("mode: ", "mode: x"));
        assertEquals(1, run("check", "--json", file.toString(), broken.toString()));
        assertEquals("", err.toString());
        JsonNode all = new ObjectMapper().readTree(out.toString());
        assertEquals(2, all.size());
        assertTrue(all.get(0).get("valid").asBoolean());
        JsonNode finding = all.get(1).get("errors").get(0);
        assertEquals(broken.toString(), finding.get("file").asText());
        assertEquals(3, finding.get("line").asInt());
        assertTrue(finding.get("column").asInt() > 1);
        assertEquals("error", finding.get("severity").asText());
        assertTrue(finding.get("text").asText().startsWith("mode: x"), finding.toString());
        out.getBuffer().setLength(0);
        Path doubted = Files.writeString(folder.resolve("doubted.yaml"), RULES.replace("from: any", "from: 0.0.0.0"));
        assertEquals(0, run("check", "--json", doubted.toString()));
        JsonNode warning = new ObjectMapper()
                .readTree(out.toString())
                .get(0)
                .get("warnings")
                .get(0);
        assertEquals("warning", warning.get("severity").asText());
        assertEquals(5, warning.get("line").asInt());
    }

    @Test
    void checkReadsStandardInput() {
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(RULES.getBytes(StandardCharsets.UTF_8)));
            assertEquals(0, run("check", "-"));
            assertTrue(out.toString().startsWith("-: valid: "), out.toString());
            System.setIn(new ByteArrayInputStream("version: 2\n".getBytes(StandardCharsets.UTF_8)));
            assertEquals(1, run("check", "-"));
            assertTrue(err.toString().contains("-:1:10: version: 2"), err.toString());
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void checkShowsTheLineOfASyntaxError() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.yaml"), "version: 1\nlog:\n\tlevel: info\n");
        assertEquals(1, run("check", broken.toString()));
        assertEquals(
                broken + ":3:1: not YAML: a tab: indent with spaces only\n    →level: info\n    ^\n", err.toString());
    }

    /** A chain of merges that once overflowed the stack: it is a fault, without a stack trace. */
    @Test
    void checkPrintsNoTrace() throws IOException {
        StringBuilder yaml = new StringBuilder("version: 1\nsecurity-groups:\n  g0: &m0 {}\n");
        for (int i = 1; i <= 20_000; i++) {
            yaml.append(String.format("  g%d: &m%d {<<: *m%d}%n", i, i, i - 1));
        }
        assertEquals(
                1,
                run(
                        "check",
                        Files.writeString(folder.resolve("chain.yaml"), yaml).toString()));
        assertTrue(err.toString().contains("merged too deeply"), err.toString());
        assertFalse(err.toString().contains("\tat "));
    }

    @Test
    void checkProvesClaims() throws IOException {
        assertEquals(0, run("check", file.toString()));
        assertTrue(out.toString().endsWith("1 interface, 1 security group, 1 rule, 1 claim proved\n"), out.toString());
        Path broken = Files.writeString(folder.resolve("broken.yaml"), RULES.replace("443]", "22]"));
        assertEquals(1, run("check", broken.toString()));
        assertEquals(
                broken
                        + ":7:5: expect: web0 ingress tcp 22 from any: deny does not hold (there is no ssh): tcp 22 from 1.0.0.1"
                        + " is admitted by web/ingress[1] at " + broken + ":5:19\n",
                err.toString());
    }

    @Test
    void diffReportsTrafficAndTheFaultsOfBothFiles() throws IOException {
        Path after = Files.writeString(folder.resolve("after.yaml"), RULES.replace("[80, 443]", "80"));
        assertEquals(0, run("diff", file.toString(), after.toString()));
        assertEquals("web0 ingress:\n  - becomes denied:  tcp 443 from any\n", out.toString());
        out.getBuffer().setLength(0);
        assertEquals(0, run("diff", file.toString(), file.toString()));
        assertEquals("no difference: the same traffic passes\n", out.toString());
        Files.writeString(file, RULES.replace("tcp", "tpc"));
        assertEquals(
                1, run("diff", file.toString(), folder.resolve("missing.yaml").toString()));
        assertTrue(err.toString().contains("tpc"), err.toString());
        assertTrue(err.toString().contains("no such file"), err.toString());
    }

    /** A table for five flows, without a flow. */
    private Path table() throws IOException {
        Path table = folder.resolve("table");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(TableHeader.bytes(5), Long.BYTES);
            new TableHeader(5, 1, 2, new UUID(3, 4), "web0", 1, 2, 6).writeTo(memory);
            return Files.write(table, memory.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void verifyHasThreeAnswers() throws IOException {
        Path table = table();
        assertEquals(0, run("flows", "verify", table.toString()));
        assertEquals(table + ": whole: web0, worker 1 of 2, 0 flows of 5, 0 with a reply\n", out.toString());
        out.getBuffer().setLength(0);
        assertEquals(0, run("flows", "verify", "--json", table.toString()));
        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertTrue(json.path("valid").asBoolean(), out.toString());
        assertEquals(5, json.path("room").asInt());

        byte[] damaged = Files.readAllBytes(table);
        damaged[(int) Slab.offset(3)] = 1;
        Files.write(table, damaged);
        out.getBuffer().setLength(0);
        assertEquals(1, run("flows", "verify", table.toString()));
        assertTrue(
                out.toString().startsWith(table + ": 1 damaged entries: web0, worker 1 of 2, 0 flows of 5")
                        && out.toString().endsWith("\n  entry 3: its hash is not that of its key\n"),
                out.toString());
        out.getBuffer().setLength(0);
        assertEquals(1, run("flows", "verify", "--json", table.toString()));
        assertEquals(
                1, new ObjectMapper().readTree(out.toString()).path("damaged").asInt());

        out.getBuffer().setLength(0);
        Path missing = folder.resolve("missing");
        assertEquals(1, run("flows", "verify", missing.toString()));
        assertEquals(1, run("flows", "verify", file.toString()));
        assertEquals(missing + ": no such file\n" + file + ": it is not a flow table\n", out.toString());
        assertEquals(2, run("flows", "verify"));
        err.getBuffer().setLength(0);
        assertEquals(3, run("flows", "--socket", missing.toString()));
        assertTrue(err.toString().contains("no portcullis runs here: there is no " + missing), err.toString());
    }
}
