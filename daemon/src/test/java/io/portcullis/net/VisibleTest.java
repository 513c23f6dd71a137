package io.portcullis.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import io.portcullis.config.Warning;
import io.portcullis.config.read.ConfigReader;
import org.junit.jupiter.api.Test;

class VisibleTest {
    @Test
    void visibleCharactersStay() {
        for (String text : new String[] {"", "web", "a b", "Büro 東京 Ω é", "\ud83d\ude80"}) {
            assertSame(text, Visible.text(text));
        }
    }

    @Test
    void invisibleCharactersAreEscaped() {
        assertEquals("a\\u202eb", Visible.text("a\u202eb"));
        assertEquals("\\u2066\\u200b\\u200d\\ufeff\\xad", Visible.text("\u2066\u200b\u200d\ufeff\u00ad"));
        assertEquals("\\u2028\\u2029\\xa0\\u3164\\ufe0f", Visible.text("\u2028\u2029\u00a0\u3164\ufe0f"));
        assertEquals("\\x1b[2J\\x07\\x7f\\x9b\\n\\t", Visible.text("\u001b[2J\u0007\u007f\u009b\n\t"));
        assertEquals("\\U000e0001\\ud800", Visible.text("\udb40\udc01\ud800"));
        assertEquals("\ta\\r", Visible.withTabs("\ta\r"));
    }

    @Test
    void messagesNamesAndLocationsShowTheEscapes() {
        ConfigException refusal = assertThrows(
                ConfigException.class,
                () -> ConfigReader.parse(
                        "version: 1\ninterfaces: {edge: {mode: \"host\\u202e\", nic: a, security-groups: [w]}}\n\u200bx: 1\n",
                        "a\u202eb.yaml"));
        refusal.errors()
                .forEach(fault ->
                        assertFalse(fault.toString().codePoints().anyMatch(Visible::isInvisible), fault.toString()));
        assertEquals("f: a\\u2067b", new Warning(Location.of("f"), "a\u2067b").toString());
        assertFalse(ConfigReader.isName("a\u3164b"));
    }
}
