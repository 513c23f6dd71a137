package io.portcullis.policy;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.PortRange;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The identity of a rule, or of an entry of a network ACL, across reloads: its list and its conditions, but not its position, its
 * location in the file or its description.
 *
 * @param list {@code web/ingress}; for an entry, with its number, {@code edge-acl/ingress[110] deny}
 */
public record RuleIdentity(
        String list, int protocol, List<PortRange> ports, int icmpType, int icmpCode, List<Peer> peers) {
    /**
     * As one text. Part of a file format ({@code hits.RuleKey}): the same rule has the same text in every version of the program. Rules with
     * different texts are different.
     */
    public String text() {
        return list
                + '\n'
                + protocol
                + ports.stream().map(PortRange::toString).collect(Collectors.joining(",", "\nports ", ""))
                + "\ntype "
                + icmpType
                + ' '
                + icmpCode
                + peers.stream().map(Peer::text).collect(Collectors.joining("\n", "\n", ""));
    }

    /** The identity of a written rule. */
    static RuleIdentity of(String list, Rule rule) {
        return new RuleIdentity(list, rule.protocol(), rule.ports(), rule.icmpType(), rule.icmpCode(), rule.peers());
    }

    /** The identity of an implied rule. */
    static RuleIdentity implied(String name) {
        return new RuleIdentity(name, Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of());
    }
}
