package io.portcullis.ec2.action;

import io.portcullis.config.ConfigException;
import io.portcullis.config.edit.Edit;
import io.portcullis.config.edit.Editor;
import io.portcullis.config.edit.Outcome;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.Proposer;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Ids;
import io.portcullis.ec2.model.Nic;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A store of texts in memory: the real editor and the real reader, and no daemon. */
final class TextStore implements CloudStore {
    static final Account ACCOUNT =
            new Account("123456789012", "us-east-1", "vpc-0123456789abcdef0", Map.of(), new Ids("a machine"));

    private static final String MAIN = "/etc/portcullis/portcullis.yaml";

    private final Map<String, Nic> nics = new HashMap<>();
    private List<SourceText> texts;
    private State state = State.EMPTY;

    /** @param yaml of the main file */
    TextStore(String yaml) {
        this(List.of(new SourceText(MAIN, yaml)));
    }

    /** @param texts the main file first */
    TextStore(List<SourceText> texts) {
        this.texts = texts;
    }

    /** Sets the facts of an interface. */
    void nic(String name, Nic nic) {
        nics.put(name, nic);
    }

    /** The main file now. */
    String text() {
        return texts.getFirst().yaml();
    }

    /** Somebody edits the main file. */
    void edit(UnaryOperator<String> change) {
        List<SourceText> next = new ArrayList<>(texts);
        next.set(0, new SourceText(next.getFirst().name(), change.apply(text())));
        texts = List.copyOf(next);
    }

    /** Somebody edits the files: the state does not know. */
    void edit(Edit edit) {
        texts = switch (Editor.apply(texts, List.of(edit))) {
            case Outcome.Edited edited -> edited.texts();
            case Outcome.Refused refused -> throw new AssertionError(refused);
        };
    }

    /** The text of all files now. */
    List<SourceText> texts() {
        return texts;
    }

    /** Replaces a piece of text wherever it is, as an editor does. */
    void edit(String before, String after) {
        texts = texts.stream()
                .map(file -> new SourceText(file.name(), file.yaml().replace(before, after)))
                .toList();
    }

    @Override
    public Cloud now() {
        try {
            return Cloud.of(ConfigReader.of(texts), ACCOUNT, state, nics);
        } catch (ConfigException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public Fields change(Call call, Proposer proposer) throws ApiException {
        Proposal proposal = proposer.propose(now());
        List<SourceText> next = texts;
        if (!proposal.edits().isEmpty()) {
            next = switch (Editor.apply(texts, proposal.edits())) {
                case Outcome.Edited edited -> edited.texts();
                case Outcome.Refused refused -> throw ApiError.OPERATION_NOT_PERMITTED.of(refused.toString());
            };
        }
        call.endDryRun();
        texts = next;
        state = proposal.state();
        return proposal.answer().apply(now());
    }
}
