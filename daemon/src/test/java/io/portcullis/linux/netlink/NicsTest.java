package io.portcullis.linux.netlink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.ethtool.Offloads;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NicsTest {
    @Test
    void loopbackIsThere() throws ErrnoException {
        Nic lo = Nics.named("lo");
        assertEquals(1, Nics.index("lo"));
        assertEquals(1, lo.index());
        assertEquals("lo", lo.name());
        assertTrue(lo.loopback());
        assertFalse(lo.ethernet());
        assertEquals("00:00:00:00:00:00", lo.hardwareAddress());
        assertEquals(lo, Nics.indexed(1));
        assertEquals(lo, Nics.find("lo").orElseThrow());
        assertTrue(Nics.all().stream()
                .anyMatch(nic -> nic.index() == 1 && nic.name().equals("lo")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nosuchnic0       | if_nametoindex("nosuchnic0"): ENODEV (No such device)
            ''               | if_nametoindex(""): ENODEV (No such device)
            sixteen-bytes-lo | if_nametoindex("sixteen-bytes-lo"): ENAMETOOLONG (File name too long)
            ääääääää         | if_nametoindex("ääääääää"): ENAMETOOLONG (File name too long)
            """)
    void aBadNameIsNamed(String name, String expected) throws ErrnoException {
        assertEquals(
                expected,
                assertThrows(ErrnoException.class, () -> Nics.named(name)).getMessage());
        assertEquals(
                expected,
                assertThrows(ErrnoException.class, () -> Offloads.read(name)).getMessage());
        assertTrue(Nics.find(name).isEmpty());
    }

    @Test
    void aNulInANameIsNoEndOfIt() {
        assertEquals(
                Errno.EINVAL,
                assertThrows(ErrnoException.class, () -> Nics.index("lo\0x")).errno());
    }

    @Test
    void anUnknownIndexIsNamed() {
        assertEquals(
                "RTM_GETLINK (NIC 2147483647): ENODEV (No such device)",
                assertThrows(ErrnoException.class, () -> Nics.indexed(Integer.MAX_VALUE))
                        .getMessage());
    }

    @Test
    void theKernelsErrorsForBadDescriptorsCome() {
        assertEquals("EBADF", Errno.name(-Libc.close(-1)));
        assertEquals("EAFNOSUPPORT", Errno.name(-Libc.socket(9999, 1, 0)));
        assertEquals("EINVAL", Errno.name(-Libc.eventfd(0, -1)));
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1/24",
        "2001:db8:0:0:0:0:0:1, 2001:db8::1/24",
        "fe80:0:0:0:1:0:0:1, fe80::1:0:0:1/24",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1/24",
        "0:0:0:0:0:0:0:0, ::/24",
        "1:0:0:0:0:0:0:0, 1::/24",
        "1:0:2:3:4:5:6:7, 1:0:2:3:4:5:6:7/24"
    })
    void anAddressIsWrittenInItsUsualForm(String address, String expected) throws Exception {
        assertEquals(expected, new NicAddress(InetAddress.getByName(address), 24, 0, false).toString());
    }

    @Test
    void impossibleLengthsEndTheMessagesAndTheAttributes() {
        byte[] datagram = new byte[40];
        datagram[0] = 20; // a message of 20 bytes with an attribute that claims 200
        datagram[16] = (byte) 200;
        datagram[20] = 3; // shorter than its own header
        List<Netlink.Message> messages = Netlink.messages(datagram);
        assertEquals(1, messages.size());
        assertTrue(messages.getFirst().attributes(0).isEmpty());
        datagram[20] = 21; // longer than what is left
        assertEquals(1, Netlink.messages(datagram).size());
        assertEquals(0, Netlink.messages(new byte[15]).size());
    }
}
