package io.portcullis.packet;

/** The control bits of a TCP header (RFC 9293, section 3.1). */
public final class TcpFlags {
    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int ACK = 0x10;

    private static final int JUDGED = FIN | SYN | RST | ACK;

    private TcpFlags() {}

    /** True for SYN, SYN+ACK, RST, RST+ACK, FIN+ACK and ACK; PSH, URG and the ECN bits play no part. */
    public static boolean isPossible(int flags) {
        return switch (flags & JUDGED) {
            case SYN, SYN | ACK, RST, RST | ACK, FIN | ACK, ACK -> true;
            default -> false;
        };
    }
}
