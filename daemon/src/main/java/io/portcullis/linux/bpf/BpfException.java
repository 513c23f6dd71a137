package io.portcullis.linux.bpf;

import io.portcullis.linux.ErrnoException;
import java.io.IOException;

/** The kernel refused a program. The message has its words: the last line of the verifier's log, or the errno. */
public final class BpfException extends IOException {
    private final String log;

    BpfException(String program, ErrnoException refused, String log) {
        super(
                "program " + program + ": " + refused.getMessage() + (log.isEmpty() ? "" : ": " + lastWords(log)),
                refused);
        this.log = log;
    }

    private static String lastWords(String log) {
        String[] lines = log.strip().split("\n", -1);
        for (int i = lines.length - 1; i >= 0; i--) {
            // Statistics come last.
            if (!lines[i].startsWith("processed ") && !lines[i].isBlank()) {
                return lines[i].strip();
            }
        }
        return "";
    }

    /** All that the verifier said; empty where it said nothing. */
    public String log() {
        return log;
    }
}
