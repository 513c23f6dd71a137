package io.portcullis.bench.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The rules that are written by a generator of random numbers. */
final class RuleFilesTest {
    private static final String PERL_BLOCKS = """
                - 174.153.220.64/26
                - 33.13.104.128/26
                - 76.45.187.176/28
            """;

    private static final String PERL_RULES = """
                  - {protocol: tcp, ports: 15929-16574, from: 174.152.0.0/14}
                  - {protocol: tcp, ports: 9597-13199, from: 76.45.176.0/20}
            """;

    /** By {@code srand(7)} and {@code rand}. */
    @Test
    void ruleFilesAreThoseThatPerlWrote() {
        assertEquals(PERL_BLOCKS, RuleFiles.blocks(3));
        assertEquals(PERL_RULES, RuleFiles.rules(2));
    }
}
