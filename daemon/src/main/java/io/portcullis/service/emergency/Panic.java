package io.portcullis.service.emergency;

import io.portcullis.linux.NetworkNamespace;
import java.io.IOException;
import java.util.Objects;

/**
 * Nothing passes, until an operator ends it.
 *
 * @param at when it was ordered, ISO 8601, UTC; empty: not known
 * @param by who ordered it; empty: not known
 * @param keepFailsafe true: flows that failsafe rules admit pass
 * @param namespace of the daemon's network: {@code initial}, or its number in this boot
 */
record Panic(String at, String by, boolean keepFailsafe, String namespace) {
    /** Refuses what no daemon has written. */
    Panic {
        Objects.requireNonNull(at, "no at");
        Objects.requireNonNull(by, "no by");
        Objects.requireNonNull(namespace, "no namespace");
    }

    /** Of a file that can't be read. */
    static final Panic UNREADABLE = new Panic("", "", false, "");

    /** The network namespace of the calling thread, as {@link #namespace} has it. */
    static String presentNamespace() throws IOException {
        return NetworkNamespace.isInitial() ? "initial" : Long.toString(NetworkNamespace.number());
    }

    Panic in(String otherNamespace) {
        return new Panic(at, by, keepFailsafe, otherNamespace);
    }
}
