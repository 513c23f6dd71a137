package io.portcullis.port;

import io.portcullis.linux.netlink.Nic;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.VlanTag;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Ethernet header and VLAN tags of a frame, in bytes. An MTU counts neither, but send(2) on a packet socket accepts only four bytes
 * beyond MTU and Ethernet header, and those only behind a tag of 0x8100 ({@code packet_snd}, net/packet/af_packet.c). A frame that
 * {@link #carries} is sent through a {@link io.portcullis.linux.packet.TransmitRing}.
 */
public final class LinkHeader {
    /** With two tags. Frames with more tags are not sent beyond the MTU. */
    public static final int LONGEST = EthernetHeader.LENGTH + 2 * VlanTag.LENGTH;

    /** With one tag. */
    public static final int WITH_TAG = EthernetHeader.LENGTH + VlanTag.LENGTH;

    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private LinkHeader() {}

    /** Its length. */
    public static int length(Batch batch, int i) {
        MemorySegment memory = batch.memory();
        long frame = batch.offset(i);
        int length = EthernetHeader.LENGTH;
        int type = memory.get(NETWORK_SHORT, frame + EthernetHeader.TYPE) & 0xffff;
        while (EtherType.isVlan(type) && length + VlanTag.LENGTH <= batch.length(i)) {
            type = memory.get(NETWORK_SHORT, frame + length + 2) & 0xffff;
            length += VlanTag.LENGTH;
        }
        return length;
    }

    /**
     * The longest one before a packet of the MTU's length that a NIC transmits. A veth silently drops a frame longer than MTU,
     * Ethernet header and one tag ({@code is_skb_forwardable}, net/core/dev.c).
     */
    public static int longest(Nic nic) {
        return nic.kind().equals("veth") ? WITH_TAG : LONGEST;
    }

    /**
     * True: the frame is a packet no longer than the MTU behind one or two tags, and the NIC transmits it.
     *
     * @param mtuLength of the NIC, bytes from layer 3 on
     * @param longest of the NIC
     */
    public static boolean carries(Batch batch, int i, int mtuLength, int longest) {
        int header = length(batch, i);
        return header > EthernetHeader.LENGTH
                && header <= LONGEST
                && batch.length(i) - header <= mtuLength
                && batch.length(i) <= mtuLength + longest;
    }
}
