package io.portcullis.engine;

import io.portcullis.packet.AddressPair;
import io.portcullis.packet.QuotedPacket;

/**
 * Which of an interface's flows an engine tracks: those of its worker, by the pair of their addresses.
 *
 * @param worker whose it is, from 0
 * @param workers of the interface
 * @param seed of {@link AddressPair}, the same for all of them
 */
public record Shard(int worker, int workers, int seed) {
    /** All there are. */
    public static final Shard ALL = new Shard(0, 1, 0);

    public Shard {
        if (worker < 0 || worker >= workers) {
            throw new IllegalArgumentException("worker " + worker + " of " + workers);
        }
    }

    /** This engine's part of a limit of the whole interface, 1 at the least. */
    long of(long limit) {
        return Math.max(1, limit / workers);
    }

    /** Whose an adopted connection is. */
    int home(Adopted adopted) {
        return AddressPair.worker(
                AddressPair.hash(
                        seed, adopted.outsideHigh(), adopted.outsideLow(), adopted.insideHigh(), adopted.insideLow()),
                workers);
    }

    /** Whose the flow is that an ICMP error is about. */
    int home(QuotedPacket quote) {
        return workers == 1 ? worker : AddressPair.worker(AddressPair.hash(seed, quote), workers);
    }
}
