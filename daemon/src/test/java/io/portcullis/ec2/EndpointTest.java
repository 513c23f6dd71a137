package io.portcullis.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.epoll.EpollServerSocketChannel;
import io.portcullis.ec2.auth.AwsSigner;
import io.portcullis.ec2.auth.SignedRequest;
import io.portcullis.http.HttpServer;
import io.portcullis.http.Response;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EndpointTest {
    private static final String EC2 = "&Version=2016-11-15";

    @TempDir
    Path folder;

    private final FakeActions actions = new FakeActions();
    private final List<AutoCloseable> open = new ArrayList<>();
    private Endpoint endpoint;

    @BeforeEach
    void make() throws Exception {
        endpoint = actions.endpoint(folder, Runnable::run);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private Response post(String key, String service, String body) throws IOException {
        return endpoint.answer(FakeActions.signed(key, service, "POST", "", body));
    }

    private static String text(Response response) {
        assertEquals("text/xml;charset=UTF-8", response.contentType());
        String xml = new String(response.body(), StandardCharsets.UTF_8);
        String id = response.headers().get("x-amzn-RequestId");
        assertTrue(id != null && id.matches("[0-9a-f-]{36}") && xml.contains(id), xml);
        return xml.replace(id, "ID").replaceFirst("<\\?xml[^>]*>\n", "");
    }

    private void assertAnswer(int status, String xml, Response response) {
        assertEquals(xml, text(response));
        assertEquals(status, response.status());
    }

    private static String error(String code, String message) {
        return "<Response><Errors><Error><Code>" + code + "</Code><Message>" + message
                + "</Message></Error></Errors><RequestID>ID</RequestID></Response>";
    }

    private static String groups(String... names) {
        StringBuilder items = new StringBuilder();
        for (String name : names) {
            items.append("<item><groupName>" + name + "</groupName><ipPermissions/></item>");
        }
        return "<DescribeSecurityGroupsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>ID</requestId>"
                + "<securityGroupInfo>" + items + "</securityGroupInfo></DescribeSecurityGroupsResponse>";
    }

    @Test
    void aFormIsAnswered() throws IOException {
        assertAnswer(
                200, groups("db", "default", "web"), post("AKIATEST", "ec2", "Action=DescribeSecurityGroups" + EC2));
    }

    @Test
    void aQueryIsAnswered() throws IOException {
        assertAnswer(
                200,
                groups("db", "web"),
                endpoint.answer(FakeActions.signed(
                        "AKIATEST",
                        "ec2",
                        "GET",
                        "?Action=DescribeSecurityGroups&Filter.1.Name=group-name&Filter.1.Value.1=%3Fb"
                                + "&Filter.1.Value.2=w%2A" + EC2,
                        "")));
    }

    @Test
    void stsIsAnsweredInItsForm() throws IOException {
        String sts = "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"";
        assertAnswer(
                200,
                "<GetCallerIdentityResponse " + sts + "><GetCallerIdentityResult><UserId>AKIALOOK</UserId>"
                        + "<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/AKIALOOK</Arn>"
                        + "</GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata>"
                        + "</GetCallerIdentityResponse>",
                post("AKIALOOK", "sts", "Action=GetCallerIdentity&Version=2011-06-15"));
        assertAnswer(
                401,
                "<ErrorResponse " + sts
                        + "><Error><Type>Sender</Type><Code>AuthFailure</Code><Message>AWS was not able to"
                        + " validate the provided access credentials</Message></Error><RequestId>ID</RequestId>"
                        + "</ErrorResponse>",
                post("AKIANOBODY", "sts", "Action=GetCallerIdentity&Version=2011-06-15"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Version=2016-11-15|400|MissingAction|The request must contain the parameter Action",
                "Action=DescribeTags|400|MissingParameter|The request must contain the parameter Version",
                "Action=DescribeTags&Version=2010-05-08|400|NoSuchVersion|The requested version (2010-05-08) of service"
                        + " AmazonEC2 does not exist",
                "Action=DescribeTag&Version=2016-11-15|400|InvalidAction|The action DescribeTag is not valid for this web"
                        + " service.",
                "Action=GetCallerIdentity&Version=2016-11-15|400|InvalidAction|The action GetCallerIdentity is not valid for"
                        + " this web service.",
                "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/8|400|UnsupportedOperation|The functionality you requested"
                        + " is not available in this region.",
                "Action=DescribeVpcs&Version=2016-11-15|400|UnsupportedOperation|The functionality you requested is not"
                        + " available in this region.",
                "Action=DescribeTags&Version=2016-11-15&Description=a|400|UnknownParameter|The parameter Description is not"
                        + " recognized",
                "Action=DescribeTags&Version=2016-11-15&Action=DescribeTags|400|InvalidQueryParameter|The parameter Action"
                        + " appears more than once",
                "Action=%|400|MalformedQueryString|The query string contains a syntax error: a % without two hexadecimal"
                        + " digits",
                "Action=DescribeSecurityGroups&Version=2016-11-15&GroupName.1=no|400|InvalidGroup.NotFound|The security group"
                        + " 'no' does not exist",
                "Action=DescribeSecurityGroups&Version=2016-11-15&DryRun=true|412|DryRunOperation|Request would have"
                        + " succeeded, but DryRun flag is set.",
            })
    void aFaultIsAnswered(String body, int status, String code, String message) throws IOException {
        assertAnswer(status, error(code, message), post("AKIATEST", "ec2", body));
    }

    @Test
    void whoeverMayOnlyLookChangesNothing() throws IOException {
        String create = "Action=CreateSecurityGroup&GroupName=new&GroupDescription=a" + EC2;
        assertAnswer(
                403,
                error(
                        "UnauthorizedOperation",
                        "You are not authorized to perform this operation: access key AKIALOOK is read-only"),
                post("AKIALOOK", "ec2", create));
        assertEquals(
                200,
                post("AKIALOOK", "ec2", "Action=DescribeSecurityGroups" + EC2).status());
        assertFalse(actions.groups.contains("new"));
        assertEquals(200, post("AKIATEST", "ec2", create).status());
        assertTrue(actions.groups.contains("new"));
    }

    @Test
    void aTrialChangesNothing() throws IOException {
        String create = "Action=CreateSecurityGroup&GroupName=new&GroupDescription=a&DryRun=true" + EC2;
        assertEquals(412, post("AKIATEST", "ec2", create).status());
        assertFalse(actions.groups.contains("new"));
        assertEquals(
                200, post("AKIATEST", "ec2", create.replace("true", "false")).status());
    }

    @Test
    void aRequestIsAuthenticatedBeforeItIsRead() {
        SignedRequest unsigned = new SignedRequest("POST", "/?%", List.of(Map.entry("Host", "a")), new byte[] {'%'});
        assertTrue(text(endpoint.answer(unsigned)).contains("<Code>MissingAuthenticationToken</Code>"));
    }

    private URI serve() throws Exception {
        HttpServer server = new HttpServer("ec2-test", endpoint.routes(), HttpServer.IDLE);
        open.add(server);
        InetSocketAddress address = (InetSocketAddress) server.listen(
                        EpollServerSocketChannel.class, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .localAddress();
        return URI.create("http://127.0.0.1:" + address.getPort() + "/");
    }

    /** Its headers as they are signed: Host is written by the client. */
    private HttpResponse<String> send(URI uri, String method, byte[] body) throws Exception {
        SignedRequest signed = new AwsSigner("AKIATEST", FakeActions.SECRET, "us-east-1", "ec2", FakeActions.NOW)
                .sign(method, uri, Map.of("Content-Type", List.of("application/x-www-form-urlencoded")), body);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri).method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        signed.headers().stream()
                .filter(header -> !header.getKey().equalsIgnoreCase("host"))
                .forEach(header -> request.header(header.getKey(), header.getValue()));
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        open.add(client);
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aServerAnswersOverTcp() throws Exception {
        HttpResponse<String> answer =
                send(serve(), "POST", ("Action=DescribeSecurityGroups" + EC2).getBytes(StandardCharsets.US_ASCII));
        assertEquals(200, answer.statusCode());
        assertTrue(answer.body().contains("<groupName>web</groupName>"), answer.body());
        assertEquals(
                "text/xml;charset=UTF-8",
                answer.headers().firstValue("content-type").orElseThrow());
        String id = answer.headers().firstValue("x-amzn-RequestId").orElseThrow();
        assertTrue(answer.body().contains("<requestId>" + id + "</requestId>"), answer.body());
    }

    @Test
    void aServerAnswersAQuery() throws Exception {
        HttpResponse<String> answer = send(
                serve().resolve("?Action=DescribeSecurityGroups&Filter.1.Name=group-name&Filter.1.Value.1=w%2A%20b"
                        + EC2),
                "GET",
                new byte[0]);
        assertEquals(200, answer.statusCode(), answer.body());
        assertTrue(answer.body().contains("<securityGroupInfo/>"), answer.body());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aBodyHasAMebibyte(int more) throws Exception {
        String start = "Action=DescribeSecurityGroups" + EC2 + "&";
        byte[] body =
                (start + "&".repeat(Endpoint.MOST_BYTES + more - start.length())).getBytes(StandardCharsets.US_ASCII);
        HttpResponse<String> answer = send(serve(), "POST", body);
        assertEquals(more == 0 ? 200 : 413, answer.statusCode());
        assertEquals(
                more == 1,
                answer.body().contains("<Message>a request's body may have 1048576 bytes, this one has more</Message>"),
                answer.body());
    }

    @Test
    void whatHttpRefusesIsXmlToo() throws Exception {
        URI here = serve();
        HttpResponse<String> path = send(here.resolve("/other"), "POST", new byte[0]);
        assertEquals(404, path.statusCode());
        assertTrue(path.body().contains("<Code>InvalidQueryParameter</Code>"), path.body());
        HttpResponse<String> method = send(here, "PUT", new byte[0]);
        assertEquals(405, method.statusCode());
        assertEquals("POST, GET", method.headers().firstValue("allow").orElseThrow());
        assertTrue(method.body().contains("<Code>InvalidQueryParameter</Code>"), method.body());
    }

    @Test
    void aDefectIsAnInternalError() throws Exception {
        List<Throwable> reported = new ArrayList<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, defect) -> reported.add(defect));
        try {
            HttpResponse<String> answer =
                    send(serve(), "POST", ("Action=DescribeRegions" + EC2).getBytes(StandardCharsets.US_ASCII));
            assertEquals(500, answer.statusCode());
            assertTrue(answer.body().contains("<Code>InternalError</Code>"), answer.body());
            assertFalse(answer.body().contains("a defect"), answer.body());
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertEquals(1, reported.size());
    }
}
