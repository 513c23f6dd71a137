package io.portcullis.policy;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.PortRange;
import java.util.List;

/**
 * The identity of a rule, or of an entry of a network ACL, across reloads: its list and its conditions, but not its position, its
 * location in the file or its description.
 *
 * @param list {@code web/ingress}; for an entry, with its number, {@code edge-acl/ingress[110] deny}
 */
public record RuleIdentity(
        String list, int protocol, List<PortRange> ports, int icmpType, int icmpCode, List<Peer> peers) {
    /** The identity of a written rule. */
    static RuleIdentity of(String list, Rule rule) {
        return new RuleIdentity(list, rule.protocol(), rule.ports(), rule.icmpType(), rule.icmpCode(), rule.peers());
    }

    /** The identity of an implied rule. */
    static RuleIdentity implied(String name) {
        return new RuleIdentity(name, Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of());
    }
}
