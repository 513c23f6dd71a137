package io.portcullis.linux.ethtool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ErrnoException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OffloadsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rx-gro",
                "rx-gro-hw",
                "rx-lro",
                "rx-gro-list",
                "rx-udp-gro-forwarding",
                "rx-checksum",
                "tx-generic-segmentation",
                "tx-tcp6-segmentation",
                "tx-udp_tnl-csum-segmentation",
                "tx-gso-partial",
                "tx-gso-list",
                "tx-checksum-ip-generic"
            })
    void offloadsThatChangeFramesAreKnown(String feature) {
        assertTrue(Offloads.altersFrames(feature));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tx-scatter-gather", "rx-vlan-hw-parse", "highdma", "tx-gso-robust", "tx-nocache-copy"})
    void otherOffloadsAreKept(String feature) {
        assertFalse(Offloads.altersFrames(feature));
    }

    @Test
    void loopbacksFeaturesAreRead() throws ErrnoException {
        Offloads lo = Offloads.read("lo");
        assertTrue(lo.features().size() > 40, lo.toString());
        assertTrue(
                lo.features().contains(new Offloads.Feature("loopback", false, true, true))
                        || lo.names(Offloads.Feature::active).contains("loopback"),
                lo.toString());
        assertTrue(lo.names(f -> !f.available()).contains("loopback"));
    }

    @Test
    void anUnknownFeatureIsRefusedAndNothingIsTouched() throws ErrnoException {
        Offloads before = Offloads.read("lo");
        assertEquals(List.of("tx-teleport"), Offloads.set("lo", List.of("tx-teleport"), false));
        assertEquals(before, Offloads.read("lo"));
    }
}
