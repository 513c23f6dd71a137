package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.ec2.wire.Action;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Debian's boto3 against a real daemon. The scripts in the folder {@code boto} of the resources make the claims. */
@Tag("system")
final class BotoTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    /** Debian's own: its packages are not for another one that may come first in the PATH. */
    private static final String PYTHON = "/usr/bin/python3";

    /** In the table, and not offered: every group is in the one VPC. */
    private static final String NOT_OFFERED = "DescribeSecurityGroupVpcAssociations";

    /** Debian's boto3 has no model of it. */
    private static final String YOUNGER = "GetSecurityGroupsForVpc";

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]}
            security-groups:
              web: {ingress: []}
            ec2-api: {credentials: @KEYS@, rate: 1000}
            """;

    @BeforeAll
    static void installed() {
        assumeTrue(
                Path.of(PYTHON).toFile().canExecute()
                        && Command.run(PYTHON, "-c", "import boto3").exit() == 0,
                "boto3: not installed for " + PYTHON + " (Debian package python3-boto3)");
    }

    /** What the script prints; its claims must be true. */
    private static String run(Ec2Host host, String script) {
        Path file = Path.of("src/test/resources/boto", script + ".py").toAbsolutePath();
        return host.client("PYTHONDONTWRITEBYTECODE=1", PYTHON, file.toString())
                .ok()
                .output()
                .strip();
    }

    @Test
    void everyActionIsAnswered() {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            String before = host.file();
            List<String> called =
                    new ArrayList<>(Arrays.asList(run(host, "actions").split(" ")));
            String vpc = host.call("DescribeVpcs").replaceAll("(?s).*<vpcId>(.*)</vpcId>.*", "$1");
            String groups = host.call(YOUNGER, "VpcId=" + vpc);
            assertTrue(groups.contains("<groupName>web</groupName>"), groups);
            called.addAll(List.of(YOUNGER, NOT_OFFERED));
            assertEquals(
                    new TreeSet<>(ActionTable.all().stream().map(Action::name).toList()), new TreeSet<>(called));
            assertTrue(host.call(NOT_OFFERED).contains("<Code>UnsupportedOperation</Code>"));
            // What the script has made, it has deleted.
            assertEquals(before, host.file().replace("include: [rules.d/ec2.yaml]\n", ""));
            host.daemon().cli("reload").ok();
        }
    }

    @Test
    void pagesHoldTheSameItemsAsOneAnswer() {
        StringBuilder interfaces = new StringBuilder("interfaces:\n");
        // Interfaces without a NIC count, too.
        IntStream.range(1, 7)
                .mapToObj("  web%d: {mode: host, nic: later%<d, security-groups: [web]}\n"::formatted)
                .forEach(interfaces::append);
        try (Ec2Host host = new Ec2Host(LAB, RULES.replace("interfaces:\n", interfaces))) {
            run(host, "paginators");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"waiters", "resources", "errors"})
    void aScriptMakesItsClaims(String script) {
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            run(host, script);
        }
    }
}
