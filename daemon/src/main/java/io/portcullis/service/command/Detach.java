package io.portcullis.service.command;

import io.portcullis.flowstore.TableFile;
import io.portcullis.http.SocketClient;
import io.portcullis.http.Unreachable;
import io.portcullis.intercept.Restoration;
import io.portcullis.intercept.Restored;
import io.portcullis.linux.Author;
import io.portcullis.linux.Capabilities;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.StateFolder;
import io.portcullis.net.Visible;
import io.portcullis.service.emergency.EmergencyFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Restores NICs that a stopped or crashed daemon has left shut. Notes that a user other than root may have written are obeyed with
 * the rights of that user only, never as root.
 */
public final class Detach {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** For connection, request and answer of a running daemon together. */
    private static final Duration ANSWER = Duration.ofSeconds(5);

    /** A folder that does not exist: then the kernel alone says which programs and pairs are ours. */
    private static final Path NO_NOTES = Path.of("/nonexistent");

    private static final String ADVICE = ": the NICs stay shut. End it with portcullis panic off while the daemon runs;"
            + " portcullis detach --despite-panic gives the NICs back until the next start";

    private final Path socket;
    private final boolean isSocketNamed;
    private final boolean despitePanic;
    private final PrintWriter out;
    private final PrintWriter err;
    private final List<FileLock> locks = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();

    /**
     * Ready to run once.
     *
     * @param socket the daemon's control socket, absolute
     * @param isSocketNamed true: the command line named it; then its folder may hold notes of an earlier version
     * @param despitePanic true: also while panic is on, which the next start resumes
     */
    public Detach(Path socket, boolean isSocketNamed, boolean despitePanic, PrintWriter out, PrintWriter err) {
        this.socket = socket;
        this.isSocketNamed = isSocketNamed;
        this.despitePanic = despitePanic;
        this.out = out;
        this.err = err;
    }

    /**
     * Restores all, unless a daemon runs; prints one line for each NIC, and each fault.
     *
     * @return false: not everything could be restored
     */
    public boolean run() throws InterruptedException {
        try {
            if (!Capabilities.ofThisThread().has(Capabilities.CAP_NET_ADMIN)) {
                return refused("detach changes NICs and needs root, or CAP_NET_ADMIN: run it with sudo");
            }
            Path state = StateFolder.ofThisBoot();
            List<Path> folders = folders(state);
            Optional<String> running = running(state, folders);
            if (running.isPresent()) {
                return refused(running.get());
            }
            Optional<String> panic = despitePanic ? Optional.empty() : EmergencyFiles.panicHere(StateFolder.lasting());
            return panic.isPresent() ? refused(panic.get() + ADVICE) : restore(folders);
        } catch (IOException e) {
            return refused(String.valueOf(e.getMessage()));
        } finally {
            locks.forEach(FileLock::close);
        }
    }

    private boolean refused(String why) {
        err.println("portcullis: " + Visible.withTabs(why));
        return false;
    }

    /** The state folder, and the folder of a named socket if an earlier version has left its notes there. */
    private List<Path> folders(Path state) throws IOException {
        List<Path> folders = new ArrayList<>(List.of(state));
        if (isSocketNamed) {
            Path beside = socketFolder();
            if (!beside.equals(state) && holdsNotes(beside)) {
                folders.add(beside);
            }
        }
        return folders;
    }

    private Path socketFolder() {
        Path parent = socket.getParent();
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

    /** The daemon that uses the NICs now. Where there is none, the locks keep one from starting before we end. */
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
        // A daemon of an earlier version has no lock.
        return isSocketNamed || socketFolder().equals(state) ? answering(state) : Optional.empty();
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
            // The operator wants the NICs back: an unreadable file is no reason to refuse.
            err.println("portcullis: it is not known whether a daemon runs: " + refused.getMessage());
            return Optional.empty();
        }
    }

    private Optional<String> answering(Path state) {
        try {
            SocketClient.call(socket, "GET", "/v1/version", ANSWER);
            return Optional.of("a daemon answers on " + socket + ": stop it first");
        } catch (Unreachable e) {
            return e.isNobodyThere() || Files.exists(StateFolder.lock(state))
                    ? Optional.empty()
                    : Optional.of("a daemon may be running: " + e.getMessage());
        }
    }

    private boolean restore(List<Path> folders) throws IOException, InterruptedException {
        boolean distrusted = false;
        for (Path folder : folders) {
            switch (Author.of(folder)) {
                case Author.Trusted() -> restore(folder);
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
            return false;
        }
        // No lock file: nothing of an earlier run is left.
        locks.forEach(FileLock::remove);
        locks.clear();
        return true;
    }

    private void restore(Path folder) {
        report(Restoration.detachAll(folder));
        try {
            TableFile.removeAll(folder);
        } catch (IOException e) {
            faults.add("flow tables are not removed: " + e.getMessage());
        }
    }

    private void report(Restored restored) {
        restored.lines().forEach(line -> out.println(Visible.withTabs(line)));
        out.flush();
        faults.addAll(restored.faults());
    }

    /**
     * Runs detach as the user who wrote the notes, in the state folder only: root has chosen the owner of that folder, and of no other
     * one.
     */
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
            if (despitePanic) {
                words.add("--despite-panic");
            }
            try {
                int exit = AsUser.run(AsUser.words(user, group, words), LIMIT, out, err);
                if (exit == 0) {
                    return;
                }
                why = "detach as user " + user + " ended with " + exit;
            } catch (IOException failed) {
                why = failed.getMessage() + " (setpriv and setsid are in util-linux)";
            }
        }
        faults.add(folder + " belongs to user " + user + ", and its notes are obeyed as that user only: " + why
                + ": as that user, with CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF, run: portcullis detach"
                + (folder.equals(state) ? "" : " --socket " + socket));
    }
}
