package io.portcullis.system.traffic;

import io.portcullis.system.Lab;
import org.junit.jupiter.api.Tag;

/** The walk with {@code datapath: ring}. */
@Tag("system")
final class RingWebServerWalkTest extends WebServerWalk {
    RingWebServerWalkTest() {
        super(new Lab(), Lab.bridge("ring"));
    }
}
