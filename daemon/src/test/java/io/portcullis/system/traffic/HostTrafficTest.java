package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import io.portcullis.testing.Tagger;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Traffic of a guarded host besides the rules, and unusual ways in which its frames arrive and leave. */
@Tag("system")
final class HostTrafficTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: icmp, type: echo-request, from: any}]}
            """;

    private String before = "";
    private String rules = "";

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
        LAB.nginx("client", 8080);
    }

    @BeforeEach
    void look() {
        before = LAB.hostState();
        rules = RULES.formatted("");
    }

    /** After each test a detached host is as it was before: qdiscs, filters, offloads, flags and nft rules. */
    @AfterEach
    void isAsItWas() {
        assertEquals(before, LAB.hostState());
    }

    private static Command sh(String end, String script) {
        return LAB.at(end, "sh", "-c", script);
    }

    private static boolean download(String end, String url) {
        return sh(end, "[ \"$(curl -s -m 15 " + url + "/big | wc -c)\" = 1048576 ]")
                        .exit()
                == 0;
    }

    @Test
    void everyWayOfAttachingGivesTheNicBackAsItWas() {
        for (String keys : List.of("", ", attach: clsact", ", datapath: pcap", ", on-failure: open")) {
            DaemonProcess daemon = LAB.daemon(RULES.formatted(keys));
            assertNotEquals(before, LAB.hostState());
            assertTrue(download("client", "http://" + Lab.SERVER));
            assertTrue(download("server", "http://" + Lab.CLIENT + ":8080"));
            assertEquals(0, sh("client", "ping -c 2 -W 5 -s 4000 " + Lab.SERVER).exit(), "fragments" + keys);
            assertEquals(0, sh("fw", "ping -c 2 -W 5 -s 4000 " + Lab.CLIENT).exit(), "fragments" + keys);
            daemon.close();
            assertEquals(before, LAB.hostState(), keys);
        }
    }

    @Test
    void aQdiscOfTheOwnerKeepsItsFiltersAndGoesOnShaping() {
        sh(
                        "fw",
                        "tc qdisc add dev out0 clsact && tc filter add dev out0 egress prio 9 u32 match u32 0 0 flowid 1:1"
                                + " && tc qdisc add dev out0 root tbf rate 200mbit burst 64kb latency 50ms")
                .ok();
        String shaped = LAB.hostState();
        Path seen = LAB.folder().resolve("tcpdump.out");
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", attach: clsact"))) {
            assertTrue(daemon.log().contains("clsact"), daemon.log());
            Process tcpdump =
                    LAB.start("fw", seen, "tcpdump", "-lnni", "out0", "icmp", "and", "dst", "host", Lab.CLIENT);
            Lab.await("tcpdump", () -> Lab.read(seen).contains("listening"));
            assertTrue(download("client", "http://" + Lab.SERVER));
            assertTrue(sent("tbf") > 1 << 20, "the owner's shaping goes on");
            assertEquals(0, LAB.client("ping", "-c", "1", "-W", "5", Lab.SERVER).exit());
            Lab.await("the answer in tcpdump", () -> Lab.read(seen).contains("ICMP echo reply"));
            tcpdump.destroy();
        }
        assertEquals(shaped, LAB.hostState());
        sh("fw", "tc qdisc del dev out0 clsact && tc qdisc del dev out0 root").ok();
    }

    /** Bytes that went through a qdisc of the NIC. */
    private static long sent(String qdisc) {
        String shown = sh("fw", "tc -s qdisc show dev out0 | grep -A1 'qdisc " + qdisc + "' | tail -1")
                .ok()
                .out();
        return Long.parseLong(shown.replaceAll("(?s).*Sent (\\d+) bytes.*", "$1"));
    }

    @Test
    void foreignProgramsBeforeOursAreReportedAndKept() {
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            assertEquals(1, daemon.metric("portcullis_interception_intact{interface=\"web0\"}"));
            LAB.java("fw", Tagger.class, "out0", "first", "ingress").ok();
            sh("fw", "ip link set out0 alias news").ok();
            Lab.await("the gauge", () -> daemon.metric("portcullis_interception_intact{interface=\"web0\"}") == 0);
            assertTrue(
                    daemon.log().contains("ERROR web0: out0 ingress: 1 tcx program of somebody else run before ours"),
                    daemon.log());
            assertTrue(daemon.http("/healthz").contains("somebody else"), daemon.http("/healthz"));
            assertTrue(download("client", "http://" + Lab.SERVER));
            daemon.terminate();
            daemon.cli("detach").ok();
            daemon.write(RULES.formatted(", attach: clsact"));
            try (DaemonProcess waiting = daemon.again()) {
                assertTrue(waiting.log().contains("tcx program(s) of others are attached there"), waiting.log());
                assertTrue(waiting.health().isFault("out0"), waiting.health().body());
                assertFalse(download("client", "http://" + Lab.SERVER), "what can't be guarded is shut");
            }
        } finally {
            sh("fw", "ip link set out0 alias ''").ok();
            clearPrograms();
        }
    }

    /** The programs of the test are removed with the NICs. */
    private void clearPrograms() {
        LAB.removeHostNic();
        LAB.makeHostNic();
        before = LAB.hostState();
    }

    @Test
    void taggedFramesKeepTheirTags() {
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            LAB.java("client", Tagger.class, "eth0", "tag", "5").ok();
            // The kernel may have no 8021q: behind our program another one removes the tag and drops untagged frames.
            LAB.java("fw", Tagger.class, "out0", "untag").ok();
            sh(
                            "fw",
                            "ip neigh replace " + Lab.CLIENT + " lladdr $(cat /proc/net/arp > /dev/null; echo "
                                    + mac("client", "eth0") + ") dev out0")
                    .ok();
            sh("client", "ip neigh replace " + Lab.SERVER + " lladdr " + mac("fw", "out0") + " dev eth0")
                    .ok();
            // The host's frames have no tag here, and the client accepts no untagged ones: only the request counts.
            LAB.client("ping", "-c", "3", "-i", "0.2", "-W", "1", Lab.SERVER);
            Lab.await("requests that the stack has heard", () -> echoRequests() >= 3);
            assertEquals(
                    0,
                    daemon.metric(
                            "portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"malformed-l2\"}"));
        } finally {
            clearPrograms();
        }
    }

    @Test
    void aVlanOfTheNicIsGuardedWithIt() {
        boolean hasVlans =
                sh("fw", "ip link add link out0 name out0.5 type vlan id 5").exit() == 0;
        Assumptions.assumeTrue(hasVlans, "SKIPPED: this kernel has no VLAN devices (module 8021q)");
        sh("fw", "ip address add 10.5.0.1/24 dev out0.5 && ip link set out0.5 up")
                .ok();
        sh(
                        "client",
                        "ip link add link eth0 name eth0.5 type vlan id 5 && ip address add 10.5.0.2/24 dev eth0.5 && ip link set eth0.5 up")
                .ok();
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            assertTrue(download("client", "http://10.5.0.1"));
            assertTrue(download("server", "http://10.5.0.2:8080"));
            assertNotEquals(0, sh("client", "curl -s -m 2 http://10.5.0.1:8080").exit());
            assertTrue(daemon.http("/healthz").startsWith("ok"));
        } finally {
            sh("fw", "ip link del out0.5").ok();
            sh("client", "ip link del eth0.5").ok();
        }
    }

    private static String mac(String end, String nic) {
        return sh(end, "cat /sys/class/net/" + nic + "/address 2>/dev/null || ip -o link show " + nic)
                .ok()
                .out()
                .replaceAll("(?s).*link/ether ([0-9a-f:]+).*", "$1")
                .strip();
    }

    /** Icmp InEchos of the guarded host's stack. */
    private static long echoRequests() {
        List<String> lines =
                sh("fw", "grep ^Icmp: /proc/net/snmp").ok().out().lines().toList();
        List<String> names = List.of(lines.get(0).split(" ", -1));
        return Long.parseLong(lines.get(1).split(" ", -1)[names.indexOf("InEchos")]);
    }

    @Test
    void aLeaseIsObtainedRenewedAndRebound() {
        Path script = LAB.file("dhclient-script", """
                #!/bin/sh
                case $reason in
                  BOUND | RENEW | REBIND) ip address replace "$new_ip_address/24" dev "$interface" ;;
                esac
                echo "$reason $new_ip_address"
                """);
        assertTrue(script.toFile().setExecutable(true));
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            Process first = dhcpServer("first", Lab.CLIENT);
            Path said = LAB.file("dhclient.out", "");
            Process dhclient = LAB.start(
                    "fw",
                    said,
                    "dhclient",
                    "-d",
                    "-cf",
                    "/dev/null",
                    "-lf",
                    LAB.folder().resolve("leases").toString(),
                    "-pf",
                    LAB.folder().resolve("dhclient.pid").toString(),
                    "-sf",
                    script.toString(),
                    "out0");
            Lab.awaitText("the lease", said, text -> text.contains("BOUND 203.0.113.10"));
            Lab.awaitText("its renewal", said, text -> text.contains("RENEW 203.0.113.10"));
            first.destroy();
            Lab.await("the server's end", () -> !first.isAlive());
            sh(
                            "client",
                            "sysctl -qw net.ipv4.conf.eth0.promote_secondaries=1 && ip address del " + Lab.CLIENT
                                    + "/24 dev eth0")
                    .ok();
            Process second = dhcpServer("second", Lab.CLIENT_SECOND);
            Lab.awaitText(
                    "its rebinding by another server",
                    said,
                    text -> text.matches("(?s).*to 255.255.255.255 port 67\nDHCPACK of 203.0.113.10\\d from "
                            + Lab.CLIENT_SECOND + "\n.*"));
            second.destroy();
            dhclient.destroy();
            assertEquals(
                    0,
                    daemon.metric(
                            "portcullis_drops_total{direction=\"egress\",interface=\"web0\",reason=\"no-rule\"}"));
        } finally {
            sh(
                    "fw",
                    "for a in $(ip -o -4 address show dev out0 | grep -o '203.0.113.10[0-9]/24'); do"
                            + " ip address del $a dev out0; done");
            sh("client", "ip address add " + Lab.CLIENT + "/24 dev eth0 2> /dev/null || :");
            sh("fw", "ip route replace 192.0.2.0/24 dev out0 src " + Lab.SERVER).ok();
        }
    }

    private static Process dhcpServer(String name, String address) {
        Path log = LAB.file("dnsmasq-" + name + ".log", "");
        Process dnsmasq = LAB.start(
                "client",
                log,
                "dnsmasq",
                "--keep-in-foreground",
                "--log-facility=-",
                "--conf-file=/dev/null",
                "--port=0",
                "--pid-file=",
                "--interface=eth0",
                "--listen-address=" + address,
                "--dhcp-authoritative",
                "--dhcp-leasefile=" + LAB.folder().resolve("leases-" + name),
                "--dhcp-range=203.0.113.100,203.0.113.109,2m",
                "--dhcp-option-force=option:T1,3",
                "--dhcp-option-force=option:T2,6");
        Lab.await("dnsmasq", () -> Lab.read(log).contains("DHCP, IP range"));
        return dnsmasq;
    }

    @Test
    void anAddressOfARouterLivesAsLongAsItIsAdvertised() {
        Path advertise = LAB.file("advertise.pl", """
                use Socket qw(:all);
                socket(S, PF_INET6, SOCK_RAW, 58) or die "socket: $!";
                setsockopt(S, 41, 18, pack("i", 255)) or die "hops: $!";
                setsockopt(S, 41, 17, pack("i", $ARGV[0])) or die "interface: $!";
                my $to = pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $ARGV[0]);
                my $prefix = inet_pton(AF_INET6, "2001:db8:9::");
                while (1) {
                    send(S, pack("CCnCCnNN", 134, 0, 0, 64, 0, 0, 0, 0) . pack("CCCCNNN", 3, 4, 64, 0xc0, 5, 5, 0) . $prefix, 0, $to);
                    select(undef, undef, undef, 0.5);
                }
                """);
        String index = LAB.client("cat", "/sys/class/net/eth0/ifindex").out().strip();
        String eth0 = index.matches("\\d+")
                ? index
                : sh("client", "ip -o link show eth0 | cut -d: -f1").out().strip();
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            Process router = LAB.start("client", LAB.file("router.out", ""), "perl", advertise.toString(), eth0);
            Lab.await("the address", () -> addresses().contains("2001:db8:9:0:"));
            pause(7_000);
            assertTrue(router.isAlive(), Lab.read(LAB.folder().resolve("router.out")));
            assertTrue(addresses().contains("2001:db8:9:0:"), "renewed by every advertisement: " + addresses());
            router.destroy();
            Lab.await("its end", () -> !addresses().contains("2001:db8:9:0:"));
            assertTrue(daemon.http("/healthz").startsWith("ok"));
        }
    }

    private static String addresses() {
        return sh("fw", "ip -6 -o address show dev out0 scope global").out();
    }

    private static void pause(long ms) {
        try {
            java.util.concurrent.TimeUnit.MILLISECONDS.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thePathMtuIsFoundBehindARouter() {
        sh(
                        "client",
                        "ip link add r0 mtu 1300 type veth peer name eth0 mtu 1500 netns " + LAB.namespace("server")
                                + " && ip address add 198.51.100.1/24 dev r0 && ip link set r0 up && sysctl -qw net.ipv4.ip_forward=1")
                .ok();
        String inner = LAB.namespace("server");
        Command.run(
                        "sh",
                        "-c",
                        "ip -n " + inner + " address add 198.51.100.2/24 dev eth0 && ip -n " + inner
                                + " link set eth0 up && ip -n " + inner + " route add default via 198.51.100.1")
                .ok();
        LAB.firewall("ip", "route", "add", "198.51.100.0/24", "via", Lab.CLIENT).ok();
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            Command whole = Command.run(
                    "ip", "netns", "exec", inner, "sh", "-c", "curl -s -m 20 http://" + Lab.SERVER + "/big | wc -c");
            assertEquals("1048576", whole.out().strip());
            String route =
                    LAB.firewall("ip", "route", "get", "198.51.100.2").ok().out();
            assertTrue(route.contains("mtu 1300"), route);
            assertTrue(daemon.http("/healthz").startsWith("ok"));
        } finally {
            sh("client", "ip link del r0; sysctl -qw net.ipv4.ip_forward=0");
            LAB.firewall("ip", "route", "del", "198.51.100.0/24");
            LAB.firewall("ip", "route", "flush", "cache");
        }
    }

    @Test
    void longFramesAndTheirMtuMayComeLater() {
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            mtu(9000);
            Lab.await(
                    "9,000 bytes",
                    () -> LAB.client("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "8900", Lab.SERVER)
                                    .exit()
                            == 0);
            assertTrue(download("client", "http://" + Lab.SERVER));
            assertTrue(download("server", "http://" + Lab.CLIENT + ":8080"));
            assertTrue(daemon.http("/healthz").startsWith("ok"));
        } finally {
            mtu(1500);
        }
    }

    private static void mtu(int bytes) {
        LAB.client("ip", "link", "set", "eth0", "mtu", Integer.toString(bytes)).ok();
        LAB.firewall("ip", "link", "set", "out0", "mtu", Integer.toString(bytes))
                .ok();
    }

    @Test
    void datagramsThatTheNicHasToSegmentArrive() {
        Path received = LAB.file("datagrams.out", "");
        Process receiver = LAB.start("client", received, "perl", "-e", """
                use Socket; $| = 1; socket(S, PF_INET, SOCK_DGRAM, 17); bind(S, sockaddr_in(7777, INADDR_ANY)) or die;
                print "ready\\n"; while (defined recv(S, my $b, 65535, 0)) { print length($b), "\\n"; }
                """);
        Lab.await("the receiver", () -> Lab.read(received).contains("ready"));
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            sh(
                            "server",
                            "perl -e 'use Socket; socket(S, PF_INET, SOCK_DGRAM, 17);"
                                    + " setsockopt(S, 17, 103, pack(\"i\", 1000)) or die \"UDP_SEGMENT: $!\";"
                                    + " send(S, \"x\" x 10500, 0, sockaddr_in(7777, inet_aton(\"" + Lab.CLIENT
                                    + "\"))) == 10500 or die $!'")
                    .ok();
            Lab.await("eleven datagrams", () -> Lab.read(received).equals("ready\n" + "1000\n".repeat(10) + "500\n"));
            assertTrue(daemon.http("/healthz").startsWith("ok"));
        } finally {
            receiver.destroy();
        }
    }

    @Test
    void aTunnelWorksThroughIt() {
        String tunnel =
                "ip link add vx0 type vxlan id 5 dstport 4789 remote %s dev %s && ip address add 10.9.0.%s/24 dev vx0"
                        + " && ip link set vx0 up";
        String vxlan = rules.replace("[{protocol", "[{protocol: udp, ports: 4789, from: any}, {protocol");
        sh("client", tunnel.formatted(Lab.SERVER, "eth0", "1")).ok();
        sh("fw", tunnel.formatted(Lab.CLIENT, "out0", "2")).ok();
        try (DaemonProcess daemon = LAB.daemon(vxlan)) {
            assertTrue(download("client", "http://10.9.0.2"));
            assertTrue(download("server", "http://10.9.0.1:8080"));
            assertTrue(download("client", "http://" + Lab.SERVER));
            assertFalse(daemon.log().contains("blocked the receive ring"), daemon.log());
            assertFalse(daemon.log().contains("rx-gro"), daemon.log());
        } finally {
            sh("client", "ip link del vx0").ok();
            sh("fw", "ip link del vx0").ok();
        }
    }

    @Test
    void aContainersPublishedPortStaysShutUnlessARuleOpensIt() {
        String inner = LAB.namespace("server");
        sh(
                        "fw",
                        "ip link add docker0 type bridge && ip address add 172.30.0.1/24 dev docker0 && ip link set docker0 up"
                                + " && ip link add ct0 type veth peer name eth0 netns " + inner
                                + " && ip link set ct0 master docker0 up && sysctl -qw net.ipv4.ip_forward=1")
                .ok();
        Command.run(
                        "sh",
                        "-c",
                        "ip -n " + inner + " address add 172.30.0.2/24 dev eth0 && ip -n " + inner
                                + " link set eth0 up && ip -n " + inner + " route add default via 172.30.0.1")
                .ok();
        Path nft = LAB.file("docker.nft", """
                table ip nat {
                  chain pre { type nat hook prerouting priority -100; iifname "out0" tcp dport 8000 dnat to 172.30.0.2:80; }
                  chain post { type nat hook postrouting priority 100; ip saddr 172.30.0.0/24 oifname "out0" masquerade; }
                }
                """);
        LAB.firewall("nft", "-f", nft.toString()).ok();
        Path container = LAB.file("container.out", "");
        // perl as a web server: this lab's nginx runs in the host itself.
        Process web = startIn(inner, container, "perl", "-e", """
                use Socket; $| = 1; socket(L, PF_INET, SOCK_STREAM, 6); setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1);
                bind(L, sockaddr_in(80, INADDR_ANY)) or die; listen(L, 9); print "ready\\n";
                while (accept(C, L)) { sysread(C, my $r, 4096); syswrite(C, "HTTP/1.0 200 OK\\r\\n\\r\\ncontainer\\n"); close C; }
                """);
        Lab.await("the container", () -> Lab.read(container).contains("ready"));
        String ruleset = sh("fw", "nft -s list ruleset").ok().out();
        try (DaemonProcess daemon = LAB.daemon(rules)) {
            assertEquals(ruleset, sh("fw", "nft -s list ruleset").ok().out());
            assertNotEquals(0, published());
            assertEquals(
                    0,
                    Command.run("ip", "netns", "exec", inner, "curl", "-s", "-m", "5", "http://" + Lab.CLIENT + ":8080")
                            .exit());
            daemon.edit(rules.replace("ports: 80,", "ports: [80, 8000],"));
            assertEquals(0, published());
        } finally {
            web.destroy();
            LAB.firewall("nft", "flush", "ruleset").ok();
            sh("fw", "ip link del docker0; ip link del ct0; sysctl -qw net.ipv4.ip_forward=0");
        }
    }

    private static int published() {
        return LAB.client("curl", "-s", "-m", "2", "http://" + Lab.SERVER + ":8000")
                .exit();
    }

    private static Process startIn(String namespace, Path log, String... words) {
        return LAB.startIn(namespace, log, words);
    }
}
