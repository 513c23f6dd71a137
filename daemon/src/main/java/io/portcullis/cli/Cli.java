package io.portcullis.cli;

import io.portcullis.cli.replay.ReplayCommand;
import io.portcullis.cli.report.ReportCommand;
import io.portcullis.cli.top.TopCommand;
import io.portcullis.cli.traffic.DropsCommand;
import io.portcullis.cli.traffic.FlowsCommand;
import io.portcullis.cli.traffic.RulesCommand;
import io.portcullis.cli.transfer.ExportCommand;
import io.portcullis.cli.transfer.ImportCommand;
import io.portcullis.service.process.Version;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
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
        versionProvider = Cli.Versions.class)
public final class Cli implements Runnable {
    /** For scripts/install: prints what bash completes, which zsh can read too. */
    static final String COMPLETION = "completion";

    /** In the order of the help text. */
    private static final List<Class<?>> COMMANDS = List.of(
            RunCommand.class,
            CheckCommand.class,
            ExplainCommand.class,
            DiffCommand.class,
            StatusCommand.class,
            RulesCommand.class,
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
            ReportCommand.class,
            DropsCommand.class,
            LogLevelCommand.class,
            FlowsCommand.class,
            TopCommand.class,
            ReplayCommand.class,
            ImportCommand.class,
            ExportCommand.class,
            VersionCommand.class,
            HelpCommand.class,
            RehearseCommand.class,
            RehearseCommand.Commands.class);

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
    public static int execute(String... arguments) throws InterruptedException {
        if (isService(arguments)) {
            return RunCommand.run(
                    Path.of(arguments[2]), false, new PrintWriter(System.err, true, StandardCharsets.UTF_8));
        }
        return commandLine(arguments).execute(arguments);
    }

    /**
     * True for {@code run --config FILE}, as systemd starts it. That needs no picocli: its classes are too old for the JVM's AOT
     * cache, and to load them takes 0.1 s, in which nothing new passes.
     */
    private static boolean isService(String... arguments) {
        return arguments.length == 3
                && arguments[0].equals("run")
                && arguments[1].equals("--config")
                && !arguments[2].startsWith("-");
    }

    /** The command line with all commands. */
    static CommandLine commandLine() {
        CommandLine root = root();
        COMMANDS.forEach(root::addSubcommand);
        CommandLine completion = new CommandLine(new AutoComplete.GenerateCompletion());
        completion.getCommandSpec().usageMessage().hidden(true);
        root.addSubcommand(COMPLETION, completion);
        return withSettings(root);
    }

    /** With the one command that the arguments begin with, if they do: a start that reads all commands takes 0.1 s longer. */
    static CommandLine commandLine(String... arguments) {
        for (Class<?> command : COMMANDS) {
            if (arguments.length > 0
                    && !command.equals(HelpCommand.class)
                    && command.getAnnotation(Command.class).name().equals(arguments[0])) {
                return withSettings(root().addSubcommand(command));
            }
        }
        return commandLine();
    }

    private static CommandLine root() {
        return new CommandLine(new Cli());
    }

    /** For the root and the commands that it has. */
    private static CommandLine withSettings(CommandLine root) {
        // @41 is a change, not a file of arguments.
        return root.setExpandAtFiles(false).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }
}
