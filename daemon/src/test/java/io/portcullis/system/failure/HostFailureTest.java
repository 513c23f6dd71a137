package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A guarded host when the daemon crashes, stops, hangs or starts again. */
@Tag("system")
final class HostFailureTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "%s");

    private static final String CLOSED = RULES.formatted("");

    @RegisterExtension
    final Hammer hammer = new Hammer(LAB, "fw", Lab.SERVER);

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
    }

    private void assertShut(long since) {
        assertFalse(LAB.answers(80));
        assertFalse(LAB.answersPing());
        hammer.strike();
        assertEquals(since, hammer.received());
    }

    private void assertFiltered(long since) {
        Lab.await("what a rule admits", () -> LAB.answers(80));
        assertFalse(LAB.answersPing());
        hammer.strike();
        assertEquals(since, hammer.received());
    }

    @Test
    void closedLetsNobodyInWhateverHappens() {
        DaemonProcess daemon = LAB.daemon(CLOSED);
        hammer.strike();
        long since = hammer.received();
        assertFiltered(since);
        daemon.crash();
        assertShut(since);
        daemon = daemon.again();
        assertTrue(daemon.log().contains("out0 ingress: program portcullis_in was attached already"), daemon.log());
        assertFiltered(since);
        daemon.terminate();
        assertTrue(daemon.log().contains("out0 stays shut"), daemon.log());
        assertShut(since);
        // The programs differ: they have another mark. They replace the old ones.
        daemon.write(CLOSED + "mark: 0x50/0xf0\n");
        daemon = daemon.again();
        assertTrue(daemon.log().contains("out0 ingress: program portcullis_in attached"), daemon.log());
        assertFiltered(since);
        daemon.crash();
        assertShut(since);
        // The same NIC under another interface's name.
        daemon.write(CLOSED.replace("web0", "front"));
        daemon = daemon.again();
        assertFiltered(since);
        String links = LAB.firewall("ip", "link").out();
        assertTrue(links.contains("pch-front") && !links.contains("pch-web0"), links);
        daemon.crash();
        assertShut(since);
        daemon.cli("detach").ok();
    }

    @Test
    void closedWithFiltersLetsNobodyInEither() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", attach: clsact"));
        hammer.strike();
        long since = hammer.received();
        assertFiltered(since);
        daemon.crash();
        assertShut(since);
        daemon.write(RULES.formatted(", attach: clsact") + "mark: 0x50/0xf0\n");
        daemon = daemon.again();
        assertFiltered(since);
        daemon.write(RULES.formatted(", attach: tcx"));
        daemon.terminate();
        assertShut(since);
        daemon = daemon.again();
        assertFiltered(since);
        assertFalse(
                LAB.firewall("tc", "filter", "show", "dev", "out0", "ingress")
                        .out()
                        .contains("portcullis"),
                "the filters have gone when the tcx programs are attached");
        daemon.close();
    }

    @Test
    void openOnTcxEndsWithTheProcessAndNotWhileItHangs() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open"));
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.signal("STOP");
        // A link lasts as long as its process exists, even one that hangs: only a deadline helps against that.
        hammer.strike();
        long since = hammer.received();
        assertShut(since);
        daemon.crash();
        hammer.awaitThrough();
        assertTrue(LAB.answers(80));
        daemon = daemon.again();
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.terminate();
        hammer.awaitThrough();
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"), "open: a stop puts everything back");
    }

    @Test
    void openWithFiltersHasADeadline() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: open, attach: clsact"));
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.signal("STOP");
        hammer.awaitThrough();
        assertTrue(LAB.answersPing());
        daemon.signal("CONT");
        Lab.await("the filter", () -> !LAB.answersPing());
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.crash();
        hammer.awaitThrough();
        daemon = daemon.again();
        hammer.strike();
        assertFiltered(hammer.received());
        daemon.close();
    }

    @Test
    void aSecondDaemonIsRefusedByTheNameOfTheFirst() {
        try (DaemonProcess daemon = LAB.daemon(CLOSED)) {
            Path other = LAB.file(
                    "other.yaml",
                    CLOSED + "control: {socket: " + LAB.folder()
                            + "/other/control.sock}\nmetrics: {listen: \"127.0.0.1:0\"}\n");
            Command second = daemon.home().portcullis("run", "--config", other.toString());
            assertEquals(1, second.exit(), second.out());
            assertTrue(second.out().contains("another portcullis runs here"), second.out());
            assertTrue(second.out().contains("pid " + daemon.process().pid()), second.out());
            assertTrue(second.out().contains(daemon.config().toString()), second.out());
            assertTrue(LAB.answers(80), "the first goes on");
        }
    }
}
