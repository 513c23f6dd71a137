package io.portcullis.system;

import org.junit.jupiter.api.Tag;

/** The walk with {@code datapath: ring}. */
@Tag("system")
final class RingWebServerWalkTest extends WebServerWalk {
    RingWebServerWalkTest() {
        super(new Lab(), bridge("ring"));
    }
}
