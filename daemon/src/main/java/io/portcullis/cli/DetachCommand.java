package io.portcullis.cli;

import io.portcullis.flowstore.TableFile;
import io.portcullis.http.Unreachable;
import io.portcullis.intercept.Restoration;
import io.portcullis.intercept.Restored;
import io.portcullis.linux.Author;
import io.portcullis.linux.Capabilities;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.StateFolder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code portcullis detach}: gives NICs back as they were, which a daemon that stops does not do where shut is to stay shut. What
 * a daemon wrote that was not root's is obeyed as its user only, never as root.
 */
@Command(
        name = "detach",
        description =
                "Give NICs back as they were: what a stopped or crashed daemon has left shut. Not while one runs.")
final class DetachCommand implements Callable<Integer> {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Of which only the kernel's own knowledge is left: there is no such folder. */
    private static final Path NO_NOTES = Path.of("/nonexistent");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final DaemonSocket daemon = new DaemonSocket();

    @Option(names = "--all", description = "All interfaces that have been guarded; the same as without.")
    @SuppressWarnings("UnusedVariable") // scripts say it; there is nothing else to choose from yet
    private boolean all;

    private final List<FileLock> locks = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();

    @Override
    public Integer call() throws InterruptedException {
        try {
            if (!Capabilities.ofThisThread().has(Capabilities.CAP_NET_ADMIN)) {
                return refused("detach changes NICs and needs root, or CAP_NET_ADMIN: run it with sudo");
            }
            Path state = StateFolder.ofThisBoot();
            List<Path> folders = folders(state);
            Optional<String> running = running(state, folders);
            return running.isPresent() ? refused(running.get()) : detach(folders);
        } catch (IOException e) {
            return refused(String.valueOf(e.getMessage()));
        } finally {
            locks.forEach(FileLock::close);
        }
    }

    private int refused(String why) {
        spec.commandLine().getErr().println("portcullis: " + AsUser.printable(why));
        return Exit.NO;
    }

    /** The state folder, and that of a named socket where an earlier version has left its notes there. */
    private List<Path> folders(Path state) throws IOException {
        List<Path> folders = new ArrayList<>(List.of(state));
        if (isSocketNamed()) {
            Path beside = socketFolder();
            if (!beside.equals(state) && holdsNotes(beside)) {
                folders.add(beside);
            }
        }
        return folders;
    }

    private boolean isSocketNamed() {
        return spec.commandLine().getParseResult().hasMatchedOption("--socket");
    }

    private Path socketFolder() {
        Path parent = daemon.path().getParent();
        return parent == null ? Path.of("/") : parent;
    }

    private static boolean holdsNotes(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (DirectoryStream<Path> notes = Files.newDirectoryStream(folder, "{restore-*.json,flows}")) {
            return notes.iterator().hasNext();
        }
    }

    /** Why nothing can be given back now: who uses the NICs. Where nobody does, nobody can begin to before we have ended. */
    private Optional<String> running(Path state, List<Path> folders) throws IOException {
        for (Path folder : folders) {
            Path file = StateFolder.lock(folder);
            Optional<String> holder = Author.of(folder) instanceof Author.Trusted && Files.isDirectory(folder)
                    ? take(file)
                    : holder(file);
            if (holder.isPresent()) {
                return Optional.of("a daemon runs: " + holder.get() + ": stop it first");
            }
        }
        // One of an earlier version has no lock.
        return isSocketNamed() || socketFolder().equals(state) ? answering(state) : Optional.empty();
    }

    private Optional<String> take(Path file) {
        try {
            Optional<FileLock> lock = FileLock.take(
                    file, "portcullis detach, pid " + ProcessHandle.current().pid());
            if (lock.isEmpty()) {
                return Optional.of(holder(file).orElse("one that has just begun"));
            }
            locks.add(lock.get());
            return Optional.empty();
        } catch (IOException full) {
            return holder(file);
        }
    }

    private Optional<String> holder(Path file) {
        try {
            return FileLock.holder(file);
        } catch (IOException refused) {
            // Who says detach wants the NICs back, whatever has become of a file.
            spec.commandLine()
                    .getErr()
                    .println("portcullis: nobody can tell whether a daemon runs: " + refused.getMessage());
            return Optional.empty();
        }
    }

    private Optional<String> answering(Path state) {
        try {
            daemon.ask("GET", "/v1/version", Object.class);
            return Optional.of("a daemon answers on " + daemon.path() + ": stop it first");
        } catch (DaemonSocket.Refused e) {
            return Optional.of("a daemon runs: " + e.getMessage());
        } catch (Unreachable e) {
            return e.isNobodyThere() || Files.exists(StateFolder.lock(state))
                    ? Optional.empty()
                    : Optional.of("a daemon may be running: " + e.getMessage());
        }
    }

    private int detach(List<Path> folders) throws IOException, InterruptedException {
        boolean distrusted = false;
        for (Path folder : folders) {
            switch (Author.of(folder)) {
                case Author.Trusted() -> obey(folder);
                case Author.Other(int user, int group) -> {
                    distrusted = true;
                    asUser(user, group, folder, folders.getFirst());
                }
                case Author.Anybody(String why) -> {
                    distrusted = true;
                    faults.add("nothing in it was obeyed: " + why);
                }
            }
        }
        if (distrusted) {
            report(Restoration.detachAll(NO_NOTES));
        }
        faults.forEach(this::refused);
        if (!faults.isEmpty()) {
            return Exit.NO;
        }
        // Where there is none, nothing of an earlier run is left.
        locks.forEach(FileLock::remove);
        locks.clear();
        return Exit.OK;
    }

    private void obey(Path folder) {
        report(Restoration.detachAll(folder));
        try {
            TableFile.removeAll(folder);
        } catch (IOException e) {
            faults.add("flow tables are not removed: " + e.getMessage());
        }
    }

    private void report(Restored restored) {
        restored.lines().forEach(line -> spec.commandLine().getOut().println(AsUser.printable(line)));
        spec.commandLine().getOut().flush();
        faults.addAll(restored.faults());
    }

    /** The same as the user who has written there. Root chose who that is for the state folder, and for no other one. */
    private void asUser(int user, int group, Path folder, Path state) throws IOException, InterruptedException {
        String why;
        Optional<List<String>> program = AsUser.program();
        if (!folder.equals(state)) {
            why = "it is not the folder of the service";
        } else if (program.isEmpty()) {
            why = "portcullis was not started from its jar";
        } else {
            List<String> words = new ArrayList<>(program.get());
            words.add("detach");
            try {
                int exit = AsUser.run(
                        AsUser.words(user, group, words),
                        LIMIT,
                        spec.commandLine().getOut(),
                        spec.commandLine().getErr());
                if (exit == Exit.OK) {
                    return;
                }
                why = "detach as user " + user + " ended with " + exit;
            } catch (IOException failed) {
                why = failed.getMessage() + " (setpriv and setsid are in util-linux)";
            }
        }
        faults.add(folder + " belongs to user " + user + ", and only as that user what it says is obeyed: " + why
                + ": as it, and with CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF, run: portcullis detach"
                + (folder.equals(state) ? "" : " --socket " + daemon.path()));
    }
}
