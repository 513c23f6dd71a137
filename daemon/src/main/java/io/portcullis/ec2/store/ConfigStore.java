package io.portcullis.ec2.store;

import io.portcullis.config.edit.Editor;
import io.portcullis.config.edit.Outcome;
import io.portcullis.config.files.SourceText;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.Proposer;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.state.StateFile;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.linux.FileFault;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The configuration in force, and changes of its files. The state is saved before the files are: a crash between leaves a state that knows
 * more than the files say, and is ignored.
 */
public final class ConfigStore implements CloudStore {
    /** An editor that saves without a pause must not hold a call up for good. */
    private static final int MOST_TRIES = 5;

    private static final int MOST_FAULTS = 5;

    /** @param number another one after each change */
    private record Kept(long number, State state) {}

    private record Known(InForce inForce, Kept kept, Cloud cloud) {}

    private final Installation installation;
    private final StateFile file;
    private volatile Kept kept;
    private volatile @Nullable Known known;

    /** Reads the state. */
    public ConfigStore(Installation installation, StateFile file) {
        this.installation = installation;
        this.file = file;
        this.kept = new Kept(0, file.load());
    }

    @Override
    public Cloud now() throws ApiException {
        Optional<InForce> inForce = installation.inForce();
        if (inForce.isEmpty()) {
            throw ApiError.UNAVAILABLE.of("portcullis is starting or stopping, or waits for a valid configuration");
        }
        InForce now = inForce.get();
        Kept keptNow = kept;
        Known last = known;
        if (last != null
                && last.kept.number == keptNow.number
                && last.inForce.number() == now.number()
                && last.inForce.nics().equals(now.nics())) {
            return last.cloud;
        }
        Cloud cloud = Cloud.of(now.config(), now.account(), keptNow.state, now.nics());
        known = new Known(now, keptNow, cloud);
        return cloud;
    }

    @Override
    public synchronized Fields change(Call call, Proposer proposer) throws ApiException {
        for (int attempt = 1; attempt <= MOST_TRIES; attempt++) {
            List<SourceText> texts = texts();
            Proposal proposal = proposer.propose(now());
            InstallationResult result = attempt(call, proposal, texts);
            switch (result) {
                case InstallationResult.Done() -> {
                    return proposal.answer().apply(now());
                }
                case InstallationResult.Refused(List<String> faults) -> throw refused(faults);
                case InstallationResult.Edited() -> {}
            }
        }
        throw ApiError.OPERATION_NOT_PERMITTED.of("The configuration is being edited: try again");
    }

    private List<SourceText> texts() throws ApiException {
        return switch (installation.files()) {
            case InstallationFiles.Read(List<SourceText> texts) -> texts;
            case InstallationFiles.Faulty(List<String> faults) -> throw refused(faults);
        };
    }

    private InstallationResult attempt(Call call, Proposal proposal, List<SourceText> texts) throws ApiException {
        List<Outcome.FileChange> changed = List.of();
        if (!proposal.edits().isEmpty()) {
            changed = switch (Editor.apply(texts, proposal.edits())) {
                case Outcome.Edited edited -> edited.changed();
                case Outcome.Refused refused -> throw ApiError.OPERATION_NOT_PERMITTED.of(refused.toString());
            };
        }
        if (!changed.isEmpty()) {
            InstallationResult trial = call.isDryRun() ? installation.apply(changed, call, true) : null;
            if (trial != null && !(trial instanceof InstallationResult.Done)) {
                return trial;
            }
        }
        call.endDryRun();
        State before = kept.state;
        save(proposal.state());
        InstallationResult result =
                changed.isEmpty() ? new InstallationResult.Done() : installation.apply(changed, call, false);
        if (!(result instanceof InstallationResult.Done)) {
            save(before);
        }
        return result;
    }

    private void save(State next) throws ApiException {
        if (next.equals(kept.state)) {
            return;
        }
        try {
            file.save(next);
            kept = new Kept(kept.number + 1, next);
        } catch (IOException e) {
            throw ApiError.OPERATION_NOT_PERMITTED.of("The state can't be written: " + FileFault.text(e));
        }
    }

    private static ApiException refused(List<String> faults) {
        List<String> first = faults.subList(0, Math.min(faults.size(), MOST_FAULTS));
        String more = faults.size() > MOST_FAULTS ? "; and " + (faults.size() - MOST_FAULTS) + " more" : "";
        return ApiError.OPERATION_NOT_PERMITTED.of(String.join("; ", first) + more);
    }
}
