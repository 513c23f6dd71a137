package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;

/**
 * A guarded host with obstacles: how many datagrams of strangers may have got through by now. A NIC that is given back or made
 * again is open until it is guarded, and strangers count only outside of that time.
 */
final class Scene {
    /** The datagrams that may get through a new NIC: those of five seconds. */
    private static final long MOST_OF_A_GAP = 5 * 2_000;

    private final Lab lab;
    private final Home home;
    private final String rules;
    private final Hammer hammer;
    private boolean isOpen = true;
    private boolean isRightlyOpen = true;
    private long since;

    Scene(Lab lab, Home home, String rules, Hammer hammer) {
        this.lab = lab;
        this.home = home;
        this.rules = rules;
        this.hammer = hammer;
    }

    Lab lab() {
        return lab;
    }

    Home home() {
        return home;
    }

    String rules() {
        return rules;
    }

    /** From here on strangers may pass for a moment: a new NIC has no programs yet. */
    void open() {
        assertNoStranger();
        isOpen = true;
        since = hammer.received();
    }

    /** From here on strangers pass for as long as nobody starts a daemon. */
    void giveBack() {
        open();
        isRightlyOpen = true;
    }

    /** From here on no stranger may pass. */
    void shut() {
        if (!isOpen) {
            return;
        }
        Lab.await("strangers shut out", () -> {
            long before = hammer.received();
            hammer.strike();
            return hammer.received() == before;
        });
        long passed = hammer.received() - since;
        assertTrue(isRightlyOpen || passed <= MOST_OF_A_GAP, passed + " datagrams have passed a NIC that was new");
        since = hammer.received();
        isOpen = false;
        isRightlyOpen = false;
    }

    void assertNoStranger() {
        if (!isOpen) {
            hammer.assertNoneSince(since);
        }
    }
}
