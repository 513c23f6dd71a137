package io.portcullis.cli;

import io.portcullis.operations.ChangeOptions;
import io.portcullis.operations.RollbackRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis rollback [@N]}: puts an earlier configuration in force. */
@Command(
        name = "rollback",
        description = "Put an earlier configuration in force again, as a change of its own; a change that waits for its"
                + " confirmation goes back at once.")
final class RollbackCommand extends ChangeCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            paramLabel = "@N",
            arity = "0..1",
            defaultValue = "",
            description = "Its number; without one the configuration before the one in force.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String number;

    @Override
    Call call(ChangeOptions options) {
        long to = number.isEmpty() ? 0 : ChangeNumber.of(number, spec);
        return new Call("/v1/rollback", new RollbackRequest(to, options));
    }
}
