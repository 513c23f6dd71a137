package io.portcullis.cli.replay;

import java.io.IOException;

/** Takes frames as soon as they have their verdicts: a fragment that waited for its first comes later than its number. */
interface FrameSink {
    void take(JudgedFrame judged) throws IOException;
}
