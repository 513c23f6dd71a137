package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.Lab;
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
            ec2-api: {credentials: @KEYS@}
            """;

    private final Ec2Host host;
    private final Function<String, Command> program;
    private final Outcome outcome;

    /** {@code program}: runs one step of the program to its end. */
    SdkWalk(Lab lab, Ec2Host host, Function<String, Command> program) {
        outcome = new Outcome(lab, host);
        this.host = host;
        this.program = program;
    }

    void walk() {
        String before = host.file();
        outcome.assertReachedFrom();
        program.apply("open").ok();
        outcome.assertReachedFrom(Lab.CLIENT);
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
        outcome.assertReachedFrom(Lab.CLIENT, Lab.CLIENT_SECOND);
        assertMade("""
                    ingress:
                      - {protocol: tcp, ports: 80, from: 203.0.113.11/32, description: "another client"}
                      - {protocol: tcp, ports: 8000-8010, from: "2001:db8::/32"}
                      - {protocol: tcp, ports: 80, from: {prefix-list: sdk-list}}
                """);
        program.apply("close").ok();
        outcome.assertReachedFrom();
        assertEquals(before.replace("version: 1\n", "version: 1\ninclude: [rules.d/ec2.yaml]\n"), host.file());
        assertFalse(outcome.made().contains("sdk"), outcome.made());
        host.daemon().cli("reload").ok();
    }

    private void assertMade(String yaml) {
        String made = outcome.made().replaceAll("sg-[0-9a-f]{17}", "@ID@");
        assertTrue(made.contains(yaml), made);
    }
}
