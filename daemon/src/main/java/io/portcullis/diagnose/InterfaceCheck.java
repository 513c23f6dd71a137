package io.portcullis.diagnose;

import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.guard.Adoption;
import io.portcullis.guard.NicAddresses;
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

/** What stands in the way of one interface on this machine, and what will happen to its NICs. Changes nothing. */
final class InterfaceCheck {
    private final Findings findings;
    private final boolean running;
    private final Set<Integer> ours;

    /**
     * A check.
     *
     * @param findings takes what is found
     * @param running true: a daemon runs in this network namespace
     * @param ours the kernel's numbers of tcx programs that a run of this boot has attached
     */
    InterfaceCheck(Findings findings, boolean running, Set<Integer> ours) {
        this.findings = findings;
        this.running = running;
        this.ours = Set.copyOf(ours);
    }

    /** Looks at one interface and its NICs. */
    void examine(Interface each) throws IOException {
        String name = each.name();
        List<String> faults = Interception.faults(each);
        faults.forEach(fault -> findings.fail(name, fault));
        for (String nicName : each.mode().nics()) {
            Optional<Nic> nic = Nics.find(nicName);
            if (nic.isEmpty()) {
                if (each.mode() instanceof Mode.Host) {
                    findings.warn(name, "there is no NIC " + nicName + " yet: it is guarded when it comes");
                }
                continue;
            }
            examine(each, nic.get());
        }
        Interception.warnings(each).forEach(warning -> findings.warn(name, warning));
        if (faults.isEmpty()) {
            findings.ok(name, what(each));
        }
    }

    private void examine(Interface each, Nic nic) throws IOException {
        String name = each.name();
        claim(nic).ifPresent(owner -> findings.warn(name, nic.name() + " is guarded already, by " + owner));
        if (!nic.running()) {
            findings.warn(name, nic.name() + (nic.up() ? " has no carrier" : " is down"));
        }
        Optional<Xdp> xdp = Xdp.on(nic);
        xdp.ifPresent(program -> findings.warn(
                name,
                nic.name() + " has an XDP program (" + program.mode() + ", number " + program.programId()
                        + "): it runs before portcullis, and what it drops or redirects is never seen"));
        programs(name, nic);
        List<String> off = Interception.offloadsInTheWay(
                each, each.datapath() != Datapath.PCAP, Offloads.read(nic.name()).switchable());
        if (!off.isEmpty()) {
            findings.warn(
                    name,
                    nic.name() + ": goes off while it is guarded, and on again at the end: " + String.join(", ", off));
        }
    }

    /** Who has a NIC, in words. */
    private static Optional<String> claim(Nic nic) throws IOException {
        return NicClaim.owner(StateFolder.ofThisBoot(), nic);
    }

    /** Programs of others on a NIC's hooks, direction by direction, and our own. */
    private void programs(String name, Nic nic) throws IOException {
        int own = 0;
        for (boolean ingress : new boolean[] {true, false}) {
            String direction = nic.name() + (ingress ? " ingress" : " egress");
            List<Tcx.Entry> programs = tcx(nic, ingress);
            List<Clsact.Filter> filters = Clsact.filters(nic.index(), ingress);
            int otherPrograms =
                    (int) programs.stream().filter(each -> !isOurs(each)).count();
            int otherFilters =
                    (int) filters.stream().filter(each -> !isOurs(each)).count();
            own += programs.size() - otherPrograms + filters.size() - otherFilters;
            if (otherPrograms > 0) {
                findings.warn(
                        name,
                        direction + " has " + otherPrograms + " tcx program(s) of others: portcullis is attached before"
                                + " them, and what it admits goes on to them; with attach: clsact it would be refused");
            }
            if (otherFilters > 0) {
                findings.warn(
                        name,
                        direction + " has " + otherFilters
                                + " tc filter(s) of others: what portcullis admits goes on to them");
            }
        }
        if (own > 0 && running) {
            findings.ok(name, nic.name() + " has " + own + " program(s) of portcullis, and a daemon runs");
        } else if (own > 0) {
            findings.warn(
                    name,
                    nic.name() + " has " + own
                            + " program(s) that an earlier run of portcullis left: the next start takes"
                            + " them over, portcullis detach removes them");
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
        return ours.contains(filter.programId());
    }

    private static String what(Interface each) {
        String nics = String.join(" and ", each.mode().nics());
        String after = each.onFailure() == OnFailure.CLOSED
                ? "; where the daemon dies, nothing passes until it is back or portcullis detach is run"
                : "; where the daemon dies, everything passes";
        return switch (each.mode()) {
            case Mode.Host host -> {
                String adopted =
                        host.adoptEstablished() ? adopted(host) : "connections that there are have to be opened anew";
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
