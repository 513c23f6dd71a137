package io.portcullis.system.traffic;

import io.portcullis.system.Lab;

/** {@link WebServerWalk} on the web server itself, with filters instead of tcx, as on a kernel before 6.6. */
final class HostClsactWebServerWalkTest extends WebServerWalk {
    HostClsactWebServerWalkTest() {
        super(Lab.host(), "mode: host, nic: out0, attach: clsact");
    }
}
