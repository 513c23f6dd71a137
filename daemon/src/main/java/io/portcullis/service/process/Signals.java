package io.portcullis.service.process;

import sun.misc.Signal;

/**
 * Handles SIGHUP as a request to reload. The JDK has no supported way to handle a signal; {@code jdk.unsupported} exports this class
 * (JEP 260), and only this file uses it.
 */
public final class Signals {
    private Signals() {}

    /** Calls {@code onHangup}, on a thread of the JVM's, for every SIGHUP from now on. */
    public static void onHangup(Runnable onHangup) {
        Signal.handle(new Signal("HUP"), signal -> onHangup.run());
    }
}
