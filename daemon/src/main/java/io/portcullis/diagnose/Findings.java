package io.portcullis.diagnose;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What {@link Doctor} has found so far. */
final class Findings {
    /** A look at something that the kernel may refuse. */
    interface Look {
        void run() throws IOException;
    }

    private final List<Doctor.Finding> all = new ArrayList<>();

    /** Looks; a refusal is a finding. */
    void look(String about, Look look) {
        try {
            look.run();
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
