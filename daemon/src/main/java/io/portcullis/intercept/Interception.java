package io.portcullis.intercept;

import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.PacketMark;
import io.portcullis.linux.packet.PacketSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The NICs of one interface, taken: first made ready, so that ports can be opened on them; then, when everything is ready to
 * decide, the kernel's programs steer the traffic to the ports ({@link #engage}). One thread at a time, in the network
 * namespace of the calling thread.
 */
public sealed interface Interception permits Bridge, VethPairs {
    /**
     * What is asked of an interception.
     *
     * @param ring true: the ports hand super-frames and unfinished checksums on as they are, and offloads stay as they are;
     *     false: those that make frames longer than the MTU or leave checksums unfinished go off
     * @param mark of the frames that are ours
     * @param state directory for what must be put back; made where there is none
     * @param owner for others who want the same NICs: who we are
     */
    record AttachRequest(Interface attachment, boolean ring, PacketMark mark, Path state, String owner) {}

    /** Why this interface can't be attached now: one line a fault, which says what to do; none: it can. Changes nothing. */
    static List<String> faults(Interface attachment) {
        return switch (attachment.mode()) {
            case Mode.Bridge bridge -> Bridge.faults(attachment.name(), bridge.outside(), bridge.inside());
            case Mode.Host host -> VethPairs.faults(attachment.name(), host);
        };
    }

    /**
     * Makes the NICs ready. When an earlier run did not put things back, what it wrote down is what to restore, and its
     * programs stay where they are.
     *
     * @throws InterceptException with all faults; what kept traffic back before still does so, all else is unchanged or has been
     *     put back
     */
    static Interception attach(AttachRequest request) throws InterceptException {
        return switch (request.attachment().mode()) {
            case Mode.Bridge bridge -> Bridge.attach(request, bridge);
            case Mode.Host host -> VethPairs.attach(request, host);
        };
    }

    /** What is odd about the NICs of an interface and no fault, one line each. Changes nothing. */
    static List<String> warnings(Interface attachment) {
        return switch (attachment.mode()) {
            case Mode.Bridge bridge -> Bridge.warnings(bridge.outside(), bridge.inside());
            case Mode.Host _ -> List.of();
        };
    }

    /** Name of the NIC that the outside port opens. */
    String outside();

    /** Name of the NIC that the inside port opens. */
    String inside();

    /** How a ring behaves on {@link #outside}. */
    PacketSocket.SocketOptions outsideOptions();

    /** How a ring behaves on {@link #inside}. */
    PacketSocket.SocketOptions insideOptions();

    /** True: an earlier run's programs have kept the traffic back until now. */
    boolean wasStanding();

    /** What was done so far, for the log: one line each. */
    List<String> notes();

    /**
     * Puts the programs into the kernel.
     *
     * @param nowNs monotonic time, nanoseconds
     * @return lines for the log
     * @throws InterceptException where the kernel does not take them; some may be attached then, for {@link #detach}
     */
    List<String> engage(long nowNs) throws InterceptException;

    /**
     * Looks whether the NICs are as they should be, and mends what it can: a NIC that was made again, a pair that is gone. To be
     * called on news of links, every second while there is a fault or a warning, and every ten seconds.
     *
     * @param log takes what was done
     * @param deleted indices of NICs that have left this network namespace since the last look, though another one, or the same,
     *     may have the index now
     * @return why frames may not be decided, one line each; empty: all is well
     */
    List<String> look(List<String> log, Set<Integer> deleted);

    /**
     * Looks whether our programs are first everywhere, and attaches again what is gone: a few calls of the kernel, to be made
     * four times a second and on news of filters, for programs come and go without news.
     *
     * @param log takes what was done
     * @param clock monotonic time now, nanoseconds: for how long a program was missing
     * @return why our programs do not decide, one line each; empty: they do
     */
    List<String> check(List<String> log, LongSupplier clock);

    /** What is amiss and stops no frame, one line each: notes that can't be written. */
    List<String> warnings();

    /** True where {@link #alive} has to be called, ten times a second. */
    boolean mustSayAlive();

    /** Programs that end by themselves go on for two seconds from now, in nanoseconds. */
    void alive(long nowNs);

    /** Puts back what the journal says and removes it. NICs that are gone are said to be so. */
    Restored detach();

    /** Leaves everything as it is, for the next start, but for programs that must not outlive this process. */
    void leave();
}
