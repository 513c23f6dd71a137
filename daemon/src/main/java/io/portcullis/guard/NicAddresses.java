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

/** Reads the present addresses of this host's NICs, as values of the configuration. */
public final class NicAddresses {
    private static final Logger LOG = LoggerFactory.getLogger(NicAddresses.class);

    /** Kinds of devices whose traffic passes through a NIC below them. */
    public static final Set<String> KINDS_ABOVE_A_NIC = Set.of("vlan", "macvlan", "ipvlan", "macsec");

    private NicAddresses() {}

    /** A configuration with the addresses of those of its NICs that exist on this host. */
    public static Config added(Config config) {
        Map<String, List<Cidr>> addresses = new HashMap<>();
        for (Interface iface : config.interfaces().values()) {
            if (iface.mode() instanceof Mode.Host host) {
                try {
                    addresses.put(iface.name(), of(host.nic()));
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
     * @param guarded interfaces by name: they know the present names of their NICs
     * @param last the addresses that were read last, for NICs about which the kernel refuses an answer
     */
    public static Map<String, List<Cidr>> of(
            Config config, Map<String, GuardedInterface> guarded, Map<String, List<Cidr>> last) {
        Map<String, List<Cidr>> addresses = new TreeMap<>();
        for (Interface iface : config.interfaces().values()) {
            if (!(iface.mode() instanceof Mode.Host host)) {
                continue;
            }
            String name = iface.name();
            try {
                GuardedInterface inForce = guarded.get(name);
                addresses.put(name, inForce == null ? of(host.nic()) : inForce.nicAddresses());
            } catch (ErrnoException refused) {
                LOG.warn("{}: its addresses can't be read: {}", name, refused.getMessage());
                addresses.put(name, last.getOrDefault(name, List.of()));
            }
        }
        return addresses;
    }

    /** The addresses of a NIC and of the devices above it; none where it does not exist. An alternative name is a name, too. */
    public static List<Cidr> of(String name) throws ErrnoException {
        Optional<Nic> named = Nics.find(name);
        List<Cidr> addresses = new ArrayList<>();
        if (named.isPresent()) {
            add(addresses, named.get());
            for (Nic other : Nics.all()) {
                if (other.lowerIndex() == named.get().index() && KINDS_ABOVE_A_NIC.contains(other.kind())) {
                    add(addresses, other);
                }
            }
        }
        return addresses;
    }

    private static void add(List<Cidr> addresses, Nic nic) throws ErrnoException {
        for (NicAddress found : Nics.addresses(nic)) {
            Cidr block = Cidr.of(address(found.address()));
            if (!addresses.contains(block)) {
                addresses.add(block);
            }
        }
    }

    /** The same address as a value of the configuration. */
    public static Address address(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet6Address
                ? new Address(true, bytes.getLong(0), bytes.getLong(8))
                : new Address(false, 0, Integer.toUnsignedLong(bytes.getInt(0)));
    }
}
