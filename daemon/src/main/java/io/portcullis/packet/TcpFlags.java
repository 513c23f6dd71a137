package io.portcullis.packet;

/** The control bits of a TCP header (RFC 9293, section 3.1). */
public final class TcpFlags {
    public static final int FIN = 0x01;
    public static final int SYN = 0x02;
    public static final int RST = 0x04;
    public static final int PSH = 0x08;
    public static final int ACK = 0x10;
    public static final int CWR = 0x80;

    private static final int CHECKED = FIN | SYN | RST | ACK;

    /** One bit for each possible combination of these four. */
    private static final int POSSIBLE =
            1 << SYN | 1 << (SYN | ACK) | 1 << RST | 1 << (RST | ACK) | 1 << (FIN | ACK) | 1 << ACK;

    private TcpFlags() {}

    /** True for SYN, SYN+ACK, RST, RST+ACK, FIN+ACK and ACK; PSH, URG and the ECN bits are ignored. */
    public static boolean isPossible(int flags) {
        return (POSSIBLE >>> (flags & CHECKED) & 1) != 0;
    }
}
