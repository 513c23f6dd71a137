package io.portcullis.system.failure;

import io.portcullis.system.Lab;

/** {@link SurvivalWalk} of a host. */
final class HostSurvivalTest extends SurvivalWalk {
    HostSurvivalTest() {
        super(Lab.host(), "mode: host, nic: out0, datapath: ring");
    }

    /** A host asks its own kernel for them. */
    @Override
    String freshKeys() {
        return ", adopt-established: false";
    }
}
