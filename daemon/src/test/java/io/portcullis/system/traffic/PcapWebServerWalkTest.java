package io.portcullis.system.traffic;

import io.portcullis.system.Lab;
import org.junit.jupiter.api.Tag;

/** The walk with {@code datapath: pcap}. */
@Tag("system")
final class PcapWebServerWalkTest extends WebServerWalk {
    PcapWebServerWalkTest() {
        super(new Lab(), Lab.bridge("pcap"));
    }
}
