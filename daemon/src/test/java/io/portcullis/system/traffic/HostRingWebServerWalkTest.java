package io.portcullis.system.traffic;

import io.portcullis.system.Lab;

/** {@link WebServerWalk} on the web server itself, through packet sockets. */
final class HostRingWebServerWalkTest extends WebServerWalk {
    HostRingWebServerWalkTest() {
        super(Lab.host(), "mode: host, nic: out0, datapath: ring");
    }
}
