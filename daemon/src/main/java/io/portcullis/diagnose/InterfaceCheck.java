package io.portcullis.diagnose;

import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.guard.Adoption;
import io.portcullis.guard.FastPath;
import io.portcullis.guard.NicAddresses;
import io.portcullis.intercept.Gate;
import io.portcullis.intercept.Interception;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.bpf.Xdp;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicClaim;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Checks whether one interface can be guarded on this machine, and says what happens to its NICs. Changes nothing. */
final class InterfaceCheck {
    private final Findings findings;
    private final boolean running;
    private final Set<Integer> ours;

    /**
     * Ready to check interfaces.
     *
     * @param findings receives the results
     * @param running true: a daemon runs in this network namespace
     * @param ours ids of the programs that a daemon has attached since the boot
     */
    InterfaceCheck(Findings findings, boolean running, Set<Integer> ours) {
        this.findings = findings;
        this.running = running;
        this.ours = Set.copyOf(ours);
    }

    /** Checks one interface and its NICs. */
    void examine(Interface iface) throws IOException {
        String name = iface.name();
        List<String> faults = Interception.faults(iface);
        faults.forEach(fault -> findings.fail(name, fault));
        for (String nicName : iface.mode().nics()) {
            Optional<Nic> nic = Nics.find(nicName);
            if (nic.isEmpty()) {
                if (iface.mode() instanceof Mode.Host) {
                    findings.warn(name, "there is no NIC " + nicName + " yet: it is guarded as soon as it appears");
                }
                continue;
            }
            examine(iface, nic.get());
        }
        if (iface.offload() == Offload.AUTO) {
            Datapath datapath = iface.datapath() == Datapath.AUTO ? Datapath.RING : iface.datapath();
            FastPath.obstacle(iface, datapath, iface.workers(1))
                    .ifPresent(why -> findings.warn(name, "offload will be off: " + why));
        }
        Interception.warnings(iface).forEach(warning -> findings.warn(name, warning));
        if (faults.isEmpty()) {
            findings.ok(name, summary(iface));
        }
    }

    private void examine(Interface iface, Nic nic) throws IOException {
        String name = iface.name();
        claim(nic).ifPresent(owner -> findings.warn(name, nic.name() + " is guarded already, by " + owner));
        if (!nic.running()) {
            findings.warn(name, nic.name() + (nic.up() ? " has no carrier" : " is down"));
        }
        Optional<Xdp> xdp = Xdp.on(nic);
        xdp.ifPresent(program -> findings.warn(
                name,
                nic.name() + " has an XDP program (" + program.mode() + ", id " + program.programId()
                        + "): it runs before portcullis, which never sees the frames that it drops or redirects"));
        programs(name, nic);
        List<String> off = Interception.offloadsInTheWay(
                iface,
                iface.datapath() != Datapath.PCAP,
                Offloads.read(nic.name()).switchable());
        if (!off.isEmpty()) {
            findings.warn(
                    name,
                    nic.name() + ": switched off while it is guarded, and on again at the end: "
                            + String.join(", ", off));
        }
    }

    /** The daemon that guards a NIC, as text. */
    private static Optional<String> claim(Nic nic) throws IOException {
        return NicClaim.owner(StateFolder.ofThisBoot(), nic);
    }

    /** Counts programs of others and of ours on the hooks of a NIC, by direction. */
    private void programs(String name, Nic nic) throws IOException {
        int own = 0;
        for (boolean ingress : new boolean[] {true, false}) {
            String direction = nic.name() + (ingress ? " ingress" : " egress");
            List<Tcx.Entry> programs = tcx(nic, ingress);
            List<Clsact.Filter> filters = Clsact.filters(nic.index(), ingress);
            int otherPrograms =
                    (int) programs.stream().filter(entry -> !isOurs(entry)).count();
            int otherFilters =
                    (int) filters.stream().filter(entry -> !isOurs(entry)).count();
            own += programs.size() - otherPrograms + filters.size() - otherFilters;
            if (otherPrograms > 0) {
                findings.warn(
                        name,
                        direction + " has " + otherPrograms + " tcx program(s) of others: portcullis is attached before"
                                + " them, and they see the frames that it admits; with attach: clsact the start"
                                + " is refused");
            }
            if (otherFilters > 0) {
                findings.warn(
                        name,
                        direction + " has " + otherFilters
                                + " tc filter(s) of others: they see the frames that portcullis admits");
            }
        }
        if (own > 0 && running) {
            findings.ok(name, nic.name() + " has " + own + " program(s) of portcullis, and a daemon runs");
        } else if (own > 0) {
            findings.warn(
                    name,
                    nic.name() + " has " + own
                            + " program(s) that an earlier run of portcullis left: the next start uses"
                            + " them again, portcullis detach removes them");
        }
    }

    private static List<Tcx.Entry> tcx(Nic nic, boolean ingress) throws ErrnoException {
        try {
            return Tcx.query(nic.index(), ingress).entries();
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.EINVAL && refused.errno() != Errno.EPERM) {
                throw refused;
            }
            return List.of();
        }
    }

    private boolean isOurs(Tcx.Entry program) {
        return ours.contains(program.programId());
    }

    private boolean isOurs(Clsact.Filter filter) {
        return ours.contains(filter.programId()) || Gate.isPart(filter);
    }

    private static String summary(Interface iface) {
        String nics = String.join(" and ", iface.mode().nics());
        String after = switch (iface.onFailure()) {
            case CLOSED -> "; if the daemon dies, nothing passes until it is back or portcullis detach is run";
            case FAILSAFE -> "; if the daemon dies, only what failsafe rules admit passes";
            case OPEN -> "; if the daemon dies, everything passes";
        };
        return switch (iface.mode()) {
            case Mode.Host host -> {
                String adopted =
                        host.adoptEstablished() ? adopted(host) : "established connections have to be opened again";
                yield nics + " is guarded in place, its addresses and routes stay; " + adopted + after;
            }
            case Mode.Bridge _ -> nics + " are bridged" + after;
        };
    }

    private static String adopted(Mode.Host host) {
        try {
            return Adoption.connections(NicAddresses.of(host.nic())).size() + " established connections go on";
        } catch (ErrnoException unknown) {
            return "established connections go on";
        }
    }
}
