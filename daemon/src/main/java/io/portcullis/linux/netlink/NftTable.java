package io.portcullis.linux.netlink;

import io.portcullis.linux.ErrnoException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A table of nftables, made by {@code nft} or by an {@code iptables} on top of nftables.
 *
 * @param family {@code inet}, {@code ip}, {@code ip6}, {@code arp}, {@code bridge} or {@code netdev}, as nft(8) writes it
 */
public record NftTable(String family, String name) {
    /** NFNL_SUBSYS_NFTABLES in the upper byte (include/uapi/linux/netfilter/nfnetlink.h), NFT_MSG_GETTABLE. */
    private static final int NFT_MSG_GETTABLE = 10 << 8 | 1;

    /** struct nfgenmsg: family, version, resource. */
    private static final int NFGENMSG_LENGTH = 4;

    private static final int NFTA_TABLE_NAME = 1;

    /** NFPROTO_… (include/uapi/linux/netfilter.h). */
    private static final Map<Integer, String> FAMILIES =
            Map.of(1, "inet", 2, "ip", 3, "arp", 5, "netdev", 7, "bridge", 10, "ip6");

    /**
     * The tables of the calling thread's network namespace.
     *
     * @throws ErrnoException EPERM without CAP_NET_ADMIN; EINVAL or EPROTONOSUPPORT where the kernel has no nftables
     */
    public static List<NftTable> all() throws ErrnoException {
        List<NftTable> tables = new ArrayList<>();
        try (Netlink netlink = Netlink.open(Netlink.NETLINK_NETFILTER, "NETLINK_NETFILTER")) {
            ByteBuffer everyFamily = Netlink.body(NFGENMSG_LENGTH);
            for (Netlink.Message message : netlink.dump(NFT_MSG_GETTABLE, everyFamily, "NFT_MSG_GETTABLE")) {
                int family = Byte.toUnsignedInt(message.body().get(0));
                ByteBuffer name = message.attributes(NFGENMSG_LENGTH).get(NFTA_TABLE_NAME);
                if (name != null) {
                    tables.add(new NftTable(FAMILIES.getOrDefault(family, Integer.toString(family)), Nic.string(name)));
                }
            }
        }
        return tables;
    }

    /** As nft(8) shows it: {@code inet filter}. */
    @Override
    public String toString() {
        return family + " " + name;
    }
}
