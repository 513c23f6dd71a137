package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AnswerWriterTest {
    private static final String HEAD = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    private static final String EC2 = " xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>id</requestId>";

    private static String answer(String action, Fields fields) {
        byte[] xml = AnswerWriter.answer(ActionTable.find(Service.EC2, action).orElseThrow(), "id", fields);
        return new String(xml, StandardCharsets.UTF_8);
    }

    private static Fields.Builder fields() {
        return new Fields.Builder();
    }

    private static Fields tag(String value) {
        return fields().with("key", "k").with("value", value).build();
    }

    @Test
    void anAnswerIsThatOfEc2() {
        Fields permission = fields().with("ipProtocol", "tcp")
                .with("fromPort", 22)
                .with("toPort", -1)
                .with("groups", List.of())
                .with("ipRanges", List.of(fields().with("cidrIp", "10.0.0.0/8").build(), fields().build()))
                .build();
        Fields group = fields().with("groupId", "sg-1")
                .with("vpcId", Optional.empty())
                .with("groupName", Optional.of("web"))
                .with("groupDescription", "")
                .with("ipPermissions", List.of(permission))
                .with("tagSet", List.of(tag("v")))
                .build();
        assertEquals(
                HEAD + "<DescribeSecurityGroupsResponse" + EC2
                        + "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>web</groupName><groupDescription/>"
                        + "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>-1</toPort>"
                        + "<groups/><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item><item></item></ipRanges></item>"
                        + "</ipPermissions><tagSet><item><key>k</key><value>v</value></item></tagSet></item>"
                        + "</securityGroupInfo></DescribeSecurityGroupsResponse>",
                answer(
                        "DescribeSecurityGroups",
                        fields().with("securityGroupInfo", List.of(group)).build()));
    }

    @Test
    void flagsTimesAndStringsAreWritten() {
        Fields attachment = fields().with("attachTime", Instant.parse("2026-11-30T01:02:03.456789Z"))
                .with("deleteOnTermination", false)
                .build();
        assertEquals(
                HEAD + "<DescribeNetworkInterfaceAttributeResponse" + EC2
                        + "<attachment><attachTime>2026-11-30T01:02:03.456Z</attachTime>"
                        + "<deleteOnTermination>false</deleteOnTermination></attachment>"
                        + "</DescribeNetworkInterfaceAttributeResponse>",
                answer(
                        "DescribeNetworkInterfaceAttribute",
                        fields().with("attachment", attachment).build()));
        Fields list =
                fields().withStrings("cidrSet", List.of("10.0.0.0/8", "::/0")).build();
        assertEquals(
                HEAD + "<DescribePrefixListsResponse" + EC2
                        + "<prefixListSet><item><cidrSet><item>10.0.0.0/8</item><item>::/0</item></cidrSet></item>"
                        + "</prefixListSet></DescribePrefixListsResponse>",
                answer(
                        "DescribePrefixLists",
                        fields().with("prefixListSet", List.of(list)).build()));
        assertEquals(
                HEAD + "<CreateTagsResponse" + EC2 + "<return>true</return></CreateTagsResponse>",
                answer("CreateTags", Fields.DONE));
    }

    @Test
    void stsHasAFormOfItsOwn() {
        Action identity = ActionTable.find(Service.STS, "GetCallerIdentity").orElseThrow();
        Fields fields = fields().with("UserId", "u")
                .with("Account", "1")
                .with("Arn", "a")
                .build();
        assertEquals(
                HEAD + "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                        + "<GetCallerIdentityResult><UserId>u</UserId><Account>1</Account><Arn>a</Arn>"
                        + "</GetCallerIdentityResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>"
                        + "</GetCallerIdentityResponse>",
                new String(AnswerWriter.answer(identity, "id", fields), StandardCharsets.UTF_8));
    }

    @Test
    void anErrorIsThatOfItsService() {
        ApiException refusal = ApiError.RULE_DUPLICATE.of("10.0.0.0/8", "TCP, from port: 22, to port: 22, ");
        String words = "the specified rule \"peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW\" already exists";
        assertEquals(
                HEAD + "<Response><Errors><Error><Code>InvalidPermission.Duplicate</Code><Message>" + words
                        + "</Message></Error></Errors><RequestID>id</RequestID></Response>",
                new String(AnswerWriter.error(Service.EC2, "id", refusal), StandardCharsets.UTF_8));
        assertEquals(
                HEAD + "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                        + "<Code>InvalidPermission.Duplicate</Code><Message>" + words
                        + "</Message></Error><RequestId>id</RequestId></ErrorResponse>",
                new String(AnswerWriter.error(Service.STS, "id", refusal), StandardCharsets.UTF_8));
    }

    private static String written(String value) {
        String xml = answer(
                "DescribeTags", fields().with("tagSet", List.of(tag(value))).build());
        return xml.substring(xml.indexOf("<value>") + 7, xml.indexOf("</value>"));
    }

    @Test
    void whatIsMarkupIsEscaped() {
        assertEquals("&lt;a&gt; &amp; \"b\" 'c' ]]&gt;", written("<a> & \"b\" 'c' ]]>"));
        assertEquals("a&#13;b\n\tc&#13;", written("a\rb\n\tc\r"));
        assertEquals("ä€😀", written("ä€😀"));
        assertEquals("\ufffda\ufffd\ufffd\ufffd", written("\u0000a\u001b\ud800\uffff"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void aReaderReadsWhatWasWritten(long seed) throws XMLStreamException {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 500; i++) {
            StringBuilder text = new StringBuilder("x");
            for (int n = random.nextInt(20); n > 0; n--) {
                text.appendCodePoint(
                        switch (random.nextInt(4)) {
                            case 0 -> random.nextInt(0x110000);
                            case 1 -> "<>&\"'\r\n\t]".charAt(random.nextInt(9));
                            default -> random.nextInt(0x80);
                        });
            }
            String xml = answer(
                    "DescribeTags",
                    fields().with("tagSet", List.of(tag(text.toString()))).build());
            assertEquals(XmlCharacters.clean(text.toString()), read(xml, "value"), "seed " + seed + ": " + xml);
        }
    }

    private static String read(String xml, String element) throws XMLStreamException {
        XMLStreamReader reader = XMLInputFactory.newDefaultFactory().createXMLStreamReader(new StringReader(xml));
        String text = "";
        while (reader.hasNext()) {
            if (reader.next() == XMLStreamReader.START_ELEMENT
                    && reader.getLocalName().equals(element)) {
                text = reader.getElementText();
            }
        }
        return text;
    }

    @Test
    void whatTheTableDoesNotHaveIsADefect() {
        assertThrows(
                IllegalStateException.class,
                () -> answer("CreateTags", fields().with("groupId", "sg-1").build()));
        assertThrows(
                IllegalStateException.class,
                () -> answer("CreateTags", fields().with("return", "true").build()));
        assertThrows(
                IllegalStateException.class,
                () -> answer(
                        "DescribeTags",
                        fields().withStrings("tagSet", List.of("a")).build()));
        assertThrows(IllegalStateException.class, () -> fields().with("a", 1).with("a", 2));
    }
}
