package io.portcullis.cli;

import io.portcullis.service.process.Version;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code portcullis}: the root of the command line. */
@Command(
        name = "portcullis",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        description = "Security groups for any network interface: a stateful firewall in user space.",
        versionProvider = Cli.Versions.class,
        subcommands = {
            RunCommand.class,
            CheckCommand.class,
            ExplainCommand.class,
            DiffCommand.class,
            StatusCommand.class,
            ReloadCommand.class,
            ApplyCommand.class,
            ConfirmCommand.class,
            HistoryCommand.class,
            ShowCommand.class,
            RollbackCommand.class,
            PanicCommand.class,
            BypassCommand.class,
            DetachCommand.class,
            DoctorCommand.class,
            FlowsCommand.class,
            VersionCommand.class,
            HelpCommand.class,
            RehearseCommand.class
        })
public final class Cli implements Runnable {
    /** For scripts/install: prints what bash completes, which zsh can read too. */
    static final String COMPLETION = "completion";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    private Cli() {}

    static final class Versions implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"portcullis " + Version.text()};
        }
    }

    /** Runs a command line; the exit code. */
    public static int execute(String... arguments) {
        return commandLine().execute(arguments);
    }

    static CommandLine commandLine() {
        CommandLine completion = new CommandLine(new AutoComplete.GenerateCompletion());
        completion.getCommandSpec().usageMessage().hidden(true);
        return new CommandLine(new Cli())
                .addSubcommand(COMPLETION, completion)
                // @41 is a change, not a file of arguments.
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
