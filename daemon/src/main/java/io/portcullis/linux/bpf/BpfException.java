package io.portcullis.linux.bpf;

import io.portcullis.linux.ErrnoException;
import java.io.IOException;

/** The kernel refused a program. The message has the last line of the verifier's log, or the errno. */
public final class BpfException extends IOException {
    private final String log;

    BpfException(String program, ErrnoException refused, String log) {
        super(
                "program " + program + ": " + refused.getMessage() + (log.isEmpty() ? "" : ": " + lastLine(log)),
                refused);
        this.log = log;
    }

    private static String lastLine(String log) {
        String[] lines = log.strip().split("\n", -1);
        for (int i = lines.length - 1; i >= 0; i--) {
            // The log ends with statistics.
            if (!lines[i].startsWith("processed ") && !lines[i].isBlank()) {
                return lines[i].strip();
            }
        }
        return "";
    }

    /** The whole log of the verifier; may be empty. */
    public String log() {
        return log;
    }
}
