package io.portcullis.engine;

import io.portcullis.conntrack.TcpTracker;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;

/**
 * The relation of a packet to flows, by its own header alone (security-groups.md section 3). The only place that says which packets
 * may open a flow.
 */
enum FlowRole {
    /** Belongs to its flow, or opens one if a rule admits it: a SYN, an ICMP request, and all but TCP and ICMP. */
    OPENS,
    /** Belongs to its flow, else it is dropped whatever the rules say: TCP inside a connection. */
    CONTINUES,
    /** Belongs to its flow, else the rules decide about this packet alone: an ICMP reply. */
    REPLIES,
    /** Is about the flow of the packet that it quotes, else the rules decide about this packet alone: an ICMP error. */
    QUOTES,
    /** Has no flow: the rules decide about this packet alone. All other ICMP. */
    ALONE;

    /**
     * The role of a whole packet, or of the first fragment of one.
     *
     * @param picksUp true: a plain ACK opens a flow
     */
    static FlowRole of(Packet packet, boolean picksUp) {
        if (packet.protocol() == IpProtocol.TCP) {
            int flags = packet.tcpFlags();
            return TcpTracker.isOpening(flags) || picksUp && TcpTracker.isPlainAck(flags) ? OPENS : CONTINUES;
        }
        return packet.isIcmp() ? ofIcmp(packet.isV6(), packet.icmpType()) : OPENS;
    }

    private static FlowRole ofIcmp(boolean v6, int type) {
        if (Icmp.isError(v6, type)) {
            return QUOTES;
        }
        if (Icmp.isRequest(v6, type)) {
            return OPENS;
        }
        return Icmp.requestOf(v6, type) == Icmp.NONE ? ALONE : REPLIES;
    }

    /** True: the packet's tuple is the key of a flow. */
    boolean hasFlow() {
        return this == OPENS || this == CONTINUES || this == REPLIES;
    }
}
