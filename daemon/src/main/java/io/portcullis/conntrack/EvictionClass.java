package io.portcullis.conntrack;

import io.portcullis.conntrack.TcpConnection.State;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** Which flows make room in a full table: those of the first class that has any, its oldest by creation. */
public enum EvictionClass {
    /** Of which only one side has been seen. */
    UNREPLIED("unreplied", EnumSet.allOf(Timeout.class)),
    /** Both sides seen, and nothing assures that they want each other: TCP in its handshake, UDP before a stream, ICMP queries. */
    UNASSURED(
            "unassured",
            EnumSet.of(Timeout.TCP_SYN_SENT, Timeout.TCP_SYN_RECEIVED, Timeout.UDP, Timeout.ICMP, Timeout.ICMPV6)),
    /** TCP of which a FIN or RST has been seen. */
    CLOSING("closing", EnumSet.range(Timeout.TCP_FIN_WAIT, Timeout.TCP_CLOSE)),
    /** Makes room for no other: established TCP, a UDP stream, other protocols that both sides have used. */
    SPARED("spared", EnumSet.noneOf(Timeout.class));

    private final String label;

    @SuppressWarnings("ImmutableEnumChecker") // it can't be changed
    private final Set<Timeout> states;

    EvictionClass(String label, EnumSet<Timeout> states) {
        this.label = label;
        this.states = Collections.unmodifiableSet(states);
    }

    /** As the metric has it. */
    public String label() {
        return label;
    }

    /** The states of its flows when they make room. */
    public Set<Timeout> states() {
        return states;
    }

    /** The class of a flow with these marks and this {@link Tuple#service}. */
    public static EvictionClass of(long service, int marks) {
        if ((marks & Flow.REPLIED) == 0) {
            return UNREPLIED;
        }
        return switch (Tuple.protocol(service)) {
            case IpProtocol.TCP -> of(TcpConnection.state(marks));
            case IpProtocol.UDP -> UdpTracker.isStream(marks) ? SPARED : UNASSURED;
            // That of the other family is one of the protocols of which nothing more is known.
            case IpProtocol.ICMP -> (marks & Tuple.V6) == 0 ? UNASSURED : SPARED;
            case IpProtocol.ICMPV6 -> (marks & Tuple.V6) == 0 ? SPARED : UNASSURED;
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
