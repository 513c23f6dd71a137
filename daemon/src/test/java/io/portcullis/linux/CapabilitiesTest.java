package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class CapabilitiesTest {
    @Test
    void theBitsOfTheEffectiveSetCount() throws IOException {
        Capabilities some = Capabilities.parse("Name:\tjava\nCapPrm:\tffffffffffffffff\nCapEff:\t0000000000002000\n");
        assertTrue(some.has(Capabilities.CAP_NET_RAW));
        assertFalse(some.has(Capabilities.CAP_NET_ADMIN));
        assertTrue(Capabilities.parse("CapEff:\tffffffffffffffff").has(63));
    }

    @Test
    void theKernelsFileIsUnderstood() throws IOException {
        assertEquals(0, Capabilities.ofThisThread().effective() >>> 48);
    }

    @Test
    void anUnreadableFileSaysSo() {
        assertEquals(
                "/proc/thread-self/status: no line CapEff:",
                assertThrows(IOException.class, () -> Capabilities.parse("Name:\tjava\n"))
                        .getMessage());
        assertEquals(
                "/proc/thread-self/status: CapEff: all: not a hexadecimal number",
                assertThrows(IOException.class, () -> Capabilities.parse("CapEff:\tall\n"))
                        .getMessage());
    }
}
