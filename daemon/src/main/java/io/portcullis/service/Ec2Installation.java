package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.edit.Outcome;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.model.Nic;
import io.portcullis.ec2.store.InForce;
import io.portcullis.ec2.store.Installation;
import io.portcullis.ec2.store.InstallationFiles;
import io.portcullis.ec2.store.InstallationResult;
import io.portcullis.ec2.store.MachineId;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.NicAddresses;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ChangeOptions;
import io.portcullis.operations.ChangeReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The daemon, as the EC2 endpoint reads and changes it. Any thread. */
final class Ec2Installation implements Installation {
    private static final Logger LOG = LoggerFactory.getLogger(Ec2Installation.class);

    /** Facts about NICs are read from the kernel at most so often. */
    private static final long FRESH_NS = TimeUnit.SECONDS.toNanos(1);

    private record Facts(long number, long atNs, Map<String, Nic> nics) {}

    private final AtomicReference<Running> running;
    private final FileReloads files;
    private final Changes changes;
    private final Ids ids = Ids.ofMachine(MachineId.read());
    private volatile Facts facts = new Facts(-1, 0, Map.of());

    Ec2Installation(AtomicReference<Running> running, FileReloads files, Changes changes) {
        this.running = running;
        this.files = files;
        this.changes = changes;
    }

    @Override
    public Optional<InForce> inForce() {
        Running now = running.get();
        Config config = now.config();
        if (config == null || !now.started()) {
            return Optional.empty();
        }
        return Optional.of(new InForce(now.number(), config, Account.of(config, ids), nics(now, config)));
    }

    private Map<String, Nic> nics(Running now, Config config) {
        Facts last = facts;
        long nowNs = System.nanoTime();
        if (last.number() == now.number() && nowNs - last.atNs() < FRESH_NS) {
            return last.nics();
        }
        Map<String, Nic> nics = new LinkedHashMap<>();
        for (Interface iface : config.interfaces().values()) {
            GuardedInterface guarded = now.guarded().get(iface.name());
            String nic = guarded == null
                    ? iface.mode().nics().getFirst()
                    : guarded.nics().getFirst();
            nics.put(iface.name(), nic(nic));
        }
        facts = new Facts(now.number(), nowNs, nics);
        return nics;
    }

    private static Nic nic(String name) {
        try {
            Optional<io.portcullis.linux.netlink.Nic> found = Nics.find(name);
            if (found.isEmpty()) {
                return Nic.UNKNOWN;
            }
            List<Nic.Network> networks = new ArrayList<>();
            for (NicAddress each : Nics.addresses(found.get())) {
                Address address = NicAddresses.address(each.address());
                networks.add(new Nic.Network(
                        Cidr.of(address), new Cidr(address.network(each.prefixLength()), each.prefixLength())));
            }
            return new Nic(found.get().hardwareAddress(), networks);
        } catch (ErrnoException unknown) {
            LOG.debug("what the kernel knows of {} can't be read", name, unknown);
            return Nic.UNKNOWN;
        }
    }

    @Override
    public InstallationFiles files() {
        Reader.Candidate read = files.inForce();
        return read.config() == null
                ? new InstallationFiles.Faulty(read.faults())
                : new InstallationFiles.Read(read.texts());
    }

    @Override
    public InstallationResult apply(List<Outcome.FileChange> changed, Call call, boolean isTrial) {
        ChangeOptions options =
                new ChangeOptions(call.action().name() + ", request " + call.requestId(), 0, isTrial, false, 0, "");
        ChangeReport report = changes.splice(
                changed, options, new Actor(-1, -1, "access key " + call.by().id(), 0));
        if (report.conflict()) {
            return new InstallationResult.Edited();
        }
        return report.ok() ? new InstallationResult.Done() : new InstallationResult.Refused(report.errors());
    }
}
