package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The completions that a shell offers, asked of the shell itself. */
final class CompletionTest {
    /** The words up to the one that is being typed, as bash hands them to a completion. */
    private static final String ASK = """
            source "$1"
            shift
            compopt() { :; }
            COMP_WORDS=(portcullis "$@")
            COMP_CWORD=$#
            COMP_LINE="${COMP_WORDS[*]}"
            _complete_portcullis
            printf '%s\\n' "${COMPREPLY[@]}"
            """;

    @TempDir
    Path folder;

    private Path script = Path.of("");

    @BeforeEach
    void write() throws IOException {
        StringWriter out = new StringWriter();
        assertEquals(0, Cli.commandLine().setOut(new PrintWriter(out, true)).execute(Cli.COMPLETION));
        script = Files.writeString(folder.resolve("portcullis"), out.toString());
    }

    private String bash(String... words) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process bash = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertTrue(bash.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, bash.exitValue(), () -> String.join(" ", words));
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    private List<String> offered(String command, String typed) throws IOException, InterruptedException {
        String all = command.isEmpty()
                ? bash("bash", "-c", ASK, "bash", script.toString(), typed)
                : bash("bash", "-c", ASK, "bash", script.toString(), command, typed);
        return all.lines().sorted().toList();
    }

    @Test
    void bashReadsItAndUsesIt() throws IOException, InterruptedException {
        assertEquals("", bash("bash", "-n", script.toString()));
        String registered = bash("bash", "-c", "source \"$1\" && complete -p portcullis", "bash", script.toString());
        assertEquals("complete -o default -F _complete_portcullis portcullis\n", registered);
    }

    @Test
    void allCommandsAreOfferedExceptHiddenOnes() throws IOException, InterruptedException {
        Map<String, CommandLine> commands = Cli.commandLine().getSubcommands();
        List<String> hidden = commands.entrySet().stream()
                .filter(command ->
                        command.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        assertTrue(hidden.containsAll(List.of(Cli.COMPLETION, "rehearse")), hidden::toString);
        List<String> visible = commands.keySet().stream()
                .filter(name -> !hidden.contains(name))
                .sorted()
                .toList();
        assertTrue(visible.containsAll(List.of("apply", "confirm", "history", "rollback", "show")), visible::toString);
        assertEquals(visible, offered("", ""));
        assertEquals(List.of("rollback"), offered("", "ro"));
    }

    @Test
    void optionsAreOffered() throws IOException, InterruptedException {
        assertEquals(List.of("--confirm"), offered("apply", "--c"));
        assertEquals(List.of("--dry-run"), offered("reload", "--d"));
        assertEquals(List.of("--limit"), offered("history", "--l"));
    }

    /** picocli would read the arguments from the file 41. */
    @Test
    void numbersOfChangesAreNoFilesOfArguments() throws IOException {
        Path arguments = Files.writeString(folder.resolve("arguments"), "--help");
        StringWriter err = new StringWriter();
        assertEquals(2, Cli.commandLine().setErr(new PrintWriter(err, true)).execute("show", "@" + arguments));
        assertTrue(err.toString().startsWith("not a change: @" + arguments), err.toString());
    }
}
