package io.portcullis.port.ring;

import io.portcullis.linux.packet.SocketFilter;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Packet;
import io.portcullis.packet.QuotedPacket;

/**
 * Which of an interface's workers a frame goes to: one for each pair of addresses, so that both directions of a flow, its
 * fragments and the ICMP errors about it meet, and nobody has to share or lock what he knows of it. The kernel runs
 * {@link #program} for the workers' packet sockets on each NIC; {@link #workerOf} answers the same for what the program did
 * not look at.
 *
 * <p>The program takes, in this order:
 * <ul>
 *   <li>of an ICMP or ICMPv6 error, as {@link io.portcullis.packet.Icmp#isError} says, the pair in the IP header that it
 *       quotes, where one of its own IP version stands there whole (whether anything belongs to what is quoted or not);
 *   <li>of any other IP packet its own pair. That includes every fragment, though the first fragment of an error may have a
 *       quote: the others have none, and they have to meet. It includes as well an ICMPv6 error behind a fragment header of
 *       any kind, or behind more than {@value #EXTENSIONS} extension headers. AH and ESP are protocols: what they carry is
 *       not looked at;
 *   <li>of anything else, and of a packet whose headers are cut, none: it goes to worker 0.
 * </ul>
 * So a packet meets its flow, but for an error that goes by its own pair: its worker finds with {@link #workerOf} whose it is.
 *
 * <p>Immutable; any thread.
 */
public final class Steering {
    /** Most workers of an interface. */
    public static final int MOST_WORKERS = 64;

    /** How many IPv6 extension headers the program looks through. */
    static final int EXTENSIONS = 4;

    /** Everything goes to the one worker that there is. */
    public static final Steering SINGLE = new Steering(1, 0);

    private final int workers;
    private final int seed;

    /**
     * For one interface.
     *
     * @param workers of it, 1 to {@link #MOST_WORKERS}
     * @param seed random, and nobody else's to know: who knows it can choose addresses that meet in one worker
     */
    public Steering(int workers, int seed) {
        if (workers < 1 || workers > MOST_WORKERS) {
            throw new IllegalArgumentException(workers + " workers; an interface has 1 to " + MOST_WORKERS);
        }
        this.workers = workers;
        this.seed = seed;
    }

    /** How many workers there are. */
    int workers() {
        return workers;
    }

    /** For {@link io.portcullis.linux.packet.PacketSocket#foundGroup}: its members are the workers' sockets, in the workers' order. */
    public SocketFilter program() {
        return new SteeringProgram(seed).assemble();
    }

    /**
     * Whose a pair of addresses is, in either order. Addresses are two big-endian halves; IPv4 is the low 32 bits of the
     * low half.
     *
     * @return 0 to the number of workers - 1
     */
    public int workerOf(long high, long low, long otherHigh, long otherLow) {
        return AddressPair.worker(AddressPair.hash(seed, high, low, otherHigh, otherLow), workers);
    }

    /** Whose this IP packet is by its own addresses: where the kernel sends it, unless it is an ICMP error. */
    public int workerOf(Packet packet) {
        return AddressPair.worker(AddressPair.hash(seed, packet), workers);
    }

    /** Whose the flow is that an ICMP error is about. */
    public int workerOf(QuotedPacket quote) {
        return AddressPair.worker(AddressPair.hash(seed, quote), workers);
    }
}
