package io.portcullis.system.failure;

import io.portcullis.system.Lab;
import io.portcullis.system.traffic.WebServerWalk;

/** {@link SurvivalWalk} of a bridge. */
final class SurvivalTest extends SurvivalWalk {
    SurvivalTest() {
        super(new Lab(), WebServerWalk.bridge("ring"));
    }
}
