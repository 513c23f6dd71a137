package io.portcullis.ec2.model;

import io.portcullis.config.Interface;
import io.portcullis.net.Cidr;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A network interface, in a subnet of its own.
 *
 * @param written in the configuration
 * @param index from 0, in the order of the configuration
 * @param groupIds in the order of the configuration
 * @param aclId of the ACL that it has, or of the default one
 * @param aclAssociationId another one for each ACL
 */
public record NetworkInterface(
        String id,
        Interface written,
        int index,
        String attachmentId,
        String subnetId,
        List<String> groupIds,
        String aclId,
        String aclAssociationId,
        Nic nic,
        Map<String, String> tags) {
    private static final Cidr NO_NETWORK = Cidr.ALL_V4;

    public NetworkInterface {
        groupIds = List.copyOf(groupIds);
    }

    /** As in the configuration. */
    public String name() {
        return written.name();
    }

    /** The addresses of one family, each as a block of one address. */
    public List<Cidr> addresses(boolean isV6) {
        return Stream.concat(
                        nic.networks().stream().map(Nic.Network::address),
                        written.memberAddresses().stream().filter(NetworkInterface::isOne))
                .filter(each -> each.isV6() == isV6 && !each.isLinkLocal())
                .distinct()
                .toList();
    }

    private static boolean isOne(Cidr block) {
        return block.prefixLength() == block.network().bits();
    }

    /** The network of a family; empty: none is known. */
    public Optional<Cidr> network(boolean isV6) {
        return Stream.concat(
                        nic.networks().stream().map(Nic.Network::network),
                        written.memberAddresses().stream().filter(each -> !isOne(each)))
                .filter(each -> each.isV6() == isV6 && !each.isLinkLocal())
                .findFirst();
    }

    /** The block of its subnet; a subnet of EC2's always has one. */
    public Cidr subnetBlock() {
        return network(false).or(() -> addresses(false).stream().findFirst()).orElse(NO_NETWORK);
    }

    /** The IPv6 block of its subnet; empty: it has none. */
    public Optional<Cidr> subnetBlockV6() {
        return network(true).or(() -> addresses(true).stream().findFirst());
    }
}
