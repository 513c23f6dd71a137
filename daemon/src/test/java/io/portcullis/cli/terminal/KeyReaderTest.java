package io.portcullis.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Keys as terminals send them. */
final class KeyReaderTest {
    /** All keys of a text; nothing comes after it. */
    private static List<Key> keys(String text) throws IOException {
        int[] at = {0};
        KeyReader reader = new KeyReader(_ -> at[0] < text.length() ? text.charAt(at[0]++) : KeyReader.TIMEOUT);
        List<Key> keys = new ArrayList<>();
        for (Key key = reader.next(1); key.kind() != Key.Kind.NONE; key = reader.next(1)) {
            keys.add(key);
        }
        return keys;
    }

    private static List<Key.Kind> kinds(String text) throws IOException {
        return keys(text).stream().map(Key::kind).toList();
    }

    @Test
    void arrowsAndPagesAreKnownInBothModesOfATerminal() throws IOException {
        assertEquals(
                List.of(Key.Kind.UP, Key.Kind.DOWN, Key.Kind.RIGHT, Key.Kind.LEFT, Key.Kind.UP),
                kinds("\u001b[A\u001b[B\u001b[C\u001b[D\u001bOA"));
        assertEquals(
                List.of(Key.Kind.PAGE_UP, Key.Kind.PAGE_DOWN, Key.Kind.HOME, Key.Kind.LAST, Key.Kind.BACK_TAB),
                kinds("\u001b[5~\u001b[6~\u001b[H\u001b[4~\u001b[Z"));
    }

    @Test
    void charactersAreWholeCodePoints() throws IOException {
        assertEquals(List.of(Key.character('q'), Key.character('é'), Key.character(0x1f600)), keys("qé\ud83d\ude00"));
        assertEquals(List.of(Key.Kind.OTHER), kinds("\ud83d"));
    }

    @Test
    void controlsAreKeysOfTheirOwn() throws IOException {
        assertEquals(
                List.of(Key.Kind.ENTER, Key.Kind.TAB, Key.Kind.BACKSPACE, Key.Kind.BACKSPACE, Key.Kind.OTHER),
                kinds("\r\t\u007f\b\u0001"));
    }

    @Test
    void anEscapeAloneIsAKeyAndUnknownSequencesAreOne() throws IOException {
        assertEquals(List.of(Key.Kind.ESCAPE), kinds("\u001b"));
        assertEquals(List.of(Key.Kind.OTHER, Key.Kind.CHARACTER), kinds("\u001b[15~q"));
        assertEquals(List.of(Key.Kind.OTHER), kinds("\u001b["));
    }

    @Test
    void theEndOfTheTerminalIsAKey() throws IOException {
        assertEquals(Key.of(Key.Kind.END), new KeyReader(_ -> KeyReader.END).next(1));
    }
}
