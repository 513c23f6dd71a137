package io.portcullis.system;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** A terminal of tmux(1) at the firewall's end of a lab, with a shell in it. Its server ends with it. */
public final class Tmux implements AutoCloseable {
    private final Lab lab;
    private final Path socket;

    private Tmux(Lab lab, Path socket) {
        this.lab = lab;
        this.socket = socket;
    }

    /** Starts a shell in a terminal of that size. */
    public static Tmux start(Lab lab, int columns, int rows) {
        Tmux tmux = new Tmux(lab, lab.folder().resolve("tmux-" + System.nanoTime()));
        tmux.run(
                        "-f",
                        "/dev/null",
                        "new-session",
                        "-d",
                        "-x",
                        Integer.toString(columns),
                        "-y",
                        Integer.toString(rows),
                        "env PS1='ready> ' LC_ALL=C.UTF-8 sh")
                .ok();
        tmux.await("the shell", text -> text.contains("ready>"));
        return tmux;
    }

    private Command run(String... words) {
        List<String> all = new ArrayList<>(List.of("env", "LC_ALL=C.UTF-8", "tmux", "-u", "-S", socket.toString()));
        all.addAll(Arrays.asList(words));
        return lab.firewall(all.toArray(String[]::new));
    }

    /** Types a line and Enter. */
    public void type(String line) {
        run("send-keys", "-l", line).ok();
        key("Enter");
    }

    /** Presses a key, by its name in tmux: {@code q}, {@code C-c}, {@code PageDown}. */
    public void key(String name) {
        run("send-keys", name).ok();
    }

    public void resize(int columns, int rows) {
        run("resize-window", "-x", Integer.toString(columns), "-y", Integer.toString(rows))
                .ok();
    }

    /** The screen now, as lines of text. */
    public String screen() {
        return run("capture-pane", "-p").ok().output();
    }

    /** The process of the shell. */
    public long shell() {
        return Long.parseLong(
                run("display-message", "-p", "#{pane_pid}").ok().output().strip());
    }

    /** What tmux knows of the terminal: {@code #{alternate_on}}, {@code #{cursor_flag}}. */
    public String format(String format) {
        return run("display-message", "-p", format).ok().output().strip();
    }

    /** Waits for a screen; returns it. */
    public String await(String what, Predicate<String> condition) {
        try {
            Lab.await(what, () -> condition.test(screen()));
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + "\n" + screen(), late);
        }
        return screen();
    }

    @Override
    public void close() {
        run("kill-server");
    }
}
