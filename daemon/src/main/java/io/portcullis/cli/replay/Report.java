package io.portcullis.cli.replay;

import java.io.IOException;

/** Prints a replay: frames as they are judged, if the user wants a list, and the outcome. */
interface Report extends FrameSink {
    /** Prints the outcome after the last frame. */
    void end(Outcome outcome) throws IOException;
}
