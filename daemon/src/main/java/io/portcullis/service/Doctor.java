package io.portcullis.service;

import io.portcullis.config.Cidr;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
import io.portcullis.config.Level;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.intercept.Host;
import io.portcullis.intercept.Interception;
import io.portcullis.linux.Bpf;
import io.portcullis.linux.BpfProgram;
import io.portcullis.linux.Capabilities;
import io.portcullis.linux.Clsact;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Logins;
import io.portcullis.linux.NftTable;
import io.portcullis.linux.Nic;
import io.portcullis.linux.NicClaim;
import io.portcullis.linux.Nics;
import io.portcullis.linux.Offloads;
import io.portcullis.linux.PacketSocket;
import io.portcullis.linux.TcpSockets;
import io.portcullis.linux.Tcx;
import io.portcullis.linux.Xdp;
import io.portcullis.policy.Policy;
import io.portcullis.port.pcap.PcapPort;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Looks at a machine before portcullis is used on it, changes nothing, and says what will happen. */
public final class Doctor {
    /** How a finding is meant. */
    public enum Grade {
        /** As it should be. */
        OK,
        /** Works; worth knowing. */
        WARN,
        /** A start would fail, or cut somebody off. */
        FAIL
    }

    /**
     * One thing looked at.
     *
     * @param about what, in a word or two
     * @param found what is so, and what to do where it is not right
     */
    public record Finding(Grade grade, String about, String found) {}

    /** A program that answers to nobody. */
    private static final BpfProgram PROBE = BpfProgram.of(
            "portcullis_try",
            new BpfProgram.Instruction.Set(BpfProgram.Register.R0, BpfProgram.NEXT),
            new BpfProgram.Instruction.Exit());

    private static final int SLOT = 2048;

    private final List<Finding> findings = new ArrayList<>();

    private Doctor() {}

    /**
     * Looks at this machine.
     *
     * @param file the configuration that it is to have; null: none yet
     */
    public static List<Finding> examine(@Nullable Path file) {
        Logs.start(false);
        Logs.level(Level.ERROR);
        Doctor doctor = new Doctor();
        doctor.ok("java", Runtime.version().toString());
        doctor.look("packet sockets", doctor::packetSockets);
        doctor.look("programs", doctor::programs);
        doctor.look("privilege", doctor::capabilities);
        doctor.libpcap();
        doctor.look("other tools", doctor::otherTools);
        if (file != null) {
            doctor.configuration(file);
        }
        return doctor.findings;
    }

    private interface Look {
        void run() throws IOException;
    }

    private void look(String about, Look look) {
        try {
            look.run();
        } catch (IOException refused) {
            fail(about, String.valueOf(refused.getMessage()));
        }
    }

    private void ok(String about, String found) {
        findings.add(new Finding(Grade.OK, about, found));
    }

    private void warn(String about, String found) {
        findings.add(new Finding(Grade.WARN, about, found));
    }

    private void fail(String about, String found) {
        findings.add(new Finding(Grade.FAIL, about, found));
    }

    private void packetSockets() throws ErrnoException {
        PacketSocket.Shape small =
                new PacketSocket.Shape(SLOT, PacketSocket.BLOCK / SLOT, 4096, PacketSocket.BLOCK, PacketSocket.BLOCK);
        PacketSocket.Manner quiet = new PacketSocket.Manner(false, true, 0, 0, 0);
        try (PacketSocket socket = PacketSocket.open(Nics.named("lo"), small, quiet)) {
            ok(
                    "packet sockets",
                    "rings with vnet headers open (Linux " + System.getProperty("os.version") + ", "
                            + socket.memory().byteSize() / 1024 + " KiB tried): datapath ring");
        }
    }

    private void programs() throws IOException {
        try (Bpf program = Bpf.load(PROBE)) {
            String tcx = "tcx, programs in front of all filters";
            try {
                Tcx.query(1, true);
            } catch (ErrnoException refused) {
                tcx = refused.errno() == Errno.EINVAL ? "clsact: this kernel has no tcx (Linux 6.6)" : tcx;
            }
            ok("programs", "the kernel takes them (it gave number " + program.id() + "); attach: auto means " + tcx);
        }
    }

    private void capabilities() throws IOException {
        Capabilities have = Capabilities.ofThisThread();
        List<String> missing = new ArrayList<>();
        Map<String, Integer> wanted = new HashMap<>(Map.of(
                "CAP_NET_ADMIN", Capabilities.CAP_NET_ADMIN,
                "CAP_NET_RAW", Capabilities.CAP_NET_RAW,
                "CAP_BPF", Capabilities.CAP_BPF));
        new TreeSet<>(wanted.keySet()).forEach(name -> {
            if (!have.has(wanted.getOrDefault(name, 0))) {
                missing.add(name);
            }
        });
        if (missing.isEmpty()) {
            ok("privilege", "CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF");
        } else {
            fail("privilege", String.join(" ", missing) + " missing: run this with sudo");
        }
    }

    private void libpcap() {
        Optional<String> library = PcapPort.library();
        if (library.isPresent()) {
            ok("libpcap", library.get());
        } else {
            warn("libpcap", "not found; only datapath: pcap needs it (apt install libpcap0.8, dnf install libpcap)");
        }
    }

    /** All of them go on to work beside portcullis. */
    private void otherTools() throws IOException {
        List<String> found = new ArrayList<>();
        try {
            List<NftTable> tables = NftTable.all();
            if (!tables.isEmpty()) {
                found.add("nftables ("
                        + String.join(
                                ", ", tables.stream().map(NftTable::toString).toList()) + ")");
            }
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.EPERM) {
                warn("other tools", "nftables can't be asked without CAP_NET_ADMIN");
            }
        }
        for (String names : List.of("ip_tables_names", "ip6_tables_names")) {
            Path file = Path.of("/proc/thread-self/net", names);
            if (Files.isReadable(file) && !Files.readAllLines(file).isEmpty()) {
                found.add("iptables (" + file.getFileName() + ")");
            }
        }
        Set<String> running = commands();
        if (running.contains("firewalld")) {
            found.add("firewalld");
        }
        Path ufw = Path.of("/etc/ufw/ufw.conf");
        if (Files.isReadable(ufw) && Files.readAllLines(ufw).contains("ENABLED=yes")) {
            found.add("ufw");
        }
        if (found.isEmpty()) {
            ok("other tools", "no rules of nftables, iptables, firewalld or ufw");
        } else {
            warn(
                    "other tools",
                    String.join(", ", found) + ": they stay as they are, and both have to admit a packet. What"
                            + " comes in portcullis decides first, and they see what it admits; what goes out they decide first,"
                            + " and portcullis sees what they let out");
        }
    }

    private static Set<String> commands() throws IOException {
        Set<String> commands = new TreeSet<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                Path comm = process.resolve("comm");
                if (Files.isReadable(comm)) {
                    commands.add(comm(comm));
                }
            }
        }
        return commands;
    }

    private static String comm(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException ended) {
            return "";
        }
    }

    private void configuration(Path file) {
        Config config;
        try {
            config = Config.load(file);
        } catch (ConfigException e) {
            e.faults().forEach(fault -> fail("configuration", fault.toString()));
            return;
        }
        config.warnings().forEach(warning -> warn("configuration", warning.toString()));
        Map<String, List<Cidr>> addresses = new HashMap<>();
        Set<String> guarded = new TreeSet<>();
        for (Interface each : config.interfaces().values()) {
            guarded.addAll(each.mode().nics());
            look(each.name(), () -> {
                if (each.mode() instanceof Mode.Host host) {
                    addresses.put(each.name(), NicAddresses.of(host.nic()));
                }
                examine(each);
            });
        }
        look("ssh", () -> lockout(config.withNicAddresses(addresses)));
        look("NICs", () -> {
            List<String> unguarded = Unguarded.nics(guarded);
            if (unguarded.isEmpty()) {
                ok("NICs", "every NIC with an address that others can reach is guarded");
            } else {
                warn("NICs", "not guarded: " + String.join(", ", unguarded));
            }
        });
    }

    private void examine(Interface each) throws IOException {
        String name = each.name();
        List<String> faults = Interception.faults(each);
        faults.forEach(fault -> fail(name, fault));
        for (String nicName : each.mode().nics()) {
            Optional<Nic> nic = Nics.find(nicName);
            if (nic.isEmpty()) {
                if (each.mode() instanceof Mode.Host) {
                    warn(name, "there is no NIC " + nicName + " yet: it is guarded when it comes");
                }
                continue;
            }
            examine(each, nic.get());
        }
        if (faults.isEmpty()) {
            ok(name, what(each));
        }
    }

    private void examine(Interface each, Nic nic) throws IOException {
        String name = each.name();
        NicClaim.owner(nic).ifPresent(owner -> warn(name, nic.name() + " is guarded already, by " + owner));
        if (!nic.running()) {
            warn(name, nic.name() + (nic.up() ? " has no carrier" : " is down"));
        }
        Optional<Xdp> xdp = Xdp.on(nic);
        xdp.ifPresent(program -> warn(
                name,
                nic.name() + " has an XDP program (" + program.mode() + ", number " + program.programId()
                        + "): it runs before portcullis, and what it drops or redirects is never seen"));
        for (boolean ingress : new boolean[] {true, false}) {
            String direction = nic.name() + (ingress ? " ingress" : " egress");
            try {
                int programs = Tcx.query(nic.index(), ingress).entries().size();
                if (programs > 0) {
                    warn(
                            name,
                            direction + " has " + programs
                                    + " tcx program(s): portcullis stands before them, and what it"
                                    + " admits goes on to them; with attach: clsact it would be refused");
                }
            } catch (ErrnoException refused) {
                if (refused.errno() != Errno.EINVAL && refused.errno() != Errno.EPERM) {
                    throw refused;
                }
            }
            int filters = Clsact.filters(nic.index(), ingress).size();
            if (filters > 0) {
                warn(name, direction + " has " + filters + " tc filter(s): what portcullis admits goes on to them");
            }
        }
        Offloads offloads = Offloads.read(nic.name());
        boolean host = each.mode() instanceof Mode.Host;
        List<String> wayOff = host ? Host.inTheWay() : List.of("rx-lro");
        List<String> off = offloads.switchable().stream()
                .filter(feature -> !host && each.datapath() == Datapath.PCAP || wayOff.contains(feature))
                .toList();
        if (!off.isEmpty()) {
            warn(
                    name,
                    nic.name() + ": goes off while it is guarded, and on again at the end: " + String.join(", ", off));
        }
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

    private void lockout(Config config) throws IOException {
        String ssh = System.getenv("SSH_CONNECTION");
        List<String> faults = Lockout.faults(
                config,
                name -> Policy.compile(config, name, 1, 1),
                ssh == null ? "" : ssh,
                Logins.remoteAddresses(),
                TcpSockets.established(),
                TcpSockets.listeningPorts());
        if (faults.isEmpty()) {
            ok("ssh", "no ssh connection to this host would be cut");
        }
        faults.forEach(fault -> fail("ssh", fault));
    }
}
