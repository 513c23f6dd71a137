package io.portcullis.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOError;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * The whole terminal, until it is closed: the other screen of XTerm and its like, without a cursor, and keys that are not shown. It is
 * put back as it was by {@link #close}, and where the program ends by a signal: ^C, SIGTERM, SIGHUP. One thread uses it.
 */
public final class Screen implements AutoCloseable {
    private static final String ESCAPE = "\u001b[";

    /** The other screen (XTerm, DECSET 1049), no cursor (DECTCEM, 25). */
    private static final String BEGIN = ESCAPE + "?1049h" + ESCAPE + "?25l";

    private static final String RESTORE = ESCAPE + "0m" + ESCAPE + "?25h" + ESCAPE + "?1049l";
    private static final String TOP = ESCAPE + "H";
    private static final String REST_OF_LINE = ESCAPE + "K";
    private static final String REST_OF_SCREEN = ESCAPE + "J";
    private static final String PLAIN = ESCAPE + "0m";

    /** The longest time until a new size is seen. */
    private static final long SLICE_MS = 100;

    private record Extent(int columns, int rows) {}

    private final Terminal terminal;
    private final Attributes before;
    private final KeyReader keys;
    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private final Thread atExit = new Thread(this::restore, "screen-restore");
    private final Charset charset;
    /** The size that the last picture was made for. */
    private Extent drawn = new Extent(0, 0);

    private boolean closed;

    private Screen(Terminal terminal, Charset charset) {
        this.terminal = terminal;
        this.charset = charset;
        before = terminal.getAttributes();
        keys = new KeyReader(timeoutMs -> terminal.reader().read(timeoutMs));
    }

    /**
     * Takes the terminal.
     *
     * @return empty: standard input and output are no terminal, or one that can only print ({@code TERM=dumb})
     */
    public static Optional<Screen> open() throws IOException {
        String type = System.getenv("TERM");
        if (type == null || type.isEmpty() || type.equals("dumb")) {
            return Optional.empty();
        }
        // As System.out has it, by the locale.
        Charset charset = System.out.charset();
        Terminal terminal;
        try {
            terminal = TerminalBuilder.builder()
                    .system(true)
                    .provider(TerminalBuilder.PROP_PROVIDER_FFM)
                    .dumb(false)
                    // It would end the program at ^C and SIGTERM without the hook that restores the terminal. SIGWINCH
                    // is not
                    // needed: the size is asked for.
                    .nativeSignals(false)
                    .encoding(charset)
                    .build();
        } catch (IllegalStateException noTerminal) {
            return Optional.empty();
        }
        Screen screen = new Screen(terminal, charset);
        screen.begin();
        return Optional.of(screen);
    }

    private void begin() throws IOException {
        Runtime.getRuntime().addShutdownHook(atExit);
        drawn = size();
        Attributes attributes = new Attributes(before);
        attributes.setLocalFlag(Attributes.LocalFlag.ICANON, false);
        attributes.setLocalFlag(Attributes.LocalFlag.ECHO, false);
        // ^Z would leave the shell on this screen.
        attributes.setControlChar(Attributes.ControlChar.VSUSP, 0);
        attributes.setControlChar(Attributes.ControlChar.VMIN, 1);
        attributes.setControlChar(Attributes.ControlChar.VTIME, 0);
        terminal.setAttributes(attributes);
        write(BEGIN);
    }

    public int columns() {
        return size().columns;
    }

    public int rows() {
        return size().rows;
    }

    /** A terminal on a serial line may not know its size: then that of the first ones; at the end of the program the last one. */
    private Extent size() {
        try {
            Size size = terminal.getSize();
            return size.getColumns() > 0 && size.getRows() > 0
                    ? new Extent(size.getColumns(), size.getRows())
                    : new Extent(80, 24);
        } catch (IOError | IllegalStateException gone) {
            return drawn;
        }
    }

    /** Draws these lines from the top, over what is there: nothing flickers. */
    public void draw(List<Line> lines) throws IOException {
        StringBuilder text = new StringBuilder(TOP);
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            String style = line.style().sequence();
            text.append(i == 0 ? "" : "\r\n").append(style).append(line.text()).append(style.isEmpty() ? "" : PLAIN);
            // A full line has the cursor on its last character, which this would erase.
            if (TextWidth.of(line.text()) < columns()) {
                text.append(REST_OF_LINE);
            }
        }
        if (lines.size() < rows()) {
            text.append("\r\n").append(REST_OF_SCREEN);
        }
        write(text.toString());
    }

    private synchronized void write(String text) throws IOException {
        if (!closed) {
            out.write(text.getBytes(charset));
        }
    }

    /** Waits for a key; {@link Key.Kind#NONE} after that time without one. */
    public Key key(long timeoutMs) {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (true) {
            if (!size().equals(drawn)) {
                drawn = size();
                return Key.of(Key.Kind.RESIZED);
            }
            long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
            if (leftMs <= 0) {
                return Key.of(Key.Kind.NONE);
            }
            Key key = nextKey(Math.min(leftMs, SLICE_MS));
            if (key.kind() != Key.Kind.NONE) {
                return key;
            }
        }
    }

    /** At the end of the program JLine closes the terminal while another thread may read. */
    private Key nextKey(long timeoutMs) {
        try {
            return keys.next(timeoutMs);
        } catch (IOException | IOError | IllegalStateException gone) {
            return Key.of(Key.Kind.END);
        }
    }

    /** Also on the thread that runs at the end of the program, whatever this one does then. */
    private synchronized void restore() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            out.write(RESTORE.getBytes(charset));
            terminal.setAttributes(before);
        } catch (IOException | RuntimeException | IOError gone) {
            // Nobody sees this terminal any more; or JLine's own hook came first, which has put the attributes back.
            return;
        }
    }

    @Override
    public void close() throws IOException {
        restore();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException ending) {
            // The hook runs already, and finds the terminal restored.
            return;
        }
        terminal.close();
    }
}
