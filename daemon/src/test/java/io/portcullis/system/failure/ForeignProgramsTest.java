package io.portcullis.system.failure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Lab;
import io.portcullis.testing.TcxDetach;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A privileged process detaches our programs: they are attached again at once, and the log tells the length of the gap. */
@Tag("system")
final class ForeignProgramsTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "%s");

    private static final Pattern GAP = Pattern.compile("attached again; unguarded for at most ([0-9]+) ms");

    /** The daemon checks four times a second; the rest is for a busy machine. */
    private static final int MOST_MS = 2_000;

    @RegisterExtension
    final Hammer hammer = new Hammer(LAB, "fw", Lab.SERVER);

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
    }

    /** The gap in the log, in milliseconds. */
    private void assertBackAgain(DaemonProcess daemon) {
        Lab.await("the programs", () -> GAP.matcher(daemon.log()).find());
        Matcher told = GAP.matcher(daemon.log());
        while (told.find()) {
            assertTrue(Integer.parseInt(told.group(1)) < MOST_MS, daemon::log);
        }
        hammer.strike();
        long since = hammer.received();
        hammer.strike();
        assertEquals(since, hammer.received());
        Lab.await("what a rule admits", () -> LAB.answers(80));
        Lab.await("health", () -> daemon.http("/healthz").startsWith("ok"));
    }

    @Test
    void aRemovedQdiscIsBackAtOnce() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(", attach: clsact"))) {
            hammer.strike();
            long since = hammer.received();
            LAB.firewall("tc", "qdisc", "del", "dev", "out0", "clsact").ok();
            assertBackAgain(daemon);
            // Netlink tells of filters: at two thousand datagrams a second, some milliseconds' worth get through, not
            // those of
            // ten seconds.
            assertTrue(
                    hammer.received() - since < 600, () -> hammer.received() - since + " datagrams\n" + daemon.log());
        }
    }

    @Test
    void aDetachedTcxProgramIsBackWithinAQuarterOfASecond() {
        try (DaemonProcess daemon = LAB.daemon(RULES.formatted(""))) {
            hammer.strike();
            long since = hammer.received();
            assertTrue(LAB.java("fw", TcxDetach.class, "out0").ok().out().contains("detached"));
            assertBackAgain(daemon);
            assertTrue(
                    hammer.received() - since < 3_000, () -> hammer.received() - since + " datagrams\n" + daemon.log());
        }
    }
}
