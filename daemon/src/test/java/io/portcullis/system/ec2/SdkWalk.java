package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.Lab;
import java.util.List;
import java.util.function.Function;

/**
 * What the host shows after each of the three steps of a program that uses an SDK. The program makes the same calls in each
 * language, and checks the answers.
 */
final class SdkWalk {
    static final String RULES = """
            version: 1
            # The rules of the host.
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [base]}
            security-groups:
              base: {ingress: []}
            ec2-api: {credentials: @KEYS@, rate: 1000}
            """;

    private final Lab lab;
    private final Ec2Host host;
    private final Function<String, Command> program;

    /** {@code program}: runs one step of the program to its end. */
    SdkWalk(Lab lab, Ec2Host host, Function<String, Command> program) {
        this.lab = lab;
        this.host = host;
        this.program = program;
    }

    void walk() {
        lab.nginx("fw", 80);
        String before = host.file();
        assertReached(List.of());
        program.apply("open").ok();
        assertReached(List.of(Lab.CLIENT));
        assertTrue(host.file().contains("security-groups: [base, sdk]}"), host.file());
        assertMade("""
                  sdk:
                    id: @ID@
                    description: "Made by an SDK"
                    ingress:
                      - {protocol: tcp, ports: 80, from: 203.0.113.10/32, description: "one client"}
                      - {protocol: tcp, ports: 8000-8010, from: "2001:db8::/32"}
                """);
        program.apply("change").ok();
        assertReached(List.of(Lab.CLIENT, Lab.CLIENT_SECOND));
        assertMade("""
                    ingress:
                      - {protocol: tcp, ports: 80, from: 203.0.113.11/32, description: "another client"}
                      - {protocol: tcp, ports: 8000-8010, from: "2001:db8::/32"}
                      - {protocol: tcp, ports: 80, from: {prefix-list: sdk-list}}
                """);
        program.apply("close").ok();
        assertReached(List.of());
        assertEquals(before.replace("version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n"), host.file());
        assertFalse(made().contains("sdk"), made());
        host.daemon().cli("reload").ok();
    }

    private String made() {
        return Lab.read(host.daemon().config().resolveSibling("rules.d/ec2.yaml"));
    }

    private void assertMade(String yaml) {
        String made = made().replaceAll("sg-[0-9a-f]{17}", "@ID@");
        assertTrue(made.contains(yaml), made);
    }

    /** Only these of the client's two addresses reach the web server. */
    private void assertReached(List<String> addresses) {
        for (String from : List.of(Lab.CLIENT, Lab.CLIENT_SECOND)) {
            Command get = lab.client("curl", "-s", "-m", "2", "--interface", from, "http://" + Lab.SERVER + "/");
            assertEquals(
                    addresses.contains(from),
                    get.exit() == 0,
                    get + "\n" + host.daemon().log());
        }
    }
}
