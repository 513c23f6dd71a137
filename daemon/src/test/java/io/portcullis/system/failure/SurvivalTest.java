package io.portcullis.system.failure;

import io.portcullis.system.Lab;

/** {@link SurvivalWalk} of a bridge. */
final class SurvivalTest extends SurvivalWalk {
    SurvivalTest() {
        super(new Lab(), Lab.bridge("ring"));
    }
}
