package io.portcullis.system.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A web server's security group as its owner edits it, with one daemon throughout: what passes, what is dropped, and that replies
 * need no rule.
 */
@Tag("system")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class WebServerWalk {
    @RegisterExtension
    final Lab lab;

    private final String intro;
    private DaemonProcess daemon;

    /** {@code keys}: those of the interface except its groups. */
    WebServerWalk(Lab lab, String keys) {
        this.lab = lab;
        intro = "version: 1\ninterfaces:\n  web0: {" + keys + ", security-groups: [%s]}\nsecurity-groups:\n";
    }

    private static final String WEB_80_443 = """
              web: {ingress: [{protocol: tcp, ports: [80, 443], from: any}]}
            """;

    private String rules(String groups, String definitions) {
        return intro.formatted(groups) + definitions;
    }

    @BeforeAll
    void start() {
        lab.nginx("server", 80, 443, 8080, 5432);
        lab.nginx("client", 12345, 12346);
        Path log = lab.folder().resolve("dnsmasq.log");
        lab.start(
                "server",
                log,
                "dnsmasq",
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--pid-file=",
                "--address=/lab.example/192.0.2.99");
        Lab.await(
                "dnsmasq",
                () -> lab.server("dig", "+time=1", "+tries=1", "+short", "@127.0.0.1", "lab.example")
                        .out()
                        .contains("192.0.2.99"));
        daemon = lab.daemon(rules("web", "  web: {description: nothing yet}\n"), Home.WITH_WARM_UP);
    }

    @AfterAll
    void stop() {
        daemon.close();
    }

    private boolean http(String from, String host, int port) {
        return lab.client(
                                "curl",
                                "-s",
                                "-g",
                                "-m",
                                "2",
                                "--interface",
                                from,
                                "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port)
                        .exit()
                == 0;
    }

    private boolean clientHttp(int port) {
        return http(Lab.CLIENT, Lab.SERVER, port);
    }

    private boolean serverHttp(String host, int port) {
        return lab.server("curl", "-s", "-m", "2", "http://" + host + ":" + port)
                        .exit()
                == 0;
    }

    private boolean ping(String host) {
        return lab.client("ping", "-c", "1", "-W", "2", host).exit() == 0;
    }

    private boolean dns() {
        return lab.client("dig", "+time=2", "+tries=1", "+short", "@" + Lab.SERVER, "lab.example")
                .out()
                .contains("192.0.2.99");
    }

    private boolean dnsOverTcp() {
        return lab.client("dig", "+tcp", "+time=2", "+tries=1", "+short", "@" + Lab.SERVER, "lab.example")
                .out()
                .contains("192.0.2.99");
    }

    @Test
    void wideOpen() {
        daemon.edit(rules("web", "  web: {ingress: [{protocol: all, from: any}]}\n"));
        assertTrue(clientHttp(80));
        assertTrue(clientHttp(8080));
        assertTrue(http(Lab.CLIENT_V6, Lab.SERVER_V6, 80));
        assertTrue(ping(Lab.SERVER));
        assertTrue(ping(Lab.SERVER_V6));
        assertTrue(dns());
        assertTrue(dnsOverTcp());
        String big = lab.client(
                        "curl",
                        "-s",
                        "-m",
                        "20",
                        "-o",
                        "/dev/null",
                        "-w",
                        "%{size_download}",
                        "http://" + Lab.SERVER + "/big")
                .ok()
                .out();
        assertEquals("1048576", big, "a megabyte whole");
    }

    @Test
    void only80And443FromAnywhere() {
        daemon.edit(rules("web", WEB_80_443 + "  edit1: {}\n"));
        assertTrue(clientHttp(80));
        assertTrue(clientHttp(443));
        assertTrue(http(Lab.CLIENT_SECOND, Lab.SERVER, 80));
        assertTrue(http(Lab.CLIENT_V6, Lab.SERVER_V6, 443));
        assertFalseAndCounted(() -> clientHttp(8080));
        assertFalseAndCounted(() -> http(Lab.CLIENT_V6, Lab.SERVER_V6, 8080));
        assertFalseAndCounted(() -> ping(Lab.SERVER));
        assertFalseAndCounted(() -> ping(Lab.SERVER_V6));
        assertFalseAndCounted(this::dns);
        assertTrue(serverHttp(Lab.CLIENT, 12345), "what the server asks for is answered without a rule");
        assertEquals(0, lab.server("ping", "-c", "1", "-W", "2", Lab.CLIENT).exit());
        assertEquals(
                0, lab.server("ping", "-6", "-c", "1", "-W", "2", Lab.CLIENT_V6).exit());
    }

    @Test
    void onlyOneAddress() {
        daemon.edit(rules("web", "  web: {ingress: [{protocol: tcp, ports: 80, from: 203.0.113.10/32}]}\n"));
        assertTrue(http(Lab.CLIENT, Lab.SERVER, 80));
        assertFalseAndCounted(() -> http(Lab.CLIENT_SECOND, Lab.SERVER, 80));
        assertFalseAndCounted(() -> http(Lab.CLIENT, Lab.SERVER, 443));
        assertFalseAndCounted(() -> http(Lab.CLIENT_V6, Lab.SERVER_V6, 80));
    }

    @Test
    void egressOnlyToOnePortOfOneHost() {
        daemon.edit(rules("web", """
                          web:
                            ingress: [{protocol: tcp, ports: 80, from: any}]
                            egress: [{protocol: tcp, ports: 12345, to: 192.0.2.10/32}]
                        """));
        assertTrue(serverHttp(Lab.CLIENT_FAR, 12345));
        assertFalseAndCounted(() -> serverHttp(Lab.CLIENT_FAR, 12346));
        assertFalseAndCounted(() -> serverHttp(Lab.CLIENT_FAR_SECOND, 12345));
        assertFalseAndCounted(() -> serverHttp(Lab.CLIENT, 12345));
        assertNotEquals(
                0, lab.server("ping", "-c", "1", "-W", "1", Lab.CLIENT_FAR).exit());
        assertTrue(clientHttp(80), "answers leave without an egress rule");
    }

    @Test
    void aDatabaseThatAdmitsOnlyTheWebGroup() {
        daemon.edit(rules("db", """
                          web: {members: [203.0.113.10]}
                          db: {ingress: [{protocol: tcp, ports: 5432, from: {group: web}}]}
                        """));
        assertTrue(http(Lab.CLIENT, Lab.SERVER, 5432));
        assertFalseAndCounted(() -> http(Lab.CLIENT_SECOND, Lab.SERVER, 5432));
        assertFalseAndCounted(() -> http(Lab.CLIENT, Lab.SERVER, 80));
    }

    @Test
    void twoGroupsUnion() {
        daemon.edit(
                rules(
                        "web, ops",
                        WEB_80_443
                                + "  ops: {ingress: [{protocol: icmp, type: echo-request, from: 203.0.113.0/24}, {protocol: udp, ports: domain, from: any}]}\n"));
        assertTrue(clientHttp(80));
        assertTrue(ping(Lab.SERVER));
        assertTrue(dns());
        assertFalseAndCounted(this::dnsOverTcp);
        assertFalseAndCounted(() -> ping(Lab.SERVER_V6));
    }

    @Test
    void defaultDeny() {
        daemon.edit(rules("web", "  web: {}\n"));
        assertFalseAndCounted(() -> clientHttp(80));
        assertFalseAndCounted(() -> ping(Lab.SERVER));
        assertFalseAndCounted(() -> http(Lab.CLIENT_V6, Lab.SERVER_V6, 80));
        assertTrue(serverHttp(Lab.CLIENT, 12345), "a new group lets everything out, and the answers in");
    }

    private void assertFalseAndCounted(java.util.function.BooleanSupplier passes) {
        double before = drops();
        assertEquals(false, passes.getAsBoolean());
        Lab.await("the drop in the metrics", () -> drops() > before);
    }

    private double drops() {
        return daemon.metric("portcullis_drops_total{direction=\"ingress\",interface=\"web0\",reason=\"no-rule\"}")
                + daemon.metric("portcullis_drops_total{direction=\"egress\",interface=\"web0\",reason=\"no-rule\"}");
    }
}
