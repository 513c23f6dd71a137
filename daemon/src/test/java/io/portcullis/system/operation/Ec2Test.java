package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
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
    private static final String KEY = "AKIATEST";
    private static final String SECRET = "a-secret-of-forty-letters-and-digits-123";

    private static final String RULES = """
            version: 1
            # The rules of the host.
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web:
                id: %s
                ingress: []   # nothing yet
            ec2-api: {credentials: %s, rate: 1000}
            """;

    private final DaemonProcess daemon;

    Ec2Test() throws IOException {
        Path keys = LAB.file(
                "ec2-credentials",
                "[default]\naws_access_key_id = " + KEY + "\naws_secret_access_key = " + SECRET + "\n");
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
        daemon = LAB.daemon(RULES.formatted(ID, keys));
        Lab.await("the endpoint", () -> call("DescribeSecurityGroups").contains(ID));
    }

    @AfterEach
    void stop() {
        daemon.close();
    }

    /** The answer, or the error. */
    private static String call(String action, String... parameters) {
        return callAs(KEY + ":" + SECRET, action, parameters);
    }

    private static String callAs(String key, String action, String... parameters) {
        List<String> words = new ArrayList<>(List.of(
                "curl",
                "-s",
                "-m",
                "20",
                "--aws-sigv4",
                "aws:amz:us-east-1:ec2",
                "--user",
                key,
                "http://127.0.0.1:9751/",
                "-d",
                "Action=" + action,
                "-d",
                "Version=2016-11-15"));
        for (String parameter : parameters) {
            words.add("--data-urlencode");
            words.add(parameter);
        }
        return LAB.firewall(words.toArray(String[]::new)).output();
    }

    private static String rule(String action, int port, String from) {
        return call(
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

    private String file() throws IOException {
        return Files.readString(daemon.config());
    }

    @Test
    void callsChangeTheFileAndTheTrafficAtOnce() throws IOException {
        LAB.nginx("fw", 80);
        String before = file();
        assertTrue(get().exit() != 0, "no rule admits it");
        assertDone(rule("AuthorizeSecurityGroupIngress", 80, "0.0.0.0/0"));
        assertEquals(0, get().exit(), daemon.log());
        assertEquals(
                before.replace(
                        "    ingress: []   # nothing yet\n",
                        "    ingress:   # nothing yet\n      - {protocol: tcp, ports: 80, from: 0.0.0.0/0}\n"),
                file());
        String again = rule("AuthorizeSecurityGroupIngress", 80, "0.0.0.0/0");
        assertTrue(again.contains("<Code>InvalidPermission.Duplicate</Code>"), again);
        assertDone(rule("RevokeSecurityGroupIngress", 80, "0.0.0.0/0"));
        assertTrue(get().exit() != 0, "the rule is revoked");
        assertTrue(file().contains("ingress: []"), file());
        String history = daemon.cli("history").ok().out();
        assertTrue(history.contains(KEY), history);
        assertTrue(history.contains("api"), history);
    }

    @Test
    void aCallerWithoutAKeyChangesNothing() throws IOException {
        String before = file();
        String wrong = callAs(KEY + ":another-secret-of-forty-letters-and-digi", "DescribeSecurityGroups");
        assertTrue(wrong.contains("<Code>AuthFailure</Code>"), wrong);
        String unsigned = LAB.firewall(
                        "curl", "-s", "-m", "20", "http://127.0.0.1:9751/?Action=DescribeVpcs&Version=2016-11-15")
                .output();
        assertTrue(unsigned.contains("<Code>MissingAuthenticationToken</Code>"), unsigned);
        assertEquals(before, file());
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
        String yaml = file();
        for (int i = 0; i < clients; i++) {
            assertTrue(yaml.contains("ports: " + (8_000 + i) + ","), yaml);
        }
        daemon.cli("reload").ok();
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
                daemon.config().toString());
        Lab.awaitText("the writer", said, text -> text.contains("ready"));
        String refused = rule("AuthorizeSecurityGroupIngress", 8_080, "10.0.0.0/8");
        assertTrue(refused.contains("<Code>OperationNotPermitted</Code>"), refused);
        assertTrue(refused.contains("another program is writing it"), refused);
        assertTrue(file().endsWith("# half"), file());
        writer.destroy();
        Lab.await(
                "the call",
                () -> rule("AuthorizeSecurityGroupIngress", 8_080, "10.0.0.0/8").contains("<return>true</return>"));
        assertTrue(file().contains("# half"), file());
    }

    @Test
    void anEditByHandAndACallAreBothKept() throws IOException {
        Files.writeString(daemon.config(), file().replace("# The rules of the host.", "# Edited by hand."));
        assertDone(rule("AuthorizeSecurityGroupIngress", 8_080, "10.0.0.0/8"));
        assertTrue(file().contains("# Edited by hand."), file());
        assertTrue(file().contains("ports: 8080"), file());
    }
}
