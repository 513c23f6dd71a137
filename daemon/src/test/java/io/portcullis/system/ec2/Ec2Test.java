package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The EC2 endpoint of a real daemon: calls change the file and the traffic, together or not at all. curl(1) signs the calls. */
@Tag("system")
final class Ec2Test {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String ID = "sg-00000000000000000";
    private static final String RULES = """
            version: 1
            # The rules of the host.
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                id: sg-00000000000000000
                ingress: []   # nothing yet
            ec2-api: {credentials: @KEYS@, rate: 1000}
            """;

    private final Ec2Host host = new Ec2Host(LAB, RULES);

    @AfterEach
    void stop() {
        host.close();
    }

    private String rule(String action, int port, String from) {
        return host.call(
                action,
                "GroupId=" + ID,
                "IpPermissions.1.IpProtocol=tcp",
                "IpPermissions.1.FromPort=" + port,
                "IpPermissions.1.ToPort=" + port,
                "IpPermissions.1.IpRanges.1.CidrIp=" + from);
    }

    private static void assertDone(String answer) {
        assertTrue(answer.contains("<return>true</return>"), answer);
    }

    private static Command get() {
        return LAB.client("curl", "-s", "-m", "2", "-o", "/dev/null", "http://" + Lab.SERVER + "/");
    }

    @Test
    void callsChangeTheFileAndTheTrafficAtOnce() throws IOException {
        LAB.nginx("fw", 80);
        String before = host.file();
        assertTrue(get().exit() != 0, "no rule admits it");
        assertDone(rule("AuthorizeSecurityGroupIngress", 80, "0.0.0.0/0"));
        assertEquals(0, get().exit(), host.daemon().log());
        assertEquals(
                before.replace(
                        "    ingress: []   # nothing yet\n",
                        "    ingress:   # nothing yet\n      - {protocol: tcp, ports: 80, from: 0.0.0.0/0}\n"),
                host.file());
        String again = rule("AuthorizeSecurityGroupIngress", 80, "0.0.0.0/0");
        assertTrue(again.contains("<Code>InvalidPermission.Duplicate</Code>"), again);
        assertDone(rule("RevokeSecurityGroupIngress", 80, "0.0.0.0/0"));
        assertTrue(get().exit() != 0, "the rule is revoked");
        assertTrue(host.file().contains("ingress: []"), host.file());
        String history = host.daemon().cli("history").ok().out();
        assertTrue(history.contains(Ec2Host.KEY), history);
        assertTrue(history.contains("api"), history);
    }

    @Test
    void aCallerWithoutAKeyChangesNothing() throws IOException {
        String before = host.file();
        String wrong = host.callAs(Ec2Host.KEY + ":another-secret-of-forty-letters-and-digi", "DescribeSecurityGroups");
        assertTrue(wrong.contains("<Code>AuthFailure</Code>"), wrong);
        String unsigned = LAB.firewall(
                        "curl", "-s", "-m", "20", Ec2Host.URL + "/?Action=DescribeVpcs&Version=2016-11-15")
                .output();
        assertTrue(unsigned.contains("<Code>MissingAuthenticationToken</Code>"), unsigned);
        assertEquals(before, host.file());
    }

    @Test
    void clientsThatChangeRulesAtOnceLoseNothing() throws Exception {
        int clients = 12;
        try (ExecutorService all = Executors.newFixedThreadPool(clients)) {
            List<Future<String>> answers = IntStream.range(0, clients)
                    .mapToObj(i -> all.submit(() -> rule("AuthorizeSecurityGroupIngress", 8_000 + i, "10.0.0.0/8")))
                    .toList();
            for (Future<String> answer : answers) {
                assertDone(answer.get());
            }
        }
        String yaml = host.file();
        for (int i = 0; i < clients; i++) {
            assertTrue(yaml.contains("ports: " + (8_000 + i) + ","), yaml);
        }
        host.daemon().cli("reload").ok();
    }

    @Test
    void aCallDoesNotTakeAFileFromAProgramThatIsWritingIt() throws IOException {
        Path said = LAB.file("writer", "");
        Process writer = LAB.start(
                "fw",
                said,
                "perl",
                "-e",
                "open(F, '>>', $ARGV[0]) or die; syswrite(F, \"# half\"); $| = 1; print \"ready\\n\"; sleep",
                host.daemon().config().toString());
        Lab.awaitText("the writer", said, text -> text.contains("ready"));
        String refused = rule("AuthorizeSecurityGroupIngress", 8_080, "10.0.0.0/8");
        assertTrue(refused.contains("<Code>OperationNotPermitted</Code>"), refused);
        assertTrue(refused.contains("another program is writing it"), refused);
        assertTrue(host.file().endsWith("# half"), host.file());
        writer.destroy();
        Lab.await(
                "the call",
                () -> rule("AuthorizeSecurityGroupIngress", 8_080, "10.0.0.0/8").contains("<return>true</return>"));
        assertTrue(host.file().contains("# half"), host.file());
    }

    @Test
    void anEditByHandAndACallAreBothKept() throws IOException {
        Files.writeString(host.daemon().config(), host.file().replace("# The rules of the host.", "# Edited by hand."));
        assertDone(rule("AuthorizeSecurityGroupIngress", 8_080, "10.0.0.0/8"));
        assertTrue(host.file().contains("# Edited by hand."), host.file());
        assertTrue(host.file().contains("ports: 8080"), host.file());
    }
}
