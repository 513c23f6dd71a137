package io.portcullis.engine;

import io.portcullis.packet.AddressPair;
import io.portcullis.packet.QuotedPacket;

/**
 * The part of an interface's flows that one worker's engine tracks. A flow belongs to a worker by the hash of its address pair.
 *
 * @param worker its number, from 0
 * @param workers of the interface
 * @param seed of {@link AddressPair}, the same for all of them
 */
public record Shard(int worker, int workers, int seed) {
    /** All flows: the interface has one worker. */
    public static final Shard ALL = new Shard(0, 1, 0);

    public Shard {
        if (worker < 0 || worker >= workers) {
            throw new IllegalArgumentException("worker " + worker + " of " + workers);
        }
    }

    /** This worker's part of a limit of the whole interface; at least 1. */
    long of(long limit) {
        return Math.max(1, limit / workers);
    }

    /** The worker that an adopted connection belongs to. */
    int home(Adopted adopted) {
        return AddressPair.worker(
                AddressPair.hash(
                        seed, adopted.outsideHigh(), adopted.outsideLow(), adopted.insideHigh(), adopted.insideLow()),
                workers);
    }

    /** The worker with the flow that an ICMP error is about. */
    int home(QuotedPacket quote) {
        return workers == 1 ? worker : AddressPair.worker(AddressPair.hash(seed, quote), workers);
    }
}
