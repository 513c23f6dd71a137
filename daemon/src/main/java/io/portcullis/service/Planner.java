package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Expectation;
import io.portcullis.config.Location;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceText;
import io.portcullis.history.FileSwap;
import io.portcullis.linux.FileFault;
import io.portcullis.policy.analysis.Difference;
import io.portcullis.policy.analysis.DifferenceText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds what a change would do, and why it would be refused. Touches nothing. Under the daemon's lock. */
final class Planner {
    private static final int MOST_LINES = 1_000;

    /** Rules and entries of lists of the larger configuration; to compare more at each edit takes a core for long. */
    private static final int MOST_COMPARED = 5_000;

    private final Path file;
    private final Reader reader;
    private final Reload reload;

    /** For changes of one file and what it includes. */
    Planner(Path file, Reader reader, Reload reload) {
        this.file = file;
        this.reader = reader;
        this.reload = reload;
    }

    /**
     * The plan of a change.
     *
     * @param overlay files that are not on the disk
     * @param allowLockout true: also where an ssh session would be refused anew
     * @param session {@code SSH_CONNECTION} of the actor; may be empty
     */
    Plan plan(Overlay overlay, boolean allowLockout, String session) {
        Reader.Candidate read = reader.read(file, overlay);
        Config config = read.config();
        if (config == null) {
            return Plan.faulty(read);
        }
        Reload.Draft draft = reload.draft(config, allowLockout);
        List<String> faults = new ArrayList<>(draft.faults());
        FileSwap swap = null;
        try {
            swap = FileSwap.to(read.texts(), removed(overlay, read.texts()));
            faults.addAll(swap.faults());
        } catch (IOException e) {
            faults.add(FileFault.text(e));
        }
        return new Plan(
                read,
                draft,
                swap,
                faults,
                difference(draft),
                StandingFlows.under(draft),
                claims(config, draft.brokenClaims()),
                StandingFlows.session(draft, session));
    }

    /** The files on the disk that would be included as well, and are not part of the configuration. */
    private Set<Path> removed(Overlay overlay, List<SourceText> wanted) {
        Set<Path> removed = new HashSet<>();
        if (overlay.owned() == null) {
            return removed;
        }
        Map<Path, String> texts = texts(wanted);
        while (true) {
            Optional<Path> other = reader.read(file, new Overlay(texts, null, removed)).texts().stream()
                    .map(text -> Overlay.key(Path.of(text.name())))
                    .filter(key -> !texts.containsKey(key))
                    .findFirst();
            if (other.isEmpty()) {
                return removed;
            }
            removed.add(other.get());
        }
    }

    /** Texts by their keys in an {@link Overlay}. */
    static Map<Path, String> texts(List<SourceText> texts) {
        Map<Path, String> byPath = new LinkedHashMap<>();
        texts.forEach(text -> byPath.put(Overlay.key(Path.of(text.name())), text.yaml()));
        return byPath;
    }

    /** The traffic that becomes allowed and denied. */
    private static DifferenceText difference(Reload.Draft draft) {
        Generation before = draft.before().generation();
        if (before == null) {
            return DifferenceText.notCompared(
                    "no configuration is in force: every legible NIC is shut until this one is");
        }
        return shortened(DifferenceText.of(
                Difference.between(before.addressed(), draft.next().addressed())));
    }

    /** The same for an edit that is in force already; of a large configuration only that it was not computed: that takes seconds. */
    static DifferenceText ofEdit(Running before, Running now) {
        Generation was = before.generation();
        Generation is = now.generation();
        if (was == null || is == null) {
            return DifferenceText.notCompared("no configuration was in force before, to compare with");
        }
        if (Math.max(was.size(), is.size()) > MOST_COMPARED) {
            return DifferenceText.notCompared("too large to be compared at each edit: see portcullis diff");
        }
        return shortened(DifferenceText.of(Difference.between(was.addressed(), is.addressed())));
    }

    private static DifferenceText shortened(DifferenceText all) {
        return new DifferenceText(
                shortened(all.notes()), shortened(all.admits()), shortened(all.denies()), all.compared());
    }

    private static List<String> shortened(List<String> lines) {
        if (lines.size() <= MOST_LINES) {
            return lines;
        }
        List<String> first = new ArrayList<>(lines.subList(0, MOST_LINES));
        first.add(String.format("and %,d more: see portcullis diff", lines.size() - MOST_LINES));
        return first;
    }

    /** The claims that hold; the others are faults. */
    private static List<String> claims(Config config, List<ConfigError> broken) {
        Set<Location> places = broken.stream().map(ConfigError::location).collect(Collectors.toSet());
        List<String> claims = new ArrayList<>();
        for (Expectation claim : config.expectations()) {
            if (places.contains(claim.location())) {
                continue;
            }
            String only = claim.interfaceName();
            claims.add(claim.text(only == null ? "every interface" : only)
                    + (claim.why().isEmpty() ? "" : " (" + claim.why() + ")"));
        }
        return claims;
    }
}
