package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Failure;
import io.portcullis.bench.figures.Numbers;
import io.portcullis.bench.lab.Console;
import io.portcullis.bench.lab.Firewall;
import io.portcullis.bench.lab.Folders;
import io.portcullis.bench.lab.Iperf3;
import io.portcullis.bench.lab.Namespaces;
import io.portcullis.bench.lab.Processes;
import io.portcullis.bench.lab.RuleFiles;
import io.portcullis.bench.lab.Texts;
import io.portcullis.bench.lab.ThreeEnds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The cost of reloads for the traffic of a busy interface: one bulk TCP stream and 200 connections that send a byte five times a
 * second, between {@link ThreeEnds}. In turn: without reloads; one reload a second of two files of 10,000 rules; as many reloads
 * of two files of 100 rules as come to 1,000 a minute. Every reload changes rules, and the rules of this traffic remain.
 */
final class ReloadsUnderLoad {
    private static final int CONNECTIONS = 200;
    private static final int TALK = 7_000;
    private static final int BULK = 5_201;
    private static final double LARGE_INTERVAL = 1.0;
    private static final double SMALL_INTERVAL = 0.06;
    private static final Pattern RETRANSMITS =
            Pattern.compile("(?s)\"sum_sent\".*?\"retransmits\":\\s*([0-9]+).*\"sum_received\"");
    private static final Pattern LOST = Pattern.compile("(?m)^portcullis_port_lost_frames_total\\{.*} ([0-9.E+]+)$");

    /** An echo server for any number of connections. */
    private static final String SERVER = """
            use Socket; socket(L, PF_INET, SOCK_STREAM, 6) or die; setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1);
            bind(L, sockaddr_in(%d, INADDR_ANY)) or die "$!"; listen(L, 256) or die;
            my %%c; my $bits = ''; vec($bits, fileno(L), 1) = 1;
            while (select(my $r = $bits, undef, undef, undef)) {
              if (vec($r, fileno(L), 1) && accept(my $n, L)) { $c{fileno($n)} = $n; vec($bits, fileno($n), 1) = 1; }
              for my $f (keys %%c) { next unless vec($r, $f, 1);
                if (sysread($c{$f}, my $b, 4096)) { syswrite($c{$f}, $b); } else { vec($bits, $f, 1) = 0; close delete $c{$f}; } } }
            """;

    /** Prints how many connections were answered every time, until the end, and the longest wait for an answer. */
    private static final String CLIENT = """
            use Socket; use Time::HiRes qw(time); my ($count, $seconds) = @ARGV; my @s; my ($dead, $worst) = (0, 0);
            for (1 .. $count) { socket(my $s, PF_INET, SOCK_STREAM, 6) or die;
              connect($s, sockaddr_in(%d, inet_aton('%s'))) or die "$!"; push @s, $s; }
            my $end = time + $seconds;
            while (time < $end && @s) {
              my $round = time; my %%wait; my $bits = '';
              for my $s (@s) { if (syswrite($s, 'x')) { $wait{fileno $s} = $s; vec($bits, fileno $s, 1) = 1; } }
              while (%%wait && time < $round + 10) {
                select(my $r = $bits, undef, undef, 1);
                for my $f (keys %%wait) { next unless vec($r, $f, 1);
                  vec($bits, $f, 1) = 0;
                  if (sysread($wait{$f}, my $b, 64)) { delete $wait{$f}; my $t = time - $round; $worst = $t if $t > $worst; }
                  else { delete $wait{$f}; $dead++; my $gone = $f; @s = grep { fileno $_ != $gone } @s; } } }
              $dead += %%wait; for my $f (keys %%wait) { my $gone = $f; @s = grep { fileno $_ != $gone } @s; }
              my $rest = $round + 0.2 - time; select(undef, undef, undef, $rest) if $rest > 0; }
            printf "alive=%%d\\ndead=%%d\\nworst_ms=%%d\\n", scalar @s, $dead, 1000 * $worst;
            """;

    private enum Load {
        NONE("none"),
        LARGE("60 a minute, 10,000 rules"),
        SMALL("1,000 a minute, 100 rules");

        private final String label;

        Load(String label) {
            this.label = label;
        }
    }

    private final int seconds;
    /** MiB without reloads; 0: not measured yet. */
    private long quiet;

    private final Path socket = Folders.work("run/control.sock");
    private final Path config = Texts.folder(Folders.work("busy")).resolve("rules.yaml");

    ReloadsUnderLoad(boolean quick) {
        seconds = quick ? 15 : 60;
    }

    /** The namespaces of {@link ThreeEnds}, without a daemon in them. */
    void run() {
        for (Load load : Load.values()) {
            write(load, 0);
            write(load, 1);
        }
        Texts.replace(config, file(Load.NONE, 0));
        Firewall firewall = new Firewall(Namespaces.FIREWALL, config, Folders.work("busy.log"));
        Namespaces.start(Namespaces.SERVER, Folders.work("echo.log"), "perl", "-e", Numbers.format(SERVER, TALK));
        Namespaces.start(Namespaces.SERVER, Folders.work("iperf3-server.log"), "iperf3", "--server");
        Processes.pause(1);
        Console.say(
                "%n%-28s %8s %8s %12s %8s %8s %9s %10s %8s",
                "reloads", "done", "Gbit/s", "retransmits", "lost", "dead", "worst, ms", "Rss, MiB", "settled");
        // The first one warms up: the one beside which the others are looked at is not the first.
        measure(firewall, Load.SMALL, 5);
        for (Load load : Load.values()) {
            measure(firewall, load, seconds);
        }
        firewall.detach(socket);
    }

    private Path file(Load load, int version) {
        return Folders.work(load.name() + version);
    }

    private void write(Load load, int version) {
        int rules = switch (load) {
            case NONE -> 1;
            case LARGE -> 10_000;
            case SMALL -> 100;
        };
        Texts.write(
                file(load, version), Numbers.format("""
                version: 1
                interfaces:
                  bench: {mode: bridge, outside: out0, inside: in0, security-groups: [bench, many]}
                security-groups:
                  bench: {ingress: [{protocol: tcp, ports: [%d, %d], from: any}]}
                  many:
                    ingress:
                      - {protocol: udp, ports: %d, from: any}
                %scontrol: {socket: %s}
                log: {drops: off}
                """, TALK, BULK, 9_000 + version, RuleFiles.rules(rules), socket));
    }

    private void measure(Firewall firewall, Load load, int length) {
        double lostBefore = lost(firewall);
        int before = firewall.reloads();
        Path talk = Folders.work("talk");
        Process talking = Processes.start(
                talk,
                Processes.limited(
                        length + 30.0,
                        Namespaces.inside(
                                Namespaces.CLIENT,
                                "perl",
                                "-e",
                                Numbers.format(CLIENT, TALK, ThreeEnds.SERVER_IP),
                                Integer.toString(CONNECTIONS),
                                Integer.toString(length + 1))));
        Path bulk = Folders.work("bulk");
        Process streaming = Processes.start(
                bulk,
                Processes.limited(
                        length + 30.0,
                        Namespaces.inside(
                                Namespaces.CLIENT,
                                "iperf3",
                                "--client",
                                ThreeEnds.SERVER_IP,
                                "--time",
                                Integer.toString(length),
                                "--json")));
        reload(load, length);
        if (Processes.exit(streaming) != 0 || Processes.exit(talking) != 0) {
            throw new Failure("under load: " + Texts.tail(bulk, 3) + " " + Texts.tail(talk, 3));
        }
        if (length < seconds) {
            return;
        }
        int done = firewall.reloads() - before;
        long resident = ReloadCost.resident(firewall);
        Console.say(
                "%-28s %8d %8s %12s %8s %8s %9s %10d %8d",
                load.label,
                done,
                Numbers.general(Iperf3.gbits(Texts.read(bulk)), 3),
                retransmits(Texts.read(bulk)),
                Numbers.general(lost(firewall) - lostBefore),
                Numbers.general(Texts.value(talk, "dead")),
                Numbers.general(Texts.value(talk, "worst_ms")),
                resident,
                ReloadCost.settled(firewall, (quiet == 0 ? resident : quiet) + 32));
        if (load == Load.NONE) {
            quiet = resident;
        }
    }

    private void reload(Load load, int length) {
        double interval = load == Load.LARGE ? LARGE_INTERVAL : SMALL_INTERVAL;
        long start = System.nanoTime();
        for (int i = 1; load != Load.NONE && System.nanoTime() - start < length * 1e9; i++) {
            Texts.replace(config, file(load, i % 2));
            // The watch waits until an edit is quiet for 0.1 s: too slow for 1,000 a minute.
            if (load == Load.SMALL) {
                askForReload();
            }
            double rest = i * interval - (System.nanoTime() - start) / 1e9;
            if (rest > 0) {
                Processes.pause(rest);
            }
        }
    }

    private void askForReload() {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(StandardCharsets.US_ASCII.encode(
                    "POST /v1/reload HTTP/1.1\r\nHost: portcullis\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            ByteBuffer answer = ByteBuffer.allocate(1 << 16);
            int read = 0;
            while (read >= 0 && answer.hasRemaining()) {
                read = channel.read(answer);
            }
            String text = StandardCharsets.UTF_8.decode(answer.flip()).toString();
            if (!text.startsWith("HTTP/1.1 200")) {
                throw new Failure("a reload was refused: " + text);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String retransmits(String json) {
        Matcher found = RETRANSMITS.matcher(json);
        return found.find() ? found.group(1) : "?";
    }

    private static double lost(Firewall firewall) {
        return LOST.matcher(firewall.metrics())
                .results()
                .mapToDouble(match -> Double.parseDouble(match.group(1)))
                .sum();
    }
}
