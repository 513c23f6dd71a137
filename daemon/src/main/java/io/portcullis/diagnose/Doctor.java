package io.portcullis.diagnose;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Ec2Api;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.guard.FastPath;
import io.portcullis.guard.NicAddresses;
import io.portcullis.intercept.Restoration;
import io.portcullis.linux.Capabilities;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.NftTable;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.TcpListener;
import io.portcullis.linux.netlink.TcpSockets;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Cidr;
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

/** Checks a machine before portcullis runs on it, and says what a start would do. Changes nothing. */
public final class Doctor {
    /** The grade of a finding. */
    public enum Grade {
        /** As it should be. */
        OK,
        /** It works, with a consequence that the operator should know. */
        WARN,
        /** A start would fail, or cut an ssh connection. */
        FAIL
    }

    /**
     * The result of one check.
     *
     * @param about the subject, in a word or two
     * @param found the result, and the remedy if it is bad
     */
    public record Finding(Grade grade, String about, String found) {}

    /** A program that is loaded and never attached. */
    private static final BpfProgram PROBE = BpfProgram.of(
            "portcullis_try",
            new BpfProgram.Instruction.Set(BpfProgram.Register.R0, BpfProgram.NEXT),
            new BpfProgram.Instruction.Exit());

    private static final int SLOT = 2048;

    private final Findings findings = new Findings();

    /** True: a daemon runs in this network namespace. */
    private boolean running;

    /** Ids of the programs that a daemon has attached since the boot. */
    private Set<Integer> ours = Set.of();

    private boolean seesSessions = true;

    private Doctor() {}

    /**
     * Checks this machine. The caller silences the log.
     *
     * @param file the configuration that it will have; null: none yet
     */
    public static List<Finding> examine(@Nullable Path file) {
        Doctor doctor = new Doctor();
        doctor.findings.ok("java", Runtime.version().toString());
        doctor.findings.check("packet sockets", doctor::packetSockets);
        doctor.findings.check("programs", doctor::programs);
        doctor.findings.check("offload", doctor::offload);
        doctor.findings.check("privilege", doctor::capabilities);
        doctor.libpcap();
        doctor.findings.check("other tools", doctor::otherTools);
        doctor.findings.check("daemon", doctor::daemon);
        doctor.findings.check("left behind", doctor::leftBehind);
        doctor.findings.check("ssh", doctor::sshPorts);
        if (file != null) {
            doctor.configuration(file);
        }
        return doctor.findings.all();
    }

    private void packetSockets() throws ErrnoException {
        PacketSocket.RingGeometry small = new PacketSocket.RingGeometry(
                SLOT, PacketSocket.BLOCK / SLOT, 4096, PacketSocket.BLOCK, PacketSocket.BLOCK);
        PacketSocket.SocketOptions quiet = new PacketSocket.SocketOptions(false, true, 0, 0, 0);
        try (PacketSocket socket = PacketSocket.open(Nics.named("lo"), small, quiet)) {
            findings.ok(
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
            findings.ok(
                    "programs", "the kernel takes them (program id " + program.id() + "); attach: auto means " + tcx);
        }
    }

    /** The interfaces that ask for it are warned of what is missing ({@link InterfaceCheck}). */
    private void offload() {
        findings.ok(
                "offload",
                FastPath.refusal()
                        .map(why -> "offload: auto means off here: " + why)
                        .orElse("the kernel takes its programs: offload: auto means on"));
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
            findings.ok("privilege", "CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF");
        } else {
            findings.fail("privilege", String.join(" ", missing) + " missing: run this with sudo");
        }
    }

    private void libpcap() {
        Optional<String> library = PcapPort.library();
        if (library.isPresent()) {
            findings.ok("libpcap", library.get());
        } else {
            findings.warn(
                    "libpcap", "not found; only datapath: pcap needs it (apt install libpcap0.8, dnf install libpcap)");
        }
    }

    /** Other firewalls; all of them keep working beside portcullis. */
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
                findings.warn("other tools", "nftables can't be read without CAP_NET_ADMIN");
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
            findings.ok("other tools", "no rules of nftables, iptables, firewalld or ufw");
        } else {
            findings.warn(
                    "other tools",
                    String.join(", ", found) + ": they stay as they are, and a packet has to be admitted by both."
                            + " portcullis is first on the way in, and they see the packets that it admits; they"
                            + " are first on"
                            + " the way out, and portcullis sees the packets that they let out");
        }
    }

    /** Whether a daemon runs here: it holds a lock as long as it lives. */
    private void daemon() throws IOException {
        Path lock = StateFolder.lock(StateFolder.ofThisBoot());
        if (!Files.exists(lock) && !Files.notExists(lock)) {
            findings.warn("daemon", lock + " can't be read, so it is not known whether one runs: run this with sudo");
            return;
        }
        Optional<String> holder = FileLock.holder(lock);
        running = holder.isPresent();
        findings.ok(
                "daemon",
                holder.map(words -> "runs here: " + words).orElse("none runs here (nobody holds " + lock + ")"));
    }

    /** Programs of ours, by the notes of an earlier run, and veth pairs of ours, by their alias. */
    private void leftBehind() throws IOException {
        ours = Restoration.programs(StateFolder.ofThisBoot());
        List<String> pairs =
                Nics.all().stream().filter(Unguarded::isOfAPair).map(Nic::name).toList();
        if (!running && !pairs.isEmpty()) {
            findings.warn(
                    "left behind",
                    String.join(", ", pairs)
                            + ": an earlier run created them; the next start uses them again, portcullis"
                            + " detach removes them");
        }
    }

    /** The ports that sshd listens on, and whether the service finds them too. */
    private void sshPorts() throws IOException {
        List<TcpListener> listeners;
        try {
            listeners = TcpSockets.listeners();
        } catch (ErrnoException refused) {
            seesSessions = false;
            findings.warn(
                    "ssh",
                    "the kernel does not list sockets: " + refused.getMessage()
                            + ": starts and reloads do not see ssh connections, and may cut them; try modprobe"
                            + " tcp_diag");
            return;
        }
        Map<Integer, Set<SshPorts.Way>> ports = SshPorts.find(listeners, SshPorts.Places.ofThisHost());
        if (ports.isEmpty()) {
            findings.ok("ssh", "no sshd of root listens here: there is no ssh connection that a start could cut");
        } else {
            findings.ok("ssh", "sshd listens on port " + SshPorts.text(ports));
        }
        for (int port : SshPorts.hiddenFromTheService(ports)) {
            findings.warn(
                    "ssh",
                    "the service will not know that port " + port
                            + " is sshd's: it runs without root and can't read"
                            + " other processes. Its starts and reloads may cut or refuse ssh connections to that"
                            + " port without"
                            + " a warning. Name the port in /etc/ssh/sshd_config (Port " + port
                            + ") or in a file of sshd_config.d that every user may read (mode 0644)");
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
            config = ConfigReader.load(file);
        } catch (ConfigException e) {
            e.errors().forEach(fault -> findings.fail("configuration", fault.toString()));
            return;
        }
        config.warnings().forEach(warning -> findings.warn("configuration", warning.toString()));
        Map<String, List<Cidr>> addresses = new HashMap<>();
        InterfaceCheck check = new InterfaceCheck(findings, running, ours);
        Set<String> guarded = new TreeSet<>();
        for (Interface iface : config.interfaces().values()) {
            guarded.addAll(iface.mode().nics());
            findings.check(iface.name(), () -> {
                if (iface.mode() instanceof Mode.Host host) {
                    addresses.put(iface.name(), NicAddresses.of(host.nic()));
                }
                check.examine(iface);
            });
        }
        Ec2Api api = config.ec2Api();
        if (api != null) {
            findings.check("ec2-api", () -> Ec2Files.examine(findings, api));
        }
        findings.check("boot", () -> BootCheck.examine(findings, config, running));
        findings.check("ssh", () -> lockout(config.withNicAddresses(addresses)));
        findings.check("NICs", () -> {
            List<String> unguarded = Unguarded.nics(guarded, Set.of());
            if (unguarded.isEmpty()) {
                findings.ok("NICs", "every NIC with an address that others can reach is guarded");
            } else {
                findings.warn("NICs", "not guarded: " + String.join(", ", unguarded));
            }
        });
    }

    private void lockout(Config config) throws IOException {
        if (!seesSessions) {
            return;
        }
        Sessions sessions = Sessions.ofThisHost();
        List<String> faults = Lockout.faults(config, name -> Policy.compile(config, name, 1, 1), sessions);
        if (faults.isEmpty()) {
            findings.ok(
                    "ssh",
                    "no ssh connection to this host would be cut, and none would be refused if it were opened again");
        }
        faults.forEach(fault -> findings.fail("ssh", fault));
        for (Sessions.Session session : sessions.all()) {
            sessions.device(session)
                    .filter(nic -> !nic.ethernet())
                    .ifPresent(tunnel -> findings.warn(
                            "ssh",
                            "the connection from " + session.peer() + " comes through " + tunnel.name()
                                    + ": it is not known whether the rules admit the packets that carry "
                                    + tunnel.name()
                                    + ": make sure that they do"));
        }
    }
}
