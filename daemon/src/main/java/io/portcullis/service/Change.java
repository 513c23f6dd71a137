package io.portcullis.service;

import io.portcullis.guard.GuardedInterface;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A change of what runs, prepared in full: its commit cannot fail. Immutable. It is committed before the daemon's lock is released,
 * under which it was prepared. Without a commit, {@link GuardedInterface#abandon} undoes each opened interface.
 *
 * @param before the state that it was prepared for
 * @param next the configuration that it puts in force
 * @param opened interfaces that are new, by name: their programs drop every frame until the commit
 * @param brokenExpectations claims of {@code expect} that do not hold, one line each; a reload has none
 */
record Change(Running before, Generation next, Map<String, GuardedInterface> opened, List<String> brokenExpectations) {
    /** Copies the collections, in their order. */
    Change {
        opened = Collections.unmodifiableMap(new LinkedHashMap<>(opened));
        brokenExpectations = List.copyOf(brokenExpectations);
    }
}
