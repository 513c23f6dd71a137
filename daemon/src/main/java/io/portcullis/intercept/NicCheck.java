package io.portcullis.intercept;

import io.portcullis.linux.Capabilities;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Route;
import java.io.IOException;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Checks whether NICs can be attached: each fault is one line with its remedy. Changes nothing. */
final class NicCheck {
    /** Devices that get the frames of the NIC below them before the firewall's verdict. */
    private static final Set<String> UPPER_KINDS = Set.of("vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec");

    private static final String ADVICE = ": guard it from the machine or the NIC that carries it";

    /** NICs that a message names at the most. */
    private static final int NICS_NAMED = 12;

    private NicCheck() {}

    /** Why the NICs of a bridge can't be attached now; empty: they can. */
    static List<String> bridgeFaults(String interfaceName, String outside, String inside) {
        List<String> faults = new ArrayList<>();
        try {
            checkCapabilities(faults, List.of());
            List<Nic> all = Nics.all();
            Optional<Nic> outer = checkBridged(interfaceName + ": outside: ", outside, all, faults);
            Optional<Nic> inner = checkBridged(interfaceName + ": inside: ", inside, all, faults);
            if (outer.isPresent()
                    && inner.isPresent()
                    && outer.get().index() == inner.get().index()) {
                faults.add(interfaceName + ": outside and inside are the same NIC, "
                        + outer.get().name() + ": name two");
            }
        } catch (IOException failed) {
            faults.add(interfaceName + ": " + InterceptException.reason(failed));
        }
        return faults.stream().distinct().toList();
    }

    private static Optional<Nic> checkBridged(String where, String name, List<Nic> all, List<String> faults)
            throws ErrnoException {
        Optional<Nic> found = Nics.find(name);
        if (found.isEmpty()) {
            faults.add(where + "there is no NIC " + name + "; there are: " + names(all));
            return found;
        }
        Nic nic = found.get();
        if (nic.loopback()) {
            faults.add(where + name + " is the loopback device: name a NIC with a network behind it");
            return found;
        }
        if (!nic.ethernet()) {
            faults.add(where + name + " carries no Ethernet frames (hardware type " + nic.hardwareType()
                    + "): name an Ethernet NIC");
        }
        Optional<Nic> master = Nics.master(nic);
        if (master.isPresent()) {
            faults.add(where + name + " is a port of " + master.get().name() + ": take it out (ip link set " + name
                    + " nomaster), or name another NIC");
        }
        List<NicAddress> addresses = Nics.addresses(nic).stream()
                .filter(address -> !address.isIpv6LinkLocal())
                .toList();
        if (!addresses.isEmpty()) {
            boolean onlyLearnt = addresses.stream()
                    .allMatch(address -> address.address() instanceof Inet6Address && !address.permanent());
            String written = addresses.stream().map(NicAddress::toString).collect(Collectors.joining(", "));
            faults.add(where + name + " has the address " + written
                    + ": this host's own IP stack must stay off the wire: remove it (ip addr flush dev " + name
                    + (onlyLearnt
                            ? " scope global; sysctl -w net/ipv6/conf/" + nic.name() + "/accept_ra=0)"
                            : ") and what puts it there")
                    + ", or name another NIC");
        }
        List<String> routes = Nics.routes(nic).stream()
                .filter(Route::isSetByPeople)
                .map(Route::toString)
                .toList();
        if (addresses.isEmpty() && !routes.isEmpty()) {
            faults.add(where + name + " has the route " + String.join(", ", routes)
                    + ": this host's own IP stack must stay off the wire: remove it (ip route flush dev " + name
                    + ") and what puts it there, or name another NIC");
        }
        for (Nic other : all) {
            if (other.lowerIndex() == nic.index() && other.up() && UPPER_KINDS.contains(other.kind())) {
                faults.add(where + other.name() + " (" + other.kind() + ") is on top of " + name
                        + " and would get its frames past the firewall: remove it (ip link del " + other.name()
                        + "), or name another NIC");
            }
        }
        return found;
    }

    /** Oddities of the NICs of a bridge that are no faults, one line each. */
    static List<String> bridgeWarnings(String outside, String inside) {
        try {
            Optional<Nic> outer = Nics.find(outside);
            Optional<Nic> inner = Nics.find(inside);
            return outer.isPresent() && inner.isPresent()
                    ? unequalMtus(outer.get(), inner.get()).stream().toList()
                    : List.of();
        } catch (ErrnoException refused) {
            return List.of(String.valueOf(refused.getMessage()));
        }
    }

    /** A warning where the MTUs of a bridge's NICs differ. */
    static Optional<String> unequalMtus(Nic one, Nic other) {
        if (one.mtu() == other.mtu()) {
            return Optional.empty();
        }
        Nic smaller = one.mtu() < other.mtu() ? one : other;
        Nic larger = smaller.equals(one) ? other : one;
        return Optional.of(
                smaller.name() + " has MTU " + smaller.mtu() + " and " + larger.name() + " has " + larger.mtu()
                        + ": packets longer than " + smaller.mtu() + " bytes are dropped (too-big): ip link set dev "
                        + larger.name() + " mtu " + smaller.mtu());
    }

    /** Why the NIC of a host can't be attached now; empty: it can, or there is none yet. */
    static List<String> hostFaults(String interfaceName, String nicName) {
        List<String> faults = new ArrayList<>();
        try {
            checkCapabilities(faults, List.of(Capabilities.CAP_BPF));
            Optional<Nic> nic = Nics.find(nicName);
            if (nic.isPresent()) {
                faults.addAll(hostFaults(interfaceName, nic.get()));
            }
        } catch (IOException failed) {
            faults.add(interfaceName + ": " + InterceptException.reason(failed));
        }
        return faults;
    }

    /** Why this NIC can't be attached in host mode. */
    static List<String> hostFaults(String interfaceName, Nic nic) throws ErrnoException {
        String where = interfaceName + ": nic: ";
        if (nic.loopback()) {
            return List.of(where + nic.name() + " is the loopback device: its traffic never leaves this host");
        }
        if (!nic.ethernet()) {
            return List.of(where + nic.name() + " carries no Ethernet frames (hardware type " + nic.hardwareType()
                    + ": tun, WireGuard, PPP and their like)" + ADVICE);
        }
        Optional<Nic> master = Nics.master(nic);
        if (master.isPresent()) {
            return List.of(where + nic.name() + " is a port of " + master.get().name() + " ("
                    + master.get().kind() + "): name " + master.get().name() + " instead");
        }
        return List.of();
    }

    /**
     * Adds a fault that names the missing capabilities.
     *
     * @param more besides CAP_NET_RAW and CAP_NET_ADMIN, by number
     */
    private static void checkCapabilities(List<String> faults, List<Integer> more) throws IOException {
        Capabilities have = Capabilities.ofThisThread();
        List<String> missing = new ArrayList<>();
        if (!have.has(Capabilities.CAP_NET_RAW)) {
            missing.add("CAP_NET_RAW");
        }
        if (!have.has(Capabilities.CAP_NET_ADMIN)) {
            missing.add("CAP_NET_ADMIN");
        }
        if (more.contains(Capabilities.CAP_BPF)
                && !have.has(Capabilities.CAP_BPF)
                && !have.has(Capabilities.CAP_SYS_ADMIN)) {
            missing.add("CAP_BPF");
        }
        if (!missing.isEmpty()) {
            String names = String.join(" ", missing);
            faults.add("no privilege: " + names + " missing: run as root, or give the service AmbientCapabilities="
                    + names);
        }
    }

    /** The names of the existing NICs, for a message. */
    private static String names(List<Nic> all) {
        List<String> names = all.stream()
                .filter(nic -> !nic.loopback())
                .map(Nic::name)
                .sorted()
                .toList();
        if (names.isEmpty()) {
            return "none";
        }
        int more = names.size() - NICS_NAMED;
        return String.join(", ", names.subList(0, Math.min(names.size(), NICS_NAMED)))
                + (more > 0 ? " and " + more + " more" : "");
    }
}
