package io.portcullis.system.failure;

import io.portcullis.system.Lab;

/** {@link OffloadWalk} of a host. */
final class HostOffloadTest extends OffloadWalk {
    HostOffloadTest() {
        super(Lab.host(), "mode: host, nic: out0, datapath: ring");
    }
}
