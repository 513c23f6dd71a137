package io.portcullis.conntrack;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** The order in which a full table evicts: the first class that has any flow, its oldest flow by creation. */
public enum EvictionClass {
    /** Only one side has sent. */
    UNREPLIED("unreplied", EnumSet.allOf(Timeout.class)),
    /** Both sides have sent, but nothing confirms the flow: TCP in its handshake, UDP before a stream, ICMP queries. */
    UNASSURED(
            "unassured",
            EnumSet.of(Timeout.TCP_SYN_SENT, Timeout.TCP_SYN_RECEIVED, Timeout.UDP, Timeout.ICMP, Timeout.ICMPV6)),
    /** TCP after a FIN or RST. */
    CLOSING("closing", EnumSet.range(Timeout.TCP_FIN_WAIT, Timeout.TCP_CLOSE)),
    /** Never evicted: established TCP, a UDP stream, other protocols after both sides have sent. */
    SPARED("spared", EnumSet.noneOf(Timeout.class));

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // it can't be changed
    private final Set<Timeout> states;

    EvictionClass(String label, EnumSet<Timeout> states) {
        this.label = label;
        this.states = Collections.unmodifiableSet(states);
    }

    /** The label of the metric. */
    public String label() {
        return label;
    }

    /** The states in which its flows can be evicted. */
    public Set<Timeout> states() {
        return states;
    }

    /** The class of an entry's flow. */
    public static EvictionClass of(Slab slab, int entry) {
        long at = Slab.offset(entry);
        return of(slab.getLong(at + FlowLayout.SERVICE), slab.getInt(at + FlowLayout.FLAGS));
    }

    /**
     * The class of a flow.
     *
     * @param service {@link Tuple#service}
     * @param flags {@link FlowLayout#FLAGS}
     */
    static EvictionClass of(long service, int flags) {
        if ((flags & FlowLayout.REPLIED) == 0) {
            return UNREPLIED;
        }
        return switch (Tuple.protocol(service)) {
            case IpProtocol.TCP -> of(TcpConnection.state(flags));
            case IpProtocol.UDP -> UdpTracker.isStream(flags) ? SPARED : UNASSURED;
            // ICMP over IPv6 and ICMPv6 over IPv4 are tracked as other protocols.
            case IpProtocol.ICMP -> (flags & Tuple.V6) == 0 ? UNASSURED : SPARED;
            case IpProtocol.ICMPV6 -> (flags & Tuple.V6) == 0 ? SPARED : UNASSURED;
            default -> SPARED;
        };
    }

    private static EvictionClass of(State state) {
        return switch (state) {
            case SYN_SENT, SYN_SENT_BOTH, SYN_RECEIVED, SYN_RECEIVED_BOTH -> UNASSURED;
            case ESTABLISHED -> SPARED;
            case FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE -> CLOSING;
        };
    }
}
