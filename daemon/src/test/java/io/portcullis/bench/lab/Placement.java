package io.portcullis.bench.lab;

import java.util.Locale;

/** Which core each process runs on. */
public enum Placement {
    /**
     * Senders and receivers share one core. The device has another one, which through RPS (receive packet steering) also handles
     * all that arrives at its NICs. So its whole cost is measured, the kernel's part included. The price: each batch that leaves
     * the device costs an inter-processor interrupt to the far core. A kernel bridge pays it once in 64 packets, a program that
     * sends packets one by one pays it for each; the table shows how many.
     */
    SPLIT,
    /** The scheduler decides. */
    FREE;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
