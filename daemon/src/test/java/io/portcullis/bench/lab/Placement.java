package io.portcullis.bench.lab;

import java.util.Locale;

/** Who runs on which core. */
public enum Placement {
    /**
     * Who sends and receives is on one core; the device, and through RPS (receive packet steering) whatever arrives at its NICs, on
     * another. So its whole cost is seen, also where it is the kernel's. The price: each batch that leaves the device costs an
     * inter-processor interrupt to the far core. A kernel bridge pays it once in 64 packets, who sends packets one by one pays it for
     * each; the table shows how many.
     */
    SPLIT,
    /** The scheduler decides. */
    FREE;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
