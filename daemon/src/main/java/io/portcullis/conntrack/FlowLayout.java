package io.portcullis.conntrack;

import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import java.util.List;

/**
 * The layout of a flow: an entry of {@value #ENTRY_BYTES} bytes, two cache lines, and a record of {@value #RECORD_BYTES} bytes.
 * Little-endian, each word at its natural alignment. Offsets are in bytes from the begin of the entry or record. This is a file
 * format ({@link TableHeader#VERSION}): a table outlives its process, so no field moves within a version. Neither has a spare byte.
 *
 * <p>The first cache line is the part that a lookup reads:
 *
 * <pre>
 * offset bytes  field
 *   0    4      commit: hash of the key, never 0, as {@link SipHash} folds it; 0: the entry has no flow. Stored last for a
 *               new flow, first for a flow that ends
 *   4    4      ingress count: packets and bytes of the flow that entered, the low bits ({@link FlowCount})
 *   8    8      outside address, high half; 0 for IPv4
 *  16    8      outside address, low half; IPv4 in its low 32 bits
 *  24    8      inside address, high half
 *  32    8      inside address, low half
 *  40    4      selector: outside port in the upper 16 bits, inside port in the lower; ICMP query: type 8, code 8,
 *               identifier 16 bits ({@link Tuple#selector})
 *  44    1      IP protocol
 *  45    3      VLAN ids ({@link Tuple#service})
 *  48    4      flags, see below
 *  52    4      egress count: the same for the packets that left
 *  56    8      seen: monotonic time of the last packet that renewed the flow, ns, in the upper 60 bits; number of its
 *               {@link Timeout} in the lower 4
 * </pre>
 *
 * <p>The second cache line is for TCP; only packets of the flow read it. Sequence numbers are modulo 2^32:
 *
 * <pre>
 *  64    4      originator: one past the highest sequence sent
 *  68    4      originator: one past the highest sequence that the peer's window allows
 *  72    4      originator: widest window offered, bytes, scaled
 *  76    4      originator: highest acknowledgment sent
 *  80   16      responder: the same four
 *  96    4      originator: sequence of the SYN; if it may have sent unseen, the highest sequence allowed at that time
 * 100    4      responder: the same
 * 104    4      last segment: its end
 * 108    2      last segment: its window, not scaled
 * 110    2      connection bits ({@link TcpConnection})
 * 112    4      last segment: its sequence
 * 116    4      last segment: its acknowledgment; before there is one, that of a lone ACK
 * 120    4      pending SYN: its sequence
 * 124    2      pending SYN: its window
 * 126    2      pending SYN: its length
 * </pre>
 *
 * <p>The record holds what few packets read or write, so that most packets miss the cache for the two lines of the entry alone:
 *
 * <pre>
 *   0    8      first seen: monotonic time of the flow's first packet, ns; 0: unknown
 *   8    4      created: number of the flow in its table, modulo 2^32: the order of creation
 *  12    4      rule: hash of the text of the rule that admitted the flow; 0: no rule did
 *  16    4      ingress: packets, the high bits
 *  20    4      ingress: bytes, the high bits
 *  24    8      egress: the same two
 * </pre>
 *
 * <p>The bits of the flags:
 *
 * <pre>
 *  0      key: IPv6                         1      key: ICMP query with the request from inside
 *  2      the first packet came from inside 3      a failsafe rule admitted the flow
 *  4      both sides have sent              5–6    phase of UDP ({@link UdpTracker})
 *  7–10   TCP: state                        11–20  TCP: originator's bits ({@link TcpSide})
 * 21–30   TCP: responder's bits             31     TCP: a failsafe rule admitted the pending SYN
 * </pre>
 *
 * <p>The entry has no gap because the windows of the handshake and those after it are never needed together, and because
 * a state's number and the time are one word.
 */
public final class FlowLayout {
    /** Bytes of an entry. */
    public static final int ENTRY_BYTES = 128;

    /** Bytes of a record. */
    public static final int RECORD_BYTES = 32;

    public static final int COMMIT = 0;
    public static final int INGRESS_COUNT = 4;
    public static final int OUTSIDE_HIGH = 8;
    public static final int OUTSIDE_LOW = 16;
    public static final int INSIDE_HIGH = 24;
    public static final int INSIDE_LOW = 32;
    /** Selector, protocol and VLAN ids as one word of 8 bytes ({@link Tuple#service}). */
    public static final int SERVICE = 40;

    public static final int FLAGS = 48;
    public static final int EGRESS_COUNT = 52;
    public static final int SEEN = 56;

    /** The originator's side, 16 bytes: {@link #SIDE_ENDS}, then {@link #SIDE_WINDOW}. */
    public static final int ORIGINATOR = 64;

    /** The responder's side. */
    public static final int RESPONDER = 80;

    /** Within a side, 8 bytes: its end and its highest allowed end. */
    public static final int SIDE_ENDS = 0;

    /** Within a side, 8 bytes: its widest window and its highest acknowledgment. */
    public static final int SIDE_WINDOW = 8;

    /** Both sides' SYN sequences, 8 bytes. */
    public static final int STARTS = 96;

    /** End and window of the last segment, and the connection's bits, 8 bytes. */
    public static final int LAST = 104;

    /** Sequence and acknowledgment of the last segment, 8 bytes. */
    public static final int LAST_SEQUENCES = 112;

    /** Sequence, window and length of the pending SYN, 8 bytes. */
    public static final int PENDING_SYN = 120;

    // Of the record.

    public static final int FIRST_SEEN = 0;
    public static final int CREATED = 8;
    public static final int RULE = 12;

    /** Ingress, 8 bytes: {@link #PACKETS_HIGH}, then {@link #BYTES_HIGH}. */
    public static final int INGRESS_HIGH = 16;

    /** Egress, the same. */
    public static final int EGRESS_HIGH = 24;

    /** Within one direction. */
    public static final int PACKETS_HIGH = 0;

    /** Within one direction. */
    public static final int BYTES_HIGH = 4;

    // Of an entry of version 1 of the tables, which have no records.

    /** The number of the flow, in place of {@link #INGRESS_COUNT}. */
    public static final int CREATED_IN_VERSION_1 = INGRESS_COUNT;

    /** The hash of the rule's text, in place of {@link #EGRESS_COUNT}. */
    public static final int RULE_IN_VERSION_1 = EGRESS_COUNT;

    /** The flags that are part of the key. */
    public static final int KEY_FLAGS = Tuple.V6 | Tuple.REQUEST_FROM_INSIDE;

    public static final int BEGAN_INSIDE = 1 << 2;
    public static final int FAILSAFE = 1 << 3;
    public static final int REPLIED = 1 << 4;
    public static final int UDP_PHASE_SHIFT = 5;
    public static final int UDP_PHASE_MASK = 3 << UDP_PHASE_SHIFT;
    public static final int TCP_STATE_SHIFT = 7;
    public static final int TCP_STATE_MASK = 15 << TCP_STATE_SHIFT;
    public static final int ORIGINATOR_SHIFT = 11;
    public static final int RESPONDER_SHIFT = 21;
    /** Of a side's ten bits, before the shift. */
    public static final int SIDE_MASK = 0x3ff;

    public static final int SYN_BY_FAILSAFE = 1 << 31;

    /** In {@link #SEEN}: the timeout's number. */
    public static final int TIMEOUT_BITS = 4;

    /**
     * A field of the entry or of the record.
     *
     * @param offset from the begin of the entry or record, bytes
     * @param length bytes
     */
    public record Field(String name, int offset, int length) {}

    /** Every field of the entry, in the order of the offsets. */
    public static final List<Field> FIELDS = List.of(
            new Field("commit", COMMIT, 4),
            new Field("ingress-count", INGRESS_COUNT, 4),
            new Field("outside-high", OUTSIDE_HIGH, 8),
            new Field("outside-low", OUTSIDE_LOW, 8),
            new Field("inside-high", INSIDE_HIGH, 8),
            new Field("inside-low", INSIDE_LOW, 8),
            new Field("selector", SERVICE, 4),
            new Field("protocol", SERVICE + 4, 1),
            new Field("vlans", SERVICE + 5, 3),
            new Field("flags", FLAGS, 4),
            new Field("egress-count", EGRESS_COUNT, 4),
            new Field("seen", SEEN, 8),
            new Field("originator-end", ORIGINATOR + SIDE_ENDS, 4),
            new Field("originator-max-end", ORIGINATOR + SIDE_ENDS + 4, 4),
            new Field("originator-max-window", ORIGINATOR + SIDE_WINDOW, 4),
            new Field("originator-max-ack", ORIGINATOR + SIDE_WINDOW + 4, 4),
            new Field("responder-end", RESPONDER + SIDE_ENDS, 4),
            new Field("responder-max-end", RESPONDER + SIDE_ENDS + 4, 4),
            new Field("responder-max-window", RESPONDER + SIDE_WINDOW, 4),
            new Field("responder-max-ack", RESPONDER + SIDE_WINDOW + 4, 4),
            new Field("originator-start", STARTS, 4),
            new Field("responder-start", STARTS + 4, 4),
            new Field("last-end", LAST, 4),
            new Field("last-window", LAST + 4, 2),
            new Field("connection-bits", LAST + 6, 2),
            new Field("last-sequence", LAST_SEQUENCES, 4),
            new Field("last-ack", LAST_SEQUENCES + 4, 4),
            new Field("pending-sequence", PENDING_SYN, 4),
            new Field("pending-window", PENDING_SYN + 4, 2),
            new Field("pending-length", PENDING_SYN + 6, 2));

    /** Every field of the record, in the order of the offsets. */
    public static final List<Field> RECORD_FIELDS = List.of(
            new Field("first-seen", FIRST_SEEN, 8),
            new Field("created", CREATED, 4),
            new Field("rule", RULE, 4),
            new Field("ingress-packets-high", INGRESS_HIGH + PACKETS_HIGH, 4),
            new Field("ingress-bytes-high", INGRESS_HIGH + BYTES_HIGH, 4),
            new Field("egress-packets-high", EGRESS_HIGH + PACKETS_HIGH, 4),
            new Field("egress-bytes-high", EGRESS_HIGH + BYTES_HIGH, 4));

    private FlowLayout() {}
}
