package io.portcullis.guard;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The addresses that a NIC of this host has now, in the configuration's terms. */
public final class NicAddresses {
    private static final Logger LOG = LoggerFactory.getLogger(NicAddresses.class);

    /** Devices whose traffic goes through the NIC that they stand on. */
    public static final Set<String> STANDS_ON_A_NIC = Set.of("vlan", "macvlan", "ipvlan", "macsec");

    private NicAddresses() {}

    /** A configuration with the addresses that those of its NICs have which this host has. */
    public static Config added(Config config) {
        Map<String, List<Cidr>> addresses = new HashMap<>();
        for (Interface each : config.interfaces().values()) {
            if (each.mode() instanceof Mode.Host host) {
                try {
                    addresses.put(each.name(), of(host.nic()));
                } catch (ErrnoException unknown) {
                    LOG.debug("addresses of {} can't be read", host.nic(), unknown);
                }
            }
        }
        return config.withNicAddresses(addresses);
    }

    /**
     * The addresses of all hosts' NICs that a configuration names, by interface.
     *
     * @param guarded knows NICs that are called otherwise by now
     * @param last those that were read last: what counts where the kernel does not tell
     */
    public static Map<String, List<Cidr>> of(
            Config config, Map<String, GuardedInterface> guarded, Map<String, List<Cidr>> last) {
        Map<String, List<Cidr>> addresses = new TreeMap<>();
        for (Interface attachment : config.interfaces().values()) {
            if (!(attachment.mode() instanceof Mode.Host host)) {
                continue;
            }
            String name = attachment.name();
            try {
                GuardedInterface each = guarded.get(name);
                addresses.put(name, each == null ? of(host.nic()) : each.nicAddresses());
            } catch (ErrnoException refused) {
                LOG.warn("{}: its addresses can't be read: {}", name, refused.getMessage());
                addresses.put(name, last.getOrDefault(name, List.of()));
            }
        }
        return addresses;
    }

    /** Those of a NIC, and of the devices that stand on it; none where it is gone. An alternative name is a name too. */
    public static List<Cidr> of(String name) throws ErrnoException {
        Optional<Nic> named = Nics.find(name);
        List<Cidr> addresses = new ArrayList<>();
        if (named.isPresent()) {
            add(addresses, named.get());
            for (Nic other : Nics.all()) {
                if (other.lowerIndex() == named.get().index() && STANDS_ON_A_NIC.contains(other.kind())) {
                    add(addresses, other);
                }
            }
        }
        return addresses;
    }

    private static void add(List<Cidr> addresses, Nic nic) throws ErrnoException {
        for (NicAddress each : Nics.addresses(nic)) {
            Cidr block = Cidr.of(address(each.address()));
            if (!addresses.contains(block)) {
                addresses.add(block);
            }
        }
    }

    public static Address address(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet6Address
                ? new Address(true, bytes.getLong(0), bytes.getLong(8))
                : new Address(false, 0, Integer.toUnsignedLong(bytes.getInt(0)));
    }
}
