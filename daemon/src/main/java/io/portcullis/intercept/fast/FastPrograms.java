package io.portcullis.intercept.fast;

import io.portcullis.linux.bpf.BpfProgram;

/** The programs of the fast path of one interface. One thread at a time. */
public interface FastPrograms {
    /**
     * The program that decides while this process lives: it forwards frames of granted flows, passes a host's frames with our mark,
     * whose mark it clears on ingress where no program follows, and sends all others to the tap. On
     * {@code clsact} it outlives the process, and past the deadline of {@link #aliveUntil} it does what {@link #dead} does.
     */
    BpfProgram live(FastPort port);

    /**
     * The program behind it, which stays when this process ends: it forwards frames of granted flows, passes a host's frames with our
     * mark, and drops all others.
     */
    BpfProgram dead(FastPort port);

    /**
     * Sets the deadline of programs on {@code clsact}: nanoseconds of CLOCK_MONOTONIC; 0: they have none.
     */
    void aliveUntil(long monotonicNs);

    /** True: a program of an earlier run with the same instructions uses the same memory, and may stay. */
    boolean hasEarlierMemory();
}
