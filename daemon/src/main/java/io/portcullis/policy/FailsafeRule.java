package io.portcullis.policy;

import io.portcullis.config.Rule;
import io.portcullis.net.Cidr;
import java.util.Collection;

/**
 * A failsafe rule of one direction, with its references resolved.
 *
 * @param blocks its peers; a prefix list may have duplicates
 */
public record FailsafeRule(Rule rule, Collection<Cidr> blocks) {}
