package io.portcullis.ec2;

import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.Fields;
import java.util.List;
import java.util.function.Function;

/**
 * What a call changes.
 *
 * @param edits of the configuration, in their order; none: it stays
 * @param state from now on
 * @param answer given the outcome
 */
public record Proposal(List<Edit> edits, State state, Function<Cloud, Fields> answer) {
    public Proposal {
        edits = List.copyOf(edits);
    }

    /** One with a fixed answer. */
    public Proposal(List<Edit> edits, State state, Fields answer) {
        this(edits, state, _ -> answer);
    }
}
