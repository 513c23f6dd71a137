package io.portcullis.config.edit;

import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One rule as EC2 counts them: one protocol, one range of ports and one peer. A rule of a file is one or several of these.
 *
 * @param protocol 0 to 255, or {@link Rule#ALL}
 * @param ports null: all, which is the same as 0 to 65535
 * @param icmpType 0 to 255, or {@link Rule#ALL}
 * @param icmpCode 0 to 255, or {@link Rule#ALL}
 * @param peer not {@link Peer.Any}, which is two permissions, one of each family
 */
public record Permission(int protocol, @Nullable PortRange ports, int icmpType, int icmpCode, Peer peer) {
    private static final PortRange EVERY_PORT = new PortRange(0, 65_535);

    /** @throws IllegalArgumentException if a {@link Rule} cannot have these values, or the peer is any */
    public Permission {
        ports = EVERY_PORT.equals(ports) ? null : ports;
        if (peer instanceof Peer.Any) {
            throw new IllegalArgumentException("any is two permissions: 0.0.0.0/0 and ::/0");
        }
        rule(protocol, ports, icmpType, icmpCode, peer, "");
    }

    /** All traffic of a peer. */
    public static Permission all(Peer peer) {
        return new Permission(Rule.ALL, null, Rule.ALL, Rule.ALL, peer);
    }

    /** The permissions of a rule: each of its ports with each of its peers. */
    public static List<Permission> of(Rule rule) {
        List<Permission> all = new ArrayList<>();
        for (PortRange ports : portsOf(rule)) {
            for (Peer peer : rule.peers()) {
                for (Peer each : expanded(rule.protocol(), peer)) {
                    all.add(of(rule, ports, each));
                }
            }
        }
        return all;
    }

    /** Of one range of a rule's {@link #portsOf} and one peer. */
    static Permission of(Rule rule, PortRange ports, Peer peer) {
        return new Permission(rule.protocol(), ports, rule.icmpType(), rule.icmpCode(), peer);
    }

    /** The ranges of a rule, at least one. */
    static List<PortRange> portsOf(Rule rule) {
        return rule.ports().isEmpty() ? List.of(EVERY_PORT) : rule.ports();
    }

    /** Any as the blocks of the protocol's families; another peer as it is. */
    static List<Peer> expanded(int protocol, Peer peer) {
        return peer instanceof Peer.Any
                ? Rule.allAddresses(protocol).stream().<Peer>map(Peer.Net::new).toList()
                : List.of(peer);
    }

    /** The same as a rule of its own. */
    Rule rule(String description) {
        return rule(protocol, ports, icmpType, icmpCode, peer, description);
    }

    private static Rule rule(
            int protocol, @Nullable PortRange ports, int icmpType, int icmpCode, Peer peer, String description) {
        return new Rule(
                protocol,
                ports == null ? List.of() : List.of(ports),
                icmpType,
                icmpCode,
                List.of(peer),
                description,
                Location.of(""));
    }
}
