package io.portcullis.ec2.store;

import java.util.List;

/** The result of a try to change something. */
public sealed interface InstallationResult {
    /** The change is in force, or would be. */
    record Done() implements InstallationResult {}

    /** The files are not those that the change was made for any more: read them, and try again. */
    record Edited() implements InstallationResult {}

    /** The change is refused; nothing has changed. One line each. */
    record Refused(List<String> faults) implements InstallationResult {
        public Refused {
            faults = List.copyOf(faults);
        }
    }
}
