package io.portcullis.policy;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.PortRange;
import java.util.List;

/**
 * What makes a rule, or an entry of a network ACL, the same before and after a reload: where it belongs and what it says, not
 * its position, its place in the file or its description.
 *
 * @param list {@code web/ingress}; of an entry, which its number names, {@code edge-acl/ingress[110] deny}
 */
public record RuleIdentity(
        String list, int protocol, List<PortRange> ports, int icmpType, int icmpCode, List<Peer> peers) {
    /** Of a rule that is written. */
    static RuleIdentity of(String list, Rule rule) {
        return new RuleIdentity(list, rule.protocol(), rule.ports(), rule.icmpType(), rule.icmpCode(), rule.peers());
    }

    /** Of one that is not. */
    static RuleIdentity implied(String name) {
        return new RuleIdentity(name, Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of());
    }
}
