package io.portcullis.port.ring;

import io.portcullis.linux.packet.SocketFilter;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Packet;
import io.portcullis.packet.QuotedPacket;

/**
 * Maps each frame to one of an interface's workers, by its pair of addresses: both directions of a flow, its fragments and the
 * ICMP errors about it reach the same worker, so that workers share no flow and need no lock. The kernel runs {@link #program}
 * for the workers' packet sockets on each NIC; {@link #workerOf} gives the same answer for frames that the program can't read.
 *
 * <p>The program uses, in this order:
 * <ul>
 *   <li>for an ICMP or ICMPv6 error (see {@link io.portcullis.packet.Icmp#isError}) the pair in the IP header that it quotes, if
 *       that is whole and of the same IP version (even if the quote matches no flow);
 *   <li>for any other IP packet its own pair. That includes every fragment: the first fragment of an error may have a quote, but
 *       the others have none, and all have to reach the same worker. It also includes an ICMPv6 error behind any fragment header,
 *       or behind more than {@value #EXTENSIONS} extension headers. AH and ESP count as protocols: their payload is not read;
 *   <li>for anything else, and for a packet with cut headers, no pair: it goes to worker 0.
 * </ul>
 * So a packet reaches the worker of its flow, except an error that was mapped by its own pair: the worker that receives it finds
 * the right one with {@link #workerOf}.
 *
 * <p>Immutable; any thread.
 */
public final class Steering {
    /** Most workers of an interface. */
    public static final int MOST_WORKERS = 64;

    /** Most IPv6 extension headers that the program skips. */
    static final int EXTENSIONS = 4;

    /** One worker gets every frame. */
    public static final Steering SINGLE = new Steering(1, 0);

    private final int workers;
    private final int seed;

    /**
     * For one interface.
     *
     * @param workers of it, 1 to {@link #MOST_WORKERS}
     * @param seed random and secret: with it a sender could choose addresses that all map to one worker
     */
    public Steering(int workers, int seed) {
        if (workers < 1 || workers > MOST_WORKERS) {
            throw new IllegalArgumentException(workers + " workers; an interface has 1 to " + MOST_WORKERS);
        }
        this.workers = workers;
        this.seed = seed;
    }

    /** Number of workers. */
    int workers() {
        return workers;
    }

    /** For {@link io.portcullis.linux.packet.PacketSocket#createGroup}: its members are the workers' sockets, in the workers' order. */
    public SocketFilter program() {
        return new SteeringProgram(seed).assemble();
    }

    /**
     * The worker of a pair of addresses, in either order. Addresses are two big-endian halves; IPv4 is the low 32 bits of the
     * low half.
     *
     * @return 0 to the number of workers - 1
     */
    public int workerOf(long high, long low, long otherHigh, long otherLow) {
        return AddressPair.worker(AddressPair.hash(seed, high, low, otherHigh, otherLow), workers);
    }

    /** The worker of an IP packet by its own addresses: the kernel sends it there unless it is an ICMP error. */
    public int workerOf(Packet packet) {
        return AddressPair.worker(AddressPair.hash(seed, packet), workers);
    }

    /** The worker of the flow that an ICMP error is about. */
    public int workerOf(QuotedPacket quote) {
        return AddressPair.worker(AddressPair.hash(seed, quote), workers);
    }
}
