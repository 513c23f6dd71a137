package io.portcullis.cli.replay;

import static io.portcullis.testing.Frame.icmp;
import static io.portcullis.testing.Frame.tcp;
import static io.portcullis.testing.Frame.udp;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.testing.Frame;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** replay as typed, on captures made here. */
final class ReplayCommandTest {
    private static final int SYN = 0x02;
    private static final int ACK = 0x10;
    private static final int SYN_ACK = 0x12;

    private static final String HOME = "10.0.0.1";
    private static final String PEER = "198.51.100.7";

    private static final String GROUP = """
            security-groups:
              web: {ingress: [{protocol: tcp, ports: [80, 443], from: any, description: the site}], egress: []}
            """;
    private static final String BRIDGE = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, addresses: [10.0.0.1], security-groups: [web]}
            """ + GROUP;
    private static final String HOST = """
            version: 1
            interfaces:
              web0: {mode: host, nic: no-such-nic, security-groups: [web]}
            """ + GROUP;

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path rules = Path.of("");

    @BeforeEach
    void write() throws IOException {
        rules = Files.writeString(folder.resolve("rules.yaml"), BRIDGE);
    }

    /** The command sets the log of its process up. */
    @AfterAll
    static void restoreLog() throws JoranException {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(Objects.requireNonNull(ReplayCommandTest.class.getResource("/logback-test.xml")));
    }

    private int run(Path capture, String... more) {
        List<String> words = new ArrayList<>(List.of(capture.toString(), "--config", rules.toString()));
        words.addAll(Arrays.asList(more));
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return new CommandLine(new ReplayCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(words.toArray(String[]::new));
    }

    private Path capture(int linkType, byte[]... frames) throws IOException {
        CaptureBytes bytes = new CaptureBytes(linkType);
        for (byte[] frame : frames) {
            bytes.add(frame);
        }
        return bytes.write(folder.resolve("some.pcap"));
    }

    private Path ethernet(Frame... frames) throws IOException {
        return capture(
                CaptureBytes.ETHERNET, Arrays.stream(frames).map(Frame::bytes).toArray(byte[][]::new));
    }

    /** {@code ingress pass none} for each frame. */
    private List<String> verdicts(Path capture, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of("--json", "--list"));
        words.addAll(Arrays.asList(more));
        assertEquals(0, run(capture, words.toArray(String[]::new)), err.toString());
        List<String> verdicts = new ArrayList<>();
        for (JsonNode frame : json().get("frames")) {
            verdicts.add((frame.get("direction").asText() + " "
                            + frame.get("verdict").asText() + " "
                            + frame.get("reason").asText())
                    .strip());
        }
        return verdicts;
    }

    private JsonNode json() throws IOException {
        return new ObjectMapper().readTree(out.toString());
    }

    private static Frame[] conversation() {
        return new Frame[] {
            tcp(PEER, 40_000, HOME, 80, SYN).numbers(100, 0),
            tcp(HOME, 80, PEER, 40_000, SYN_ACK).numbers(500, 101),
            tcp(PEER, 40_000, HOME, 80, ACK).numbers(101, 501),
            tcp(PEER, 40_000, HOME, 8443, SYN),
            udp(HOME, 4_000, PEER, 53),
            tcp(PEER, 40_001, HOME, 80, ACK),
        };
    }

    private static final List<String> OF_CONVERSATION = List.of(
            "ingress pass none",
            "egress pass none",
            "ingress pass none",
            "ingress drop no-rule",
            "egress drop no-rule",
            "ingress drop tcp-no-syn");

    @Test
    void eachFrameIsJudgedWithTheFlowsOfTheCapture() throws IOException {
        assertEquals(OF_CONVERSATION, verdicts(ethernet(conversation())));
        JsonNode frames = json().get("frames");
        assertEquals("2023-11-14T22:13:20.123456789Z", frames.get(0).get("time").asText());
        assertEquals(
                "tcp 198.51.100.7:40000 > 10.0.0.1:80 SYN",
                frames.get(0).get("packet").asText());
        assertEquals("web/ingress[1]", frames.get(0).get("rule").asText());
        assertEquals("", frames.get(1).get("rule").asText());
        assertTrue(
                frames.get(3)
                        .get("nearest")
                        .asText()
                        .startsWith("port 8443 is outside 80, 443 of web/ingress[1] at " + rules + ":5:19"),
                frames.get(3).toString());
        assertEquals(6, json().get("frameCount").asInt());
        assertEquals("10.0.0.1", json().get("inside").asText());
        assertEquals(1, json().get("rules").get(0).get("admitted").asInt());
    }

    @Test
    void theTableCountsVerdictsReasonsAndRules() throws IOException {
        Path capture = ethernet(conversation());
        assertEquals(0, run(capture));
        // Columns are as wide as the longest path.
        assertEquals(
                """
                CAPTURE: 6 frames in 5.000 s from 2023-11-14T22:13:20.123456789Z
                web0: inside is 10.0.0.1 (addresses of web0)

                DIRECTION  VERDICT  REASON  FRAMES  BYTES
                ingress  pass  2  108
                ingress  drop  tcp-no-syn  1  54
                ingress  drop  no-rule  1  54
                egress  pass  1  54
                egress  drop  no-rule  1  42

                RULE  ADMITTED  PLACE  DESCRIPTION
                web/ingress[1]  1  RULES:5:19  the site

                note: segments of connections that began before the capture (tcp-no-syn): 1; a daemon that has seen their start lets them go on
                """,
                out.toString()
                        .replace(capture.toString(), "CAPTURE")
                        .replace(rules.toString(), "RULES")
                        .replaceAll(" {2,}", "  "));
    }

    @Test
    void timeIsTheCapturesOwn() throws IOException {
        Frame query = udp(PEER, 4_000, HOME, 53);
        Frame answer = udp(HOME, 53, PEER, 4_000);
        Files.writeString(rules, BRIDGE.replace("tcp, ports: [80, 443]", "udp, ports: 53"));
        CaptureBytes bytes = new CaptureBytes(CaptureBytes.ETHERNET)
                .add(query.bytes())
                .sleep(28)
                .add(answer.bytes())
                .sleep(60)
                .add(answer.bytes())
                .sleep(-120)
                .add(query.bytes());
        assertEquals(
                List.of("ingress pass none", "egress pass none", "egress drop no-rule", "ingress pass none"),
                verdicts(bytes.write(folder.resolve("slow.pcap"))));
        assertTrue(out.toString().contains("frames older than one before them in the file: 1"), out.toString());
    }

    @Test
    void framesThatTheCaptureLostAreAPossibleCause() throws IOException {
        Frame[] frames = conversation();
        Frame far = tcp(PEER, 40_000, HOME, 80, ACK).numbers(2_000_000, 501);
        assertEquals(
                "ingress drop tcp-window",
                verdicts(ethernet(frames[0], frames[1], frames[2], far)).getLast());
        assertTrue(out.toString().contains("segments outside their windows (tcp-window): 1;"), out.toString());
    }

    @Test
    void anAuditDropsNothing() throws IOException {
        Files.writeString(rules, BRIDGE.replace("mode: bridge", "mode: bridge, enforce: audit"));
        assertEquals(
                "ingress would-drop no-rule", verdicts(ethernet(conversation())).get(3));
    }

    @Test
    void anEntryOfTheAclIsNamed() throws IOException {
        Files.writeString(
                rules, BRIDGE.replace("security-groups: [web]}", "security-groups: [web], network-acl: edge}") + """
                        network-acls:
                          edge:
                            ingress: [{rule: 100, action: deny, protocol: tcp, ports: 80, from: 0.0.0.0/0}]
                            egress: []
                        """);
        Path capture = ethernet(conversation());
        assertEquals("ingress drop acl-deny", verdicts(capture).getFirst());
        assertEquals(
                "edge/ingress[100]", json().get("frames").get(0).get("rule").asText());
        assertEquals("edge/ingress[*]", json().get("frames").get(3).get("rule").asText());
    }

    @Test
    void aHostIsTheAddressThatTakesPartInMostFrames() throws IOException {
        Files.writeString(rules, HOST);
        Path capture = ethernet(
                tcp(PEER, 40_000, HOME, 80, SYN),
                tcp("198.51.100.8", 40_000, HOME, 80, SYN),
                tcp(HOME, 80, "198.51.100.8", 40_000, SYN_ACK).numbers(9, 1));
        assertEquals(List.of("ingress pass none", "ingress pass none", "egress pass none"), verdicts(capture));
        assertEquals("10.0.0.1", json().get("inside").asText());
        assertEquals(
                "takes part in most frames: 3 of 3", json().get("insideFrom").asText());
    }

    @Test
    void aTieIsRefusedAndLocalDecidesIt() throws IOException {
        Files.writeString(rules, HOST);
        Path capture = ethernet(tcp(PEER, 40_000, HOME, 80, SYN), tcp(HOME, 80, PEER, 40_000, SYN_ACK));
        assertEquals(1, run(capture));
        assertTrue(
                err.toString().contains("10.0.0.1 and 198.51.100.7 take part in equally many frames"), err.toString());
        assertEquals("ingress pass none", verdicts(capture, "--local", HOME).getFirst());
        assertEquals("egress drop no-rule", verdicts(capture, "--local", PEER).getFirst());
        // Frame has one pair of MAC addresses for both directions.
        assertEquals(
                "egress drop no-rule",
                verdicts(capture, "--local", "02:00:00:00:00:01").getFirst());
        assertEquals(
                "ingress pass none",
                verdicts(capture, "--local", "02-00-00-00-00-02").getFirst());
    }

    @Test
    void aBridgeWithoutAKnownAddressIsRefused() throws IOException {
        Path capture = ethernet(tcp(PEER, 40_000, "10.9.9.9", 80, SYN));
        assertEquals(1, run(capture));
        assertTrue(err.toString().contains("no frame is from or to an address of web0"), err.toString());
        Files.writeString(rules, BRIDGE.replace(" addresses: [10.0.0.1],", ""));
        assertEquals(1, run(capture));
        assertTrue(err.toString().contains("web0 has no addresses in the configuration"), err.toString());
        assertEquals(List.of("ingress pass none"), verdicts(capture, "--local", "10.9.9.0/24"));
    }

    /** The addresses that are given are the NIC's, for rules that ask for them too. */
    @Test
    void inHostModeTheLocalAddressesAreTheInterfacesOwn() throws IOException {
        Files.writeString(
                rules,
                HOST.replace("mode: host", "mode: host, source-check: true")
                        .replace("egress: []", "egress: [{protocol: udp, to: any}]"));
        Path capture = ethernet(udp(HOME, 4_000, PEER, 53), udp(HOME, 4_001, PEER, 53), udp(PEER, 1, HOME, 2));
        assertEquals(
                List.of("egress pass none", "egress pass none", "ingress drop no-rule"),
                verdicts(capture, "--local", HOME));
    }

    @Test
    void cookedCapturesHaveDirections() throws IOException {
        Files.writeString(rules, HOST);
        byte[] syn = packet(tcp(PEER, 40_000, HOME, 80, SYN));
        byte[] answer = packet(tcp(HOME, 80, PEER, 40_000, SYN_ACK).numbers(9, 1));
        List<String> expected = List.of("ingress pass none", "egress pass none", "skip none", "skip none", "skip none");
        assertEquals(
                expected,
                verdicts(capture(
                        CaptureBytes.COOKED,
                        CaptureBytes.cooked(0, 1, 0x0800, syn),
                        CaptureBytes.cooked(4, 1, 0x0800, answer),
                        CaptureBytes.cooked(3, 1, 0x0800, syn),
                        CaptureBytes.cooked(0, 772, 0x0800, syn),
                        CaptureBytes.cooked(2, 1, 4, syn))));
        assertEquals(
                expected,
                verdicts(capture(
                        CaptureBytes.COOKED_V2,
                        CaptureBytes.cookedV2(0, 1, 0x0800, syn),
                        CaptureBytes.cookedV2(4, 1, 0x0800, answer),
                        CaptureBytes.cookedV2(3, 1, 0x0800, syn),
                        CaptureBytes.cookedV2(0, 772, 0x0800, syn),
                        new byte[] {8, 0, 0, 0})));
        // On a bridge's host each frame arrives and is sent: addresses decide.
        Files.writeString(rules, BRIDGE);
        assertEquals(
                List.of("ingress pass none", "egress pass none"),
                verdicts(capture(
                        CaptureBytes.COOKED,
                        CaptureBytes.cooked(4, 1, 0x0800, syn),
                        CaptureBytes.cooked(4, 1, 0x0800, answer))));
    }

    private static byte[] packet(Frame frame) {
        byte[] bytes = frame.bytes();
        return Arrays.copyOfRange(bytes, 14, bytes.length);
    }

    @Test
    void rawIpIsRead() throws IOException {
        assertEquals(
                List.of("ingress pass none", "egress drop no-rule", "skip none", "skip none"),
                verdicts(capture(
                        CaptureBytes.RAW,
                        packet(tcp(PEER, 40_000, HOME, 80, SYN)),
                        packet(udp(HOME, 4_000, PEER, 53)),
                        packet(udp("2001:db8::1", 1, "2001:db8::2", 2)),
                        new byte[] {0, 1, 2})));
    }

    @Test
    void otherLinkTypesAreRefusedInWords() throws IOException {
        assertEquals(1, run(capture(105, new byte[60])));
        assertTrue(
                err.toString().contains("link type 105") && err.toString().contains("replay reads Ethernet"),
                err.toString());
    }

    /** The gateway has an address of the block inside, and a MAC address that is seen with addresses outside. */
    @Test
    void macAddressesDecideBetweenTwoLocalAddresses() throws IOException {
        Files.writeString(rules, BRIDGE.replace("[10.0.0.1]", "[10.0.0.0/24]"));
        byte[] gateway = withMacs(tcp("10.0.0.254", 40_000, HOME, 80, SYN), "020000000001", "0200000000fe");
        byte[] toGateway = withMacs(udp(HOME, 5, "10.0.0.254", 53), "0200000000fe", "020000000001");
        byte[] fromOutside = withMacs(tcp(PEER, 40_000, HOME, 80, SYN), "020000000001", "0200000000fe");
        byte[] among = withMacs(udp("10.0.0.1", 5, "10.0.0.2", 53), "020000000002", "020000000001");
        byte[] fromSecond = withMacs(udp("10.0.0.2", 5, PEER, 53), "0200000000fe", "020000000002");
        assertEquals(
                List.of(
                        "ingress pass none",
                        "egress drop no-rule",
                        "ingress pass none",
                        "skip none",
                        "egress drop no-rule"),
                verdicts(capture(CaptureBytes.ETHERNET, gateway, toGateway, fromOutside, among, fromSecond)));
    }

    private static byte[] withMacs(Frame frame, String destination, String source) {
        byte[] bytes = frame.bytes();
        HexFormat hex = HexFormat.of();
        System.arraycopy(hex.parseHex(destination), 0, bytes, 0, 6);
        System.arraycopy(hex.parseHex(source), 0, bytes, 6, 6);
        return bytes;
    }

    @Test
    void framesToAGroupArriveUnlessTheirSenderIsInside() throws IOException {
        byte[] mine = withMacs(tcp(HOME, 80, PEER, 40_000, SYN_ACK), "0200000000fe", "020000000001");
        byte[] discover = withMacs(udp("0.0.0.0", 68, "255.255.255.255", 67), "ffffffffffff", "020000000001");
        byte[] mdns = withMacs(udp("10.0.0.77", 5353, "224.0.0.251", 5353), "01005e0000fb", "020000000077");
        assertEquals(
                List.of("egress drop tcp-no-syn", "egress pass none", "ingress drop no-rule"),
                verdicts(capture(CaptureBytes.ETHERNET, mine, discover, mdns)));
    }

    @Test
    void framesThatTheSnapLengthCutCountAsWhole() throws IOException {
        byte[] syn =
                tcp(PEER, 40_000, HOME, 80, SYN).numbers(100, 0).payload(1_000).bytes();
        byte[] ping = icmp(PEER, HOME, 8, 0, 7).payload(500).bytes();
        Files.writeString(rules, BRIDGE.replace("protocol: tcp, ports: [80, 443]", "protocol: all"));
        Path capture = new CaptureBytes(CaptureBytes.ETHERNET)
                .addCut(syn, 96)
                .addCut(ping, 64)
                .addCut(tcp(PEER, 40_001, HOME, 80, SYN).bytes(), 40)
                .write(folder.resolve("cut.pcap"));
        List<String> verdicts = verdicts(capture);
        assertEquals(List.of("ingress pass none", "ingress pass none"), verdicts.subList(0, 2));
        assertEquals(1_054, json().get("frames").get(0).get("length").asInt());
        assertTrue(out.toString().contains("frames cut by the capture (snap length): 3;"), out.toString());
        assertTrue(out.toString().contains("frames cut in their headers: 1;"), out.toString());
    }

    @Test
    void checksumsThatANicMakesCountAsRight() throws IOException {
        Files.writeString(rules, HOST.replace("egress: []", "egress: [{protocol: udp, to: any}]"));
        Path capture = ethernet(
                udp(HOME, 4_000, PEER, 53).payload(8).wrongChecksum(5),
                udp(PEER, 53, HOME, 4_000).payload(8).wrongChecksum(5),
                udp(HOME, 4_001, "198.51.100.8", 53).payload(8).unfinishedChecksum());
        assertEquals(List.of("egress pass none", "ingress drop bad-checksum", "egress pass none"), verdicts(capture));
        assertTrue(out.toString().contains("(offload): 2;"), out.toString());
        Files.writeString(rules, BRIDGE.replace("egress: []", "egress: [{protocol: udp, to: any}]"));
        assertEquals("egress drop bad-checksum", verdicts(capture).getFirst());
    }

    @Test
    void aFragmentThatWaitsIsJudgedWithItsFirst() throws IOException {
        Files.writeString(rules, BRIDGE.replace("tcp, ports: [80, 443]", "udp, ports: 53"));
        Frame first = udp(PEER, 4_000, HOME, 53).payload(24).datagramId(5).fragment(0, true);
        Frame later = udp(PEER, 4_000, HOME, 53).payload(24).datagramId(5).fragment(32, false);
        Frame lonely = udp(PEER, 4_000, HOME, 53).payload(24).datagramId(6).fragment(32, false);
        Path capture = ethernet(later, lonely, first);
        assertEquals(0, run(capture, "--json", "--list"));
        List<String> numbered = new ArrayList<>();
        json().get("frames")
                .forEach(frame -> numbered.add(
                        frame.get("number").asInt() + " " + frame.get("verdict").asText() + " "
                                + frame.get("reason").asText()));
        assertEquals(List.of("3 pass none", "1 pass none", "2 drop fragment-limit"), numbered);
    }

    @Test
    void recordedVerdictsAreComparedLater() throws IOException {
        Path capture = ethernet(conversation());
        assertEquals(0, run(capture, "--json", "--list"));
        Path recorded = Files.writeString(folder.resolve("verdicts.json"), out.toString());
        assertEquals(0, run(capture, "--expect", recorded.toString()), out.toString());
        assertTrue(out.toString().contains(recorded + ": all 6 verdicts are as expected"), out.toString());
        Files.writeString(rules, BRIDGE.replace("[80, 443]", "[443, 8443]"));
        assertEquals(1, run(capture, "--expect", recorded.toString()));
        assertTrue(out.toString().contains("""
                : 4 of 6 verdicts differ:
                  frame 1: expected pass, got drop no-rule: tcp 198.51.100.7:40000 > 10.0.0.1:80 SYN
                  frame 2: expected pass, got drop tcp-no-syn: tcp 10.0.0.1:80 > 198.51.100.7:40000 SYN+ACK
                  frame 3: expected pass, got drop tcp-no-syn: tcp 198.51.100.7:40000 > 10.0.0.1:80 ACK
                  frame 4: expected drop no-rule, got pass: tcp 198.51.100.7:40000 > 10.0.0.1:8443 SYN
                """), out.toString());
        assertEquals(1, run(capture, "--json", "--expect", recorded.toString()));
        assertEquals(4, json().get("different").asInt());
        assertEquals(
                "drop no-rule", json().get("differences").get(0).get("actual").asText());
    }

    @Test
    void someFramesMayBeExpectedAndFramesThatAreMissingDiffer() throws IOException {
        Path capture = ethernet(conversation());
        Path expected = Files.writeString(folder.resolve("some.json"), """
                {"frames": [{"number": 4, "verdict": "drop"}, {"number": 9, "verdict": "pass", "reason": "none"}]}
                """);
        assertEquals(1, run(capture, "--expect", expected.toString()));
        assertTrue(out.toString().contains("""
                : 1 of 2 verdicts differ:
                  frame 9: expected pass, but the capture has no such frame
                """), out.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "| no-such-file: no such file",
                "[] | :1:1: not an object with a list \"frames\"",
                "{\"frames\": | not JSON",
                "{\"list\": []} | it has no list \"frames\"",
                "{\"frames\": [3]} | not an object with number and verdict",
                "{\"frames\": [{\"number\": 0, \"verdict\": \"drop\"}]} | :1:24: number 0: 1 to",
                "{\"frames\": [{\"number\": 99999999999999999999, \"verdict\": \"drop\"}]} | number 99999999999999999999",
                "{\"frames\": [{\"number\": 1, \"verdict\": \"dropped\"}]} | verdict dropped: pass, drop, would-drop, skip",
                "{\"frames\": [{\"number\": 1, \"verdict\": \"drop\", \"reason\": \"x\"}]} | reason x: there is no such",
                "{\"frames\": [{\"number\": 1}]} | a frame without verdict",
                "{\"frames\": [{\"verdict\": \"drop\"}]} | a frame without number",
                "{\"frames\": [{\"number\": 1, \"verdict\": \"drop\"}, {\"number\": 1, \"verdict\": \"drop\"}]} | frame 1 is there twice"
            })
    void aFileOfVerdictsThatIsNoneIsRefused(String textAndFault) throws IOException {
        String[] parts = textAndFault.split(" ?\\| ", 2);
        Path file = folder.resolve("no-such-file");
        if (!parts[0].isEmpty()) {
            Files.writeString(file, parts[0]);
        }
        assertEquals(1, run(ethernet(conversation()), "--expect", file.toString()));
        assertTrue(err.toString().contains(parts[1]), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void droppedFramesAreWrittenWithTheirCauses() throws IOException {
        Path capture = ethernet(conversation());
        Path dropped = folder.resolve("dropped.pcapng");
        assertEquals(0, run(capture, "--write-dropped", dropped.toString()), err.toString());
        assertTrue(out.toString().contains("3 frames in " + dropped), out.toString());
        String text = Files.readString(dropped, StandardCharsets.ISO_8859_1);
        assertTrue(
                text.contains("drop no-rule: No rule admits the packet.\nnearest: port 8443 is outside 80, 443"), text);
        assertTrue(text.contains("frame 6 of the capture"), text);
        // libpcap reads what we write, and the same verdicts come out.
        assertEquals(
                List.of("ingress drop no-rule", "egress drop no-rule", "ingress drop tcp-no-syn"), verdicts(dropped));
    }

    @Test
    void noFileIsReplacedThatIsRead() throws IOException {
        Path capture = ethernet(conversation());
        byte[] before = Files.readAllBytes(capture);
        for (Path target : List.of(capture, rules)) {
            assertEquals(2, run(capture, "--write-dropped", target.toString()));
            assertTrue(err.toString().contains("would overwrite " + target), err.toString());
        }
        assertArrayEquals(before, Files.readAllBytes(capture));
        assertEquals(
                1,
                run(
                        capture,
                        "--write-dropped",
                        folder.resolve("missing/out.pcapng").toString()));
        assertTrue(err.toString().contains("missing/out.pcapng: no such file"), err.toString());
    }

    @Test
    void whatComesBeforeTheEndOfATruncatedFileIsReported() throws IOException {
        byte[] whole = Files.readAllBytes(ethernet(conversation()));
        Path cut = Files.write(folder.resolve("cut.pcap"), Arrays.copyOf(whole, whole.length - 10));
        assertEquals(1, run(cut, "--json", "--list"));
        assertEquals(5, json().get("frames").size());
        assertTrue(json().get("error").asText().contains("cut.pcap: frame 6 can't be read: truncated"), out.toString());
        assertTrue(err.toString().contains("frame 6 can't be read"), err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no capture at all, just some text"})
    void whatIsNoCaptureIsRefused(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("text.pcap"), text);
        assertEquals(1, run(file));
        assertTrue(err.toString().contains("text.pcap: not a pcap or pcapng file"), err.toString());
        assertEquals(1, run(folder));
        assertTrue(err.toString().contains("not a regular file"), err.toString());
        assertEquals(1, run(folder.resolve("none.pcap")));
        assertTrue(err.toString().contains("none.pcap: no such file"), err.toString());
    }

    @Test
    void anEmptyCaptureHasNoVerdicts() throws IOException {
        assertEquals(List.of(), verdicts(ethernet()));
        assertEquals(0, run(ethernet()));
        assertTrue(out.toString().contains("some.pcap: 0 frames"), out.toString());
    }

    @Test
    void misuseIsExplained() throws IOException {
        Path capture = ethernet(conversation());
        assertEquals(2, run(capture, "--interface", "web1"));
        assertTrue(err.toString().contains("no interface web1: there is web0"), err.toString());
        assertEquals(2, run(capture, "--local", "10.0.0"));
        assertTrue(
                err.toString().contains("--local 10.0.0: not an address, a CIDR block or a MAC address"),
                err.toString());
        Files.writeString(
                rules,
                BRIDGE.replace(
                        "interfaces:",
                        "interfaces:\n  web1: {mode: bridge, outside: o, inside: i, security-groups: [web]}"));
        assertEquals(2, run(capture));
        assertTrue(err.toString().contains("--interface is missing"), err.toString());
        assertEquals(0, run(capture, "--interface", "web0"));
        Files.writeString(rules, "version: 2\n");
        assertEquals(1, run(capture));
        assertTrue(err.toString().contains("rules.yaml:1:10"), err.toString());
        assertFalse(err.toString().contains("\tat "), err.toString());
    }

    /** A time in the year 2106, and one of the last possible year of the file's four bytes. */
    @Test
    void largeStepsOfTimeAreNoProblem() throws IOException {
        Path capture = new CaptureBytes(CaptureBytes.ETHERNET)
                .add(tcp(PEER, 40_000, HOME, 80, SYN).bytes())
                .sleep((1L << 32) - CaptureBytes.START_S - 2)
                .add(tcp(HOME, 80, PEER, 40_000, SYN_ACK).numbers(9, 1).bytes())
                .write(folder.resolve("late.pcap"));
        assertEquals(List.of("ingress pass none", "egress drop tcp-no-syn"), verdicts(capture));
        assertEquals(
                "2106-02-07T06:28:15.123456789Z",
                json().get("frames").get(1).get("time").asText());
    }
}
