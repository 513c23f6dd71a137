package io.portcullis.service.emergency;

import io.portcullis.linux.BootId;
import io.portcullis.linux.SystemdSocket;
import java.io.IOException;
import java.time.Instant;

/**
 * A point in time, by the clock of the day, which an operator may set, and by the monotonic one.
 *
 * @param boot identity of this boot of the kernel
 * @param monotonicUs CLOCK_MONOTONIC, microseconds since this boot
 */
record Moment(Instant wall, String boot, long monotonicUs) {
    /** The present. */
    static Moment now() {
        try {
            return new Moment(Instant.now(), BootId.read().toString(), SystemdSocket.monotonicUsec());
        } catch (IOException impossible) {
            throw new IllegalStateException("this boot and its clock are not known", impossible);
        }
    }
}
