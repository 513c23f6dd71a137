package io.portcullis.system;

/** {@link SurvivalWalk} of a bridge. */
final class SurvivalTest extends SurvivalWalk {
    SurvivalTest() {
        super(new Lab(), WebServerWalk.bridge("ring"));
    }
}
