package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import io.portcullis.system.Programs;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Principle 3: a start and detach recognise our programs and NICs without journals, and with damaged ones. */
@Tag("system")
final class RecognisedWithoutNotesTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web], attach: %s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private static final String BRIDGE = """
            version: 1
            interfaces:
              pair0: {mode: bridge, outside: x0, inside: y0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private Hammer hammer;
    private String before = "";

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
    }

    @BeforeEach
    void hammer() {
        LAB.sh(
                        "fw",
                        "ip link add x0 type veth peer name x1 && ip link add y0 type veth peer name y1 && ip link set x0 up"
                                + " && ip link set x1 up && ip link set y0 up && ip link set y1 up")
                .ok();
        hammer = new Hammer(LAB, "fw", Lab.SERVER);
        hammer.awaitThrough();
        before = state();
    }

    @AfterEach
    void open() {
        LAB.endDaemons();
        hammer.awaitThrough();
        hammer.stop();
        LAB.sh("fw", "ip link del x0; ip link del y0").ok();
    }

    /** The NICs of the host and of the bridge. */
    private static String state() {
        StringBuilder state = new StringBuilder(LAB.hostState());
        for (String nic : List.of("x0", "y0")) {
            state.append(LAB.sh(
                                    "fw",
                                    "cd /proc/sys/net && for f in disable_ipv6 rp_filter arp_ignore; do grep . ipv[46]/conf/"
                                            + nic + "/$f; done 2> /dev/null; ethtool -k " + nic)
                            .out())
                    .append(LAB.java("fw", Programs.class, "list", nic).ok().out());
        }
        return state.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcx", "clsact"})
    void aStartTakesOverProgramsWithoutANote(String attach) {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(attach));
        hammer.strike();
        long since = hammer.received();
        for (Harm harm : Harm.values()) {
            daemon.crash();
            assertNotEquals(0, harm.to(daemon.home()), "there were notes");
            daemon = daemon.again();
            DaemonProcess now = daemon;
            Lab.await(harm + ": what is admitted", () -> LAB.answers(80));
            hammer.assertNoneSince(since);
            now.awaitHealth();
            assertFalse(now.log().contains("delete it"), now::log);
            assertFalse(now.log().contains("ip link del"), now::log);
        }
        daemon.close();
        assertEquals(before, state());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcx", "clsact"})
    void detachGivesNicsBackWithoutANote(String attach) {
        for (Harm harm : new Harm[] {Harm.LOST, Harm.CUT, Harm.NEWER}) {
            DaemonProcess daemon = LAB.daemon(RULES.formatted(attach));
            daemon.crash();
            assertNotEquals(0, harm.to(daemon.home()), "there were notes");
            Command detach = daemon.detach();
            assertEquals(0, detach.exit(), detach.out());
            assertFalse(detach.out().contains("delete it"), detach.out());
            assertEquals(before, state(), () -> harm + "\n" + detach.out());
            assertEquals("", daemon.cli("detach").ok().out(), "a second time there is nothing to do");
        }
    }

    /** Whoever started it may have named another folder, or none. */
    @Test
    void detachFromAnotherFolderGivesBackAllThatTheKernelShows() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted("tcx"));
        daemon.crash();
        Home other = LAB.home(RULES.formatted("tcx"));
        Command detach = other.portcullis("detach");
        assertEquals(0, detach.exit(), detach.out());
        assertEquals(before, state(), detach::out);
    }

    @Test
    void aBridgeWithoutNotesIsGivenBack() {
        DaemonProcess daemon = LAB.daemon(BRIDGE);
        daemon.crash();
        assertNotEquals(0, Harm.LOST.to(daemon.home()), "there were notes");
        daemon = daemon.again();
        daemon.awaitHealth();
        assertNotEquals(before, state());
        daemon.crash();
        assertNotEquals(0, Harm.LOST.to(daemon.home()), "there were notes");
        Command detach = daemon.detach();
        assertEquals(0, detach.exit(), detach.out());
        assertEquals(before, state(), detach::out);
    }
}
