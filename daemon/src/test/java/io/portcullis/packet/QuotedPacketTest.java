package io.portcullis.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.IpProtocol;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Quotes of ICMP errors, and the byte from which on they are long enough. */
final class QuotedPacketTest {
    private static final String A4 = "10.0.0.1";
    private static final String B4 = "192.0.2.1";
    private static final String A6 = "2001:db8:1::1";
    private static final String B6 = "2001:db8:9::1";

    private final QuotedPacket quote = new QuotedPacket();

    /** The quote ends where its memory ends. */
    private boolean read(boolean v6, byte[] quoted) {
        return quote.read(MemorySegment.ofArray(quoted), v6, 0, quoted.length);
    }

    @Test
    void aTcpSegment() {
        assertTrue(read(
                false,
                Frame.tcp(A4, 50_000, B4, 443, TcpFlags.ACK)
                        .numbers(0x80000001, 7)
                        .ip()));
        assertEquals(IpProtocol.TCP, quote.protocol());
        assertEquals(0x0a000001L, quote.sourceLow());
        assertEquals(0xc0000201L, quote.destinationLow());
        assertEquals(50_000, quote.sourcePort());
        assertEquals(443, quote.destinationPort());
        assertEquals(0x80000001, quote.tcpSequence());
        assertFalse(quote.isV6());
    }

    @Test
    void anIpv6DatagramBehindExtensionHeaders() {
        assertTrue(read(
                true,
                Frame.udp(A6, 5, B6, 53)
                        .extension(IpProtocol.HOP_BY_HOP, 8)
                        .extension(IpProtocol.DESTINATION_OPTIONS, 16)
                        .ip()));
        assertTrue(quote.isV6());
        assertEquals(53, quote.destinationPort());
        assertEquals(0x20010db8_00010000L, quote.sourceHigh());
        assertEquals(0x20010db8_00090000L, quote.destinationHigh());
    }

    @Test
    void eightBytesOfLayer4AreEnoughAndSevenAreNot() {
        for (boolean v6 : new boolean[] {false, true}) {
            String a = v6 ? A6 : A4;
            String b = v6 ? B6 : B4;
            int header = v6 ? 40 : 20;
            List<Frame> quoted = List.of(
                    Frame.tcp(a, 1, b, 2, TcpFlags.ACK),
                    Frame.udp(a, 1, b, 2).payload(4),
                    Frame.sctp(a, 1, b, 2),
                    Frame.icmp(a, b, v6 ? 128 : 8, 0, 1).payload(4));
            for (Frame frame : quoted) {
                byte[] whole = frame.ip();
                for (int length = 0; length <= whole.length; length++) {
                    assertEquals(length >= header + 8, read(v6, Arrays.copyOf(whole, length)), "length " + length);
                }
            }
        }
    }

    @Test
    void otherProtocolsAreKnownByTheirAddressesAlone() {
        assertTrue(read(false, Frame.ip(47, A4, B4).ip()));
        assertEquals(47, quote.protocol());
        assertTrue(read(true, Frame.ip(50, A6, B6).ip()));
        assertFalse(read(false, Arrays.copyOf(Frame.ip(47, A4, B4).ip(), 19)));
    }

    @Test
    void ofAFragmentOnlyTheFirst() {
        assertTrue(read(
                false, Frame.udp(A4, 1, B4, 2).payload(16).fragment(0, true).ip()));
        assertFalse(read(
                false, Frame.udp(A4, 1, B4, 2).payload(16).fragment(8, true).ip()));
        assertFalse(read(
                false, Frame.udp(A4, 1, B4, 2).payload(16).fragment(1480, false).ip()));
        assertTrue(
                read(true, Frame.udp(A6, 1, B6, 2).payload(16).fragment(0, true).ip()));
        assertTrue(read(true, Frame.udp(A6, 1, B6, 2).fragmentHeader(0, false).ip()));
        assertFalse(
                read(true, Frame.udp(A6, 1, B6, 2).payload(16).fragment(8, true).ip()));
    }

    @ParameterizedTest
    @CsvSource({
        "false, 8, true",
        "false, 0, true",
        "false, 13, true",
        "false, 18, true",
        "false, 3, false",
        "false, 11, false",
        "false, 5, false",
        "false, 9, false",
        "true, 128, true",
        "true, 129, true",
        "true, 1, false",
        "true, 2, false",
        "true, 135, false"
    })
    void ofIcmpOnlyQueries(boolean v6, int type, boolean belongs) {
        assertEquals(
                belongs,
                read(v6, Frame.icmp(v6 ? A6 : A4, v6 ? B6 : B4, type, 0, 77).ip()));
    }

    @Test
    void theFamilyIsTheErrors() {
        assertFalse(read(true, Frame.udp(A4, 1, B4, 2).payload(30).ip()));
        assertFalse(read(false, Frame.udp(A6, 1, B6, 2).payload(30).ip()));
    }

    @Test
    void brokenHeaders() {
        byte[] shortHeader = Frame.udp(A4, 1, B4, 2).ip();
        shortHeader[0] = 0x44;
        assertFalse(read(false, shortHeader));
        byte[] longHeader = Frame.udp(A4, 1, B4, 2).ip();
        longHeader[0] = 0x4f;
        assertFalse(read(false, longHeader));
        byte[] chain = Frame.udp(A6, 1, B6, 2)
                .extension(IpProtocol.DESTINATION_OPTIONS, 8)
                .ip();
        chain[41] = (byte) 0xff;
        assertFalse(read(true, chain));
    }

    @Test
    void lengthsAndChecksumsOfTheQuoteAreNotLookedAt() {
        byte[] cut = Arrays.copyOf(Frame.udp(A4, 1, B4, 2).payload(1000).ip(), 28);
        cut[10] = 0;
        cut[11] = 0;
        assertTrue(read(false, cut));
    }
}
