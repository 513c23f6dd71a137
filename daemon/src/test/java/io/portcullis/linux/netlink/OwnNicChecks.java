package io.portcullis.linux.netlink;

/** The checks of a test, with events of their own, in the network namespace of the thread that makes them. */
public final class OwnNicChecks implements AutoCloseable {
    private final NicEvents events = NicEvents.start();
    private final NicChecks checks = NicChecks.start("test-checks", events, System::nanoTime);

    public NicChecks checks() {
        return checks;
    }

    @Override
    public void close() {
        checks.close();
        events.close();
    }
}
