package io.portcullis.system;

import io.portcullis.testing.FileTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A client, a firewall and a server, each a network namespace of its own, for the tests of one class ({@code scripts/lab} shows a
 * picture). It is removed after the class; the next lab removes what a killed run has left behind.
 */
public final class Lab implements BeforeAllCallback, AfterAllCallback {
    public static final String CLIENT = "203.0.113.10";
    public static final String CLIENT_SECOND = "203.0.113.11";
    public static final String CLIENT_FAR = "192.0.2.10";
    public static final String CLIENT_FAR_SECOND = "192.0.2.11";
    public static final String CLIENT_V6 = "2001:db8::10";
    public static final String SERVER = "203.0.113.80";
    public static final String SERVER_V6 = "2001:db8::80";

    private static final String PREFIX = "pctest";
    private static final Path ROOT = root();
    private static final long WAIT_S = 30;
    private static final long REHEARSAL_S = 180;
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private static final Pattern FOLDER = Pattern.compile(PREFIX + "([0-9]+)-.*");
    private static final Path MOUNTS = Path.of("/proc/self/mounts");

    /** The number of a network namespace as {@link io.portcullis.linux.NetworkNamespace} tells it. */
    private final String name = PREFIX + ProcessHandle.current().pid();

    private final Thread undo = new Thread(this::down, "lab-down");
    private final List<Process> started = new ArrayList<>();
    private final Map<Home, DaemonProcess> daemons = new LinkedHashMap<>();
    private final boolean isHost;
    private final Path folder;
    private boolean hasBpffs;
    private long namespaceNumber;

    public Lab() {
        this(false);
    }

    /** A lab in which the firewall is the server: out0 has the server's addresses, and {@code server} means {@code fw}. */
    public static Lab host() {
        return new Lab(true);
    }

    /** The keys of an interface that is this lab's bridge. */
    public static String bridge(String datapath) {
        return "mode: bridge, outside: out0, inside: in0, addresses: [203.0.113.80, \"2001:db8::80\"], datapath: "
                + datapath;
    }

    /**
     * A configuration for a host whose port 80 is open.
     *
     * @param nic of interface web0
     * @param keys more keys of web0, each after a comma
     */
    public static String webServer(String nic, String keys) {
        return """
                version: 1
                interfaces:
                  web0: {mode: host, nic: %s, security-groups: [web]%s}
                security-groups:
                  web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
                """.formatted(nic, keys);
    }

    private Lab(boolean isHost) {
        this.isHost = isHost;
        try {
            // In memory, as flow tables should be.
            folder = Files.createTempDirectory(SHARED_MEMORY, name + "-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The checkout. */
    public static Path root() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("scripts/lab")) ? here : Objects.requireNonNull(here.getParent());
    }

    /** A folder for this lab's files. */
    public Path folder() {
        return folder;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        rehearse();
        removeDeadLabs();
        Runtime.getRuntime().addShutdownHook(undo);
        script("up", name).ok();
        if (Home.OFFLOAD) {
            bpffs();
        }
        if (isHost) {
            firewall("ip", "link", "del", "in0").ok();
            addressHost();
            // Offloads stay on at the far end, whatever the datapath.
            client("ethtool", "-K", "eth0", "tso", "on", "gso", "on", "gro", "on", "tx", "on")
                    .ok();
        }
    }

    /**
     * Makes the AOT cache once for a build, as scripts/install does: every start in a test then takes half the time. Tests work
     * without it too.
     */
    private static void rehearse() {
        String once = """
                . "$0/scripts/lib.sh" && jar=$0/daemon/target/portcullis.jar && exec 9> "$jar.lock" && flock 9
                [[ ${jar%.jar}.aot -nt $jar ]] || rehearse "$0/scripts/portcullis" "$jar" 9>&-
                """;
        try {
            Process process = new ProcessBuilder("bash", "-c", once, ROOT.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(REHEARSAL_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("the rehearsal takes more than " + REHEARSAL_S + " s");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Gives the host's NIC its addresses and its route, at first and each time it is made again or has lost them. */
    public void addressHost() {
        for (String line : List.of(
                "ip link set out0 up",
                "ip address replace " + SERVER + "/24 dev out0",
                "ip -6 address replace " + SERVER_V6 + "/64 dev out0 nodad",
                "ip route replace 192.0.2.0/24 dev out0 src " + SERVER)) {
            firewall(line.split(" ", -1)).ok();
        }
    }

    /** Removes the host's NIC with what was attached to it, and its far end. */
    public void removeHostNic() {
        firewall("ip", "link", "del", "out0").ok();
    }

    /** Makes the host's NIC and its far end at the client again, with their addresses. */
    public void makeHostNic() {
        makeHostNic("");
    }

    /** As {@link #makeHostNic()}. {@code properties}: of the NIC, such as {@code index 7}. */
    public void makeHostNic(String properties) {
        sh("fw", "ip link add out0 " + properties + " type veth peer name eth0 netns " + namespace("client"))
                .ok();
        addressHost();
        for (String line : List.of(
                "ip link set eth0 up",
                "ip address add " + CLIENT + "/24 dev eth0",
                "ip address add " + CLIENT_SECOND + "/24 dev eth0",
                "ip address add " + CLIENT_FAR + "/32 dev eth0",
                "ip -6 address add " + CLIENT_V6 + "/64 dev eth0 nodad")) {
            client(line.split(" ", -1)).ok();
        }
    }

    /** Removes the inside NIC of the bridge, and with it the server's end. */
    public void removeServerNic() {
        firewall("ip", "link", "del", "in0").ok();
    }

    /**
     * Makes the inside NIC and its far end at the server again, with their addresses. The new far end has another MAC address,
     * which the client would learn up to a minute later by itself: its neighbour entry may still be valid.
     */
    public void makeServerNic() {
        sh("fw", "ip link add in0 type veth peer name eth0 netns " + namespace("server") + " && ip link set in0 up")
                .ok();
        for (String line : List.of(
                "ip address add " + SERVER + "/24 dev eth0",
                "ip -6 address add " + SERVER_V6 + "/64 dev eth0 nodad",
                "ip link set eth0 up",
                "ip route add 192.0.2.0/24 dev eth0 src " + SERVER)) {
            server(line.split(" ", -1)).ok();
        }
        client("ip", "neigh", "flush", "dev", "eth0").ok();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Runtime.getRuntime().removeShutdownHook(undo);
        down();
    }

    /** Holds a lock: several test JVMs start at once, and each would find a lab that another one is removing. */
    private static void removeDeadLabs() {
        Path file = Path.of(System.getProperty("java.io.tmpdir"), PREFIX + ".lock");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.lock();
            removeDeadFolders();
            removeDeadNamespaces();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void removeDeadNamespaces() {
        script("list").ok().out().lines().filter(lab -> lab.startsWith(PREFIX)).forEach(lab -> {
            long pid = Long.parseLong(lab.substring(PREFIX.length()));
            if (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty()) {
                script("down", lab).ok();
            }
        });
    }

    private static void removeDeadFolders() {
        try (Stream<Path> folders = Files.list(SHARED_MEMORY)) {
            for (Path each : folders.toList()) {
                Matcher matcher = FOLDER.matcher(each.getFileName().toString());
                if (matcher.matches()
                        && ProcessHandle.of(Long.parseLong(matcher.group(1))).isEmpty()) {
                    remove(each);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void down() {
        started.forEach(Process::destroy);
        script("down", name).ok();
        remove(folder);
    }

    private static void remove(Path folder) {
        unmountBelow(folder);
        FileTree.delete(folder);
    }

    /** Mounts a tmpfs of so many KiB on a folder of this lab. It is unmounted with the lab. */
    public Path tmpfs(Path directory, int kib) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Command.run("mount", "-t", "tmpfs", "-o", "mode=755,size=" + kib + "k", "tmpfs", directory.toString())
                .ok();
        return directory;
    }

    /** From now on /sys/fs/bpf of all commands is one file system of this lab, with a folder portcullis. */
    public Path bpffs() {
        Path directory = folder.resolve("bpf");
        if (!hasBpffs) {
            String line = "mkdir $0 && mount -t bpf -o mode=755 bpf $0 && mkdir -m 700 $0/portcullis";
            Command.run("sh", "-c", line, directory.toString()).ok();
            hasBpffs = true;
        }
        return directory.resolve("portcullis");
    }

    private static void unmountBelow(Path folder) {
        read(MOUNTS)
                .lines()
                .map(line -> line.split(" ", 3)[1])
                .filter(mounted -> Path.of(mounted).startsWith(folder))
                .forEach(mounted -> Command.run("umount", "--lazy", mounted).ok());
    }

    private static Command script(String... arguments) {
        List<String> words = new ArrayList<>(List.of(ROOT.resolve("scripts/lab").toString()));
        words.addAll(Arrays.asList(arguments));
        return Command.run(words);
    }

    /** Name of a network namespace. */
    public String namespace(String end) {
        return name + "-" + end;
    }

    /** Runs a program at the client's, the firewall's or the server's end. */
    public Command at(String end, String... words) {
        return Command.run(inside(end, List.of(), words));
    }

    /** Asks a server in the firewall's namespace. On a loaded machine an answer may take many seconds. */
    public Command get(String url) {
        return firewall("curl", "-s", "-m", Long.toString(WAIT_S), url);
    }

    /** As {@link #get}; the status of the answer, 000 if there is none. */
    public String statusOf(String url) {
        return firewall("curl", "-s", "-m", Long.toString(WAIT_S), "-o", "/dev/null", "-w", "%{http_code}", url)
                .out();
    }

    /** Runs a line of the shell at one end. */
    public Command sh(String end, String line) {
        return at(end, "sh", "-c", line);
    }

    public Command client(String... words) {
        return at("client", words);
    }

    public Command firewall(String... words) {
        return at("fw", words);
    }

    public Command server(String... words) {
        return at("server", words);
    }

    /** Starts a program and does not wait; it ends with the lab. */
    public Process start(String end, Path log, String... words) {
        return start(end, log, List.of(), words);
    }

    /**
     * Starts a program and does not wait; it ends with the lab.
     *
     * @param environment of the form NAME=VALUE
     */
    public Process start(String end, Path log, List<String> environment, String... words) {
        return start(log, inside(end, environment, words));
    }

    /** As {@link #start}, in one of this lab's namespaces by its name. */
    public Process startIn(String namespace, Path log, String... words) {
        return start(log, insideNamespace(namespace, List.of(), words));
    }

    private Process start(Path log, List<String> words) {
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().remove("NOTIFY_SOCKET");
        builder.environment().remove("JOURNAL_STREAM");
        try {
            Process process = builder.start();
            started.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The words of a command at one end.
     *
     * @param environment of the form NAME=VALUE, beside what all commands get: folders of this lab for the daemon's state
     */
    public List<String> inside(String end, List<String> environment, String... words) {
        return insideNamespace(namespace(isHost && end.equals("server") ? "fw" : end), environment, words);
    }

    private List<String> insideNamespace(String namespace, List<String> environment, String... words) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", namespace, "env"));
        all.add("RUNTIME_DIRECTORY=" + folder.resolve("run"));
        all.add("STATE_DIRECTORY=" + folder.resolve("lib"));
        all.addAll(environment);
        if (hasBpffs) {
            // ip has made a mount namespace for this command.
            all.addAll(List.of(
                    "sh",
                    "-c",
                    "mount --bind $0 /sys/fs/bpf && exec \"$@\"",
                    folder.resolve("bpf").toString()));
        }
        all.addAll(Arrays.asList(words));
        return all;
    }

    /** The words of a command, for a user without any privilege. */
    public static String[] asNobody(String... words) {
        List<String> all = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "--no-new-privs",
                "--bounding-set=-all"));
        all.addAll(Arrays.asList(words));
        return all.toArray(String[]::new);
    }

    /** The number of the firewall's network namespace. */
    public long namespaceNumber() {
        // In Java, not in perl: perl passes a buffer of a fixed size, which the kernel refuses.
        if (namespaceNumber == 0) {
            namespaceNumber =
                    Long.parseLong(java("fw", NamespaceNumber.class).ok().out().strip());
        }
        return namespaceNumber;
    }

    /** Runs a class of the tests at one end. */
    public Command java(String end, Class<?> main, String... arguments) {
        return at(end, javaWords(main, arguments));
    }

    /** As {@link #start}, a class of the tests. */
    public Process startJava(String end, Path log, Class<?> main, String... arguments) {
        return start(end, log, javaWords(main, arguments));
    }

    private static String[] javaWords(Class<?> main, String... arguments) {
        List<String> words = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                main.getName()));
        words.addAll(Arrays.asList(arguments));
        return words.toArray(String[]::new);
    }

    /** Starts a daemon in the firewall's namespace; it has started when this returns. */
    public DaemonProcess daemon(String yaml, String... environment) {
        return home(yaml).start(environment);
    }

    /** The files of a daemon that is not started yet. */
    public Home home(String yaml) {
        return Home.make(this, yaml);
    }

    /** Registers the daemon of these files; it runs, or has left something behind. */
    void began(Home home, DaemonProcess daemon) {
        daemons.put(home, daemon);
    }

    /** The daemon of these files has left nothing behind. */
    void detached(Home home) {
        daemons.remove(home);
    }

    /** Ends the daemons that a test has left, whatever their state, and runs {@code detach} for them. */
    public void endDaemons() {
        List.copyOf(daemons.values()).forEach(DaemonProcess::end);
    }

    /** Whether the server answers a new connection of the client. */
    public boolean answers(int port) {
        return client("curl", "-s", "-m", "2", "http://" + SERVER + ":" + port).exit() == 0;
    }

    /** Whether the server answers a ping of the client. */
    public boolean answersPing() {
        return client("ping", "-c", "1", "-W", "1", SERVER).exit() == 0;
    }

    /**
     * The state of a host that a daemon changes and detach restores: NICs, qdiscs, filters, programs, sysctls, offloads, nft
     * rules. Without the properties that differ after a NIC is made again.
     */
    public String hostState() {
        StringBuilder state = new StringBuilder();
        for (String command : List.of(
                "ip -d -o link",
                "ip -o address show dev out0",
                "ip route",
                "tc qdisc show dev out0",
                "tc filter show dev out0 ingress",
                "tc filter show dev out0 egress",
                "ethtool -k out0",
                "nft -s list ruleset",
                "cd /proc/sys/net && grep . ipv4/conf/out0/rp_filter ipv4/conf/out0/arp_ignore ipv6/conf/out0/disable_ipv6")) {
            state.append(sh("fw", command + " 2>&1 || :").out());
        }
        return state.append(java("fw", Programs.class, "list", "out0").ok().out())
                .toString()
                .replaceAll("(valid|preferred)_lft \\d+sec| tentative", "")
                .replaceAll("(?m)^\\d+: |@if\\d+|link-netns(id)? \\S+|link/ether [0-9a-f:]+|inet6 fe80\\S+", "");
    }

    /** nginx at one end, on these ports of all addresses; answers {@code hello from END}. */
    public void nginx(String end, int... ports) {
        Path home = folder.resolve("nginx-" + end);
        StringBuilder listen = new StringBuilder();
        for (int port : ports) {
            listen.append("listen ")
                    .append(port)
                    .append("; listen [::]:")
                    .append(port)
                    .append("; ");
        }
        String conf =
                "user root; daemon off; worker_processes 1; pid nginx.pid; error_log error.log; events {} http { access_log off;"
                        + " client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;"
                        + " scgi_temp_path t5; server { " + listen + "location /big { root .; limit_rate $arg_rate; }"
                        + " location / { return 200 \"hello from " + end + "\\n\"; } } }";
        try {
            Files.createDirectories(home);
            Files.writeString(home.resolve("nginx.conf"), conf);
            Files.write(home.resolve("big"), new byte[1 << 20]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        start(
                end,
                home.resolve("out.log"),
                "nginx",
                "-p",
                home.toString(),
                "-e",
                home.resolve("error.log").toString(),
                "-c",
                home.resolve("nginx.conf").toString());
        for (int port : ports) {
            await(
                    "nginx at " + end + ":" + port,
                    () -> at(end, "curl", "-s", "-m", "2", "http://127.0.0.1:" + port)
                                    .exit()
                            == 0);
        }
    }

    /** Waits, within bounds, for a file to contain the text; the error shows the file. */
    public static void awaitText(String what, Path file, Predicate<String> condition) {
        try {
            await(what, () -> condition.test(read(file)));
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + read(file), late);
        }
    }

    /** The file's current content. */
    public static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file of this lab. */
    public Path file(String fileName, String text) {
        try {
            return Files.writeString(folder.resolve(fileName), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits, within bounds, until the condition is true; returns the milliseconds that it took. */
    public static long await(String what, BooleanSupplier condition) {
        long startNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - startNs > TimeUnit.SECONDS.toNanos(WAIT_S)) {
                throw new AssertionError("not within " + WAIT_S + " s: " + what);
            }
            pause(50);
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
    }

    public static void pause(int ms) {
        try {
            TimeUnit.MILLISECONDS.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
