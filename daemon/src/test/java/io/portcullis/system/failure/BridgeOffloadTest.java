package io.portcullis.system.failure;

import io.portcullis.system.Lab;

/** {@link OffloadWalk} of a bridge. */
final class BridgeOffloadTest extends OffloadWalk {
    BridgeOffloadTest() {
        super(new Lab(), Lab.bridge("ring"));
    }
}
