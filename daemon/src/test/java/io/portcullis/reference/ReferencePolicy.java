package io.portcullis.reference;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.Conntrack;
import io.portcullis.config.Interface;
import io.portcullis.config.NetworkAcl;
import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.policy.RandomWorld;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules of web0, evaluated one after the other, without compilation. */
public final class ReferencePolicy {
    private static final String INTERFACE = "web0";
    private static final String NO_RULE = "none";

    private static final List<Cidr> UNSPECIFIED = cidrs("0.0.0.0/32", "::/128");
    private static final List<Cidr> BAD_SOURCES =
            cidrs("127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::1/128", "ff00::/8", "::ffff:0:0/96");
    private static final List<Cidr> BAD_DESTINATIONS = cidrs("127.0.0.0/8", "::1/128", "::ffff:0:0/96");
    private static final Set<Set<Integer>> DHCP = Set.of(Set.of(67, 68), Set.of(546, 547));

    private final Config config;
    private final Interface attachment;
    private final List<Cidr> own;
    private final List<RandomWorld.Named> ingress;
    private final List<RandomWorld.Named> egress;
    private final @Nullable NetworkAcl acl;
    private final Map<String, Long> timeouts = new HashMap<>();
    private final long autoMaxFlows;

    public ReferencePolicy(Config config, long autoMaxFlows) {
        this.config = config;
        this.autoMaxFlows = autoMaxFlows;
        attachment = Objects.requireNonNull(config.interfaces().get(INTERFACE), INTERFACE);
        own = attachment.ownAddresses();
        ingress = RandomWorld.inOrder(config, true);
        egress = RandomWorld.inOrder(config, false);
        acl = config.networkAcl(attachment).orElse(null);
        attachment.timeouts().byKey().forEach((key, idle) -> timeouts.put(key, idle.toNanos()));
    }

    private static List<Cidr> cidrs(String... texts) {
        return Arrays.stream(texts)
                .map(text -> text.split("/"))
                .map(parts -> new Cidr(Address.parse(parts[0]), Integer.parseInt(parts[1])))
                .toList();
    }

    /** The rule that admits a first packet, in configuration order, or null. */
    @Nullable
    String ruleFor(Datagram datagram) {
        boolean inward = datagram.direction() == Direction.INGRESS;
        String rule = RandomWorld.naive(config, inward ? ingress : egress, question(datagram));
        return rule.equals(NO_RULE) ? null : rule;
    }

    static boolean isFailsafe(@Nullable String rule) {
        return rule != null && rule.startsWith("failsafe/");
    }

    /** Why the network ACL drops a packet, or {@link Reason#NONE}. */
    Reason askAcl(Datagram datagram) {
        if (acl == null) {
            return Reason.NONE;
        }
        boolean inward = datagram.direction() == Direction.INGRESS;
        Optional<AclEntry> entry = RandomWorld.naiveEntry(config, acl, inward, question(datagram));
        return entry.map(each -> each.allow() ? Reason.NONE : Reason.ACL_DENY).orElse(Reason.ACL_DEFAULT);
    }

    private static RandomWorld.Question question(Datagram datagram) {
        return new RandomWorld.Question(
                datagram.protocol(), datagram.transport().selector(), datagram.outside());
    }

    static boolean hasBadAddress(Datagram datagram) {
        return contains(BAD_SOURCES, datagram.source())
                || contains(BAD_DESTINATIONS, datagram.destination())
                || contains(UNSPECIFIED, datagram.source()) && !isDhcp(datagram)
                || contains(UNSPECIFIED, datagram.destination())
                || datagram.source().equals(datagram.destination());
    }

    private static boolean isDhcp(Datagram datagram) {
        return datagram.transport() instanceof Transport.Ports ports
                && ports.protocol() == IpProtocol.UDP
                && ports.sourcePort() != ports.destinationPort()
                && DHCP.contains(Set.of(ports.sourcePort(), ports.destinationPort()));
    }

    boolean failsSourceCheck(Datagram datagram) {
        return attachment.sourceCheck()
                && contains(own, datagram.source()) == (datagram.direction() == Direction.INGRESS);
    }

    private static boolean contains(List<Cidr> blocks, Address address) {
        for (Cidr block : blocks) {
            if (block.contains(address)) {
                return true;
            }
        }
        return false;
    }

    boolean audits() {
        return attachment.audit();
    }

    boolean verifiesChecksums() {
        return attachment.verifyChecksums();
    }

    boolean rechecks() {
        return config.conntrack().recheck();
    }

    boolean isTcpStrict() {
        return config.conntrack().tcpStrict();
    }

    long maxFlows() {
        long limit = config.conntrack().maxFlows();
        return limit == Conntrack.AUTO ? autoMaxFlows : limit;
    }

    long timeoutNs(String key) {
        return Objects.requireNonNull(timeouts.get(key), key);
    }
}
