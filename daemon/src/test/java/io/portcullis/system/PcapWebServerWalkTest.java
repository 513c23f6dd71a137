package io.portcullis.system;

import org.junit.jupiter.api.Tag;

/** The walk with {@code datapath: pcap}. */
@Tag("system")
final class PcapWebServerWalkTest extends WebServerWalk {
    PcapWebServerWalkTest() {
        super(new Lab(), bridge("pcap"));
    }
}
