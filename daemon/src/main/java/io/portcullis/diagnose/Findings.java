package io.portcullis.diagnose;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The findings of {@link Doctor} so far. */
final class Findings {
    /** A check that the kernel may refuse. */
    interface Check {
        void run() throws IOException;
    }

    private final List<Doctor.Finding> all = new ArrayList<>();

    /** Runs a check; a refusal is a finding. */
    void check(String about, Check check) {
        try {
            check.run();
        } catch (IOException refused) {
            fail(about, String.valueOf(refused.getMessage()));
        }
    }

    void ok(String about, String found) {
        all.add(new Doctor.Finding(Doctor.Grade.OK, about, found));
    }

    void warn(String about, String found) {
        all.add(new Doctor.Finding(Doctor.Grade.WARN, about, found));
    }

    void fail(String about, String found) {
        all.add(new Doctor.Finding(Doctor.Grade.FAIL, about, found));
    }

    List<Doctor.Finding> all() {
        return List.copyOf(all);
    }
}
