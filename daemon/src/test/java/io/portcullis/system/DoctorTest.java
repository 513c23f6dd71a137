package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code portcullis doctor} on a machine that is fit, and on one where much is in the way. */
@Tag("system")
final class DoctorTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: %s, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            """;

    private static Command doctor(String nic, String... more) throws IOException {
        Path file = Files.writeString(LAB.folder().resolve("doctor.yaml"), RULES.formatted(nic));
        String[] words = new String[more.length + 4];
        words[0] = Lab.root().resolve("scripts/portcullis").toString();
        words[1] = "doctor";
        words[2] = "--config";
        words[3] = file.toString();
        System.arraycopy(more, 0, words, 4, more.length);
        return LAB.firewall(words);
    }

    @Test
    void aFitMachineIsSaidToBeFitAndNothingIsChanged() throws IOException {
        String before = LAB.firewall("ip", "-d", "link").out();
        Command doctor = doctor("out0").ok();
        assertTrue(doctor.out().contains("ok    packet sockets  rings with vnet headers open"), doctor.out());
        assertTrue(doctor.out().contains("ok    programs        the kernel takes them"), doctor.out());
        assertTrue(doctor.out().contains("ok    web0            out0 is guarded in place"), doctor.out());
        assertTrue(doctor.out().contains("ok    ssh             no ssh connection"), doctor.out());
        assertFalse(doctor.out().contains("FAIL"), doctor.out());
        assertEquals(before, LAB.firewall("ip", "-d", "link").out());
        JsonNode json =
                new ObjectMapper().readTree(doctor("out0", "--json").ok().out());
        assertTrue(json.isArray() && json.size() > 5);
        assertEquals("OK", json.path(0).path("grade").asText());
    }

    @Test
    void whatIsInTheWayIsNamed() throws IOException {
        LAB.firewall(
                        "sh",
                        "-c",
                        "nft add table inet mine && ip tuntap add tun7 mode tun && tc qdisc add dev out0 clsact"
                                + " && tc filter add dev out0 ingress prio 9 u32 match u32 0 0 flowid 1:1")
                .ok();
        try {
            Command doctor = doctor("out0").ok();
            assertTrue(doctor.out().contains("WARN  other tools     nftables (inet mine)"), doctor.out());
            assertTrue(doctor.out().matches("(?s).*out0 ingress has \\d+ tc filter\\(s\\).*"), doctor.out());
            Command bad = doctor("tun7");
            assertEquals(1, bad.exit());
            assertTrue(
                    bad.out().contains("FAIL  web0            web0: nic: tun7 carries no Ethernet frames"), bad.out());
            assertTrue(bad.out().contains("WARN  NICs            not guarded: out0"), bad.out());
            Command absent = doctor("nosuch0").ok();
            assertTrue(absent.out().contains("there is no NIC nosuch0 yet"), absent.out());
        } finally {
            LAB.firewall(
                            "sh",
                            "-c",
                            "nft delete table inet mine; ip tuntap del tun7 mode tun; tc qdisc del dev out0 clsact")
                    .ok();
        }
    }
}
