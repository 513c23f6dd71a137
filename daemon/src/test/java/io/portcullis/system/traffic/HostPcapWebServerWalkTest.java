package io.portcullis.system.traffic;

import io.portcullis.system.Lab;

/** {@link WebServerWalk} on the web server itself, through libpcap. */
final class HostPcapWebServerWalkTest extends WebServerWalk {
    HostPcapWebServerWalkTest() {
        super(Lab.host(), "mode: host, nic: out0, datapath: pcap");
    }
}
