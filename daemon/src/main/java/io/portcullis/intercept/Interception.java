package io.portcullis.intercept;

import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.PacketMark;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.linux.packet.PacketSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The interception of one interface's traffic. {@link #attach} makes its NICs ready, so that ports can be opened on them;
 * {@link #engage} attaches the programs that steer the traffic to the ports, when everything is ready to decide. One thread at a
 * time, in the network namespace of the calling thread.
 */
public sealed interface Interception permits Bridge, Host {
    /**
     * The request for an interception.
     *
     * @param iface the interface as configured
     * @param ring true: the ports forward super-frames and unfinished checksums unchanged, and offloads stay as they are; false:
     *     offloads that make frames longer than the MTU or leave checksums unfinished are switched off
     * @param mark of the frames that the ports send
     * @param state folder of the journals and claims; made where it does not exist
     * @param owner the name of this daemon, for others who want the same NICs
     * @param gate decides while the daemon is dead ({@code on-failure: failsafe}); null: none does
     * @param fast forward packets in the kernel, and send others to {@link #taps}; null: the ports receive on their own NICs. Where the
     *     programs can't be on tcx, {@code on-failure} is {@code closed}
     */
    record AttachRequest(
            Interface iface,
            boolean ring,
            PacketMark mark,
            Path state,
            String owner,
            Gate.@Nullable Filters gate,
            @Nullable FastPrograms fast) {
        /** A request without a gate and a fast path. */
        AttachRequest(Interface iface, boolean ring, PacketMark mark, Path state, String owner) {
            this(iface, ring, mark, state, owner, null, null);
        }
    }

    /** Why this interface can't be attached now: the fault and the remedy, one line each; empty: it can. Changes nothing. */
    static List<String> faults(Interface iface) {
        return switch (iface.mode()) {
            case Mode.Bridge bridge -> NicCheck.bridgeFaults(iface.name(), bridge.outside(), bridge.inside());
            case Mode.Host host -> NicCheck.hostFaults(iface.name(), host.nic());
        };
    }

    /**
     * Makes the NICs ready. Where an earlier run did not restore them, its journal has the original state, and its programs stay
     * attached until {@link #engage}.
     *
     * @throws InterceptException with all faults; programs that dropped traffic before still do so, all else is unchanged or
     *     restored
     */
    static Interception attach(AttachRequest request) throws InterceptException {
        return switch (request.iface().mode()) {
            case Mode.Bridge bridge -> Bridge.attach(request, bridge);
            case Mode.Host host -> Host.attach(request, host);
        };
    }

    /** Oddities of the NICs of an interface that are no faults, one line each. Changes nothing. */
    static List<String> warnings(Interface iface) {
        return switch (iface.mode()) {
            case Mode.Bridge bridge -> NicCheck.bridgeWarnings(bridge.outside(), bridge.inside());
            case Mode.Host _ -> List.of();
        };
    }

    /**
     * The offloads that are switched off on a NIC while this interface is guarded and restored afterwards, by their kernel names.
     *
     * @param ring see {@link AttachRequest#ring}
     * @param switchable the offloads of the NIC that are on and can be switched off
     */
    static List<String> offloadsInTheWay(Interface iface, boolean ring, List<String> switchable) {
        return switch (iface.mode()) {
            case Mode.Bridge _ -> NicSetup.inTheWay(switchable, ring);
            case Mode.Host _ ->
                switchable.stream().filter(Host.IN_THE_WAY::contains).toList();
        };
    }

    /** Names of the guarded NICs. */
    List<String> nics();

    /** Name of the NIC whose addresses are this host's own; empty: there is none. */
    Optional<String> hostNic();

    /** The bridge whose sides follow each other's link state, as a configuration wants it; empty: no side is ever held down. */
    Optional<Bridge> followLinks(Mode mode);

    /** Name of the NIC that the outside port opens. */
    String outside();

    /** Name of the NIC that the inside port opens. */
    String inside();

    /** The NICs on which the outside port (near) and the inside port (far) receive; empty: on their own. */
    Optional<Veth> taps();

    /** Socket options for a ring on {@link #outside}. */
    PacketSocket.SocketOptions outsideOptions();

    /** Socket options for a ring on {@link #inside}. */
    PacketSocket.SocketOptions insideOptions();

    /** True: programs of an earlier run have dropped the traffic until now. */
    boolean wasAttached();

    /** The changes so far, for the log: one line each. */
    List<String> notes();

    /**
     * Attaches the programs.
     *
     * @param nowNs monotonic time, nanoseconds
     * @return lines for the log
     * @throws InterceptException where the kernel refuses one; others may be attached then, for {@link #detach}
     */
    List<String> engage(long nowNs) throws InterceptException;

    /**
     * Checks the NICs, and makes ready a NIC that was made again and a pair that is gone. To be called when links have changed,
     * every second while there is a fault or a warning, and every ten seconds.
     *
     * @param log takes what was done
     * @param deleted indices of NICs that have left this network namespace since the last check; another NIC, or the same one, may
     *     have the index now
     * @return why frames can't be decided, one line each; empty: all is well
     */
    List<String> checkNics(List<String> log, Set<Integer> deleted);

    /**
     * Checks that our programs are the first on every hook, and attaches again those that are gone. It costs a few system calls, and
     * is to be called four times a second and when filters have changed: programs of tcx come and go without a notification.
     *
     * @param log takes what was done
     * @param clock monotonic time now, nanoseconds: for how long a program was missing
     * @return why our programs do not decide, one line each; empty: they do
     */
    List<String> checkPrograms(List<String> log, LongSupplier clock);

    /** Troubles that stop no frame, one line each: notes that can't be written. */
    List<String> warnings();

    /** True: {@link #extendDeadline} has to be called ten times a second. */
    boolean hasDeadline();

    /** Moves the deadline of programs that have one to two seconds from now, in nanoseconds. */
    void extendDeadline(long nowNs);

    /**
     * Keeps the NICs shut when this process ends, however it ends and whatever {@code on-failure} says; or ends that. Before
     * {@link #engage} it is noted for the programs to come.
     *
     * @param nowNs monotonic time, nanoseconds
     * @throws InterceptException if the kernel refuses the programs; another call tries again
     */
    void holdShut(boolean held, long nowNs) throws InterceptException;

    /**
     * Puts another gate in the place of the one of the request, where that has one; the programs stay. Lines for the log.
     *
     * @throws InterceptException where the kernel refuses it; then the gate before stays
     */
    List<String> replaceGate(Function<PacketMark, Gate.Filters> next) throws InterceptException;

    /** Restores what the journal has, and removes the journal. A line names each NIC that is gone. */
    Restored detach();

    /** Leaves everything to the next start, except the programs that must not outlive this process: they are detached. */
    void leave();
}
