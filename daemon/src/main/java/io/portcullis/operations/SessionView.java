package io.portcullis.operations;

import org.jspecify.annotations.Nullable;

/**
 * Whether an ssh session would be admitted if it were opened again.
 *
 * @param interfaceName that it passes
 * @param peer address of the other end
 * @param local address of this host
 * @param admitted false: it would be refused
 * @param rule that admits it; null: none does, or none is needed
 * @param why it is admitted or refused, a clause; one about a refusal names the nearest rule and its place
 * @param advice what would admit it; empty if it is admitted
 */
public record SessionView(
        String interfaceName,
        String peer,
        int peerPort,
        String local,
        int localPort,
        boolean admitted,
        ExplainReport.@Nullable RuleView rule,
        String why,
        String advice) {}
