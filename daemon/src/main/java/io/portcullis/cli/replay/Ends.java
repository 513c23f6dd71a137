package io.portcullis.cli.replay;

import io.portcullis.net.Address;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Packet;
import io.portcullis.packet.wire.ArpPacket;
import org.jspecify.annotations.Nullable;

/** The two addresses of an IP packet, or the sender and the target of an ARP packet. */
record Ends(Address source, Address destination) {
    /** Of a packet that was parsed, also one with a fault; null: it has no addresses. */
    static @Nullable Ends of(Packet packet) {
        if (packet.isIp()) {
            return new Ends(
                    new Address(packet.isV6(), packet.sourceHigh(), packet.sourceLow()),
                    new Address(packet.isV6(), packet.destinationHigh(), packet.destinationLow()));
        }
        return packet.etherType() == EtherType.ARP && packet.networkLength() >= ArpPacket.LENGTH
                ? new Ends(v4(packet, ArpPacket.SENDER), v4(packet, ArpPacket.TARGET))
                : null;
    }

    private static Address v4(Packet packet, int at) {
        long address = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            address = address << Byte.SIZE | packet.networkByte(at + i);
        }
        return new Address(false, 0, address);
    }
}
