package io.portcullis.service;

import sun.misc.Signal;

/**
 * SIGHUP as a request, not as an end. The JDK has no supported way to hear a signal; {@code jdk.unsupported} exports this
 * one (JEP 260), and it is used here only.
 */
final class Signals {
    private Signals() {}

    /** Calls {@code onHangup}, on a thread of the JVM's, for every SIGHUP from now on. */
    static void onHangup(Runnable onHangup) {
        Signal.handle(new Signal("HUP"), signal -> onHangup.run());
    }
}
